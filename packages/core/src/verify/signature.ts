import { createHmac, timingSafeEqual } from 'node:crypto'
import type { VerificationKey } from '../keys/jwk.ts'
import type { SignatureCheck, Signatures } from '../ports/signatures.ts'
import type { UnverifiedJws } from '../syntax/jws.ts'
import { ALGORITHMS } from './algorithms.ts'
import { derOf } from './ecdsa.ts'

/** Octets of a signature by a key of 4,096 bits. */
const SMALL_RSA = 512

/** Whether this key signed this JWT, at once, or `undefined` where the arithmetic has to wait. */
export function signedByNow(jwt: UnverifiedJws, key: VerificationKey, signatures: Signatures): boolean | undefined {
  const check = checkOf(jwt, key)
  return typeof check === 'boolean' ? check : signatures.now(check)
}

/** The same after at most one wait; `undefined` when too many wait. */
export function signedBy(
  jwt: UnverifiedJws,
  key: VerificationKey,
  signatures: Signatures,
): boolean | Promise<boolean | undefined> {
  const check = checkOf(jwt, key)
  return typeof check === 'boolean' ? check : (signatures.now(check) ?? signatures.later(check))
}

/** What is left to do, or the verdict where that takes no public key. */
function checkOf(jwt: UnverifiedJws, key: VerificationKey): SignatureCheck | boolean {
  // Raw R and S; a DER signature is none.
  if (jwt.signature.length !== key.signatureLength) return false
  const { kty, hash, slow } = ALGORITHMS[key.algorithm]
  if (kty === 'oct') return authenticatedBy(jwt, key)
  const signature = kty === 'EC' ? derOf(jwt.signature) : jwt.signature
  const usual = kty === 'RSA' && signature.length <= SMALL_RSA ? 'small' : 'medium'
  return { hash, key: key.material!, data: jwt.signed, signature, cost: slow ? 'large' : usual }
}

/** HMAC (RFC 7518 §3.2) in constant time; the length was checked before. */
function authenticatedBy(jwt: UnverifiedJws, key: VerificationKey): boolean {
  const expected = createHmac(ALGORITHMS[key.algorithm].hash!, key.material!).update(jwt.signed).digest()
  return timingSafeEqual(expected, jwt.signature)
}
