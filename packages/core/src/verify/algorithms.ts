import { constants } from 'node:crypto'

/** Signature algorithms for access tokens (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). There is no `none`. */
export type Algorithm =
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
  | 'Ed448'
  | 'HS256'
  | 'HS384'
  | 'HS512'

/** What one algorithm asks of its key and its signature. Facts that vary together are one row. */
export interface AlgorithmFacts {
  readonly kty: 'RSA' | 'EC' | 'OKP' | 'oct'
  readonly crv?: string
  /** Digest name for `crypto.verify`; `null` where the algorithm brings its own. */
  readonly hash: string | null
  /** Octets of a signature; an RSA signature is as long as its modulus. */
  readonly signatureLength?: number
  /** Octets of each coordinate of the public key. */
  readonly coordinate?: number
  /** Read by `crypto.verify` off the key object; see {@link prepareKey}. */
  readonly keyOptions?: Readonly<Record<string, number | string>>
  /** Hundreds of microseconds: off unless listed, and never on the event loop. */
  readonly slow?: true
}

const pss = (saltLength: number): Readonly<Record<string, number>> => ({
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength,
})

export const ALGORITHMS: Readonly<Record<Algorithm, AlgorithmFacts>> = Object.freeze({
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: { kty: 'RSA', hash: 'sha256', keyOptions: pss(32) },
  PS384: { kty: 'RSA', hash: 'sha384', keyOptions: pss(48) },
  PS512: { kty: 'RSA', hash: 'sha512', keyOptions: pss(64) },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256', signatureLength: 64, coordinate: 32 },
  ES384: {
    kty: 'EC',
    crv: 'P-384',
    hash: 'sha384',
    signatureLength: 96,
    coordinate: 48,
    slow: true,
  },
  ES512: {
    kty: 'EC',
    crv: 'P-521',
    hash: 'sha512',
    signatureLength: 132,
    coordinate: 66,
    slow: true,
  },
  Ed25519: { kty: 'OKP', crv: 'Ed25519', hash: null, signatureLength: 64, coordinate: 32 },
  Ed448: { kty: 'OKP', crv: 'Ed448', hash: null, signatureLength: 114, coordinate: 57, slow: true },
  HS256: { kty: 'oct', hash: 'sha256', signatureLength: 32 },
  HS384: { kty: 'oct', hash: 'sha384', signatureLength: 48 },
  HS512: { kty: 'oct', hash: 'sha512', signatureLength: 64 },
})

/** In the order by which a published key without `alg` is bound to one algorithm. */
export const DEFAULT_ALGORITHMS: readonly Algorithm[] = Object.freeze([
  'RS256',
  'ES256',
  'Ed25519',
  'PS256',
  'RS384',
  'RS512',
  'PS384',
  'PS512',
] as const)

export function isAlgorithm(value: unknown): value is Algorithm {
  return typeof value === 'string' && Object.hasOwn(ALGORITHMS, value)
}

/**
 * True when a name, from a JOSE header or a JWK, means this algorithm. `EdDSA` is the deprecated name of both Edwards
 * curve algorithms (RFC 9864 §2.2); which of them is decided by the key and the allow-list, never by the token.
 */
export function means(name: unknown, algorithm: Algorithm): boolean {
  return name === algorithm || (name === 'EdDSA' && ALGORITHMS[algorithm].kty === 'OKP')
}
