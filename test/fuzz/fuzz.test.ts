import { afterAll, describe, expect, test } from 'vitest'
import type { Outcomes } from './target.ts'
import { TARGETS } from './targets.ts'

const SEED = 20_261_121
/** Of each target. `pnpm run fuzz` takes as many as it is told. */
const INPUTS = 300
/** The part of them that every target gets, however much one input costs it. */
const LEAST = 0.3

describe('nothing but a defined outcome comes of any input', () => {
  test.each(TARGETS.map((target) => [target.name, target] as const))('%s', { timeout: 60_000 }, async (_, target) => {
    const outcomes: Outcomes = new Map()
    const failure = await target.run(SEED, Math.ceil(INPUTS * Math.max(target.share, LEAST)), outcomes)
    expect(failure?.report).toBeUndefined()
    // Inputs that were all refused, or all taken, would prove nothing.
    expect(outcomes.size).toBeGreaterThan(1)
    expect([...outcomes.keys()]).toContain(target.name === 'source addresses' ? 'network' : 'accepted')
  })

  afterAll(async () => {
    for (const target of TARGETS) await target.close()
  })
})
