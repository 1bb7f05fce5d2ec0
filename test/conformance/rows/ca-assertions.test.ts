import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { inspect } from 'node:util'
import { clientSecretBasic, ConfigError, privateKeyJwt, type PrivateKeyJwtOptions } from '@holdfast/core'
import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { broken, expectUnavailable, type Sent, type WatchedApi, watchedApi, withClient } from '../introspection.ts'
import { verifies } from '../verifies.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const KEYS = { RS256: rsa, PS256: rsa, ES256: ec, Ed25519: ed, EdDSA: ed } as const

type Options = Partial<PrivateKeyJwtOptions>

const clientWith = (options: Options = {}) =>
  privateKeyJwt({ clientId: 'orders-api', key: ec.privateKey, algorithm: 'ES256', ...options })

function open(face: Face, options: Options = {}, plan: Parameters<typeof withClient>[2] = {}): Promise<WatchedApi> {
  return withClient(face, clientWith(options), plan)
}

const assertionIn = ({ form }: Sent): string => form.get('client_assertion')!

/** The one request for one new token. */
async function ask({ as, get, asked }: WatchedApi): Promise<Sent> {
  expect((await get('/', as.opaque())).status).toBe(200)
  return asked().at(-1)!
}

for (const algorithm of Object.keys(KEYS) as (keyof typeof KEYS)[]) {
  verifies('CA-06', `an assertion is signed and says who asks (${algorithm})`, async (face) => {
    const { privateKey, publicKey } = KEYS[algorithm]
    const opened = await open(face, { key: privateKey, algorithm })
    const currentDate = new Date(opened.as.clock.wall())
    const verified = await jwtVerify(assertionIn(await ask(opened)), publicKey, { currentDate })
    const iat = Math.floor(currentDate.getTime() / 1_000)
    expect(verified.payload).toEqual({
      iss: 'orders-api',
      sub: 'orders-api',
      aud: opened.as.issuer,
      iat,
      exp: iat + 60,
      jti: verified.payload.jti,
    })
    expect(verified.payload.jti).toMatch(/^[\w-]{22,}$/)
    expect(verified.protectedHeader.alg).toBe(algorithm)
  })
}

verifies('CA-07', 'aud is the issuer, as one text, or what is written', async (face) => {
  const usual = await open(face)
  expect(decodeJwt(assertionIn(await ask(usual))).aud).toBe(usual.as.issuer)
  const audience = 'https://as.test/token'
  expect(decodeJwt(assertionIn(await ask(await open(face, { audience })))).aud).toBe(audience)
  for (const wrong of ['', 7, ['https://as.test']])
    expect(() => clientWith({ audience: wrong as string })).toThrow('privateKeyJwt: "audience" is a non-empty string')
})

verifies('CA-08', 'typ says what it is, unless a server does not know that', async (face) => {
  const header = async (options: Options) => decodeProtectedHeader(assertionIn(await ask(await open(face, options))))
  expect(await header({})).toEqual({ alg: 'ES256', typ: 'client-authentication+jwt' })
  expect(await header({ kid: 'k1' })).toEqual({ alg: 'ES256', typ: 'client-authentication+jwt', kid: 'k1' })
  expect(await header({ typ: 'JWT' })).toEqual({ alg: 'ES256', typ: 'JWT' })
  expect(await header({ typ: false })).toEqual({ alg: 'ES256' })
  for (const wrong of [true, '', 'at+jwt', null]) expect(() => clientWith({ typ: wrong as false })).toThrow(ConfigError)
})

verifies('CA-09', 'the assertion goes with its type and our id, in the body', async (face) => {
  const { form, headers, url } = await ask(await open(face))
  expect(Object.fromEntries(form)).toMatchObject({
    client_id: 'orders-api',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  })
  for (const name of ['client_id', 'client_assertion', 'client_assertion_type', 'token'])
    expect(form.getAll(name)).toHaveLength(1)
  expect([form.has('client_secret'), headers['authorization'], url.includes('?')]).toEqual([false, undefined, false])
})

verifies('CA-10', 'every request has an assertion of its own, which lives for a minute', async (face) => {
  const opened = await open(face)
  const ids = new Set<string>()
  for (let call = 0; call < 5; call += 1) {
    const { jti, iat, exp } = decodeJwt(assertionIn(await ask(opened))) as Required<JWTPayload>
    ids.add(jti)
    expect(exp - iat).toBe(60)
    opened.as.clock.advance('1s')
  }
  expect(ids.size).toBe(5)
})

verifies('CA-10', 'a request that is sent a second time has a new assertion', async (face) => {
  let failing: number | undefined
  const opened = await open(
    face,
    {},
    {
      network: ({ method }) => {
        if (method !== 'POST' || failing === undefined) return undefined
        failing += 1
        return failing === 1 ? broken('reset', { reusedSocket: true }) : undefined
      },
    },
  )
  failing = 0
  await ask(opened)
  const afterReset = opened.asked().map((sent) => decodeJwt(assertionIn(sent)).jti)
  expect([afterReset.length, new Set(afterReset).size]).toEqual([2, 2])
  // And one whose first one was rejected.
  const rejected = await open(face, { key: () => ec.privateKey }, { as: { client: () => false } })
  expectUnavailable(await rejected.get('/', rejected.as.opaque()))
  const afterRejection = rejected.asked().map((sent) => decodeJwt(assertionIn(sent)).jti)
  expect([afterRejection.length, new Set(afterRejection).size]).toEqual([2, 2])
})

verifies('CA-11', 'an algorithm that the metadata does not list is told before the first token', async (face) => {
  const cases = [
    [['RS256'], ['HOLDFAST_CLIENT_AUTHENTICATION']],
    [['none'], ['HOLDFAST_CLIENT_AUTHENTICATION']],
    [[], ['HOLDFAST_CLIENT_AUTHENTICATION']],
    [['RS256', 'ES256'], []],
    [undefined, []],
  ] as const
  for (const [algorithms, expected] of cases) {
    const metadata = {
      introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
      introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    }
    const opened = await open(face, {}, { as: { metadata } })
    await opened.server.ready()
    const advice = opened.events.flatMap((event) => (event.type === 'advice' ? [event] : []))
    expect(advice.map(({ code }) => code)).toEqual(expected)
    for (const { message } of advice) expect(message).toContain('ES256')
    expect(decodeProtectedHeader(assertionIn(await ask(opened))).alg).toBe('ES256')
  }
  // What signs nothing has no algorithm to be listed.
  const metadata = { introspection_endpoint_auth_signing_alg_values_supported: [] }
  const { server, events } = await watchedApi(face, {
    as: { metadata },
    options: { introspection: { client: clientSecretBasic('test-resource-server', 'test-secret') } },
  })
  await server.ready()
  expect(events.filter(({ type }) => type === 'advice')).toEqual([])
})

verifies(['CA-11', 'CA-18'], 'no assertion goes without a signature, or with a shared secret', () => {
  for (const algorithm of ['none', 'HS256', 'RS1', 'ES256K', 'toString', undefined]) {
    const build = () => clientWith({ algorithm: algorithm as 'ES256' })
    expect(build).toThrow(ConfigError)
    expect(build).toThrow(/^privateKeyJwt: "algorithm" is .*; write one of RS256, PS256, ES256, ES384, Ed25519, EdDSA$/)
  }
})

const short = generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey
const evenly = generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 }).privateKey
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), ...more })
/** Numbers that no key has: Node takes them, and looks at them only when it signs. */
const long = jwk(rsa.privateKey, { n: Buffer.alloc(1_025, 0xff).toString('base64url') })
const exponentOne = jwk(rsa.privateKey, { e: 'AQ' })
const exponentHuge = jwk(rsa.privateKey, { e: Buffer.alloc(256, 0xff).toString('base64url') })

const UNFIT: readonly (readonly [string, PrivateKeyJwtOptions['algorithm'], unknown])[] = [
  ['RSA of 1,024 bits', 'RS256', short],
  ['the same as a JWK', 'RS256', jwk(short)],
  ['RSA of more than 8,192 bits', 'RS256', long],
  ['an exponent of 1', 'RS256', exponentOne],
  ['an exponent of 2,048 bits', 'RS256', exponentHuge],
  ['a public key', 'ES256', ec.publicKey],
  ['a public JWK', 'ES256', jwk(ec.publicKey)],
  ['a secret', 'ES256', { kty: 'oct', k: 'c2VjcmV0' }],
  ['a text', 'ES256', '-----BEGIN PRIVATE KEY-----'],
  ['another curve', 'ES256', p384],
  ['a curve for RSA', 'PS256', ec.privateKey],
  ['RSA for a curve', 'ES256', rsa.privateKey],
  ['a JWK for encryption', 'ES256', jwk(ec.privateKey, { use: 'enc' })],
  ['a JWK for another algorithm', 'PS256', jwk(rsa.privateKey, { alg: 'RS256' })],
]

verifies('CA-18', 'a key that breaks the bounds is refused when it is written', () => {
  for (const [what, algorithm, key] of UNFIT) {
    expect(() => clientWith({ key: key as KeyObject, algorithm }), what).toThrow(/^privateKeyJwt: "key" /)
  }
  for (const key of [evenly, jwk(rsa.privateKey, { alg: 'RS256', use: 'sig' })])
    expect(() => clientWith({ key: key as KeyObject, algorithm: 'RS256' })).not.toThrow()
})

verifies('CA-18', 'a key that breaks the bounds and comes from a function signs nothing', async (face) => {
  for (const algorithm of ['RS256', 'PS256', 'ES256'] as const) {
    let key: unknown
    const { as, get, asked, events } = await open(face, { key: () => key as KeyObject, algorithm })
    const unfit = UNFIT.filter(([, one]) => one === algorithm)
    for (const [, , one] of unfit) {
      key = one
      expectUnavailable(await get('/', as.opaque()))
    }
    const told = events.flatMap((event) => (event.type === 'introspection' ? [event.trouble] : []))
    expect(told).toEqual(unfit.map(() => 'credentials_failed'))
    expect(asked()).toEqual([])
    key = KEYS[algorithm].privateKey
    expect((await get('/', as.opaque())).status).toBe(200)
  }
})

verifies('CA-16', 'a key may come from a function, and be renewed', async (face) => {
  const keys = [jwk(p384), ec.privateKey]
  const opened = await open(face, { key: async () => (keys.length > 1 ? keys.shift()! : keys[0]!) })
  expectUnavailable(await opened.get('/', opened.as.opaque()))
  expect((await opened.get('/', opened.as.opaque())).status).toBe(200)
  const failing = await open(face, { key: () => Promise.reject(new Error('vault says needle')) })
  const reply = await failing.get('/', failing.as.opaque())
  expectUnavailable(reply)
  expect(JSON.stringify([failing.events, failing.server.status(), reply])).not.toContain('needle')
  expect(failing.asked()).toEqual([])
})

verifies('CA-17', 'a key is in nothing that is printed', async (face) => {
  const { d } = ec.privateKey.export({ format: 'jwk' })
  const client = clientWith({ key: jwk(ec.privateKey) as never })
  const { as, get, server, events } = await watchedApi(face, {
    as: { client: () => false },
    options: { introspection: { client } },
  })
  expectUnavailable(await get('/', as.opaque()))
  for (const one of [client, server, server.status(), events]) {
    const printed = [inspect(one, { depth: 10, showHidden: true }), JSON.stringify(one)]
    for (const text of printed) expect(text ?? '').not.toContain(d)
  }
  const unfit = [
    { key: jwk(p384), algorithm: 'ES256' },
    { key: jwk(ec.privateKey), algorithm: 'needle' },
  ]
  for (const wrong of unfit) {
    expect(() => clientWith(wrong as Options)).toThrow(ConfigError)
    expect(() => clientWith(wrong as Options)).not.toThrow(new RegExp(String((wrong.key as { d?: string }).d)))
  }
})

verifies('CA-06', 'a misspelt option is an error', () => {
  expect(() => clientWith({ audiance: 'https://as.test' } as Options)).toThrow(
    'privateKeyJwt: unknown option "audiance"; the options here are clientId, key, algorithm, kid, audience, typ',
  )
})
