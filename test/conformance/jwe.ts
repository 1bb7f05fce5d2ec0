import { constants, createCipheriv, generateKeyPairSync, type KeyObject, publicEncrypt, randomBytes } from 'node:crypto'
import { base64url, type Pair, type Part } from './forge.ts'
import type { Plan } from './world.ts'

/** Keys to encrypt to. */
export const recipients: Readonly<Record<'rsa' | 'ec', Pair>> = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}

/** The option `jwt.decryption` of who has both keys. */
export const decryption = {
  keys: [
    { kid: 'rsa', key: recipients.rsa.privateKey },
    { kid: 'ec', key: recipients.ec.privateKey },
  ],
  algorithms: ['RSA-OAEP-256', 'ECDH-ES'],
  encodings: ['A256GCM', 'A128CBC-HS256'],
} as const

export const OPENING: NonNullable<Plan['options']> = { introspection: false, jwt: { decryption } }

/** Encrypts a content key to somebody. */
export type Wrap = (contentKey: Buffer) => Uint8Array

export const oaep =
  (key: KeyObject = recipients.rsa.publicKey): Wrap =>
  (contentKey) =>
    publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, contentKey)

export const pkcs1 =
  (key: KeyObject = recipients.rsa.publicKey): Wrap =>
  (contentKey) =>
    publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, contentKey)

/** The header of an encrypted signed token that is in order. */
export function jweHeader(changes: object = {}): object {
  return { alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', cty: 'JWT', kid: 'rsa', ...changes }
}

/** A compact JWE in A256GCM, whatever its header says (RFC 7516 §5.1, RFC 7518 §5.3). */
export function jwe(header: Part, content: string | Uint8Array, wrap: Wrap = oaep()): string {
  const first = base64url(header)
  const contentKey = randomBytes(32)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(first))
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
  return [first, ...[wrap(contentKey), iv, ciphertext, cipher.getAuthTag()].map((part) => base64url(part))].join('.')
}
