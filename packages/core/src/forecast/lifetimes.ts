import type { Instant } from '../ports/clock.ts'
import { type EvidenceTerms, evidenceAge, freshTime, type KnownAnswer, usableTime } from '../verify/evidence-terms.ts'
import type { Sighting } from './sighting.ts'

/** How long what is known goes on to count while nobody answers: milliseconds from `now`; 0 or less means not even now. */

/** What limits a JWT's life beside its signature. Seconds. */
export interface JwtLifetimeRules {
  readonly skew: number
  readonly maxTokenAge: number | undefined
}

/**
 * An answer about a token: fresh, then in grace, never past the token's end. A route that asks for newer evidence, at most
 * so many milliseconds old, takes none that is stale.
 */
export function answerLasts(
  answer: KnownAnswer,
  terms: Pick<EvidenceTerms, 'fresh' | 'grace'>,
  now: Instant,
  maxEvidenceAge: number = Infinity,
): number {
  const { since, freshFor } = answer
  const age = evidenceAge(answer, now)
  const left = untilEnd(answer, now)
  if (maxEvidenceAge === Infinity) return Math.min(left, usableTime(terms, freshFor) - age)
  return Math.min(left, freshTime(terms, freshFor) - age, maxEvidenceAge - (now.monotonic - since.monotonic))
}

/** A token of which an answer says when it ends, to the second. */
export function untilEnd({ expiresAt = Infinity }: Pick<KnownAnswer, 'expiresAt'>, now: Instant): number {
  return expiresAt * 1_000 - now.wall
}

/** A JWT whose key is at hand. */
export function jwtLasts(
  { exp = Infinity, iat }: Pick<Sighting, 'exp' | 'iat'>,
  { skew, maxTokenAge }: JwtLifetimeRules,
  now: Instant,
): number {
  const tooOld = maxTokenAge === undefined || iat === undefined ? Infinity : iat + maxTokenAge
  return (Math.min(exp, tooOld) + skew) * 1_000 - now.wall
}
