import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import tls from 'node:tls'
import { scope } from '@holdfast/core'
import { expect, onTestFinished } from 'vitest'
import { as as by, ASKING, boundTo, CLIENT, identity, THIEF } from '../certificates.ts'
import type { Face } from '../faces.ts'
import { claimsOf, headerFor, jwkFor, jws, publishing, signerFor } from '../forge.ts'
import { agreed } from '../kinds.ts'
import { network } from '../tls.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const FAPI: Plan = { tls: ASKING, options: { profile: 'fapi2', mtls: 'allowed' } }
const configured = { issuer: 'https://as.test', audience: AUDIENCE, profile: 'fapi2' } as const
const PAGES = join(import.meta.dirname, '../../../docs')

/** Builds a server with the profile and these options, through a face. */
const protectingBy = (face: Face) => (options: object) => () => face.protect({ ...configured, ...options })

/** Options of the only issuer. */
const withJwt = (jwt: object): object => ({ issuer: undefined, issuers: [{ issuer: 'https://as.test', jwt }] })

/** Status and reason for a token of either kind, over a connection with the client's certificate. */
async function outcomeOf(one: Api, claims: Readonly<Record<string, unknown>>, client = CLIENT): Promise<string> {
  return agreed([one.as.jwt({ claims }), one.as.opaque({ claims })], async (token) => {
    const before = one.reasons().length
    const { status } = await one.get('/', token, by(client))
    return [status, ...one.reasons().slice(before)].join(' ')
  })
}

verifies('FP-01', 'takes tokens that are bound, from whoever they are bound to, and no others', async (face) => {
  const one = await api(face, FAPI)
  expect(await outcomeOf(one, boundTo(CLIENT))).toBe('200')
  expect(await outcomeOf(one, boundTo(CLIENT), THIEF)).toBe('401 binding_mismatch')
  expect(await outcomeOf(one, {})).toBe('401 binding_absent')
  const { lines } = await one.get('/', one.as.jwt(), by(CLIENT))
  expect(lines('www-authenticate')[0]).toContain('error="invalid_token"')
})

verifies('FP-01', 'offers DPoP alone where certificates are off', async (face) => {
  const { as, get } = await api(face, { tls: ASKING, options: { profile: 'fapi2' } })
  const { status, lines } = await get('/', as.jwt(), by())
  expect([status, lines('www-authenticate')]).toEqual([401, [expect.stringMatching(/^DPoP .*error="invalid_token"/)]])
})

verifies('FP-01', 'refuses options that would take other tokens, or have them come otherwise', (face) => {
  const protecting = protectingBy(face)
  for (const [options, named] of [
    [{ dpop: 'off' }, '"dpop" and "mtls" are off'],
    [{ dpop: 'off', mtls: 'off' }, '"dpop" and "mtls" are off'],
    [{ credentials: { form: true } }, '"credentials.form"'],
    [{ credentials: { extract: () => undefined } }, '"credentials.extract"'],
    [{ requireHttps: false }, '"requireHttps"'],
    [{ allowInsecureLoopback: true }, '"allowInsecureLoopback"'],
    [{ clockSkew: '5m' }, '"clockSkew"'],
  ] as const) {
    expect(protecting(options)).toThrow(`option ${named}`)
    expect(protecting(options)).toThrow(`profile 'fapi2'`)
  }
})

verifies('FP-02', 'takes no token from a query', async (face) => {
  const one = await api(face, FAPI)
  const token = one.as.jwt({ claims: boundTo(CLIENT) })
  const { status, lines } = await one.get(`/?access_token=${token}`, [], by(CLIENT))
  expect([status, lines('www-authenticate').filter((line) => line.includes('error='))]).toEqual([401, []])
  const { status: posted } = await one.send(
    'POST',
    '/',
    ['Content-Type', 'application/x-www-form-urlencoded'],
    `access_token=${token}`,
    by(CLIENT),
  )
  expect([posted, one.handled()]).toEqual([401, 0])
})

verifies('FP-03', 'asks whether a JWT was revoked, unless that is waived in so many words', async (face) => {
  const one = await api(face, FAPI)
  const token = one.as.jwt({ claims: boundTo(CLIENT) })
  expect((await one.get('/', token, by(CLIENT))).status).toBe(200)
  expect(one.as.calls.introspection).toBe(1)
  one.as.revoke(token)
  one.as.clock.advance('2m')
  expect((await one.get('/', token, by(CLIENT))).status).toBe(401)
  expect(one.reasons()).toEqual(['token_inactive'])

  expect(() => face.protect(configured)).toThrow(`"jwt.mode" of "https://as.test" is 'offline': with profile 'fapi2'`)
  const waiving = await api(face, {
    ...FAPI,
    options: { ...FAPI.options, introspection: false, jwt: { waiveRevocation: true } },
  })
  expect((await waiving.get('/', waiving.as.jwt({ claims: boundTo(CLIENT) }), by(CLIENT))).status).toBe(200)
})

verifies('FP-04', 'tells of lacking scopes as RFC 6750 does', async (face) => {
  const one = await api(face, { ...FAPI, routes: { '/orders': [scope('orders:read')] } })
  const claims = boundTo(CLIENT)
  for (const token of [one.as.jwt({ claims }), one.as.opaque({ claims })]) {
    const { status, lines } = await one.get('/orders', token, by(CLIENT))
    expect([status, lines('www-authenticate')[0]]).toEqual([
      403,
      expect.stringMatching(/^Bearer .*error="insufficient_scope".*scope="orders:read"/),
    ])
  }
  expect((await one.get('/orders', one.as.jwt({ claims, scope: 'orders:read' }), by(CLIENT))).status).toBe(200)
})

const KEYS = ['RS256', 'PS256', 'ES256', 'Ed25519', 'ES384', 'PS384'] as const

verifies(['FP-05', 'CH-17'], 'takes PS256, ES256 and Ed25519, and nothing else', async (face) => {
  const as = await publishing(KEYS.map((alg) => jwkFor(alg, { kid: alg, alg })))
  const one = await api(face, { ...FAPI, as, options: { ...FAPI.options, jwt: { mode: 'onlineWhenHealthy' } } })
  const body = { active: true, aud: AUDIENCE, ...boundTo(CLIENT) }
  as.respond('introspection', { body })
  const outcomes: Record<string, string> = {}
  for (const alg of KEYS) {
    const token = jws(headerFor(alg), claimsOf(as, boundTo(CLIENT)), signerFor(alg))
    const { status } = await one.get('/', token, by(CLIENT))
    outcomes[alg] = status === 200 ? 'taken' : one.reasons().at(-1)!
  }
  const eddsa = jws({ ...headerFor('Ed25519'), alg: 'EdDSA' }, claimsOf(as, boundTo(CLIENT)), signerFor('Ed25519'))
  outcomes['EdDSA'] = String((await one.get('/', eddsa, by(CLIENT))).status)
  const none = `${Buffer.from(JSON.stringify(headerFor('ES256', { alg: 'none' }))).toString('base64url')}.${eddsa.split('.')[1]}.`
  await one.get('/', none, by(CLIENT))
  outcomes['none'] = one.reasons().at(-1)!
  expect(outcomes).toEqual({
    RS256: 'algorithm_not_allowed',
    PS256: 'taken',
    ES256: 'taken',
    Ed25519: 'taken',
    ES384: 'algorithm_not_allowed',
    PS384: 'algorithm_not_allowed',
    EdDSA: '200',
    none: 'algorithm_not_allowed',
  })
})

verifies('FP-05', 'refuses a list with others, and clients that sign with others', (face) => {
  const protecting = protectingBy(face)
  expect(protecting(withJwt({ algorithms: ['RS256'] }))).toThrow(/"jwt\.algorithms" .* has RS256: with profile 'fapi2'/)
  expect(protecting(withJwt({ sharedSecret: Buffer.alloc(32, 7) }))).toThrow(/has HS256: with profile 'fapi2'/)
  expect(protecting({ dpop: { algorithms: ['ES256', 'RS256'] } })).toThrow(
    /"dpop\.algorithms" is "RS256"; .* profile 'fapi2'/,
  )
})

verifies('FP-06', 'trusts no RSA key below 2,048 bits', async (face) => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const as = await publishing([
    { ...publicKey.export({ format: 'jwk' }), kid: 'PS256' },
    jwkFor('ES256', { kid: 'ES256' }),
  ])
  const one = await api(face, { ...FAPI, as })
  as.respond('introspection', { body: { active: true, aud: AUDIENCE, ...boundTo(CLIENT) } })
  const claims = claimsOf(as, boundTo(CLIENT))
  const small = jws(headerFor('PS256'), claims, signerFor('PS256', privateKey))
  expect((await one.get('/', jws(headerFor('ES256'), claims, signerFor('ES256')), by(CLIENT))).status).toBe(200)
  expect((await one.get('/', small, by(CLIENT))).status).toBe(401)
  expect(one.events).toContainEqual({ type: 'key_skipped', issuer: as.issuer, why: 'weak' })
})

verifies('FP-07', 'serves nothing that did not come over TLS', async (face) => {
  const { as, get, reasons, handled } = await api(face, { options: FAPI.options! })
  expect((await get('/', as.jwt({ claims: boundTo(CLIENT) }))).status).toBe(400)
  expect([reasons(), handled()]).toEqual([['transport_insecure'], 0])
})

verifies('FP-07', 'asks nobody below TLS 1.2, nor anybody whose certificate is not good', async (face) => {
  const localhost = await identity('localhost')
  const listening = async (options: tls.TlsOptions): Promise<string> => {
    const server = createServer({ ...localhost, ...options }, (_, response) => void response.end('{"active":true}'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return `https://localhost:${(server.address() as AddressInfo).port}`
  }
  const old = await listening({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  const strange = await listening({})
  const http = network()
  const ask = (origin: string, ca?: string): Promise<unknown> =>
    http.send({
      method: 'GET',
      url: `${origin}/`,
      headers: {},
      lane: 'test',
      maxBytes: 1_000,
      signal: new AbortController().signal,
      ...(ca === undefined ? {} : { tls: { ca } }),
    })
  await expect(ask(strange, localhost.cert)).resolves.toMatchObject({ status: 200 })
  await expect(ask(strange)).rejects.toMatchObject({ kind: 'tls' })
  const usual = tls.DEFAULT_MIN_VERSION
  onTestFinished(() => {
    tls.DEFAULT_MIN_VERSION = usual
  })
  // As `node --tls-min-v1.0` does.
  tls.DEFAULT_MIN_VERSION = 'TLSv1'
  await expect(ask(old, localhost.cert)).rejects.toMatchObject({ kind: 'tls' })
  expect(() => face.protect({ ...configured, issuer: 'http://127.0.0.1:1', allowInsecureLoopback: true })).toThrow(
    /"allowInsecureLoopback" is true: with profile 'fapi2'/,
  )
})

verifies('FP-08', 'refuses tokens that bring keys, or point at some', async (face) => {
  const one = await api(face, FAPI)
  const claims = boundTo(CLIENT)
  for (const header of [
    { jku: 'https://evil.test/keys' },
    { x5u: 'https://evil.test/cert' },
    { jwk: jwkFor('ES256') },
  ]) {
    expect((await one.get('/', one.as.jwt({ claims, header }), by(CLIENT))).status).toBe(401)
  }
  expect(new Set(one.reasons())).toEqual(new Set(['key_in_header']))
  expect(() =>
    face.protect({
      ...configured,
      issuer: undefined,
      issuers: [{ issuer: 'https://as.test', jwt: { rejectKeyHeaders: false } }],
    }),
  ).toThrow(/"jwt\.rejectKeyHeaders" .* profile 'fapi2'/)
})

verifies('FP-09', 'tells keys that share a kid apart by their other members', async (face) => {
  const as = await publishing([jwkFor('PS256', { kid: 'one' }), jwkFor('ES256', { kid: 'one' })])
  const one = await api(face, { ...FAPI, as })
  as.respond('introspection', { body: { active: true, aud: AUDIENCE, ...boundTo(CLIENT) } })
  for (const alg of ['PS256', 'ES256'] as const) {
    const token = jws(headerFor(alg, { kid: 'one' }), claimsOf(as, boundTo(CLIENT)), signerFor(alg))
    expect([alg, (await one.get('/', token, by(CLIENT))).status]).toEqual([alg, 200])
  }
})

verifies('FP-10', 'takes no DPoP proof twice, without being told', async (face) => {
  const one = await api(face, { tls: ASKING, options: { profile: 'fapi2' } })
  const client = one.as.dpopClient()
  const token = one.as.jwt(client.bound())
  const proof = client.proof({ token, url: `${AUDIENCE}/` })
  const credentials = ['Authorization', `DPoP ${token}`, 'DPoP', proof]
  const statuses = [(await one.get('/', credentials, by())).status, (await one.get('/', credentials, by())).status]
  expect([statuses, one.reasons()]).toEqual([[200, 401], ['proof_replayed']])
})

verifies(['FP-11', 'FP-12'], 'says that issuers need keys of their own, and what is no part of the profile', () => {
  const page = readFileSync(join(PAGES, 'sender-constrained.md'), 'utf8')
  const profile = page.slice(page.indexOf('## FAPI 2.0'))
  expect(profile).toMatch(/keys of (its|their) own/)
  expect(profile).toMatch(/RFC 9421/)
})
