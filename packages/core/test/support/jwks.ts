import { generateKeyPairSync } from 'node:crypto'
import type { JsonObject } from '../../src/syntax/json.ts'

/** A new public P-256 key as a JWK. */
export function publicJwk(kid?: string): JsonObject {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' }) as JsonObject
  return { ...jwk, alg: 'ES256', ...(kid === undefined ? {} : { kid }) }
}
