const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Canonical base64url (RFC 7515 §2, RFC 4648 §3.5): no padding, no foreign character, no stray trailing bit; one token then
 * has exactly one spelling. Node's decoder is lenient about all three, and what it does with a foreign character tells:
 * it takes the two of the other alphabet, and some beyond ASCII for others, which are looked for first; it skips the rest,
 * or ends there, and octets are missing. A regular expression takes two to four times as long (0.4 to 1.1 µs for a payload).
 */
export function decodeBase64url(text: string): Buffer | undefined {
  return hasLookalikes(text) ? undefined : decodeSegment(text)
}

/** Whether a text has characters that Node's decoder takes for others. */
export function hasLookalikes(text: string): boolean {
  return text.includes('+') || text.includes('/') || Buffer.byteLength(text) !== text.length
}

/** What {@link decodeBase64url} gives, of a text that was searched for {@link hasLookalikes them} already. */
export function decodeSegment(text: string): Buffer | undefined {
  const over = text.length % 4
  if (over === 1) return undefined
  const strayBits = over === 2 ? 0b1111 : over === 3 ? 0b11 : 0
  const last = ALPHABET.indexOf(text.charAt(text.length - 1))
  if ((last & strayBits) !== 0) return undefined
  const octets = Buffer.from(text, 'base64url')
  return octets.length === Math.floor((text.length * 3) / 4) ? octets : undefined
}
