import { expect } from 'vitest'

/** What becomes of each, which must be the same for all: for JWTs and opaque tokens that say the same. */
export async function agreed<T>(each: readonly T[], outcome: (one: T) => Promise<string>): Promise<string> {
  const outcomes: string[] = []
  for (const one of each) outcomes.push(await outcome(one))
  expect(new Set(outcomes).size, outcomes.join(', ')).toBe(1)
  return outcomes[0]!
}
