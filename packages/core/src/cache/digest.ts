import { hash } from 'node:crypto'
import { shapeOf } from '../syntax/jws.ts'

/**
 * The key under which a token is known in this process: SHA-256 of the whole token, an octet in each of 32 characters. The
 * token itself is never kept. Takes 0.88 of the time of base64url. It stands in no text that is kept or
 * shown: {@link digestOf} is for these.
 */
export function keyOf(token: string): string {
  return hash('sha256', token, 'binary')
}

/** SHA-256 of a text, base64url. */
export function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** What {@link digestOf} gives, from a key. */
export function digestOfKey(key: string): string {
  return Buffer.from(key, 'latin1').toString('base64url')
}

/** What {@link keyOf} gives, from a digest. */
export function keyOfDigest(digest: string): string {
  return Buffer.from(digest, 'base64url').toString('latin1')
}

/**
 * The key under which a token is revoked. An ECDSA signature has a twin that verifies, too (RFC 7518 §3.4 asks for no low
 * S), so a JWT is told by what its signature covers: no other spelling of it is spared.
 */
export function revocationKeyOf(token: string): string {
  return digestOf(shapeOf(token) === 'jws' ? token.slice(0, token.lastIndexOf('.')) : token)
}
