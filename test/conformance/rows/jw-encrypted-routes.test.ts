import { createResourceServer, fresh, type IssuerOptions, unauthenticated } from '@holdfast/core'
import { type TestAuthorizationServer, testAuthorizationServer, testClock, testNetwork } from '@holdfast/testing'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import {
  claimsOf,
  expectAccepted,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { ecPair, encrypted, type EncryptionPair, rsaPair } from '../encrypted.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

const allowed = { algorithms: ['RSA-OAEP-256', 'ECDH-ES'], encodings: ['A256GCM'] } as const
const opening = (...pairs: readonly EncryptionPair[]): { decryption: object } => ({
  decryption: { ...allowed, keys: { keys: pairs.map(({ jwk }) => jwk) } },
})

interface Two {
  readonly one: Api
  readonly a: TestAuthorizationServer
  readonly b: TestAuthorizationServer
  readonly signedBy: (as: TestAuthorizationServer, claims?: object) => string
}

const signedJwt: Two['signedBy'] = (as, claims) =>
  jws(headerFor('ES256'), claimsOf(as, claims), signerFor('ES256', pairFor('ES256', as.issuer).privateKey))

/** An API that trusts two issuers, each with a signing key of its own. */
async function startTwo(face: Face, forA: Partial<IssuerOptions>, forB: Partial<IssuerOptions>): Promise<Two> {
  const clock = testClock()
  const serve = async (issuer: string): Promise<TestAuthorizationServer> => {
    const as = await testAuthorizationServer({ audience: AUDIENCE, issuer, clock, client: 'none' })
    as.respond('keys', { body: { keys: [jwkFor('ES256', {}, issuer)] } })
    return as
  }
  const [a, b] = [await serve('https://a.test'), await serve('https://b.test')]
  const one = await api(face, {
    as: a,
    server: (as, observe) =>
      createResourceServer({
        audience: AUDIENCE,
        issuers: [
          { issuer: a.issuer, ...forA },
          { issuer: b.issuer, ...forB },
        ],
        observe,
        ports: { ...as.options().ports!, http: testNetwork(a, b) },
      }),
  })
  return { one, a, b, signedBy: signedJwt }
}

verifies('JW-36', 'gives an encrypted token to the issuer whose key it names, and to that one alone', async (face) => {
  const { one, a, b, signedBy } = await startTwo(
    face,
    { jwt: opening(rsaPair) as never },
    { jwt: opening(ecPair) as never },
  )
  const forB = { to: ecPair, alg: 'ECDH-ES' }
  await expectAccepted(one, await encrypted(signedBy(a)), await encrypted(signedBy(b), forB))
  await expectRefused(one, 'issuer_wrong', {
    'a token of b under the key of a': await encrypted(signedBy(b)),
    'a token of a under the key of b': await encrypted(signedBy(a), forB),
  })
  await expectRefused(one, 'decryption_failed', {
    'an unknown key': await encrypted(signedBy(a), { header: { kid: 'x' } }),
  })
  await expectRefused(one, 'issuer_ambiguous', {
    'no kid': await encrypted(signedBy(a), { header: { kid: undefined } }),
  })
  const build = (first: object, second: object) => (): unknown =>
    face.protect({
      audience: 'x',
      issuers: [
        { issuer: 'https://a.test', jwt: first },
        { issuer: 'https://b.test', jwt: second },
      ],
    })
  expect(build(opening(rsaPair), opening(rsaPair))).toThrow(
    'option "jwt.decryption.keys" of "https://b.test" has a key that is named as one of "https://a.test"',
  )
  const nameless = { ...rsaPair, jwk: { ...rsaPair.jwk, kid: undefined as never } }
  expect(build(opening(ecPair), opening(nameless))).toThrow('of "https://b.test" has a key without "kid"')
})

verifies('JW-36', 'shows what it cannot open to no other issuer', async (face) => {
  const introspects: Partial<IssuerOptions> = { jwt: false, introspection: { client: unauthenticated() } }
  const { one, a, b, signedBy } = await startTwo(face, { jwt: opening(rsaPair) as never }, introspects)
  const known = await encrypted(signedBy(a))
  const unknown = await encrypted(signedBy(a), { header: { kid: 'next' } })
  await expectAccepted(one, known)
  await expectRefused(one, 'decryption_failed', { unknown })
  expect(b.calls.introspection).toBe(0)
  // An issuer whose encrypted tokens are told by a rule of its own gets those, and no others.
  const accepts = { test: (token: string) => token.includes('.b.'), examples: ['a.b.c'] }
  const ruled = await startTwo(face, { jwt: opening(rsaPair) as never }, { ...introspects, accepts })
  await expectAccepted(ruled.one, known)
  await expectRefused(ruled.one, 'issuer_unknown', { unknown })
  expect(ruled.b.calls.introspection).toBe(0)
})

verifies('AT-12', 'introspects an encrypted token as it came, once its signature is checked', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const jwt = { ...opening(rsaPair), mode: 'online' } as never
  const one = await api(face, { as, options: { jwt }, routes: { '/fresh': [fresh('0s')] } })
  const signed = jws(headerFor('ES256'), claimsOf(as, { scope: 'a b' }), signerFor('ES256'))
  const token = await encrypted(signed)
  as.respond('introspection', { body: { active: true, iss: as.issuer, aud: AUDIENCE, scope: 'a' } })
  const { status, body } = await one.get('/', token)
  expect([status, JSON.parse(body)]).toEqual([
    200,
    { subject: 'test-user', clientId: 'test-client', scopes: ['a'], by: 'introspection', stale: false },
  ])
  expect(as.calls.to('introspection').map(({ parameters }) => parameters['token'])).toEqual([token])
  const attacker = signerFor('ES256', pairFor('ES256', 'attacker').privateKey)
  await expectRefused(one, 'signature_invalid', {
    forged: await encrypted(jws(headerFor('ES256'), claimsOf(as), attacker)),
  })
  expect(as.calls.introspection).toBe(1)
  // A route that wants live evidence opens it again, even when it was forgotten meanwhile.
  one.server.invalidate(token)
  expect((await one.get('/fresh', token)).status).toBe(200)
  as.respond('introspection', { body: { active: false } })
  as.clock.advance('1s')
  expect((await one.get('/fresh', token)).status).toBe(401)
  await expectRefused(one, 'token_revoked', { 'once called inactive': token, 'what was in it': signed })
})
