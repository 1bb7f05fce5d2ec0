import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { documentsOf, ecKey, type Jwk, type OwnKey, ownKey, publish, rsaKey, skippedOf, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const good = ecKey('good')
const rsa = rsaKey('rsa')
const rsaMembers = rsa.jwk as { readonly n: string; readonly e: string }

/** Published beside a good one, these keys verify nothing, for this reason; the good one serves. */
async function skips(face: Face, bad: readonly OwnKey[], why: string): Promise<void> {
  const { as, get, reasons, events, handled } = await api(face)
  publish(as, [...bad.map(({ jwk }) => jwk), good.jwk])
  for (const key of bad) {
    const { status } = await get('/', tokenBy(as, key, { kid: 'bad' }))
    expect(status, JSON.stringify(key.jwk)).toBe(401)
  }
  expect(reasons()).toEqual(bad.map(() => 'key_unknown'))
  expect(handled()).toBe(0)
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
  expect(skippedOf(events).slice(0, bad.length)).toEqual(bad.map(() => why))
}

/** The same key as it is published under the name `bad`, with other members; `undefined` removes one. */
const spelt = (key: OwnKey, members: Jwk): OwnKey => ({ ...key, jwk: { ...key.jwk, kid: 'bad', ...members } })
const ec = (members: Jwk): OwnKey => spelt(ecKey('bad'), members)

verifies('JK-01', 'what is no key set is a failed fetch, and the last good one stays', async (face) => {
  const { as, get, events, server } = await api(face)
  publish(as, [good.jwk])
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
  const documents: readonly (string | object)[] = [
    [],
    {},
    { keys: {} },
    { keys: 'none' },
    { keys: null },
    [good.jwk],
    '<html></html>',
    '',
    'null',
    '\uFEFF{"keys":[]}',
  ]
  for (const body of documents) {
    as.respond('keys', { body })
    await as.clock.advance('1h')
    expect(documentsOf(events).at(-1), JSON.stringify(body)).toMatch(/^keys failed \w+ malformed$/)
    expect((await get('/', tokenBy(as, good))).status, JSON.stringify(body)).toBe(200)
    publish(as, [good.jwk])
    await as.clock.advance('31s')
    expect(server.status().issuers[0]!.keys!.failures).toBe(0)
  }
})

verifies('JK-02', 'unknown members of sets and keys are ignored', async (face) => {
  const { as, get } = await api(face)
  const key = { ...good.jwk, ext: true, 'x-color': 'red', iat: 'yesterday', exp: 1, nested: { keys: [{}] } }
  as.respond('keys', { body: { issuer: 'https://evil.example', keys: [key], next: [1, 2], $schema: {} } })
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
})

verifies('JK-03', 'an entry that cannot be used is skipped, wherever it stands', async (face) => {
  const { as, get, events } = await api(face)
  const bad = [
    { kty: 'XYZ', kid: 'x' },
    { kty: 'EC', crv: 'P-256', kid: 'y' },
    {},
    null,
    7,
    'key',
    [],
    { ...good.jwk, kid: 7 },
  ]
  as.respond('keys', { body: { keys: [...bad, good.jwk, ...bad] } })
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
  expect(skippedOf(events)).toHaveLength(2 * bad.length)
})

verifies('JK-04', 'a duplicate member anywhere makes the whole document unusable', async (face) => {
  const { as, get, reasons, events } = await api(face)
  const key = JSON.stringify(good.jwk)
  const twice = [
    `{"keys":[],"keys":[${key}]}`,
    `{"keys":[${key.replace('{', '{"x":"AA",')}]}`,
    `{"keys":[${key.replace('{', String.raw`{"\u0078":"AA",`)}]}`,
    `{"keys":[${key}],"other":{"a":1,"a":1}}`,
  ]
  for (const body of twice) {
    as.respond('keys', { body })
    expect((await get('/', tokenBy(as, good))).status, body).toBe(503)
    expect(documentsOf(events).at(-1)).toMatch(/^keys failed start malformed$/)
    await as.clock.advance('40s')
  }
  expect(new Set(reasons())).toEqual(new Set(['keys_unavailable']))
  publish(as, [good.jwk])
  await as.clock.advance('40s')
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
})

verifies('JK-05', 'a kty is there, in its own case', async (face) => {
  await skips(
    face,
    [ec({ kty: 'ec' }), ec({ kty: 'Ec' }), ec({ kty: undefined }), spelt(rsa, { kty: 'rsa' })],
    'not_allowed',
  )
})

verifies('JK-06', 'a key for another use than signatures verifies nothing', async (face) => {
  const uses = ['enc', 'SIG', 'Sig', '', 'tls', null, ['sig'], true]
  await skips(
    face,
    uses.map((use) => ec({ use })),
    'unusable',
  )
})

verifies(['JK-06', 'JK-07'], 'a key for signatures, or for whatever, serves', async (face) => {
  for (const members of [{ use: 'sig' }, {}, { use: 'sig', key_ops: ['verify'] }, { key_ops: ['sign', 'verify'] }]) {
    const { as, get } = await api(face)
    const key = ecKey('any', members)
    publish(as, [key.jwk])
    expect((await get('/', tokenBy(as, key))).status).toBe(200)
  }
})

verifies('JK-07', 'key_ops name verify, agree with use and name nothing twice', async (face) => {
  const bad = [
    { key_ops: ['encrypt'] },
    { key_ops: ['sign'] },
    { key_ops: [] },
    { key_ops: 'verify' },
    { key_ops: ['Verify'] },
    { key_ops: ['verify', 'verify'] },
    { key_ops: ['verify', 'sign', 'sign'] },
    { use: 'sig', key_ops: ['encrypt'] },
    { use: 'sig', key_ops: ['verify', 'encrypt'] },
    { use: 'sig', key_ops: ['verify', 'deriveKey'] },
  ]
  await skips(face, bad.map(ec), 'unusable')
})

verifies('JK-15', 'a point that is off its curve is no key', async (face) => {
  const elsewhere = ecKey('bad').jwk['y']
  await skips(face, [ec({ y: elsewhere }), ec({ x: 'A'.repeat(43), y: 'A'.repeat(43) })], 'unusable')
})

/** A P-256 key whose `x`, or `y`, begins with a zero octet: one in 128. */
function keyWithZero(): { readonly key: OwnKey; readonly name: 'x' | 'y' } {
  for (;;) {
    const key = ecKey('bad')
    const name = (['x', 'y'] as const).find((one) => octets(key.jwk[one])[0] === 0)
    if (name) return { key, name }
  }
}

const octets = (value: unknown): Buffer => Buffer.from(value as string, 'base64url')
const withZero = (value: unknown): string => Buffer.concat([Buffer.of(0), octets(value)]).toString('base64url')
const short = keyWithZero()

verifies(
  'JK-14',
  'coordinates have their full length and canonical spelling, though Node would import them',
  async (face) => {
    const whole = ecKey('any')
    const { jwk } = whole
    const bad = [
      spelt(short.key, { [short.name]: octets(short.key.jwk[short.name]).subarray(1).toString('base64url') }),
      spelt(whole, { x: withZero(jwk['x']) }),
      spelt(whole, { y: withZero(jwk['y']) }),
      spelt(whole, { x: `${jwk['x'] as string}=` }),
      spelt(whole, { x: `${jwk['x'] as string}\n` }),
      spelt(whole, { x: octets(jwk['x']).toString('hex') }),
      ec({ y: undefined }),
      ec({ x: '' }),
      ec({ x: 7 }),
    ]
    await skips(face, bad, 'unusable')
  },
)

verifies('JK-16', 'an RSA key without n or e, or with other than base64url, verifies nothing', async (face) => {
  const bad = [{ n: undefined }, { e: undefined }, { n: 7 }, { e: '' }, { n: `${rsaMembers.n}==` }, { e: 'AQAB=' }]
  await skips(
    face,
    bad.map((members) => spelt(rsa, members)),
    'unusable',
  )
})

const short1024 = rsaKey('bad', 1_024)
const exponentTooLarge = Buffer.from('0200000003', 'hex').toString('base64url')

verifies(
  'JK-16',
  'the size of an RSA key is that of its number, and its exponent is odd and within bounds',
  async (face) => {
    const padded = Buffer.concat([Buffer.alloc(128), octets(short1024.jwk['n'])]).toString('base64url')
    const exponents = ['AQ', 'AA', 'Ag', 'AQAA', exponentTooLarge]
    const bad = [
      spelt(short1024, {}),
      spelt(short1024, { n: padded }),
      spelt(rsa, { n: Buffer.alloc(1_025, 0xff).toString('base64url') }),
      ...exponents.map((e) => spelt(rsa, { e })),
    ]
    await skips(face, bad, 'weak')
  },
)

verifies('JK-16', 'zeros that lead an RSA number are tolerated', async (face) => {
  const { as, get } = await api(face)
  publish(as, [{ ...rsa.jwk, n: withZero(rsaMembers.n), e: withZero(rsaMembers.e) }])
  expect((await get('/', tokenBy(as, rsa))).status).toBe(200)
})

const ed = ownKey(generateKeyPairSync('ed25519').privateKey, { kid: 'ed' })

verifies('JK-17', 'an OKP key has crv and an x of the right length', async (face) => {
  const x = octets(ed.jwk['x'])
  const bad = [
    { x: x.subarray(1).toString('base64url') },
    { x: withZero(ed.jwk['x']) },
    { x: undefined },
    { x: `${ed.jwk['x'] as string}=` },
  ]
  await skips(
    face,
    bad.map((members) => spelt(ed, members)),
    'unusable',
  )
  await skips(
    face,
    [spelt(ed, { crv: undefined }), spelt(ed, { crv: 'ed25519' }), spelt(ed, { crv: 'X25519' })],
    'not_allowed',
  )
  const { as: server, get } = await api(face)
  publish(server, [ed.jwk])
  expect((await get('/', tokenBy(server, ed))).status).toBe(200)
})

verifies(
  ['JK-17', 'JK-18'],
  'a key that is published with its private part is skipped with an event of its own',
  async (face) => {
    const secretly = [ecKey('bad'), rsa, ed].map((key) => spelt(key, { d: key.privateKey.export({ format: 'jwk' }).d }))
    await skips(
      face,
      [...secretly, ec({ d: '' }), ec({ d: null }), ec({ k: 'AA' }), spelt(rsa, { p: 'AA' })],
      'private',
    )
  },
)

verifies('JK-19', 'a symmetric key from the network verifies nothing, not even HMAC with itself', async (face) => {
  const { as, get, reasons, events } = await api(face)
  const secret = Buffer.alloc(32, 7)
  const oct = { kty: 'oct', kid: 'oct', alg: 'HS256', k: secret.toString('base64url') }
  publish(as, [oct, good.jwk])
  const forged = as.jwt({ key: createSecretKey(secret), alg: 'HS256', kid: 'oct' })
  expect((await get('/', forged)).status).toBe(401)
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
  expect(reasons()).toEqual(['algorithm_not_allowed'])
  expect(skippedOf(events)).toEqual(['symmetric'])
})

verifies('JK-20', 'certificates in a key are neither read nor fetched', async (face) => {
  const { as, get } = await api(face)
  const certificates = {
    x5u: `${as.issuer}/certificate`,
    x5c: ['not a certificate', 7],
    x5t: 'wrong',
    'x5t#S256': 'wrong, too',
  }
  publish(as, [{ ...good.jwk, ...certificates }])
  expect((await get('/', tokenBy(as, good))).status).toBe(200)
  expect(as.calls.all.map(({ endpoint }) => endpoint)).toEqual(['metadata', 'keys'])
})
