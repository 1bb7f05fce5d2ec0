import type { KeyObject } from 'node:crypto'
import { digestOf } from '../../src/cache/digest.ts'
import { thumbprintOf } from '../../src/keys/jwk.ts'
import type { Algorithm } from '../../src/verify/algorithms.ts'
import { b64, json, jwkFor, NOW, pairFor, signatureOf } from './jwt.ts'

export const TOKEN = 'token-of-the-client'
export const URI = 'https://api.example/orders'
/** The key of the client, as a proof shows it. */
export const jwk = jwkFor('ES256')
export const jkt = thumbprintOf(jwk)

export interface ProofChanges {
  readonly header?: object
  readonly claims?: object
  /** Signs as this one; the header says `alg` for itself. */
  readonly algorithm?: Algorithm
  readonly key?: KeyObject
}

/** A proof for `GET` of {@link URI} with {@link TOKEN}, made at {@link NOW}, good but for the changes. */
export function proofOf({ header, claims, algorithm = 'ES256', key }: ProofChanges = {}): string {
  const said = { jti: 'jti-1', htm: 'GET', htu: URI, iat: NOW, ath: digestOf(TOKEN), ...claims }
  const signed = `${json({ typ: 'dpop+jwt', alg: algorithm, jwk, ...header })}.${json(said)}`
  return `${signed}.${b64(signatureOf(algorithm, signed, key ?? pairFor(algorithm).privateKey))}`
}
