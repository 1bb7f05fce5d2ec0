import { constants, createHmac, createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'

/** An algorithm that the server has a key of its own for. `EdDSA` is Ed25519 under its deprecated name. */
export type SigningAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'Ed25519'
  | 'EdDSA'
  | 'Ed448'

interface SigningFacts {
  readonly generate: () => KeyObject
  /** Digest name; `null` where the algorithm has its own. */
  readonly hash: string | null
  readonly options?: Readonly<Record<string, number | string>>
}

const rsa = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
const ec = (namedCurve: string) => (): KeyObject => generateKeyPairSync('ec', { namedCurve }).privateKey
const pss = (saltLength: number): NonNullable<SigningFacts['options']> => ({
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength,
})
const p1363 = { dsaEncoding: 'ieee-p1363' } as const
const ed25519 = (): KeyObject => generateKeyPairSync('ed25519').privateKey

const ALGORITHMS: Readonly<Record<SigningAlgorithm, SigningFacts>> = {
  RS256: { generate: rsa, hash: 'sha256' },
  RS384: { generate: rsa, hash: 'sha384' },
  RS512: { generate: rsa, hash: 'sha512' },
  PS256: { generate: rsa, hash: 'sha256', options: pss(32) },
  PS384: { generate: rsa, hash: 'sha384', options: pss(48) },
  PS512: { generate: rsa, hash: 'sha512', options: pss(64) },
  ES256: { generate: ec('P-256'), hash: 'sha256', options: p1363 },
  ES384: { generate: ec('P-384'), hash: 'sha384', options: p1363 },
  ES512: { generate: ec('P-521'), hash: 'sha512', options: p1363 },
  Ed25519: { generate: ed25519, hash: null },
  EdDSA: { generate: ed25519, hash: null },
  Ed448: { generate: () => generateKeyPairSync('ed448').privateKey, hash: null },
}

/** A new private key. RSA takes some 100 ms. @throws {TypeError} for an unknown algorithm. */
export function generateKey(alg: SigningAlgorithm): KeyObject {
  return readAgain(factsOf(alg).generate())
}

/**
 * The same key, as if it came from a file. Node 20 stands still for good where a key that it generated is exported as JWK
 * and the garbage collector takes what generated it just then: both want the same lock.
 */
function readAgain(key: KeyObject): KeyObject {
  return createPrivateKey({ key: key.export({ format: 'der', type: 'pkcs8' }), format: 'der', type: 'pkcs8' })
}

/** A signature as base64url; empty for `none`. */
export function signatureOf(
  alg: SigningAlgorithm | 'HS256' | 'none',
  key: KeyObject | undefined,
  data: string,
): string {
  if (alg === 'none') return ''
  if (!key) throw new TypeError(`write "key": the server has none of its own for ${alg}`)
  if (alg === 'HS256') return createHmac('sha256', key).update(data).digest('base64url')
  const { hash, options } = factsOf(alg)
  return sign(hash, Buffer.from(data), { key, ...options }).toString('base64url')
}

function factsOf(alg: SigningAlgorithm): SigningFacts {
  if (!Object.hasOwn(ALGORITHMS, alg))
    throw new TypeError(
      `no keys are made for ${JSON.stringify(alg)}; write one of ${Object.keys(ALGORITHMS).join(', ')}`,
    )
  return ALGORITHMS[alg]
}

const BY_CURVE: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
}

/** The usual algorithm of a key. */
export function algorithmOf(key: KeyObject): SigningAlgorithm | 'HS256' {
  if (key.type === 'secret') return 'HS256'
  if (key.asymmetricKeyType === 'ed25519') return 'Ed25519'
  if (key.asymmetricKeyType === 'ed448') return 'Ed448'
  return BY_CURVE[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? 'RS256'
}
