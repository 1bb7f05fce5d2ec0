import type { AuthContext } from './context.ts'
import type { AuthError, Reason } from './errors.ts'

/** What is known of a token. `unavailable` is not a verdict: the token may be good. `retryAfter` is in seconds. */
export type VerifyResult =
  | { readonly outcome: 'valid'; readonly auth: AuthContext }
  | { readonly outcome: 'invalid'; readonly reason: Reason }
  | { readonly outcome: 'unavailable'; readonly reason: Reason; readonly retryAfter: number }

/** What a refusal says of a token. @throws {AuthError} where it says something of us only. */
export function resultOf(refusal: AuthError): VerifyResult {
  const { reason, code, headers } = refusal
  if (code === 'server_error') throw refusal
  if (code !== 'unavailable') return { outcome: 'invalid', reason }
  return { outcome: 'unavailable', reason, retryAfter: Number(headers['retry-after']) }
}
