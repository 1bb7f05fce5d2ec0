import { createPublicKey } from 'node:crypto'
import { JwtVerifier } from 'aws-jwt-verify'
import { createVerifier } from 'fast-jwt'
import type { Authority } from './messages.ts'

/** Good for all tokens of a run: a cache that is too small would be our choice, not the library's. */
const CACHED = 20_000

const BEARER = 'Bearer '

/** What follows the scheme; enough for a load generator of ours. @throws {Error} without one. */
export function tokenOf(authorization: string | undefined): string {
  if (authorization?.startsWith(BEARER) !== true) throw new Error('no bearer token')
  return authorization.slice(BEARER.length)
}

/** With the keys at hand: the library itself would fetch them over https only. */
export async function awsJwtVerify(authority: Authority): Promise<(token: string) => Promise<unknown>> {
  const { issuer, audience, jwksUri } = authority
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: jwksUri.replace(/^http:/, 'https:') })
  verifier.cacheJwks((await keysOf(authority)) as never)
  return (token) => verifier.verify(token)
}

export async function fastJwt(
  authority: Authority,
  { cached }: { readonly cached: boolean },
): Promise<(token: string) => unknown> {
  const [jwk] = (await keysOf(authority)).keys
  const key = createPublicKey({ key: jwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' }) as string
  const { issuer, audience } = authority
  const rules = { algorithms: ['RS256' as const], allowedIss: issuer, allowedAud: audience }
  return createVerifier({ ...rules, key, cache: cached ? CACHED : false }) as (token: string) => unknown
}

async function keysOf({ jwksUri }: Authority): Promise<{ readonly keys: readonly object[] }> {
  const response = await fetch(jwksUri)
  return (await response.json()) as { readonly keys: readonly object[] }
}
