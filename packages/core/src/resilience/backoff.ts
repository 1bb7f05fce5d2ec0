import type { Random } from '../ports/random.ts'

/** Milliseconds before the second attempt, doubling to the cap. */
export interface BackoffBounds {
  readonly base: number
  readonly cap: number
}

/** For documents, and for a store. */
export const USUAL_BACKOFF: BackoffBounds = Object.freeze({ base: 1_000, cap: 30_000 })

/** Milliseconds before attempt `failures + 1`: doubling from `base` to `cap`, of which a random upper half is taken. */
export function backoff(failures: number, { base, cap }: BackoffBounds, random: Random): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(failures - 1, 30))
  return ceiling * (0.5 + random.next() / 2)
}
