const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const FOREIGN = /[^\w-]/

/**
 * Canonical base64url (RFC 7515 §2, RFC 4648 §3.5): no padding, no foreign character, no stray trailing bit. Node's
 * decoder is lenient about all three, so they are looked for first; one token then has exactly one spelling.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const over = text.length % 4
  if (over === 1 || FOREIGN.test(text)) return undefined
  const strayBits = over === 2 ? 0b1111 : over === 3 ? 0b11 : 0
  const last = ALPHABET.indexOf(text.charAt(text.length - 1))
  return (last & strayBits) === 0 ? Buffer.from(text, 'base64url') : undefined
}
