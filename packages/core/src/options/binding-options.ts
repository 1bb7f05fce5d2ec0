import type { CertificateFormat } from '../bind/mtls/certificate-field.ts'
import type { Duration } from '../duration.ts'
import type { ReplayMemory } from '../ports/replay-memory.ts'
import type { Algorithm } from '../verify/algorithms.ts'

/**
 * `'allowed'`: a token that is bound to a certificate is taken from the client that shows it. `'required'`: no other token
 * is taken. `'off'`: a bound token is refused, whatever certificate comes with it.
 */
export type MtlsMode = 'allowed' | 'required' | 'off'

export interface MtlsOptions {
  /** Default `'allowed'`. */
  readonly mode?: MtlsMode
  /**
   * The field in which proxies write the certificate. Default: none is read, and the certificate is that of the
   * connection, for which the TLS server has to ask: `requestCert: true, rejectUnauthorized: false`.
   */
  readonly field?: CertificateFieldOptions
}

/** A field says what anybody writes into it: name only proxies that remove it from every request that they pass on. */
export interface CertificateFieldOptions {
  /** Default: `'client-cert'` for `'rfc9440'`, `'x-forwarded-client-cert'` for `'xfcc'`. */
  readonly name?: string
  /**
   * `'rfc9440'` (default): Base64 of the DER octets between colons. `'base64'`: the same without colons. `'pem'`:
   * URL-encoded PEM, or PEM with blanks for its line ends. `'xfcc'`: the `Cert` of Envoy's one element.
   */
  readonly format?: CertificateFormat
  /**
   * Addresses of the proxies, such as `'10.0.0.7'` or `'10.0.0.0/8'`: of the connection's own other end, whatever
   * forwarded address the framework believes.
   */
  readonly from: string | readonly string[]
  /** Characters. Default 16,384. */
  readonly maxLength?: number
}

/**
 * `'allowed'`: bound tokens come with a proof, others as Bearer. `'required'`: no token is taken that is not bound to a
 * DPoP key. `'off'`: the scheme DPoP is no credentials, and a bound token is refused.
 */
export type DpopMode = 'allowed' | 'required' | 'off'

export interface DpopOptions {
  /** Default `'allowed'`. */
  readonly mode?: DpopMode
  /**
   * The https URL by which clients know this API, or several: what `htu` of a proof is held against, with the path of the
   * request behind it. A path here is one that a proxy takes away. No header field of a request has a say in it. Default:
   * the origin of each `resource`.
   */
  readonly publicUrl?: string | readonly string[]
  /** Allowed signature algorithms of proofs. Default ES256, Ed25519, PS256, RS256. */
  readonly algorithms?: readonly (Exclude<Algorithm, 'HS256' | 'HS384' | 'HS512'> | 'EdDSA')[]
  /** How long after `iat` a proof counts. `'5s'` to `'300s'`. Default `'60s'`. */
  readonly maxAge?: Duration
  /** By how much the clock of a client may be ahead. At most `'60s'`. Default `'30s'`. */
  readonly maxAhead?: Duration
  /** Longest `jti`, in characters. 16 to 1,024. Default 256. */
  readonly maxJtiLength?: number
  /** Whether proofs need a nonce of ours (RFC 9449 §9): `true`, or how nonces are made. Default false. */
  readonly nonce?: boolean | DpopNonceOptions
  /** How proofs that were used are remembered. */
  readonly replay?: DpopReplayOptions
}

/** Nobody has to remember these nonces: each proves by itself when it was made here. */
export interface DpopNonceOptions {
  /** How long a nonce counts; past half of that, its successor comes with success. `'10s'` to `'3600s'`. Default `'300s'`. */
  readonly lifetime?: Duration
  /**
   * What nonces are made with, at least 32 random octets, the same for all instances; the first of several makes new
   * ones, and nonces of all are taken. Default: random octets of this process.
   */
  readonly secrets?: Uint8Array | readonly Uint8Array[]
  /** Takes a proof with a nonce whatever its `iat` says: for clients whose clocks are wrong. Default false. */
  readonly replacesAge?: boolean
}

export interface DpopReplayOptions {
  /** Proofs that this process remembers. When they are all still to be remembered, new ones are 503. Default 100,000. */
  readonly entries?: number
  /** A memory that several instances share. Default: each process has its own, and a proof counts once in each. */
  readonly memory?: ReplayMemory
  /** What counts where that fails: `'refuse'` (default): 503. `'local'`: what this process has seen. */
  readonly onFailure?: 'refuse' | 'local'
}
