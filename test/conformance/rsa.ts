import { constants, createHash, type KeyObject, privateEncrypt, randomBytes } from 'node:crypto'

/** RSA signatures made by hand, so that their encoding may be wrong in one place. All for keys of 2,048 bits. */
const LENGTH = 256

const digest = (name: string, ...parts: readonly Uint8Array[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash(name)).digest()

/** The octets raised to the private exponent, as they are. */
export function raised(encoding: Uint8Array, key: KeyObject): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoding)
}

interface Pss {
  readonly hash?: string
  /** What the mask is generated with. */
  readonly mask?: string
  /** Octets of salt. */
  readonly salt?: number
  /** The last octet. */
  readonly trailer?: number
}

/** An encoding for RSASSA-PSS (RFC 8017 §9.1.1). */
export function pssEncoding(
  signed: Uint8Array,
  { hash = 'sha256', mask = hash, salt = 32, trailer = 0xbc }: Pss,
): Buffer {
  const random = randomBytes(salt)
  const seed = digest(hash, Buffer.alloc(8), digest(hash, signed), random)
  const block = Buffer.alloc(LENGTH - seed.length - 1)
  block[block.length - salt - 1] = 1
  random.copy(block, block.length - salt)
  const masked = block.map((octet, at) => octet ^ maskOf(mask, seed, block.length)[at]!)
  masked[0]! &= 0x7f
  return Buffer.concat([masked, seed, Buffer.of(trailer)])
}

const masks = new WeakMap<Buffer, Buffer>()

/** MGF1 (RFC 8017 §B.2.1). */
function maskOf(hash: string, seed: Buffer, length: number): Buffer {
  const known = masks.get(seed)
  if (known) return known
  const counters = Array.from({ length: Math.ceil(length / 20) }, (_, count) => Buffer.of(0, 0, 0, count))
  const mask = Buffer.concat(counters.map((count) => digest(hash, seed, count)))
  masks.set(seed, mask)
  return mask
}

/** The `DigestInfo` of each hash before the digest itself (RFC 8017 §9.2). */
const INFO = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
  sha1: '3021300906052b0e03021a05000414',
} as const

interface Pkcs1 {
  readonly hash?: keyof typeof INFO
  /** Hexadecimal; what stands before the digest. */
  readonly info?: string
  /** The first two octets. */
  readonly start?: readonly [number, number]
  /** What fills up. */
  readonly filling?: number
  /** Octets that fill up; what is left over follows the digest. */
  readonly fill?: number
  /** The octet that ends the filling. */
  readonly separator?: number
}

/** An encoding for RSASSA-PKCS1-v1_5 (RFC 8017 §9.2). */
export function pkcs1Encoding(
  signed: Uint8Array,
  { hash = 'sha256', info = INFO[hash], start = [0, 1], filling = 0xff, fill, separator = 0 }: Pkcs1,
): Buffer {
  const end = Buffer.concat([Buffer.of(separator), Buffer.from(info, 'hex'), digest(hash, signed)])
  const padding = Buffer.alloc(fill ?? LENGTH - 2 - end.length, filling)
  const encoding = Buffer.concat([Buffer.of(...start), padding, end])
  return Buffer.concat([encoding, Buffer.alloc(LENGTH - encoding.length, 0xaa)])
}
