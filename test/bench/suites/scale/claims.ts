import { AUDIENCE, ISSUER } from '../micro/tokens.ts'

/**
 * What the authorization server answers about a session of a user: the members of RFC 7662 that it usually has. Sizes of
 * entries in `docs/performance.md` are those beside these claims.
 */
export function sessionOfUser(n: number): Buffer {
  const now = Math.floor(Date.now() / 1_000)
  const subject = `user-${String(n).padStart(10, '0')}`
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: subject, client_id: 'app-1', iat: now, exp: now + 36_000 }
  return Buffer.from(JSON.stringify({ active: true, ...claims, scope: 'orders:read orders:write profile' }))
}
