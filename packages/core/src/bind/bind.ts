import { refused } from '../errors.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'

/** How the caller proved that the token is theirs. */
export type Binding =
  | { readonly by: 'none' }
  | { readonly by: 'dpop'; readonly jkt: string }
  | { readonly by: 'mtls'; readonly x5tS256: string }

const NONE: Binding = Object.freeze({ by: 'none' })

/**
 * Holds what the token's confirmation demands (RFC 7800) against how the request came. A token bound to a key is
 * refused here: accepting it as a plain bearer token would give a thief what the binding took away (RFC 9449 §7.2).
 *
 * @throws {AuthError} `binding_unsupported`
 */
export function bind(token: VerifiedToken): Binding {
  const { cnf, token_type: tokenType } = token.claims
  const claimsDpop = typeof tokenType === 'string' && tokenType.toLowerCase() === 'dpop'
  if (cnf !== undefined || claimsDpop) throw refused('binding_unsupported', { issuer: token.issuer })
  return NONE
}
