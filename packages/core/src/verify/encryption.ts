/** How the key of an encrypted token reaches us (RFC 7518 §4.1). No RSA1_5, no password, nothing symmetric, no `dir`. */
export type KeyManagement =
  | 'RSA-OAEP'
  | 'RSA-OAEP-256'
  | 'RSA-OAEP-384'
  | 'RSA-OAEP-512'
  | 'ECDH-ES'
  | 'ECDH-ES+A128KW'
  | 'ECDH-ES+A192KW'
  | 'ECDH-ES+A256KW'

/** How its content is encrypted (RFC 7518 §5.1). */
export type ContentEncryption = 'A128GCM' | 'A192GCM' | 'A256GCM' | 'A128CBC-HS256' | 'A192CBC-HS384' | 'A256CBC-HS512'

export interface KeyManagementFacts {
  readonly by: 'rsa' | 'ecdh'
  /** Octets that wrapping adds to the content key; `undefined` where the agreed key is the content key itself. */
  readonly wrap?: number
}

const RSA: KeyManagementFacts = Object.freeze({ by: 'rsa' })
const WRAPPED: KeyManagementFacts = Object.freeze({ by: 'ecdh', wrap: 8 })

export const KEY_MANAGEMENT: Readonly<Record<KeyManagement, KeyManagementFacts>> = Object.freeze({
  'RSA-OAEP': RSA,
  'RSA-OAEP-256': RSA,
  'RSA-OAEP-384': RSA,
  'RSA-OAEP-512': RSA,
  'ECDH-ES': { by: 'ecdh' },
  'ECDH-ES+A128KW': WRAPPED,
  'ECDH-ES+A192KW': WRAPPED,
  'ECDH-ES+A256KW': WRAPPED,
})

/** Octets of the content key, the initialization vector and the authentication tag. */
export interface ContentEncryptionFacts {
  readonly key: number
  readonly iv: number
  readonly tag: number
}

export const CONTENT_ENCRYPTION: Readonly<Record<ContentEncryption, ContentEncryptionFacts>> = Object.freeze({
  A128GCM: { key: 16, iv: 12, tag: 16 },
  A192GCM: { key: 24, iv: 12, tag: 16 },
  A256GCM: { key: 32, iv: 12, tag: 16 },
  'A128CBC-HS256': { key: 32, iv: 16, tag: 16 },
  'A192CBC-HS384': { key: 48, iv: 16, tag: 24 },
  'A256CBC-HS512': { key: 64, iv: 16, tag: 32 },
})
