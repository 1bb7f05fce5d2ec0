import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const base = { issuer: 'https://as.test', audience: AUDIENCE }

/** Takes what is within the bounds of an option, and refuses what is beyond. */
function bounded(
  face: Face,
  write: (value: unknown) => object,
  taken: readonly unknown[],
  refused: readonly unknown[],
): void {
  for (const value of taken) face.protect({ ...base, ...write(value) })
  for (const value of refused) {
    expect(() => face.protect({ ...base, ...write(value) })).toThrow(ConfigError)
  }
}

verifies(['LM-01', 'XC-24'], 'looks at tokens of 8,192 characters, and at none that is longer', async (face) => {
  bounded(
    face,
    (maxTokenLength) => ({ maxTokenLength }),
    [256, 65_536],
    [255, 65_537, 0, -1, 1e9, 256.5, Infinity, '8192'],
  )
  const { as, get, reasons } = await api(face)
  expect((await get('/', as.opaque({ token: 'a'.repeat(8_192) }))).status).toBe(200)
  expect((await get('/', as.opaque({ token: 'a'.repeat(8_193) }))).status).toBe(401)
  expect(as.calls.introspection).toBe(1)
  const least = await api(face, { options: { maxTokenLength: 256 } })
  expect((await least.get('/', least.as.opaque({ token: 'a'.repeat(256) }))).status).toBe(200)
  expect((await least.get('/', least.as.opaque({ token: 'a'.repeat(257) }))).status).toBe(401)
  const most = await api(face, { options: { maxTokenLength: 65_536 } })
  expect((await most.get('/', most.as.opaque({ token: 'a'.repeat(15_000) }))).status).toBe(200)
  expect([...reasons(), ...least.reasons()]).toEqual(['token_too_long', 'token_too_long'])
})

verifies('LM-02', 'reads a JOSE header of 2,048 octets, and none that is longer', async (face) => {
  const { as, get, reasons } = await api(face, { options: { introspection: false } })
  const kid = as.keys.keys[0]!['kid']
  const empty = JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid, x: '' }).length
  const token = (octets: number): string => as.jwt({ header: { x: 'a'.repeat(octets - empty) } })
  expect((await get('/', token(2_048))).status).toBe(200)
  expect((await get('/', token(2_049))).status).toBe(401)
  expect((await get('/', token(4_000))).status).toBe(401)
  expect(reasons()).toEqual(['token_malformed', 'token_malformed'])
})

const answerOf = (members: number): string => {
  const more = Array.from({ length: members - 2 }, (_, index) => `"m${index}":0`)
  return `{"active":true,"aud":"${AUDIENCE}",${more.join(',')}}`
}

verifies('LM-03', 'reads JSON 16 deep and of 2,000 members, and nothing beyond', async (face) => {
  const { as, get } = await api(face)
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  const objects = (depth: number): unknown => (depth === 0 ? 1 : { a: objects(depth - 1) })
  for (const value of [nested, objects]) {
    expect((await get('/', as.jwt({ claims: { x: value(15) } }))).status).toBe(200)
    expect((await get('/', as.jwt({ claims: { x: value(16) } }))).status).toBe(401)
  }
  for (const [members, status] of [
    [2_000, 200],
    [2_001, 503],
  ] as const) {
    as.respond('introspection', { body: answerOf(members), contentType: 'application/json' })
    expect([members, (await get('/', as.opaque())).status]).toEqual([members, status])
  }
})

verifies(['LM-04', 'XC-24'], 'lets clocks differ by 30 s, or by what is written', async (face) => {
  bounded(face, (clockSkew) => ({ clockSkew }), ['0s', '300s', '5m'], ['301s', '-1s', '6m', 30, '', '30', 'P30S'])
  for (const [clockSkew, seconds] of [
    [undefined, 30],
    ['0s', 0],
    ['300s', 300],
  ] as const) {
    const { as, get } = await api(face, { options: clockSkew === undefined ? {} : { clockSkew } })
    const now = as.clock.wall() / 1_000
    const status = async (claims: object): Promise<number> => (await get('/', as.jwt({ claims: { ...claims } }))).status
    expect([seconds, await status({ nbf: now + seconds })]).toEqual([seconds, 200])
    expect([seconds, await status({ nbf: now + seconds + 1 })]).toEqual([seconds, 401])
    expect([seconds, await status({ exp: now - seconds + 1, iat: now - 600 })]).toEqual([seconds, 200])
    expect([seconds, await status({ exp: now - seconds, iat: now - 600 })]).toEqual([seconds, 401])
    // The word of the authority needs no help of ours: what it says has ended has ended.
    expect([seconds, (await get('/', as.opaque({ claims: { exp: now } }))).status]).toEqual([seconds, 401])
  }
})

const keys = Array.from({ length: 5 }, () => generateKeyPairSync('ec', { namedCurve: 'P-256' }))
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const jwk = (key: KeyObject, more: object): object => ({ ...key.export({ format: 'jwk' }), ...more })

verifies(['LM-09', 'CH-05'], 'tries four keys of one name, chosen by what they are', async (face) => {
  const { as, get, handled } = await api(face)
  const published = [
    jwk(rsa.publicKey, { kid: 'k', use: 'sig' }),
    jwk(keys[4]!.publicKey, { kid: 'k', use: 'enc' }),
    jwk(keys[4]!.publicKey, { kid: 'k', alg: 'ES384' }),
    { kty: 'oct', k: 'AAAA', kid: 'k' },
    ...keys.map(({ publicKey }) => jwk(publicKey, { kid: 'k' })),
  ]
  as.respond('keys', { body: { keys: published } })
  for (const [index, { privateKey }] of keys.slice(0, 4).entries()) {
    const token = as.jwt({ key: privateKey, alg: 'ES256', header: { kid: 'k' } })
    expect([index, (await get('/', token)).status]).toEqual([index, 200])
  }
  expect((await get('/', as.jwt({ key: rsa.privateKey, alg: 'RS256', header: { kid: 'k' } }))).status).toBe(200)
  expect((await get('/', as.jwt({ key: keys[4]!.privateKey, alg: 'ES256', header: { kid: 'k' } }))).status).toBe(401)
  expect(handled()).toBe(5)
})

const exponent = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

const numberOf = (bits: number): string => {
  const octets = randomBytes(Math.ceil(bits / 8))
  const high = (bits - 1) % 8
  octets[0] = (octets[0]! & ((1 << high) - 1)) | (1 << high)
  octets[octets.length - 1]! |= 1
  return octets.toString('base64url')
}

const rsaKey = (bits: number, e: bigint, kid: string): object => ({
  kty: 'RSA',
  alg: 'RS256',
  kid,
  n: numberOf(bits),
  e: exponent(e),
})

verifies('LM-10', 'takes RSA keys of 2,048 to 8,192 bits with an odd exponent from 3 to 2^32 + 1', async (face) => {
  const good = [
    rsaKey(2_048, 3n, 'a'),
    rsaKey(2_049, 65_537n, 'b'),
    rsaKey(8_192, 65_537n, 'c'),
    rsaKey(4_096, 2n ** 32n + 1n, 'd'),
  ]
  const weak = [
    rsaKey(2_047, 65_537n, 'x'),
    rsaKey(1_024, 65_537n, 'x'),
    rsaKey(512, 65_537n, 'x'),
    rsaKey(8_193, 65_537n, 'x'),
    rsaKey(16_384, 65_537n, 'x'),
    rsaKey(2_048, 1n, 'x'),
    rsaKey(2_048, 2n, 'x'),
    rsaKey(2_048, 65_536n, 'x'),
    rsaKey(2_048, 2n ** 32n + 2n, 'x'),
    rsaKey(2_048, 2n ** 32n + 3n, 'x'),
    rsaKey(2_048, 2n ** 2_047n + 1n, 'x'),
  ]
  const { as, server, get, events } = await api(face)
  as.respond('keys', { body: { keys: [...good, ...weak] } })
  expect((await get('/', as.jwt({ header: { kid: 'x', alg: 'RS256' } }))).status).toBe(401)
  expect(server.status().issuers[0]!.keys!.kids).toEqual(['a', 'b', 'c', 'd'])
  const skipped = events.filter((event) => event.type === 'key_skipped')
  expect(skipped.map(({ why }) => why)).toEqual(weak.map(() => 'weak'))
})

verifies(['LM-25', 'XC-24'], 'remembers a revocation by claim for the longest life of a token', async (face) => {
  bounded(face, (maxTokenLifetime) => ({ maxTokenLifetime }), ['1m', '180d'], ['59s', '181d', 0, '1y'])
  for (const [maxTokenLifetime, fits, longer] of [
    [undefined, '24h', '25h'],
    ['1m', '60s', '61s'],
    ['180d', '180d', '181d'],
  ] as const) {
    const { as, server, get } = await api(face, { options: maxTokenLifetime === undefined ? {} : { maxTokenLifetime } })
    expect((await get('/', as.jwt({ expiresIn: longer }))).status).toBe(200)
    await server.revoke({ sub: 'mallory' })
    // A token that outlives the mark would come back to life.
    expect([longer, (await get('/', as.jwt({ expiresIn: longer }))).status]).toEqual([longer, 401])
    expect([fits, (await get('/', as.jwt({ expiresIn: fits }))).status]).toEqual([fits, 200])
    expect((await get('/', as.jwt({ sub: 'mallory', expiresIn: fits }))).status).toBe(401)
  }
})
