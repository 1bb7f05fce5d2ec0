import { ageAt, type Instant } from '../ports/clock.ts'

/** How long an answer counts, and how long a request waits for one. Milliseconds. */
export interface EvidenceTerms {
  readonly fresh: number
  /** After `fresh`: how long an old answer may stand in while no new one comes. */
  readonly grace: number
  /** The wait of a request that cannot be judged without an answer. */
  readonly wait: number
  /** The shortest wait of a request whose token is in grace. */
  readonly graceWait: number
}

/** The age below which an answer is fresh: it may ask for less than the terms allow. Milliseconds. */
export function freshTime({ fresh }: Pick<EvidenceTerms, 'fresh'>, freshFor: number | undefined): number {
  return Math.min(fresh, freshFor ?? Infinity)
}

/** The age from which on an answer is no evidence at all: the grace included. Milliseconds. */
export function usableTime(terms: Pick<EvidenceTerms, 'fresh' | 'grace'>, freshFor: number | undefined): number {
  return freshTime(terms, freshFor) + terms.grace
}

/** When an answer was asked for, how long it counts, and when its token ends, in seconds. */
export interface KnownAnswer {
  readonly since: Instant
  readonly freshFor: number | undefined
  readonly expiresAt: number | undefined
}

/** Infinity where a wall clock that was set back would give a token a second life: then nobody can tell. Milliseconds. */
export function evidenceAge({ since, expiresAt = Infinity }: Omit<KnownAnswer, 'freshFor'>, now: Instant): number {
  const age = ageAt(since, now)
  const end = expiresAt * 1_000
  return age >= end - since.wall && now.wall < end ? Infinity : age
}
