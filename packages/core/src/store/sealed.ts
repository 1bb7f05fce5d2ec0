import { createCipheriv, createDecipheriv, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'

/**
 * Text under a name, sealed with AES-256-GCM:
 *
 *     "HFSTORE1"  salt (32)  ciphertext  tag (16)
 *
 * Key and nonce come from the configured key and the salt (HKDF, RFC 5869), so no nonce is ever used twice with a key. The
 * first eight octets and the name are authenticated, too: what was sealed under one name opens under no other.
 */
const FORMAT = Buffer.from('HFSTORE1', 'latin1')
const INFO = 'holdfast file store'
const SALT_BYTES = 32
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'

/** What sealing adds to a text, in octets. */
export const SEAL_BYTES: number = FORMAT.length + SALT_BYTES + TAG_BYTES

export function seal(name: string, text: string, key: KeyObject): Buffer {
  const salt = randomBytes(SALT_BYTES)
  const { secret, nonce } = derived(key, salt)
  const cipher = createCipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(associated(name))
  return Buffer.concat([FORMAT, salt, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** The text and the key that opened it; `undefined` for anything that none of the keys sealed under this name. */
export function open(
  name: string,
  sealed: Buffer,
  keys: readonly KeyObject[],
): { readonly text: string; readonly key: KeyObject } | undefined {
  if (sealed.length < SEAL_BYTES || !sealed.subarray(0, FORMAT.length).equals(FORMAT)) return undefined
  const salt = sealed.subarray(FORMAT.length, FORMAT.length + SALT_BYTES)
  const content = sealed.subarray(FORMAT.length + SALT_BYTES, -TAG_BYTES)
  const tag = sealed.subarray(-TAG_BYTES)
  for (const key of keys) {
    const { secret, nonce } = derived(key, salt)
    const decipher = createDecipheriv(CIPHER, secret, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated(name))
    decipher.setAuthTag(tag)
    try {
      return { text: Buffer.concat([decipher.update(content), decipher.final()]).toString('utf8'), key }
    } catch {
      // Not this key's.
    }
  }
  return undefined
}

function derived(key: KeyObject, salt: Buffer): { readonly secret: Buffer; readonly nonce: Buffer } {
  const octets = Buffer.from(hkdfSync('sha256', key, salt, INFO, KEY_BYTES + NONCE_BYTES))
  return { secret: octets.subarray(0, KEY_BYTES), nonce: octets.subarray(KEY_BYTES) }
}

function associated(name: string): Buffer {
  return Buffer.concat([FORMAT, Buffer.from(name, 'utf8')])
}
