import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type AuthContext, AuthError, type AuthRequest, createResourceServer, scope } from '../src/index.ts'
import { ISSUER, json, jwkFor, tokenOf } from './support/jwt.ts'
import { errorOf } from './support/refusals.ts'

const A = 'https://api.example/a'
const B = 'https://api.example/b'
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** A server of two resources, so that a challenge depends on the path, and with a key that opens tokens. */
const server = createResourceServer({
  issuers: [
    {
      issuer: ISSUER,
      jwt: {
        keys: { keys: [jwkFor('ES256')] },
        profile: 'jwt',
        decryption: { keys: [{ kid: 'rsa', key: privateKey }], algorithms: ['RSA-OAEP'], encodings: ['A128GCM'] },
      },
    },
  ],
  audience: [A, B],
  resource: [A, B],
})
server.announceMetadata()

const seconds = Math.floor(Date.now() / 1_000)
const signed = tokenOf({ claims: { aud: A, iat: seconds, exp: seconds + 300 } })
const bearer = (token: string, url: string): AuthRequest => ({ url, rawHeaders: ['authorization', `Bearer ${token}`] })

function refusalOf(request: AuthRequest, scopes: readonly string[] = []): AuthError {
  const error = server.tryAuthenticate(request, { scopes })
  if (!(error instanceof AuthError)) throw new Error('it was not refused')
  return error
}

/** What a challenge says that is another for every request. */
const partsOf = ({ headers }: Pick<AuthError, 'headers'>): unknown =>
  /scope="([^"]*)".*resource_metadata="https:\/\/api\.example\/\.well-known\/oauth-protected-resource(\/.)"/
    .exec(headers['www-authenticate']!)
    ?.slice(1)

describe('requests that are refused for the same reason', () => {
  test.each([
    ['no credentials', 'credentials_missing', undefined],
    ['no JWT', 'opaque_unsupported', 'opaque'],
    ['a bad character', 'token_malformed', 'ä.b.c'],
    ['an unknown issuer', 'issuer_unknown', `${json({ alg: 'ES256' })}.${json({ iss: 'https://other.example' })}.c2ln`],
    ['another type', 'type_wrong', tokenOf({ header: { typ: 'JWE' } })],
  ])('get answers of their own: %s', (_what, reason, token) => {
    const request = (url: string): AuthRequest => (token === undefined ? { url, rawHeaders: [] } : bearer(token, url))
    const one = refusalOf(request('/a/1'), ['a'])
    const other = refusalOf(request('/b/1'), ['b', 'c'])
    expect([one.reason, other.reason, one === other]).toEqual([reason, reason, false])
    for (const error of [one, server.answer(one)]) expect(partsOf(error)).toEqual(['a', '/a'])
    for (const error of [other, server.answer(other)]) expect(partsOf(error)).toEqual(['b c', '/b'])
  }) // XC-09

  test('get them where they waited for the same thing', async () => {
    const token = `${json({ alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'rsa', cty: 'JWT', crit: ['x'] })}.YQ.YQ.YQ.YQ`
    const [one, other] = await Promise.all([
      errorOf(() => server.authenticate(bearer(token, '/a'), { scopes: ['a'] })),
      errorOf(() => server.authenticate(bearer(token, '/b'), { scopes: ['b'] })),
    ])
    expect([one.reason, other.reason]).toEqual(['critical_unsupported', 'critical_unsupported'])
    expect([partsOf(one), partsOf(other)]).toEqual([
      ['a', '/a'],
      ['b', '/b'],
    ])
  })

  test('get them where a guard throws the same error at all of them', async () => {
    const same = new AuthError('scope_missing', { scopes: ['c'] })
    const guard = (): never => {
      throw same
    }
    const contexts = ['/a', '/b'].map((url) => server.tryAuthenticate(bearer(signed, url)) as AuthContext)
    const errors = await Promise.all(contexts.map((auth) => errorOf(() => server.authorize(auth, guard))))
    expect(errors.map(partsOf)).toEqual([
      ['c', '/a'],
      ['c', '/b'],
    ])
    expect([same.headers, errors.includes(same)]).toEqual([{}, false])
  })
})

test('a refusal by a guard of this library is complete', async () => {
  const auth = server.tryAuthenticate(bearer(signed, '/b')) as AuthContext
  const error = await errorOf(() => server.authorize(auth, scope('x')))
  expect([error.status, partsOf(error), Object.isFrozen(error.headers)]).toEqual([403, ['x', '/b'], true])
})
