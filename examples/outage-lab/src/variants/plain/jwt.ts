import { createPublicKey, verify } from 'node:crypto'
import { AUDIENCE } from '../../names.ts'
import { Refusal } from './asking.ts'
import type { KeyOf } from './key-set.ts'

/** Checks a JWT access token of this laboratory. Enough for a comparison; see the library for what else there is to check. */
export async function checkJwt(token: string, issuer: string, keyOf: KeyOf): Promise<void> {
  const [head, body, signature] = token.split('.') as [string, string, string]
  const { kid, alg } = parsed(head)
  if (alg !== 'ES256' || typeof kid !== 'string') throw new Refusal('header')
  const key = createPublicKey({ key: await keyOf(kid), format: 'jwk' })
  const signed = Buffer.from(`${head}.${body}`)
  const isGood = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
  if (!isGood) throw new Refusal('signature')
  const { iss, aud, exp } = parsed(body)
  if (iss !== issuer || aud !== AUDIENCE || typeof exp !== 'number' || exp * 1_000 <= Date.now()) {
    throw new Refusal('claims')
  }
}

function parsed(part: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Readonly<Record<string, unknown>>
}
