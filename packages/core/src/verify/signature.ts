import { createHmac, timingSafeEqual } from 'node:crypto'
import type { VerificationKey } from '../keys/jwk.ts'
import type { SignatureCheck, Signatures } from '../ports/signatures.ts'
import type { UnverifiedJws } from '../syntax/jws.ts'
import { ALGORITHMS } from './algorithms.ts'
import { derOf } from './ecdsa.ts'

/** Whether this key signed this JWT, at once, or `undefined` where the arithmetic belongs in the thread pool. */
export function signedByNow(jwt: UnverifiedJws, key: VerificationKey, signatures: Signatures): boolean | undefined {
  // Raw R and S; a DER signature is none.
  if (jwt.signature.length !== key.signatureLength) return false
  return ALGORITHMS[key.algorithm].kty === 'oct' ? authenticatedBy(jwt, key) : signatures.now(checkOf(jwt, key))
}

/** The same after at most one trip through the thread pool; `undefined` when that is full. */
export function signedBy(
  jwt: UnverifiedJws,
  key: VerificationKey,
  signatures: Signatures,
): boolean | Promise<boolean | undefined> {
  return signedByNow(jwt, key, signatures) ?? signatures.pooled(checkOf(jwt, key))
}

function checkOf(jwt: UnverifiedJws, key: VerificationKey): SignatureCheck {
  const { kty, hash, slow = false } = ALGORITHMS[key.algorithm]
  const signature = kty === 'EC' ? derOf(jwt.signature) : jwt.signature
  return { hash, key: key.material!, data: jwt.signed, signature, slow }
}

/** HMAC (RFC 7518 §3.2) in constant time; the length was checked before. */
function authenticatedBy(jwt: UnverifiedJws, key: VerificationKey): boolean {
  const expected = createHmac(ALGORITHMS[key.algorithm].hash!, key.material!).update(jwt.signed).digest()
  return timingSafeEqual(expected, jwt.signature)
}
