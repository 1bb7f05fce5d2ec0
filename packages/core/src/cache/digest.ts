import { hash } from 'node:crypto'
import { shapeOf } from '../syntax/jws.ts'

/** The key under which a token is known: SHA-256 of the whole token, base64url. The token itself is never kept. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}

/**
 * The key under which a token is revoked. An ECDSA signature has a twin that verifies, too (RFC 7518 §3.4 asks for no low
 * S), so a JWT is told by what its signature covers: no other spelling of it is spared.
 */
export function revocationKeyOf(token: string): string {
  return digestOf(shapeOf(token) === 'jws' ? token.slice(0, token.lastIndexOf('.')) : token)
}
