import { beforeAll, describe, expect, test } from 'vitest'
import { POLICY_NAMES, type PolicyName } from '../policies/policies.ts'
import { COURSES, type Scenario } from '../scenarios/scenarios.ts'
import { type Model, MODEL, scaled } from '../scenarios/model.ts'
import type { Figures } from './measures.ts'
import { run } from './run.ts'

// Runs at full size take minutes and are made by `pnpm run simulate`; these are smaller and shorter, and show the order.

const TIMEOUT = 120_000

/** A twenty-fifth: an outage and a flood are much the same at any size. */
const SMALL: Model = { ...scaled(MODEL, 0.04), warmUp: 400_000, comeInOver: 200_000, played: 0.5 }
/** A fifth: a server with fewer than four answers a second to give would be another kind of trouble. */
const MEDIUM: Model = { ...scaled(MODEL, 0.2), warmUp: 300_000, comeInOver: 150_000, played: 0.5 }

const courseOf = (scenario: Scenario): number =>
  COURSES.findIndex((phases) => phases.some((one) => one.scenario === scenario))

/** Figures of these policies, side by side; no rule may be broken on the way. */
async function figures<T extends PolicyName>(
  scenario: Scenario,
  model: Model,
  policies: readonly T[],
): Promise<Record<T, Figures>> {
  const rows = new Map<T, Figures>()
  for (const policy of policies) {
    const { scenarios, violations } = await run({ policy, course: courseOf(scenario), seed: 1, model })
    expect(violations).toEqual([])
    rows.set(policy, scenarios.find((one) => one.scenario === scenario)!.figures)
  }
  return Object.fromEntries(rows) as Record<T, Figures>
}

describe('in a brownout', { timeout: TIMEOUT }, () => {
  let of: Record<'breaker' | 'holdfast', Figures>
  beforeAll(async () => {
    of = await figures('brownout', MEDIUM, ['breaker', 'holdfast'])
  }, TIMEOUT)

  test('nine of ten requests of known tokens are served, far more than behind a breaker', () => {
    expect(of.holdfast.known).toBeGreaterThanOrEqual(90)
    expect(of.holdfast.known).toBeGreaterThan(of.breaker.known + 10)
  })

  test('new tokens get in, which a breaker keeps out', () => {
    expect(of.holdfast.new).toBeGreaterThanOrEqual(5)
    expect(of.breaker.new).toBeLessThan(1)
  })

  test('hardly an answer of the struggling server is wasted', () => {
    expect(of.holdfast.usefulWork).toBeGreaterThanOrEqual(90)
  })

  test('nobody is served on evidence older than fresh and grace', () => {
    expect(of.holdfast.maxAgeSeconds).toBeLessThanOrEqual(360)
  })
})

describe('under a flood of random tokens', { timeout: TIMEOUT }, () => {
  test('a healthy server keeps verifying the tokens of real sessions', async () => {
    const { holdfast, breaker } = await figures('flood', SMALL, ['holdfast', 'breaker'])
    expect(holdfast.known).toBeGreaterThanOrEqual(99.9)
    expect(holdfast.new).toBeGreaterThanOrEqual(95)
    expect(holdfast.new).toBeGreaterThan(breaker.new)
  })
})

describe('around an outage', { timeout: TIMEOUT }, () => {
  test('known tokens are served through it', async () => {
    const { holdfast, ttl } = await figures('outage', SMALL, ['holdfast', 'ttl'])
    expect(holdfast.known).toBeGreaterThanOrEqual(99)
    expect(holdfast.known).toBeGreaterThan(ttl.known)
    expect(holdfast.maxAgeSeconds).toBeLessThanOrEqual(360)
  })

  test('a server that comes back weak is not overrun', async () => {
    const { holdfast, breaker } = await figures('recovery', SMALL, ['holdfast', 'breaker'])
    expect(holdfast.known).toBeGreaterThanOrEqual(99)
    expect(holdfast.new).toBeGreaterThan(breaker.new + 25)
  })
})

describe('a run', { timeout: TIMEOUT }, () => {
  const tiny: Model = { ...scaled(MODEL, 0.01), warmUp: 90_000, comeInOver: 30_000, played: 0.1 }
  const hashOf = async (policy: PolicyName, seed: number): Promise<string> => {
    const { hash } = await run({ policy, course: courseOf('brownout-flood'), seed, model: tiny })
    return hash
  }

  test.each(POLICY_NAMES)('repeats itself to the last event (%s)', async (policy) => {
    expect(await hashOf(policy, 1)).toBe(await hashOf(policy, 1))
  })

  test.each(POLICY_NAMES)('goes another way with another seed (%s)', async (policy) => {
    expect(await hashOf(policy, 1)).not.toBe(await hashOf(policy, 2))
  })
})
