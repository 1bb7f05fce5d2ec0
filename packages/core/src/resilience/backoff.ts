import type { Random } from '../ports/random.ts'

/** Milliseconds before attempt `failures + 1`: doubling from `base` to `cap`, of which a random upper half is taken. */
export function backoff(failures: number, base: number, cap: number, random: Random): number {
  const ceiling = Math.min(cap, base * 2 ** Math.min(failures - 1, 30))
  return ceiling * (0.5 + random.next() / 2)
}
