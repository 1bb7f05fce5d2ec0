import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { createResourceServer } from '@holdfast/core'
import { describe, expect, it } from 'vitest'
import { type SigningAlgorithm, testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'
const part = (token: string, index: 0 | 1): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[index]!, 'base64url').toString()) as Record<string, unknown>

describe('jwt()', () => {
  it('mints RFC 9068 access tokens with every claim they need', async () => {
    const as = await testAuthorizationServer({ audience })
    const now = as.clock.wall() / 1_000
    const token = as.jwt({ scope: ['orders:read', 'orders:write'] })
    expect(part(token, 0)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: 'es256-1' })
    expect(part(token, 1)).toEqual({
      iss: as.issuer,
      sub: 'test-user',
      aud: audience,
      client_id: 'test-client',
      scope: 'orders:read orders:write',
      iat: now,
      exp: now + 3_600,
      jti: expect.any(String) as string,
    })
  })

  it('lets any claim and header parameter be replaced or removed', async () => {
    const as = await testAuthorizationServer({ audience })
    const token = as.jwt({ claims: { sub: 7, jti: undefined }, header: { typ: 'JWT', kid: undefined } })
    expect(part(token, 0)).toEqual({ alg: 'ES256', typ: 'JWT' })
    expect(part(token, 1)).toMatchObject({ sub: 7 })
    expect(part(token, 1)).not.toHaveProperty('jti')
  })

  const algorithms: readonly SigningAlgorithm[] = [
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'Ed25519',
    'EdDSA',
    'Ed448',
  ]
  it.each(algorithms)('signs with %s as core verifies it', async (alg) => {
    const as = await testAuthorizationServer({ audience, algorithms: [alg] })
    const server = createResourceServer(as.options())
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid', auth: { subject: 'test-user' } })
  })

  it('adds and publishes a key for an algorithm that has none', async () => {
    const as = await testAuthorizationServer({ audience })
    const token = as.jwt({ alg: 'Ed25519' })
    expect(as.keys.keys.map(({ kid }) => kid)).toContain(part(token, 0)['kid'])
  })

  it('signs with a shared secret for HS256', async () => {
    const as = await testAuthorizationServer({ audience })
    const secret = Buffer.alloc(32, 7)
    const server = createResourceServer(as.options({ jwt: { sharedSecret: secret } }))
    const token = as.jwt({ key: createSecretKey(secret) })
    expect(await server.verify(token)).toMatchObject({ outcome: 'valid' })
  })

  it('forges with a key that is not the server’s, under a name that is', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(await server.verify(as.jwt({ key: privateKey }))).toEqual({
      outcome: 'invalid',
      reason: 'signature_invalid',
    })
  })

  it('takes a private JWK for a key', async () => {
    const as = await testAuthorizationServer({ audience })
    const { privateKey } = generateKeyPairSync('ed25519')
    expect(part(as.jwt({ key: privateKey.export({ format: 'jwk' }) }), 0)['alg']).toBe('Ed25519')
  })

  it('leaves a token unsigned for "none"', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const token = as.jwt({ alg: 'none' })
    expect(token.endsWith('.')).toBe(true)
    expect(await server.verify(token)).toMatchObject({ outcome: 'invalid' })
  })

  it('mints tokens that have expired', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const token = as.jwt({ expiresIn: '-1m' })
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'token_expired' })
  })

  it('is known to introspection', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options({ jwt: { mode: 'online' } }))
    const token = as.jwt()
    expect(await server.verify(token)).toMatchObject({ outcome: 'valid', auth: { evidence: { by: 'introspection' } } })
    as.revoke(token)
    server.invalidate(token)
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'token_inactive' })
  })
})

describe('opaque()', () => {
  it('is answered in full (RFC 7662 §2.2)', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const result = await server.verify(as.opaque({ scope: 'a b', sub: 'alice', claims: { tenant: 'acme' } }))
    const now = as.clock.wall() / 1_000
    expect(result).toMatchObject({ outcome: 'valid', auth: { subject: 'alice', scopes: ['a', 'b'] } })
    expect(result.outcome === 'valid' && result.auth.claims).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: as.issuer,
      sub: 'alice',
      username: 'alice',
      aud: audience,
      client_id: 'test-client',
      scope: 'a b',
      iat: now,
      nbf: now,
      exp: now + 3_600,
      jti: expect.any(String) as string,
      tenant: 'acme',
    })
  })

  it('has a prefix where one is asked for', async () => {
    const as = await testAuthorizationServer({ audience, opaquePrefix: 'a_' })
    expect(as.opaque()).toMatch(/^a_/)
    expect(as.opaque({ prefix: 'b_' })).toMatch(/^b_/)
  })

  it('is inactive once it is revoked', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const token = as.opaque()
    as.revoke(token)
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'token_inactive' })
  })

  it('is inactive once it has expired', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    const token = as.opaque({ expiresIn: '1m' })
    as.clock.advance('1m')
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'token_inactive' })
  })

  it('can be answered with nonsense', async () => {
    const as = await testAuthorizationServer({ audience })
    const server = createResourceServer(as.options())
    expect(await server.verify(as.opaque({ claims: { active: 'true' } }))).toMatchObject({ outcome: 'unavailable' })
  })

  it('is the same in every run, and another on every server', async () => {
    const [one, again, other] = await Promise.all([
      testAuthorizationServer({ audience }),
      testAuthorizationServer({ audience }),
      testAuthorizationServer({ audience, issuer: 'https://other.test' }),
    ])
    const token = one.opaque()
    expect(again.opaque()).toBe(token)
    expect(other.opaque()).not.toBe(token)
  })
})

it('refuses to revoke what it did not mint', async () => {
  const as = await testAuthorizationServer({ audience })
  expect(() => as.revoke('unknown')).toThrow('did not mint')
})
