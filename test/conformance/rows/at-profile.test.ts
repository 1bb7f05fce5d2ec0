import type { Reason } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import {
  base64url,
  claimsOf,
  errorIn,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const sign = signerFor('ES256')

async function start(
  face: Face,
  options: Plan['options'] = {},
): Promise<{ one: Api; minted: (claims?: object, header?: object) => string }> {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { introspection: false, ...options } })
  return { one, minted: (claims, header) => jws(headerFor('ES256', header), claimsOf(as, claims), sign) }
}

verifies('AT-01', 'refuses whatever is no access token by its type', async (face) => {
  const { one, minted } = await start(face)
  await expectAccepted(one, minted({}, { typ: 'at+jwt' }), minted({}, { typ: 'application/at+jwt' }))
  await expectRefused(one, 'type_wrong', {
    JWT: minted({}, { typ: 'JWT' }),
    'no type': minted({}, { typ: undefined }),
    'jwt+at': minted({}, { typ: 'jwt+at' }),
    'a claim instead of a type': minted({ typ: 'at+jwt' }, { typ: undefined }),
  })
})

verifies(
  'AT-02',
  'takes another type only where the profile says so, and then still asks for what stops confusion',
  async (face) => {
    const strict = await start(face)
    const lax = await start(face, { jwt: { profile: 'jwt' } })
    for (const typ of ['JWT', 'jwt', 'application/jwt', undefined]) {
      await expectAccepted(lax.one, lax.minted({ jti: String(typ) }, { typ }))
      await expectRefused(strict.one, 'type_wrong', { [String(typ)]: strict.minted({}, { typ }) })
    }
    await expectAccepted(lax.one, lax.minted({}, { typ: 'at+jwt' }))
    const few = { sub: undefined, client_id: undefined, iat: undefined, jti: undefined }
    await expectAccepted(lax.one, lax.minted(few, { typ: 'JWT' }))
    await expectRefusals(lax.one, {
      'no aud': [lax.minted({ aud: undefined }, { typ: 'JWT' }), 'audience_missing'],
      'no exp': [lax.minted({ exp: undefined }, { typ: 'JWT' }), 'claim_missing'],
      'another aud': [lax.minted({ aud: 'x' }, { typ: 'JWT' }), 'audience_wrong'],
      'another type': [lax.minted({}, { typ: 'dpop+jwt' }), 'type_wrong'],
      'no text': [lax.minted({}, { typ: null }), 'type_wrong'],
    })
    for (const profile of ['JWT', 'id_token', 'any', 'none', ''])
      expect(() =>
        face.protect({ audience: 'x', issuers: [{ issuer: 'https://as.test', jwt: { profile: profile as 'jwt' } }] }),
      ).toThrow(`option "issuers[0].jwt.profile" is "${profile}"; write 'at+jwt' or 'jwt'`)
  },
)

verifies('AT-03', 'verifies RS256 unless it is left out', async (face) => {
  const as = await publishing([jwkFor('RS256')])
  const one = await api(face, { as, options: { introspection: false } })
  const token = jws(headerFor('RS256'), claimsOf(as), signerFor('RS256'))
  await expectAccepted(one, token)
  const other = await publishing([jwkFor('RS256')])
  const without = await api(face, {
    as: other,
    options: { introspection: false, jwt: { algorithms: ['ES256', 'PS256'] } },
  })
  await expectRefused(without, 'algorithm_not_allowed', { RS256: token })
})

verifies('AT-04', 'refuses an unsigned access token', async (face) => {
  const { one } = await start(face)
  const claims = base64url(claimsOf(one.as))
  for (const alg of ['none', 'None', 'NONE', 'nOnE'])
    await expectRefused(one, 'algorithm_not_allowed', { [alg]: `${base64url({ alg, typ: 'at+jwt' })}.${claims}.` })
})

verifies('AT-05', 'asks for the identifier of the issuer, a trailing slash included', async (face) => {
  const { one, minted } = await start(face)
  const { issuer } = one.as
  await expectRefused(one, 'issuer_unknown', { 'a slash more': minted({ iss: `${issuer}/` }) })
  const advice = one.events.filter(({ type }) => type === 'advice')
  expect(advice).toMatchObject([{ code: 'HOLDFAST_ISSUER_SLASH', issuer }])
  const slashed = await publishing([jwkFor('ES256')], 'https://as.test/')
  const other = await api(face, { as: slashed, options: { introspection: false } })
  const by = (iss: string): string => jws(headerFor('ES256'), claimsOf(slashed, { iss }), sign)
  await expectAccepted(other, by('https://as.test/'))
  await expectRefused(other, 'issuer_unknown', { 'a slash less': by('https://as.test') })
})

const REQUIRED = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'] as const

verifies('AT-08', 'asks for every claim that the profile requires', async (face) => {
  const { one, minted } = await start(face)
  await expectAccepted(one, minted())
  const reasons: Readonly<Record<string, Reason>> = { iss: 'issuer_unknown', aud: 'audience_missing' }
  for (const name of REQUIRED) {
    await expectRefusals(one, { [`no ${name}`]: [minted({ [name]: undefined }), reasons[name] ?? 'claim_missing'] })
  }
  for (const name of ['sub', 'client_id', 'jti'])
    await expectRefused(one, 'claim_missing', { [`an empty ${name}`]: minted({ [name]: '' }) })
  for (const name of REQUIRED.slice(1))
    await expectRefused(one, 'claims_malformed', { [`${name}: null`]: minted({ [name]: null }) })
  await expectRefused(one, 'claim_missing', {
    'another case': minted({ client_id: undefined, Client_Id: 'x' }),
    'the name of others': minted({ client_id: undefined, azp: 'x', cid: 'x' }),
  })
})

verifies('AT-09', 'trusts the keys of the authorization server alone', async (face) => {
  const { one } = await start(face)
  const { privateKey } = pairFor('ES256', 'elsewhere')
  const by = (kid: string | undefined): string =>
    jws(headerFor('ES256', { kid }), claimsOf(one.as), signerFor('ES256', privateKey))
  await expectRefusals(one, {
    'under a published name': [by('ES256'), 'signature_invalid'],
    'under its own name': [by('elsewhere'), 'key_unknown'],
    'without a name': [by(undefined), 'signature_invalid'],
  })
})

verifies('AT-10', 'tells the client invalid_token whatever is wrong', async (face) => {
  const { one, minted } = await start(face)
  const now = one.as.clock.wall() / 1_000
  const attacker = signerFor('ES256', pairFor('ES256', 'attacker').privateKey)
  const broken = [
    minted({}, { typ: 'JWT' }),
    minted({}, { alg: 'none' }),
    minted({}, { alg: 'HS256' }),
    minted({}, { kid: 'x' }),
    minted({}, { crit: ['x'] }),
    minted({ iss: 'https://evil.example' }),
    minted({ aud: 'x' }),
    minted({ exp: now - 60, iat: now - 120 }),
    minted({ nbf: now + 60 }),
    ...REQUIRED.map((name) => minted({ [name]: undefined })),
    minted({ sub: 1 }),
    minted({ events: {} }),
    jws(headerFor('ES256'), claimsOf(one.as), attacker),
    `${minted()}A`,
    'opaque',
  ]
  for (const token of broken) {
    const reply = await one.get('/', token)
    const { error } = JSON.parse(reply.body) as { error: string }
    expect([reply.status, reply.lines('www-authenticate').map(errorIn), error]).toEqual([
      401,
      ['invalid_token'],
      'invalid_token',
    ])
    expect(reply.headers['cache-control']).toBe('no-store')
  }
  expect([one.handled(), one.reasons().length]).toEqual([0, broken.length])
})

verifies('AT-13', 'takes any signing key that the issuer publishes', async (face) => {
  const keys = [
    jwkFor('ES256', { kid: 'id tokens' }, 'first'),
    jwkFor('ES256', { kid: 'second', use: undefined }, 'second'),
    jwkFor('RS256', { kid: 'third' }, 'third'),
    jwkFor('Ed25519', { kid: 'fourth', alg: undefined }, 'fourth'),
  ]
  const as = await publishing(keys)
  const one = await api(face, { as, options: { introspection: false } })
  const by = (alg: 'ES256' | 'RS256' | 'Ed25519', kid: string, owner: string): string =>
    jws(headerFor(alg, { kid }), claimsOf(as, { jti: owner }), signerFor(alg, pairFor(alg, owner).privateKey))
  await expectAccepted(
    one,
    by('ES256', 'id tokens', 'first'),
    by('ES256', 'second', 'second'),
    by('RS256', 'third', 'third'),
    by('Ed25519', 'fourth', 'fourth'),
  )
  await expectRefused(one, 'signature_invalid', { 'one under the name of another': by('ES256', 'second', 'first') })
})

verifies('AT-14', 'finds the keys through the metadata of either specification', async (face) => {
  const one = await api(face, { options: { introspection: false } })
  expect((await one.get('/', one.as.jwt())).status).toBe(200)
  expect(one.as.calls.all.map(({ path }) => path)).toEqual(['/.well-known/oauth-authorization-server', '/jwks'])

  const documents = (path: string): object => ({
    async send(request: { readonly url: string }) {
      if (!request.url.includes('/.well-known/') || request.url.endsWith(path)) return other.http.send(request as never)
      return { status: 404, headers: {}, body: Buffer.from('Not Found') }
    },
    close: async () => undefined,
  })
  const other = await publishing([jwkFor('ES256')])
  const http = documents('/.well-known/openid-configuration') as never
  const oidc = await api(face, { as: other, options: { introspection: false, ports: { http } } })
  await expectAccepted(oidc, jws(headerFor('ES256'), claimsOf(other), sign))
  expect(other.calls.all.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', '/jwks'])
})

verifies('AT-15', 'reads one metadata document and never holds it against another', async (face) => {
  const one = await api(face)
  await expectAccepted(one, one.as.jwt(), one.as.opaque())
  expect(one.as.calls.to('metadata').map(({ path }) => path)).toEqual(['/.well-known/oauth-authorization-server'])
  one.as.clock.advance('30m')
  await expectAccepted(one, one.as.jwt())
  expect(new Set(one.as.calls.to('metadata').map(({ path }) => path))).toEqual(
    new Set(['/.well-known/oauth-authorization-server']),
  )
})

verifies('AT-19', 'takes access tokens as Bearer, and no bound one', async (face) => {
  const one = await api(face)
  const token = one.as.jwt()
  await expectAccepted(one, token)
  for (const scheme of ['PoP', 'MAC', 'Basic', 'Token']) {
    const reply = await one.get('/', ['Authorization', `${scheme} ${token}`])
    expect([reply.status, reply.lines('www-authenticate')]).toEqual([401, [withDpop(`Bearer realm="${AUDIENCE}"`)]])
  }
  const cnf = [{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: {} }, { kid: 'x' }, {}]
  await expectRefused(
    one,
    'binding_unsupported',
    Object.fromEntries(cnf.map((member) => [JSON.stringify(member), one.as.jwt({ claims: { cnf: member } })])),
  )
})
