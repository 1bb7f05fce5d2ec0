import { createPrivateKey, KeyObject } from 'node:crypto'
import { ConfigError } from '../errors.ts'
import type { DecryptionKey, DecryptionRules } from '../verify/decryption.ts'
import { CONTENT_ENCRYPTION, type ContentEncryption, KEY_MANAGEMENT, type KeyManagement } from '../verify/encryption.ts'
import { type Check, flag, isRecord, list, object, oneOf, optional, satisfyingUnseen } from './check.ts'

/** The options under `jwt.decryption`, one by one; {@link decryptionRules} then looks at them together. */
interface CheckedDecryption {
  readonly keys: unknown
  readonly algorithms: readonly KeyManagement[]
  readonly encodings: readonly ContentEncryption[]
  readonly required: boolean
}

/** A key as it is written: a JWK, or a `KeyObject` with a name. */
interface Written {
  readonly kid?: unknown
  readonly alg?: unknown
  readonly use?: unknown
  readonly key_ops?: unknown
  readonly key?: unknown
}

const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isRecord)
const isKeys = (value: unknown): boolean =>
  isList(value) || (isRecord(value) && isList((value as { keys?: unknown }).keys))

const shape = object<CheckedDecryption>({
  keys: satisfyingUnseen(
    isKeys,
    `a JWK Set of private keys: { keys: [ … ] }, or a list of { kid: '…', key: KeyObject }`,
  ),
  algorithms: list(oneOf(...(Object.keys(KEY_MANAGEMENT) as KeyManagement[]))),
  encodings: list(oneOf(...(Object.keys(CONTENT_ENCRYPTION) as ContentEncryption[]))),
  required: optional(flag, false),
})

/** Checks how encrypted tokens are opened. @throws {ConfigError}, which never quotes a key. */
export const decryptionRules: Check<DecryptionRules> = (value, path) => {
  const { keys, algorithms, encodings, required } = shape(value, path)
  const written = (Array.isArray(keys) ? keys : (keys as { keys: unknown }).keys) as readonly Written[]
  const read = written.map((one, index) => decryptionKey(one, algorithms, `${path}.keys[${index}]`))
  const names = new Set(read.map(({ kid }) => kid))
  if (names.size !== read.length || (read.length > 1 && names.has(undefined))) {
    throw new ConfigError(`option "${path}.keys" has keys that no name tells apart; write a "kid" of its own for each`)
  }
  return Object.freeze({ keys: Object.freeze(read), encodings, required })
}

/** Curves of key agreement, by OpenSSL's names. */
const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }
const RSA_BITS = { min: 2_048, max: 8_192 } as const
const OPERATIONS: readonly unknown[] = ['decrypt', 'unwrapKey', 'deriveKey', 'deriveBits']

function decryptionKey(written: Written, algorithms: readonly KeyManagement[], path: string): DecryptionKey {
  const { kid, alg, use, key_ops: operations } = written
  const fail = (what: string): never => {
    throw new ConfigError(`option "${path}" ${what}`)
  }
  if (kid !== undefined && (typeof kid !== 'string' || kid === '')) fail('has a "kid" that is no text; write one')
  if (use !== undefined && use !== 'enc') fail(`is not for encryption; write a key of "use": "enc"`)
  if (operations !== undefined && !(Array.isArray(operations) && operations.some((one) => OPERATIONS.includes(one))))
    fail('is not for decryption by its "key_ops"; write a key for "unwrapKey" or "deriveBits"')
  const material = imported(written)
  if (!material) return fail('is no private key; write a private JWK, or { kid, key } with a private KeyObject')
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = material
  const crv = type === 'x25519' ? 'X25519' : CURVES[details.namedCurve ?? '']
  const bits = details.modulusLength ?? 0
  if (type === 'rsa' ? bits < RSA_BITS.min || bits > RSA_BITS.max : crv === undefined) {
    return fail(
      `cannot decrypt; write an RSA key of ${RSA_BITS.min} to ${RSA_BITS.max} bits, or one on P-256, P-384, P-521 or X25519`,
    )
  }
  const by = type === 'rsa' ? 'rsa' : 'ecdh'
  // Bound here, once, to the first allowed algorithm that fits: a token's header never chooses (JWT BCP §3.1).
  const algorithm = algorithms.find((one) => KEY_MANAGEMENT[one].by === by && (alg === undefined || alg === one))
  if (algorithm === undefined) return fail('fits none of "algorithms"; write an algorithm of its type')
  const modulus = by === 'rsa' ? Math.ceil(bits / 8) : undefined
  return Object.freeze({ kid: kid as string | undefined, algorithm, crv, modulus, material })
}

function imported(written: Written): KeyObject | undefined {
  if (Object.hasOwn(written, 'key')) {
    return written.key instanceof KeyObject && written.key.type === 'private' ? written.key : undefined
  }
  try {
    return createPrivateKey({ key: JSON.parse(JSON.stringify(written)), format: 'jwk' })
  } catch {
    return undefined
  }
}

/** Which issuer's key an encrypted token asks for is told by `kid` alone. @throws {ConfigError} where that cannot be. */
export function checkDecryptionKeys(
  issuers: readonly { readonly issuer: string; readonly decryption: DecryptionRules | undefined }[],
): void {
  const decrypting = issuers.flatMap(({ issuer, decryption }) => (decryption ? [{ issuer, decryption }] : []))
  if (decrypting.length < 2) return
  const owners = new Map<string, string>()
  for (const { issuer, decryption } of decrypting) {
    for (const { kid } of decryption.keys) {
      const owner = kid === undefined ? undefined : owners.get(kid)
      if (kid === undefined || owner !== undefined) {
        throw new ConfigError(
          `option "jwt.decryption.keys" of ${JSON.stringify(issuer)} has a key ${kid === undefined ? 'without "kid"' : `that is named as one of ${JSON.stringify(owner)}`}; several issuers encrypt, so write for each a key of its own, with a "kid" of its own`,
        )
      }
      owners.set(kid, issuer)
    }
  }
}
