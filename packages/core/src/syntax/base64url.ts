/**
 * Canonical base64url (RFC 7515 §2, RFC 4648 §3.5): no padding, no foreign character, no stray trailing bit. Node's
 * decoder is lenient, so the bytes are encoded again and compared; one token then has exactly one spelling.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
