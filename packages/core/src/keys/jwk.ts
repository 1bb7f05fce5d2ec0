import { createPublicKey, hash, type KeyObject } from 'node:crypto'
import { decodeBase64url } from '../syntax/base64url.ts'
import { type JsonObject } from '../syntax/json.ts'
import { type Algorithm, ALGORITHMS, isAlgorithm, means } from '../verify/algorithms.ts'

/** Why a published key is not used. */
export type KeyFault = 'unusable' | 'weak' | 'private' | 'symmetric' | 'not_allowed'

/** RSA bounds: NIST minimum, and what a CPU may be asked for (RFC 7518 §3.3, §8.6). */
const RSA_BITS = { min: 2_048, max: 8_192 } as const
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const

export interface VerificationKeyParts {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  /** RFC 7638 SHA-256 thumbprint; with `kid` and algorithm the identity of a key over refreshes. */
  readonly thumbprint: string
  readonly load: () => KeyObject | undefined
}

/** A verification key bound to exactly one algorithm. */
export class VerificationKey {
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly thumbprint: string
  /** Set once the key has left its set: what it signed is then no longer believed. */
  retired = false
  #load: (() => KeyObject | undefined) | undefined
  #material: KeyObject | undefined
  #signatureLength: number | undefined

  constructor(parts: VerificationKeyParts) {
    this.kid = parts.kid
    this.algorithm = parts.algorithm
    this.thumbprint = parts.thumbprint
    this.#load = parts.load
  }

  /** What `crypto.verify` needs, imported at first use, which costs up to a millisecond; `undefined` if it is no key. */
  get material(): KeyObject | undefined {
    if (this.#load) {
      this.#material = this.#load()
      this.#load = undefined
      this.#signatureLength = ALGORITHMS[this.algorithm].signatureLength ?? modulusOctets(this.#material)
    }
    return this.#material
  }

  /**
   * Octets of every signature by this key: of exactly the curve's length (RFC 7518 §3.4), or the modulus's (RFC 8017
   * §8.1.2). OpenSSL takes an RSASSA-PSS signature without its leading zeros for the same one.
   */
  get signatureLength(): number | undefined {
    return this.material && this.#signatureLength
  }
}

/** Asked of RSA keys only: Node looks deep into a key for its details. */
function modulusOctets(key: KeyObject | undefined): number {
  return Math.ceil((key?.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

function importKey(jwk: JsonObject, algorithm: Algorithm): KeyObject | undefined {
  try {
    return prepareKey(createPublicKey({ key: publicMembers(jwk), format: 'jwk' }), algorithm)
  } catch {
    return undefined // off the curve, for one
  }
}

/**
 * Puts padding and salt length on the key object itself. `crypto.verify` reads them off the object it is given, and a
 * bare `KeyObject` costs 14 to 30 µs less than `{ key, … }` on Node 24. If a version ever stopped reading them, every such
 * signature would be refused: a test on each supported version watches that.
 */
export function prepareKey(key: KeyObject, algorithm: Algorithm): KeyObject {
  return Object.assign(key, ALGORITHMS[algorithm].keyOptions)
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order. */
export function thumbprintOf(jwk: JsonObject): string {
  return hash('sha256', JSON.stringify(publicMembers(jwk)), 'base64url')
}

/** What makes a key, in lexicographic order: nothing must depend on `key_ops`, `ext` or what else a document says. */
function publicMembers(jwk: JsonObject): Record<string, string> {
  const { kty, crv, x, y, n, e } = jwk as Record<string, string>
  return (kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }) as Record<string, string>
}

/** The key that a JWK describes, bound to one allowed algorithm, or what is wrong with it. Imports nothing yet. */
export function verificationKey(jwk: JsonObject, allowed: readonly Algorithm[]): VerificationKey | KeyFault {
  const algorithm = algorithmOf(jwk, allowed)
  return isAlgorithm(algorithm) ? keyFor(jwk, algorithm, thumbprintOf(jwk)) : algorithm
}

/** The same, where it is known which algorithm the JWK is for, and its thumbprint. */
export function keyFor(jwk: JsonObject, algorithm: Algorithm, thumbprint: string): VerificationKey | KeyFault {
  const { kid } = jwk as { readonly kid: string | undefined }
  const fault = faultOf(jwk, algorithm)
  if (fault) return fault
  const load = (): KeyObject | undefined => importKey(jwk, algorithm)
  const key = new VerificationKey({ algorithm, kid, thumbprint, load })
  // Only an import tells whether a point is on its curve, and a set of such keys must not pass for a usable one.
  return jwk['kty'] === 'EC' && key.material === undefined ? 'unusable' : key
}

/** The algorithm that a JWK is for, or what forbids its use, by what it says of itself; its numbers are not looked at. */
export function algorithmOf(jwk: JsonObject, allowed: readonly Algorithm[]): Algorithm | KeyFault {
  if (jwk['kty'] === 'oct') return 'symmetric'
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return 'private'
  const { kid, use } = jwk
  if (kid !== undefined && typeof kid !== 'string') return 'unusable'
  if (use !== undefined && use !== 'sig') return 'unusable'
  if (!allowsVerify(jwk['key_ops'], use)) return 'unusable'
  // Bound here, once, to the first allowed algorithm that fits; what a token's header says never chooses (JWT BCP §3.1).
  return allowed.find((one) => fits(jwk, one)) ?? 'not_allowed'
}

/** `use` and `key_ops` must agree, and an operation is named once (RFC 7517 §4.3). */
function allowsVerify(operations: unknown, use: unknown): boolean {
  if (operations === undefined) return true
  if (!Array.isArray(operations) || !operations.includes('verify')) return false
  const agree = use === undefined || operations.every((one) => one === 'verify' || one === 'sign')
  return agree && new Set(operations).size === operations.length
}

function fits(jwk: JsonObject, algorithm: Algorithm): boolean {
  const facts = ALGORITHMS[algorithm]
  return (
    jwk['kty'] === facts.kty && jwk['crv'] === facts.crv && (jwk['alg'] === undefined || means(jwk['alg'], algorithm))
  )
}

function faultOf(jwk: JsonObject, algorithm: Algorithm): KeyFault | undefined {
  const facts = ALGORITHMS[algorithm]
  if (facts.kty === 'RSA') return rsaFault(jwk)
  const x = octets(jwk['x'])
  if (x?.length !== facts.coordinate) return 'unusable'
  if (facts.kty === 'EC') return octets(jwk['y'])?.length === facts.coordinate ? undefined : 'unusable'
  return SMALL_ORDER.has(withoutSign(x!)) ? 'weak' : undefined
}

function rsaFault(jwk: JsonObject): KeyFault | undefined {
  const n = octets(jwk['n'])
  const e = octets(jwk['e'])
  if (!n || !e) return 'unusable'
  const modulus = bits(n)
  if (modulus < RSA_BITS.min || modulus > RSA_BITS.max) return 'weak'
  // Odd, at least 3, at most 2^32 + 1: Node imports 1 and 2048-bit exponents alike.
  const exponent = bits(e) <= 33 ? Number(BigInt(`0x${e.toString('hex')}`)) : Infinity
  return exponent >= 3 && exponent <= 2 ** 32 + 1 && exponent % 2 === 1 ? undefined : 'weak'
}

function octets(member: unknown): Buffer | undefined {
  return typeof member === 'string' && member !== '' ? decodeBase64url(member) : undefined
}

/** The size of an unsigned big-endian number, leading zeros not counted. */
function bits(number: Buffer): number {
  const first = number.findIndex((octet) => octet !== 0)
  return first === -1 ? 0 : (number.length - first) * 8 - Math.clz32(number[first]!) + 24
}

/** An Edwards curve point without its sign bit, as hex. */
function withoutSign(point: Buffer): string {
  const bare = Buffer.from(point)
  bare[bare.length - 1]! &= 0x7f
  return bare.toString('hex')
}

/**
 * The y coordinates of the small-order points of Ed25519 (eight) and Ed448 (four), and their non-canonical spellings.
 * Under such a key one signature fits many messages, or all; Node imports them without complaint.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  `00${'00'.repeat(31)}`,
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '00'.repeat(57),
  `01${'00'.repeat(56)}`,
  `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}00`,
  `${'ff'.repeat(28)}fe${'ff'.repeat(27)}00`,
  `${'00'.repeat(28)}${'ff'.repeat(28)}00`,
])
