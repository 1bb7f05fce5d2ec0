import { generateKeyPairSync } from 'node:crypto'
import { ConfigError, createResourceServer, type IssuerOptions } from '@holdfast/core'
import { testAuthorizationServer, testNetwork } from '@holdfast/testing'
import { calculateJwkThumbprint } from 'jose'
import { expect } from 'vitest'
import { thumbprintOf } from '#core/keys/jwk'
import type { JsonObject } from '#core/syntax/json'
import { ecKey, type Jwk, ownKey, publish, rsaKey, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const ec = ecKey('ec')
const rsa = rsaKey('rsa')
const ed = ownKey(generateKeyPairSync('ed25519').privateKey, { kid: 'ed' })
const weak = rsaKey('weak', 1_024)

verifies('JK-40', 'pinned keys verify, and nothing is fetched', async (face) => {
  const keys = { keys: [ec.jwk, rsa.jwk, ed.jwk] as object[] }
  const { as, get, reasons } = await api(face, { options: { jwt: { keys } } })
  as.outage()
  for (const key of [ec, rsa, ed]) expect((await get('/', tokenBy(as, key))).status).toBe(200)
  expect((await get('/', as.jwt())).status).toBe(401)
  expect(reasons()).toEqual(['key_unknown'])
  expect(as.calls.total).toBe(0)
})

verifies('JK-40', 'pinned keys are judged when they are written', (face) => {
  const bad: readonly (readonly [Jwk, string])[] = [
    [weak.jwk, 'weak'],
    [{ ...rsa.jwk, e: 'AQ' }, 'weak'],
    [{ ...ec.jwk, d: 'AA' }, 'private'],
    [{ kty: 'oct', k: 'AA' }, 'symmetric'],
    [{ ...ec.jwk, use: 'enc' }, 'unusable'],
    [{ ...ec.jwk, y: ecKey('other').jwk['y'] }, 'unusable'],
    [{ ...ec.jwk, x: `${ec.jwk['x'] as string}=` }, 'unusable'],
    [{ ...ec.jwk, alg: 'ES384' }, 'not allowed'],
    [{ kty: 'XYZ' }, 'not allowed'],
  ]
  const build =
    (keys: readonly object[], jwt: object = {}) =>
    (): unknown =>
      face.protect({ issuers: [{ issuer: 'https://as.test', jwt: { keys: { keys }, ...jwt } }], audience: AUDIENCE })
  for (const [key, why] of bad) {
    expect(build([ec.jwk, key]), why).toThrow(ConfigError)
    expect(build([ec.jwk, key])).toThrow(`option "issuers[0].jwt.keys" has a key that cannot be used (${why})`)
  }
  expect(build([])).toThrow('option "issuers[0].jwt.keys" has no usable key')
  expect(build([ec.jwk], { jwksUri: 'https://as.test/jwks' })).toThrow('exclude each other')
  expect(build([ec.jwk], { algorithms: ['RS256'] })).toThrow('cannot be used (not allowed)')
  expect(build([ec.jwk, rsa.jwk, ed.jwk])).not.toThrow()
})

/** RFC 7638 §3.1. */
const EXAMPLE = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
  alg: 'RS256',
  kid: '2011-04-29',
} as const

verifies('JK-41', 'the thumbprint of the example in the RFC is what the RFC says', () => {
  expect(thumbprintOf(EXAMPLE)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
})

verifies(['JK-41', 'JK-42'], 'a thumbprint is of the required members alone, in their order', async () => {
  const ed448 = ownKey(generateKeyPairSync('ed448').privateKey, {})
  for (const { jwk } of [ec, rsa, ed, ed448]) {
    const expected = await calculateJwkThumbprint(jwk)
    const reversed = Object.fromEntries(Object.entries(jwk).toReversed())
    const more = { use: 'sig', key_ops: ['verify'], x5t: 'AA', ext: true, alg: 'none', kid: 'other', a: 1, zz: [] }
    for (const spelt of [jwk, reversed, { ...more, ...jwk, kid: 'third' }, { ...jwk, ...more }])
      expect(thumbprintOf(spelt as JsonObject)).toBe(expected)
  }
})

verifies('JK-42', 'each required member counts', () => {
  const required = [
    [ec, ['crv', 'kty', 'x', 'y']],
    [rsa, ['e', 'n']],
    [ed, ['crv', 'kty', 'x']],
  ] as const
  for (const [{ jwk }, names] of required) {
    const prints = names.map((name) => thumbprintOf({ ...jwk, [name]: 'other' } as JsonObject))
    expect(new Set([thumbprintOf(jwk as JsonObject), ...prints]).size).toBe(names.length + 1)
  }
  // The `y` of an OKP key, and the `crv` of an RSA key, are none of theirs.
  expect(thumbprintOf({ ...ed.jwk, y: 'AA' })).toBe(thumbprintOf(ed.jwk as JsonObject))
  expect(thumbprintOf({ ...rsa.jwk, crv: 'P-256' })).toBe(thumbprintOf(rsa.jwk as JsonObject))
})

verifies('JK-43', 'a token that is bound to a key is refused, whatever thumbprint it names', async (face) => {
  const { as, get, reasons, handled } = await api(face)
  const jkt = thumbprintOf(ec.jwk as JsonObject)
  const padded = thumbprintOf({ ...ec.jwk, x: `${ec.jwk['x'] as string}=` })
  for (const cnf of [{ jkt }, { jkt: padded }, { jkt: '' }, { jwk: ec.jwk }, { kid: 'ec' }, {}]) {
    expect((await get('/', as.jwt({ claims: { cnf } }))).status, JSON.stringify(cnf)).toBe(401)
  }
  expect(reasons()).toEqual([
    'binding_unproven',
    'binding_unproven',
    ...Array.from({ length: 4 }, () => 'binding_unsupported'),
  ])
  expect(handled()).toBe(0)
})

verifies('JK-44', 'the status tells the age, the last trouble, the key ids and the next fetch', async (face) => {
  const { as, get, server } = await api(face)
  const keys = (): NonNullable<ReturnType<typeof server.status>['issuers'][number]['keys']> =>
    server.status().issuers[0]!.keys!
  expect(keys()).toMatchObject({ age: undefined, failures: 0, lastTrouble: undefined, nextIn: undefined, kids: [] })
  publish(as, [ec.jwk, rsa.jwk, { ...ed.jwk, kid: undefined }])
  expect((await get('/', tokenBy(as, ec))).status).toBe(200)
  await as.clock.advance('1m')
  expect(keys()).toMatchObject({ age: 60_000, failures: 0, lastTrouble: undefined, kids: ['ec', 'rsa', undefined] })
  expect(keys().nextIn).toBeGreaterThan(0)
  as.respond('keys', { status: 500 })
  await as.clock.advance(`${Math.ceil(keys().nextIn!)}ms`)
  expect(keys()).toMatchObject({ failures: 1, lastTrouble: 'status_500', kids: ['ec', 'rsa', undefined] })
  expect(keys().age).toBeGreaterThan(60_000)
  expect(keys().nextIn).toBeLessThanOrEqual(1_000)
  expect(JSON.stringify(server.status())).not.toContain('jwks')
})

verifies('JK-44', 'ready() resolves when each issuer has keys, and within its time when one has not', async (face) => {
  const all = await Promise.all(
    ['https://a.test', 'https://b.test'].map((issuer) => testAuthorizationServer({ audience: AUDIENCE, issuer })),
  )
  const [a, b] = all as [(typeof all)[0], (typeof all)[0]]
  const issuers = all.map((as): IssuerOptions => as.issuerOptions({ introspection: false }))
  const options = { issuers, audience: AUDIENCE, ports: { http: testNetwork(...all), clock: a.clock } }
  const { server } = await api(face, { server: () => createResourceServer(options) })
  b.outage()
  const states = (await server.ready()).issuers.map(({ state }) => state)
  expect(states).toEqual(['fresh', 'cold'])
  void b.recover()
  await a.clock.advance('30s')
  expect((await server.ready()).issuers.map(({ state }) => state)).toEqual(['fresh', 'fresh'])
  expect(server.status().issuers.every(({ keys }) => keys!.kids.length === 1)).toBe(true)
})
