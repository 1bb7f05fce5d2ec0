import type { KeySource } from '../keys/key-source.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import { type Clock, instantOf } from '../ports/clock.ts'
import type { Signatures } from '../ports/signatures.ts'
import type { UnverifiedJwt } from '../syntax/jws.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import { wrongType } from '../verify/claims.ts'
import { JWT_CLAIM_RULES, type JwtRules } from '../verify/jwt-claims.ts'
import { HEADER_RULES, hintOf, offersKey } from '../verify/jwt-header.ts'
import { signedBy } from '../verify/signature.ts'
import type { Checks } from './checks.ts'
import { detailOf } from './details.ts'

/** What a JWT is held against. */
export interface JwtTerms {
  readonly rules: JwtRules
  readonly algorithms: readonly Algorithm[]
  readonly rejectKeyHeaders: boolean
  readonly keys: KeySource
  readonly signatures: Signatures
  readonly clock: Clock
}

/** Every check of a signed JWT, with the keys at hand. @returns the key that signed, if there is one. */
export async function explainJwt(
  jwt: UnverifiedJwt,
  terms: JwtTerms,
  checks: Checks,
): Promise<VerificationKey | undefined> {
  const { rules, algorithms, rejectKeyHeaders, clock } = terms
  const now = clock.wall() / 1_000
  const expected = { ...rules, algorithms }
  const detail = (reason: Parameters<typeof detailOf>[0]): string | undefined => detailOf(reason, jwt, expected, now)
  checks.rules(HEADER_RULES, jwt.header, expected, now, detail)
  if (rejectKeyHeaders && offersKey(jwt.header)) checks.failed('key_in_header')
  // The first rule is about types; those behind it rely on them.
  const claimRules = wrongType(jwt.claims) === undefined ? JWT_CLAIM_RULES : JWT_CLAIM_RULES.slice(0, 1)
  checks.rules(claimRules, jwt.claims, rules, now, detail)
  if (typeof jwt.header['alg'] !== 'string') return undefined
  return explainSignature(jwt, terms, checks)
}

async function explainSignature(
  jwt: UnverifiedJwt,
  { keys, signatures, clock }: JwtTerms,
  checks: Checks,
): Promise<VerificationKey | undefined> {
  const hint = hintOf(jwt.header)
  if (!keys.usableAt(instantOf(clock))) {
    checks.unknown('keys_unavailable', 'no key set is at hand')
    return undefined
  }
  const found = await checks.step('key_unknown', () => keys.at({ ...hint, arrivedAt: clock.monotonic() }) ?? [])
  if (!found) return undefined
  if (found.length === 0) {
    checks.unknown(
      'key_unknown',
      `no key at hand fits "kid" ${JSON.stringify(hint.kid)}; a request would look for a newer set`,
    )
    return undefined
  }
  let undecided = false
  for (const key of found) {
    const signed = await signedBy(jwt, key, signatures)
    if (signed === true) {
      checks.passed('signature_invalid')
      return key
    }
    undecided ||= signed === undefined
  }
  // A thread pool that is full says nothing of the signature.
  if (undecided) checks.unknown('overloaded')
  else checks.failed('signature_invalid')
  return undefined
}
