import { decodeBase64url } from './base64url.ts'
import { type JsonObject, parseJsonObject } from './json.ts'

/** A compact JWE taken apart. Its header is covered by the encryption, and by nobody's signature. */
export interface UnopenedJwe {
  readonly header: JsonObject
  /** Octets of the parts that follow the header. */
  readonly encryptedKey: number
  readonly iv: number
  readonly ciphertext: number
  readonly tag: number
}

/** Characters of an encoded header: 2,048 octets. */
const MAX_HEADER = 2_731

/** The header of a compact JWE alone: enough to tell whose key may open it. */
export function parseJweHeader(token: string): JsonObject | undefined {
  const end = token.indexOf('.')
  const bytes = end <= MAX_HEADER ? decodeBase64url(token.slice(0, Math.max(0, end))) : undefined
  return bytes && parseJsonObject(bytes)
}

/** Takes a compact JWE apart (RFC 7516 §7.1): a JSON object, then four canonical parts of which the key may be empty. */
export function parseJwe(token: string): UnopenedJwe | undefined {
  const parts = token.split('.', 6)
  if (parts.length !== 5) return undefined
  const header = parseJweHeader(token)
  const [encryptedKey, iv, ciphertext, tag] = parts.slice(1).map((part) => decodeBase64url(part)?.length)
  if (!header || encryptedKey === undefined || !iv || !ciphertext || !tag) return undefined
  return { header, encryptedKey, iv, ciphertext, tag }
}
