import { ConfigError } from '../errors.ts'
import { type Algorithm, ALGORITHMS, isAlgorithm } from '../verify/algorithms.ts'
import type { DecryptionRules } from '../verify/decryption.ts'
import { type Check, fail, object, oneOrMore, optional, span, text, withDefault } from './check.ts'
import { decryptionRules } from './decryption.ts'
import { DEFAULTS } from './defaults.ts'
import type { JwtSettings, SignedAnswerSettings } from './settings.ts'

interface CheckedSigned {
  readonly algorithm: Algorithm
  readonly audience: readonly string[] | undefined
  readonly maxAge: number
  readonly decryption: DecryptionRules | undefined
}

const algorithm: Check<Algorithm> = (value, path) => {
  const name = value === 'EdDSA' ? 'Ed25519' : value
  if (isAlgorithm(name) && ALGORITHMS[name].kty !== 'oct') return name
  const known = Object.keys(ALGORITHMS).filter((one) => ALGORITHMS[one as Algorithm].kty !== 'oct')
  return fail(path, value, `one of ${known.join(', ')}, as it is registered for this client (RFC 9701 §6)`)
}

const shape = object<CheckedSigned>({
  algorithm: withDefault(algorithm, DEFAULTS.signedAnswer.algorithm),
  audience: optional(oneOrMore(text)),
  maxAge: withDefault(span('5s', '600s'), DEFAULTS.signedAnswer.maxAge),
  decryption: optional(decryptionRules),
})

/** How signed introspection answers look (RFC 9701): `true` for the defaults, `false` or nothing for plain JSON. */
export const signedAnswers: Check<SignedAnswerSettings | undefined> = (value, path) => {
  if (value === undefined || value === false) return undefined
  const { maxAge, ...others } = shape(value === true ? {} : value, path)
  return Object.freeze({ ...others, maxAgeSeconds: maxAge / 1_000 })
}

/** Signed answers are verified by published keys: fetched ones, or those that are pinned. @throws {ConfigError} */
export function checkAnswerKeys(signed: SignedAnswerSettings, jwt: JwtSettings | undefined, path: string): void {
  const fits = jwt?.pinned?.keys.some((key) => key.algorithm === signed.algorithm) ?? true
  if (fits) return
  throw new ConfigError(
    `option "${path}.algorithm" is ${signed.algorithm}, and no pinned key is for that; write a public key for it into "jwt.keys" and it into "jwt.algorithms", or the algorithm that answers are signed with`,
  )
}
