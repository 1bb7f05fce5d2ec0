import type { Duration } from '@holdfast/core'

/**
 * How long evidence counts in this laboratory, in milliseconds. Shorter than the defaults, so that an outage shows what
 * it does within a minute or two; divided by the speed.
 */
export interface Terms {
  /** Holdfast: an introspection answer counts without asking again. Default of the library: 60 s. */
  readonly fresh: number
  /** Holdfast: for so long after that it may stand in. Default of the library: 300 s. */
  readonly grace: number
  /** Holdfast: an inactive token is refused without asking again. Default of the library: 10 s. */
  readonly negative: number
  /** The plain cache: an answer counts for so long. */
  readonly ttl: number
  /** The plain cache: a key set counts for so long, as with `createRemoteJWKSet` of jose. */
  readonly keys: number
  /** The plain cache: after a fetch no unknown key has the set fetched again for so long, as there. */
  readonly keysCooldown: number
  /** How long a drill goes on. */
  readonly drill: number
}

const SECOND = 1_000

export function termsAt(speed: number): Terms {
  return {
    fresh: (10 * SECOND) / speed,
    grace: (60 * SECOND) / speed,
    negative: (10 * SECOND) / speed,
    ttl: (60 * SECOND) / speed,
    keys: (600 * SECOND) / speed,
    keysCooldown: (30 * SECOND) / speed,
    drill: Math.max(SECOND, (30 * SECOND) / speed), // the library drills for no less than a second
  }
}

/** Milliseconds as the library wants them: three decimals at most. */
export function duration(ms: number): Duration {
  return `${Math.round(ms * 1_000) / 1_000}ms`
}
