import { generateKeyPairSync } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { duration, type Duration } from '../../src/duration.ts'
import { ConfigError } from '../../src/errors.ts'
import { clientSecretBasic, tlsClientAuth, unauthenticated } from '../../src/introspection/client-authentication.ts'
import type { IssuerOptions } from '../../src/options/issuer-options.ts'
import type { ResourceServerOptions } from '../../src/options/options.ts'
import { resolveSettings } from '../../src/options/resolve.ts'
import { certificate } from '../support/certificate.ts'
import { publicJwk } from '../support/jwks.ts'

const ISSUER = 'https://as.example'
const GOOD = { issuer: ISSUER, audience: 'https://api.example' } as const
const client = unauthenticated()

interface Pem {
  readonly cert: string
  readonly key: string
}
const identity: Pem = await certificate('client')
const otherIdentity: Pem = await certificate('other')

const resolve = (options: unknown) => resolveSettings(options as ResourceServerOptions)

/** The message with which options are refused. */
function refusal(options: unknown): string {
  try {
    resolve(options)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

const root = (more: object): unknown => ({ ...GOOD, ...more })
const issuer = (more: object): unknown => ({ audience: GOOD.audience, issuers: [{ issuer: ISSUER, ...more }] })
const signed = (written: unknown): unknown => issuer({ introspection: { client, signed: written } })
const signedIn = (written: unknown, jwt: object = {}): unknown =>
  resolve(issuer({ jwt, introspection: { client, signed: written } })).issuers[0]!.introspection!.signed
const withJwt = (jwt: object): string => refusal(issuer({ jwt, introspection: { client, signed: true } }))
const detailsTypes = (types: unknown): object => ({ authorizationDetailsTypesSupported: types })

describe('exact messages', () => {
  test.each([
    [root({ audeince: 'x' }), 'unknown option "audeince"; did you mean "audience"?'],
    [
      issuer({ jwt: { algoritms: ['RS256'] } }),
      'unknown option "issuers[0].jwt.algoritms"; did you mean "algorithms"?',
    ],
    [
      issuer({ introspection: { client, timeout: '1s' } }),
      'unknown option "issuers[0].introspection.timeout"; the options here are "client", "endpoint", "audience", "parameters", "tokenTypeHint", "structuredSuffix", "pick", "honourNoStore", "signed"',
    ],
    [{}, `option "issuer" is missing; write issuer: 'https://login.example.com', or a list "issuers"`],
    [{ issuer: ISSUER }, 'option "audience" is missing; write the identifier that tokens for this API carry in "aud"'],
    [
      { issuers: [ISSUER] },
      'option "issuers[0].audience" is missing; write the identifier that tokens for this API carry in "aud"',
    ],
    [
      root({ issuers: [ISSUER] }),
      'options "issuer" and "issuers" exclude each other; write all of them into "issuers"',
    ],
    [
      root({ issuer: 'http://127.0.0.1:8080' }),
      'option "issuer" is "http://127.0.0.1:8080"; write an https URL without user information, query or fragment (for http on loopback, set allowInsecureLoopback: true)',
    ],
    [root({ clockSkew: 30 }), `option "clockSkew" is 30; write a duration with its unit, from '0s' to '300s'`],
    [
      root({ resilience: 'ballanced' }),
      `option "resilience" is "ballanced"; write 'strict' or 'balanced' or 'available'`,
    ],
    [root({ maxTokenLength: 1 }), 'option "maxTokenLength" is 1; write a whole number from 256 to 65536'],
    [root({ cache: /x/ }), 'option "cache" is a regular expression; write an object of named members'],
    [root({ cache: new Map() }), 'option "cache" is an object; write an object of named members'],
    [root({ audience: /api/ }), 'option "audience" is a regular expression; write a non-empty text'],
    [
      root({ audience: 'https://api.example/#x' }),
      'option "audience" is "https://api.example/#x"; write an identifier without a fragment (RFC 8707 §2)',
    ],
    [
      issuer({ jwt: false }),
      'option "issuers[0].jwt" is false and "introspection" is missing: no token of this issuer could be verified; write one of them',
    ],
    [
      issuer({ jwt: { mode: 'online' } }),
      `option "issuers[0].jwt.mode" is 'online' and "introspection" is missing; write introspection: { client: … }`,
    ],
    [
      issuer({ introspection: {} }),
      'option "issuers[0].introspection.client" is missing; write what clientSecretBasic(…) and its siblings return, or unauthenticated() where the endpoint asks for nothing',
    ],
    [
      { audience: 'x', issuers: [ISSUER, ISSUER] },
      'issuer "https://as.example" is listed twice; write it once, with all its options',
    ],
  ])('%# %o', (options, message) => {
    expect(refusal(options)).toBe(message)
  }) // XC-02, XC-03, XC-04, XC-05, IN-05, DI-05
})

describe('an option that is refused is named', () => {
  test.each([
    ['issuer', root({ issuer: 7 })],
    ['issuer', root({ issuer: 'http://as.example' })],
    ['issuer', root({ issuer: 'https://as.example?x' })],
    ['issuer', root({ issuer: 'https://as.example#x' })],
    ['issuer', root({ issuer: 'as.example' })],
    ['issuer', root({ issuer: /as/ })],
    ['issuers', { audience: 'x', issuers: [] }],
    ['issuers', { audience: 'x', issuers: ISSUER }],
    ['issuers[0]', { audience: 'x', issuers: [7] }],
    ['issuers[0].issuer', { audience: 'x', issuers: [{}] }],
    ['audience', root({ audience: [] })],
    ['audience', root({ audience: '' })],
    ['audience[1]', root({ audience: ['x', /x/] })],
    ['issuers[0].audience', issuer({ audience: () => true })],
    ['resource', root({ resource: 'api' })],
    ['resource', root({ resource: 'http://api.example' })],
    ['resource', root({ resource: 'https://api.example/#f' })],
    ['resourceMetadata.scopesSupported', root({ resourceMetadata: { scopesSupported: 'a' } })],
    ['clockSkew', root({ clockSkew: '301s' })],
    ['clockSkew', root({ clockSkew: '-1s' })],
    ['clockSkew', root({ clockSkew: '30' })],
    ['maxTokenLength', root({ maxTokenLength: 65_537 })],
    ['maxTokenLength', root({ maxTokenLength: 1_000.5 })],
    ['maxTokenLifetime', root({ maxTokenLifetime: '1s' })],
    ['resilience', root({ resilience: 7 })],
    ['resilience.fresh', root({ resilience: { fresh: '2h' } })],
    ['resilience.grace', root({ resilience: { grace: '25h' } })],
    ['resilience.keysHardBound', root({ resilience: { keysHardBound: '1h' } })],
    ['resilience.wait', root({ resilience: { wait: '1ms' } })],
    ['resilience.maxInFlight', root({ resilience: { maxInFlight: 0 } })],
    ['resilience.maxWaitingKnown', root({ resilience: { maxWaitingKnown: 0 } })],
    ['resilience.maxWaitingNew', root({ resilience: { maxWaitingNew: 0 } })],
    ['cache.introspected.entries', root({ cache: { introspected: { entries: 0 } } })],
    ['cache.jwts.bytes', root({ cache: { jwts: { bytes: 1 } } })],
    ['cache.negative.ttl', root({ cache: { negative: { ttl: '1h' } } })],
    ['cache.revocations.entries', root({ cache: { revocations: { entries: 0.5 } } })],
    ['challenge.realm', root({ challenge: { realm: 'é漢' } })],
    ['challenge.realm', root({ challenge: { realm: 'a\r\nb' } })],
    ['challenge.describeErrors', root({ challenge: { describeErrors: 'yes' } })],
    ['challenge.errorBody', root({ challenge: { errorBody: 0 } })],
    ['challenge.errorUri', root({ challenge: { errorUri: '/docs' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'javascript:alert(1)' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'https://docs.example/a"b' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'https://docs.example/a\\b' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'https://docs.example/a b' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'https://docs.example/ä' } })],
    ['challenge.errorUri', root({ challenge: { errorUri: 'https://' } })],
    ['credentials.query', root({ credentials: { query: 'accept' } })],
    ['credentials.form', root({ credentials: { form: 'yes' } })],
    ['credentials.extract', root({ credentials: { extract: 'x-token' } })],
    ['credentials.extract', root({ credentials: { extract: async () => 'token' } })],
    ['requireHttps', root({ requireHttps: 'yes' })],
    ['cors.expose', root({ cors: { expose: ['WWW-Authenticate'] } })],
    ['observe', root({ observe: {} })],
    ['observe', root({ observe: { on: () => undefined, attach: 7 } })],
    ['store', root({ store: { load: () => undefined } })],
    ['store', root({ store: { load: () => undefined, save: () => undefined, update: 'yes' } })],
    ['allowInsecureLoopback', root({ allowInsecureLoopback: 1 })],
    ['ports.clock', root({ ports: { clock: {} } })],
    ['ports.http', root({ ports: { http: { send: 1, close: 1 } } })],
    ['issuers[0].jwt', issuer({ jwt: true })],
    ['issuers[0].jwt.profile', issuer({ jwt: { profile: 'JWT' } })],
    ['issuers[0].jwt.algorithms', issuer({ jwt: { algorithms: [] } })],
    ['issuers[0].jwt.algorithms', issuer({ jwt: { algorithms: ['none'] } })],
    ['issuers[0].jwt.algorithms', issuer({ jwt: { algorithms: ['rs256'] } })],
    ['issuers[0].jwt.algorithms', issuer({ jwt: { algorithms: ['HS256'] } })],
    ['issuers[0].jwt.jwksUri', issuer({ jwt: { jwksUri: 'http://as.example/jwks' } })],
    ['issuers[0].jwt.jwksUri', issuer({ jwt: { jwksUri: 'data:application/json,{}' } })],
    ['issuers[0].jwt.keys', issuer({ jwt: { keys: {} } })],
    ['issuers[0].jwt.keys', issuer({ jwt: { keys: { keys: [] } } })],
    ['issuers[0].jwt.keys', issuer({ jwt: { keys: { keys: [{ kty: 'oct', k: 'AAAA' }] } } })],
    ['issuers[0].jwt.sharedSecret', issuer({ jwt: { sharedSecret: new Uint8Array(31) } })],
    ['issuers[0].jwt.mode', issuer({ jwt: { mode: 'sometimes' } })],
    ['issuers[0].jwt.maxTokenAge', issuer({ jwt: { maxTokenAge: 60 } })],
    ['issuers[0].introspection.endpoint', issuer({ introspection: { client, endpoint: 'http://as.example/i' } })],
    ['issuers[0].introspection.audience', issuer({ introspection: { client, audience: false } })],
    ['issuers[0].introspection.parameters', issuer({ introspection: { client, parameters: { a: 1 } } })],
    ['issuers[0].introspection.client', issuer({ introspection: { client: { ...client } } })],
    ['issuers[0].introspection.signed', signed('jwt')],
    ['issuers[0].introspection.signed.algorithm', signed({ algorithm: 'none' })],
    ['issuers[0].introspection.signed.algorithm', signed({ algorithm: 'HS256' })],
    ['issuers[0].introspection.signed.algorithm', signed({ algorithm: ['RS256'] })],
    ['issuers[0].introspection.signed.audience', signed({ audience: '' })],
    ['issuers[0].introspection.signed.maxAge', signed({ maxAge: '4s' })],
    ['issuers[0].introspection.signed.maxAge', signed({ maxAge: '601s' })],
    ['issuers[0].introspection.signed.decryption', signed({ decryption: true })],
    ['resourceMetadata.authorizationDetailsTypesSupported', root({ resourceMetadata: detailsTypes('a') })],
    ['resourceMetadata.authorizationDetailsTypesSupported', root({ resourceMetadata: detailsTypes(['']) })],
    ['resourceMetadata.authorizationDetailsTypesSupported', root({ resourceMetadata: detailsTypes([{ type: 'a' }]) })],
    ['issuers[0].metadataUrl', issuer({ metadataUrl: '/metadata' })],
    ['issuers[0].requiredClaims', issuer({ requiredClaims: { a: /x/ } })],
    ['issuers[0].scopeClaims', issuer({ scopeClaims: 'scope' })],
    ['issuers[0].tls.cert', issuer({ tls: { cert: 7 } })],
    ['issuers[0].tls.ca[0]', issuer({ tls: { ca: [7] } })],
    ['issuers[0].accepts', issuer({ accepts: { prefix: 'a_' } })],
    ['issuers[0].accepts.length', issuer({ introspection: { client }, accepts: { length: 7 } })],
    ['issuers[0].accepts.alphabet', issuer({ introspection: { client }, accepts: { alphabet: 'base32' } })],
    ['issuers[0].accepts.test', issuer({ introspection: { client }, accepts: { test: /x/ } })],
  ])('%s in %o', (name, options) => {
    expect(refusal(options)).toContain(`"${name}"`)
  }) // XC-02, XC-04, XC-24, JK-21, HT-07, RM-01, NG-112

  test.each([undefined, null, 7, 'x', []])('options that are %o are refused', (options) => {
    expect(refusal(options)).toMatch(/^option "options" is .*; write an object of named members$/)
  }) // XC-02
})

const withKeys = (...all: object[]): unknown => issuer({ jwt: { keys: { keys: all } } })

describe('pinned keys', () => {
  test('a good one is taken', () => {
    expect(refusal(withKeys(publicJwk('a')))).toBe('accepted')
  }) // JK-40

  test('an RSA key of 1024 bits is weak', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    expect(refusal(withKeys(publicKey.export({ format: 'jwk' })))).toContain('cannot be used (weak)')
  }) // JK-40

  test('a private key is refused', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const message = refusal(withKeys(privateKey.export({ format: 'jwk' })))
    expect(message).toContain('cannot be used (private)')
    expect(message).not.toContain(privateKey.export({ format: 'jwk' }).d)
  }) // JK-18

  test('a point off the curve is no key', () => {
    expect(refusal(withKeys({ ...publicJwk(), x: 'A'.repeat(43) }))).toMatch(/no usable key|cannot be used/)
  }) // JK-15

  test('a key for an algorithm that is not listed is refused', () => {
    expect(refusal(issuer({ jwt: { algorithms: ['RS256'], keys: { keys: [publicJwk()] } } }))).toContain(
      'cannot be used (not allowed)',
    )
  }) // JK-40

  test.each([
    { jwksUri: 'https://as.example/jwks', keys: { keys: [publicJwk()] } },
    { jwksUri: 'https://as.example/jwks', sharedSecret: new Uint8Array(32) },
    { sharedSecret: new Uint8Array(32), keys: { keys: [publicJwk()] } },
  ])('two sources of keys exclude each other (%#)', (jwt) => {
    expect(refusal(issuer({ jwt }))).toBe(
      'options "issuers[0].jwt.jwksUri", "keys" and "sharedSecret" exclude each other; write one',
    )
  }) // XC-02

  test.each(['HS256,RS256', 'HS256,HS512', 'RS256', 'A256GCM'])(
    'a shared secret goes with one HMAC, not with %s',
    (names) => {
      const jwt = { sharedSecret: new Uint8Array(64), algorithms: names.split(',') }
      expect(refusal(issuer({ jwt }))).toBe(
        `option "issuers[0].jwt.algorithms" is "${names}"; write ['HS256'], ['HS384'] or ['HS512'] beside "sharedSecret", or nothing`,
      )
    },
  ) // CH-22, JW-14

  test.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('a shared secret for %s has at least %i octets', (name, octets) => {
    const algorithmsWith = (length: number): unknown =>
      resolve(issuer({ jwt: { sharedSecret: new Uint8Array(length), algorithms: [name] } })).issuers[0]!.jwt!.algorithms
    expect(algorithmsWith(octets)).toEqual([name])
    expect(() => algorithmsWith(octets - 1)).toThrow(ConfigError)
  }) // JW-15

  test('a shared secret is for HS256 where no algorithm is named', () => {
    expect(resolve(issuer({ jwt: { sharedSecret: new Uint8Array(64) } })).issuers[0]!.jwt!.algorithms).toEqual([
      'HS256',
    ])
  }) // CH-22
})

describe('signed answers', () => {
  test('are asked for where that is written, and only there', () => {
    expect([signedIn(undefined), signedIn(false)]).toEqual([undefined, undefined])
    const usual = { algorithm: 'RS256', audience: undefined, maxAgeSeconds: 60, decryption: undefined }
    expect([signedIn(true), signedIn({})]).toEqual([usual, usual])
    expect(signedIn({ algorithm: 'EdDSA', audience: 'me', maxAge: '5s' })).toEqual({
      ...usual,
      algorithm: 'Ed25519',
      audience: ['me'],
      maxAgeSeconds: 5,
    })
  }) // IN-62, LM-15

  test('need a published key', () => {
    const keys = { keys: [publicJwk()] }
    expect(signedIn({ algorithm: 'ES256' }, { keys })).toMatchObject({ algorithm: 'ES256' })
    const message = 'option "issuers[0].introspection.signed.algorithm" is RS256, and no pinned key is for that'
    expect(withJwt({ keys })).toContain(message)
    expect(withJwt({ sharedSecret: new Uint8Array(32) })).toContain(message)
  }) // IN-62
})

const twoIssuers = (one: object | undefined, other: object | undefined): unknown => ({
  audience: 'x',
  issuers: [one, other].map((accepts, index) => ({
    issuer: `https://as${index}.example`,
    introspection: { client },
    ...(accepts && { accepts }),
  })),
})

const startsWithA = (token: string): boolean => token.startsWith('a')

const oneIssuer = (accepts: object): unknown => issuer({ introspection: { client }, accepts })

describe('TLS', () => {
  test.each([
    ['a certificate without its key', ({ cert }: Pem) => ({ cert })],
    ['a key without its certificate', ({ key }: Pem) => ({ key })],
    ['what is no PEM', () => ({ cert: 'x', key: 'y' })],
    ['an authority that is no PEM', () => ({ ca: 'x' })],
    ['one such authority among others', ({ cert }: Pem) => ({ ca: [cert, Buffer.from('x')] })],
    ['the key of another certificate', ({ cert }: Pem) => ({ cert, key: otherIdentity.key })],
  ])('%s is refused at construction', (_, tls) => {
    const message = refusal(issuer({ tls: tls(identity) }))
    expect(message).toContain('option "issuers[0].tls": "cert"')
    expect(message).not.toContain('PRIVATE')
  }) // XC-02

  test('good ones are taken', () => {
    const { cert } = identity
    for (const tls of [identity, { ca: cert }, { ca: Buffer.from(cert) }, { ...identity, ca: [cert, cert] }]) {
      expect(refusal(issuer({ tls }))).toBe('accepted')
    }
  }) // CA-12
})

describe('several issuers with opaque tokens', () => {
  test('each needs a rule', () => {
    expect(refusal(twoIssuers({ prefix: 'a_' }, undefined))).toBe(
      `option "accepts" of "https://as1.example" is missing: several issuers have opaque tokens; write for each which are its own, such as accepts: { prefix: 'a_' }`,
    )
  }) // XC-22

  test.each([
    [{ prefix: 'a_' }, { prefix: 'b_' }],
    [{ length: 40 }, { length: 41 }],
    [{ prefix: 'a_' }, { length: 64, alphabet: 'hex' }],
    [{ prefix: 'a_', length: 40 }, { length: 64 }],
    [{ test: startsWithA, examples: ['abc'] }, { prefix: 'b' }],
  ])('%o and %o are disjoint', (one, other) => {
    expect(refusal(twoIssuers(one, other))).toBe('accepted')
  }) // XC-22

  test.each([
    [{ prefix: 'a_' }, { prefix: 'a_' }],
    [{ prefix: 'a' }, { prefix: 'a_' }],
    [{ alphabet: 'hex' }, { alphabet: 'base64url' }],
    [{ length: 40 }, { length: 40, alphabet: 'hex' }],
    [{ test: startsWithA, examples: ['abc'] }, { prefix: 'ab' }],
    [{ prefix: 'a_' }, { length: 64 }],
    [{ length: 64, alphabet: 'base64url' }, { prefix: 'a_' }],
    [{ prefix: 'ab' }, { length: 64, alphabet: 'hex' }],
  ])('%o and %o are not', (one, other) => {
    expect(refusal(twoIssuers(one, other))).toContain('take the same opaque tokens')
  }) // XC-22, XC-23

  test.each([
    [{}, 'says nothing'],
    [{ test: startsWithA }, '"issuers[0].accepts.examples" is missing'],
    [{ test: startsWithA, examples: ['xyz'] }, '"issuers[0].accepts.examples[0]" is not taken by its own rule'],
    [{ test: () => 1, examples: ['xyz'] }, '"issuers[0].accepts.examples[0]" is not taken by its own rule'],
    [{ prefix: 'a_', alphabet: 'hex' }, 'contradicts itself'],
    [{ prefix: 'a_very_long_prefix', length: 8 }, 'contradicts itself'],
  ])('the rule %o is refused', (accepts, message) => {
    expect(refusal(oneIssuer(accepts))).toContain(message)
  }) // XC-02

  test('a rule takes what fits all that it says, and nothing else', () => {
    const { takes } = resolve(oneIssuer({ prefix: 'ab', length: 10, alphabet: 'hex' })).issuers[0]!.accepts!
    expect(['ab00000000', 'ac00000000', 'ab0000000', 'ab0000000g'].map(takes)).toEqual([true, false, false, false])
  }) // XC-22
})

describe('secrets', () => {
  const SECRET = 'hunter2-hunter2'
  const pem = `-----BEGIN PRIVATE KEY-----${SECRET}`

  test.each([
    ['a text instead of a client', issuer({ introspection: { client: SECRET } })],
    ['a text instead of introspection', issuer({ introspection: SECRET })],
    ['a text instead of octets', issuer({ jwt: { sharedSecret: SECRET } })],
    ['a text instead of a certificate', issuer({ tls: pem })],
    ['a text instead of keys', issuer({ jwt: { keys: { d: SECRET } } })],
    ['a password in the issuer', root({ issuer: `https://user:${SECRET}@as.example` })],
    ['a password in an endpoint', issuer({ metadataUrl: `https://user:${SECRET}@as.example/` })],
    ['a parameter of the wrong type', issuer({ introspection: { client, parameters: { secret: [SECRET] } } })],
    ['a misspelt option', issuer({ clientSecrt: SECRET })],
  ])('%s is refused without being quoted', (_, options) => {
    const message = refusal(options)
    expect(message).not.toBe('accepted')
    expect(message).not.toContain(SECRET)
  }) // CA-17

  test('client authentication shows no secret when it is printed', () => {
    const all = [clientSecretBasic('me', SECRET), tlsClientAuth('me', identity)]
    const shown = [inspect(all, { depth: 9 }), JSON.stringify(all)].join()
    expect(shown).toContain('me')
    expect(shown).not.toContain(SECRET)
    expect(shown).not.toContain('PRIVATE KEY')
  }) // CA-17

  test('long values are not quoted', () => {
    expect(refusal(root({ issuer: 'x'.repeat(101) }))).toContain('a text of 101 characters')
  })
})

describe('what is left out', () => {
  test('the defaults are those of the table', () => {
    const { resilience, skewSeconds, credentials, maxTokenLifetime, cache } = resolve(GOOD)
    expect({ resilience, skewSeconds, credentials, maxTokenLifetime, cache }).toEqual({
      skewSeconds: 30,
      credentials: { maxLength: 8_192, requireHttps: undefined, rejectQuery: false, transports: undefined, dpop: true },
      maxTokenLifetime: 86_400_000,
      resilience: {
        fresh: 60_000,
        grace: 300_000,
        keysHardBound: 86_400_000,
        wait: 1_000,
        graceWait: 250,
        introspectionDeadline: 2_000,
        documentDeadline: 5_000,
        connectTimeout: 500,
        maxInFlight: 100,
        maxWaitingKnown: 1_000,
        maxWaitingNew: 256,
        documentFreshness: { fallback: 600_000, min: 60_000, max: 3_600_000 },
      },
      cache: {
        introspected: { entries: 20_000, bytes: 33_554_432, persist: false },
        jwts: { entries: 20_000, bytes: 33_554_432 },
        negative: { entries: 5_000, ttl: 10_000 },
        revocations: { entries: 10_000 },
      },
    })
  }) // XC-24

  test.each([
    ['strict', 0, 7_200_000],
    ['balanced', 300_000, 86_400_000],
    ['available', 3_600_000, 604_800_000],
  ])('preset %s means %d ms of grace and keys for %d ms', (preset, grace, keysHardBound) => {
    expect(resolve(root({ resilience: preset })).resilience).toMatchObject({ grace, keysHardBound })
    expect(resolve(root({ resilience: { preset, wait: '2s' } })).resilience).toMatchObject({ grace, wait: 2_000 })
  }) // XC-24

  test('a number wins over its preset', () => {
    expect(resolve(root({ resilience: { preset: 'strict', grace: '10s' } })).resilience.grace).toBe(10_000)
  }) // XC-24

  test('an issuer that is a text verifies JWTs of RFC 9068 and nothing else', () => {
    const [settings] = resolve(GOOD).issuers
    expect(settings).toMatchObject({ jwt: { profile: 'at+jwt', mode: 'offline' }, introspection: undefined })
  }) // XC-03

  test('HS256, and the algorithms that hold the event loop, are off', () => {
    const { algorithms } = resolve(GOOD).issuers[0]!.jwt!
    for (const off of ['HS256', 'ES384', 'ES512', 'Ed448']) expect(algorithms).not.toContain(off)
  }) // DI-15

  test('the resource is the first audience that is an https URL, and the realm is the resource', () => {
    const settings = resolve(root({ audience: ['api-1', 'https://api.example/v1'] }))
    expect([settings.resources, settings.challenge.realm]).toEqual([
      ['https://api.example/v1'],
      'https://api.example/v1',
    ])
  }) // CH-01

  test('without an https audience there is no resource, and the realm is the audience', () => {
    const settings = resolve(root({ audience: 'my "api" é' }))
    expect([settings.resources, settings.challenge.realm]).toEqual([[], 'my "api" '])
  }) // HT-05, HT-07

  test("an issuer's own audience replaces the shared one", () => {
    expect(resolve(issuer({ audience: 'mine' })).issuers[0]!.audience).toEqual(['mine'])
  })
})

describe('settings', () => {
  /** The paths of what can be changed. Implementations of ports keep their own state. */
  const notFrozen = (value: unknown, path = 'settings'): string[] => {
    if (typeof value !== 'object' || value === null) return []
    const below = path === 'settings.ports' ? [] : Object.entries(value)
    const inner = below.flatMap(([name, one]) => notFrozen(one, `${path}.${name}`))
    return Object.isFrozen(value) ? inner : [path, ...inner]
  }

  test('they are frozen to their leaves', () => {
    const options = issuer({ jwt: {}, introspection: { client, parameters: { a: 'b' } }, requiredClaims: { c: 'd' } })
    expect(notFrozen(resolve(options))).toEqual([])
  })

  test('what is changed in the options later changes nothing', () => {
    const requiredClaims: Record<string, string> = { c: 'd' }
    const parameters: Record<string, string> = { a: 'b' }
    const audience = ['x']
    const issuers: IssuerOptions[] = [{ issuer: ISSUER, requiredClaims, introspection: { client, parameters } }]
    const settings = resolve({ audience, issuers })
    requiredClaims['c'] = 'changed'
    parameters['a'] = 'changed'
    audience.push('changed')
    issuers.push({ issuer: 'https://changed.example' })
    expect(JSON.stringify(settings.issuers)).not.toContain('changed')
  }) // NG-114
})

describe('durations', () => {
  test.each([
    ['250ms', '250ms'],
    ['1.5h', '1.5h'],
    ['0s', '0s'],
  ])('%s is one', (text, same) => {
    expect(duration(text)).toBe(same)
  })

  test.each(['', '5', 's', '5 s', '-5s', '5S', '5sec', '1e3s', '٣s', '0x5s', undefined, 5])('%o is none', (text) => {
    expect(() => duration(text as Duration)).toThrow(ConfigError)
  }) // XC-02
})
