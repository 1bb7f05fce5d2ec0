import { hash } from 'node:crypto'

/** The key under which a token is known: SHA-256 of the whole token, base64url. The token itself is never kept. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'base64url')
}
