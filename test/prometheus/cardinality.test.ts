// A million different tokens, and not one series more. Nine in ten have the shape of no token of ours, because that is
// cheap; a hundred thousand are JWTs, each with a subject, a client, a key and an issuer or audience of its own, that are
// refused before their signature is looked at; and a thousand take a key or a call.
import { AuthError, type AuthRequest, createResourceServer } from '@holdfast/core'
import { prometheus } from '@holdfast/prometheus'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { Registry } from 'prom-client'
import { expect, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 120_000 }) // nothing here is timed; a loaded machine takes its time

const AUDIENCE = 'https://api.example.com'
const MILLION = 1_000_000
const JWTS = 100_000
const COSTLY = 1_000

const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url')

/** A token that nobody signed. Whatever a stranger can choose is another one each time. */
function forged(issuer: string, at: number): string {
  const now = 1_700_000_000 + at
  const [iss, exp] = at % 3 === 0 ? [`https://as-${at}.test`, now] : [issuer, at]
  const aud = at % 3 === 1 ? AUDIENCE : `https://api-${at}.example.com`
  const who = { sub: `user-${at}`, client_id: `client-${at}`, jti: `token-${at}` }
  const header = { alg: 'ES256', typ: 'at+jwt', kid: `key-${at}` }
  return `${part(header)}.${part({ iss, aud, exp, iat: 0, ...who })}.${'A'.repeat(86)}`
}

/** Tokens that take a key or a call: good and bad, known to introspection and not. */
function costly(as: TestAuthorizationServer, at: number): string {
  const who = { sub: `user-${at}`, clientId: `client-${at}` }
  if (at % 4 === 0) return as.opaque(who)
  if (at % 4 === 1) return `ours_${at}`
  if (at % 4 === 2) return as.jwt(who)
  return as.jwt({ ...who, header: { kid: `key-${at}` } })
}

const request = (token: string, at: number): AuthRequest => ({
  rawHeaders: ['authorization', `Bearer ${token}`],
  source: `192.0.${(at >> 8) % 256}.${at % 256}`,
})

async function seriesOf(register: Registry): Promise<readonly string[]> {
  const lines = (await register.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return lines.map((line) => line.slice(0, line.lastIndexOf(' ')))
}

test('a million tokens, subjects, clients, issuers and keys add no series', async () => {
  const as = await testAuthorizationServer({ audience: AUDIENCE, opaquePrefix: 'ours_' })
  const register = new Registry()
  const server = createResourceServer(as.options({ observe: prometheus(register) }))
  /** So many requests at once, and time for their answers. */
  async function bring(from: number, count: number): Promise<void> {
    const all = Array.from({ length: count }, (_, index) =>
      server.authenticate(request(costly(as, from + index), from + index)).then(
        () => 'accepted',
        (error: unknown) => (error as AuthError).reason,
      ),
    )
    await as.clock.advance('3s')
    await Promise.all(all)
  }

  let refused = 0
  function refuse(token: string, at: number): void {
    if (server.tryAuthenticate(request(token, at)) instanceof AuthError) refused += 1
  }

  await server.ready()
  for (let at = 0; at < 400; at += 20) await bring(at, 20)
  for (let at = 0; at < 300; at += 1) refuse(forged(as.issuer, at), at)
  refuse('token-0', 0)
  const before = await seriesOf(register)

  refused = 0
  for (let at = 300; at < JWTS + 300; at += 1) refuse(forged(as.issuer, at), at)
  for (let at = JWTS; at < MILLION; at += 1) refuse(`token-${at}`, at)
  for (let at = 400; at < COSTLY + 400; at += 20) await bring(at, 20)

  expect(refused).toBe(MILLION)
  expect(await seriesOf(register)).toEqual(before)
  expect(before.length).toBeLessThan(400)
  expect(before.filter((series) => /user-|client-|key-|token-|as-\d|api-\d|192\.0/.test(series))).toEqual([])
  await server.close()
})
