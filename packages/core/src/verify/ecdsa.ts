const INTEGER = 0x02
const SEQUENCE = 0x30
/** From 128 octets on, DER puts an octet before the length that says how long that is: with P-521 only. */
const LONG = 0x80
const ONE_OCTET_OF_LENGTH = 0x81

/**
 * An ECDSA signature of a JWS, R and S of equal length (RFC 7518 §3.4), as OpenSSL takes it: the DER of `Ecdsa-Sig-Value`
 * (RFC 3279 §2.2.3). `crypto.verify` would do the same with `dsaEncoding`, for 27 µs of 135 on Node 24 and 4 of 112
 * elsewhere; this takes half a microsecond.
 */
export function derOf(signature: Buffer): Buffer {
  const half = signature.length / 2
  const r = firstOctet(signature, 0, half)
  const s = firstOctet(signature, half, signature.length)
  const rLength = half - r + signBit(signature, r)
  const sLength = signature.length - s + signBit(signature, s)
  const content = rLength + sLength + 4
  const der = Buffer.allocUnsafe(content + (content < LONG ? 2 : 3))
  let at = 0
  der[at++] = SEQUENCE
  if (content >= LONG) der[at++] = ONE_OCTET_OF_LENGTH
  der[at++] = content
  at = writeInteger(der, at, signature, r, half, rLength)
  writeInteger(der, at, signature, s, signature.length, sLength)
  return der
}

/** Where a big-endian number begins: past its leading zeros, of which zero itself keeps the last. */
function firstOctet(octets: Buffer, from: number, to: number): number {
  let at = from
  while (at < to - 1 && octets[at] === 0) at += 1
  return at
}

/** Octets that keep a number positive: one where its first bit is set. */
function signBit(octets: Buffer, first: number): number {
  return octets[first]! >> 7
}

function writeInteger(der: Buffer, start: number, octets: Buffer, from: number, to: number, length: number): number {
  let at = start
  der[at++] = INTEGER
  der[at++] = length
  if (length > to - from) der[at++] = 0
  for (let read = from; read < to; read += 1) der[at++] = octets[read]!
  return at
}
