import { describe, expect, test } from 'vitest'
import { BROKEN_VARIANTS, type BrokenVariant } from './random/broken-variants.ts'
import { type Rule, RULES } from './random/rules.ts'
import { smallRun } from './random/run.ts'

/** Seeds within which every mistake must show. */
const SEEDS = 60

describe('a core with a mistake in it breaks the rule that the mistake is against', () => {
  test.each(BROKEN_VARIANTS)('$breaks: $mistake', { timeout: 120_000 }, async (variant) => {
    const { breaks, along = [], patch } = variant
    const undo = patch?.()
    try {
      const broken = await rulesBrokenBy(variant)
      expect(broken).toContain(breaks)
      expect([breaks, ...along]).toEqual(expect.arrayContaining(broken))
    } finally {
      undo?.()
    }
  })
})

/** The rules that are reported, run by run, until the one that must be. */
async function rulesBrokenBy({ breaks, tampering, settings }: BrokenVariant): Promise<Rule[]> {
  const rules: Rule[] = []
  for (let seed = 1; seed <= SEEDS && !rules.includes(breaks); seed += 1) {
    const { broken } = await smallRun(seed, { ...(tampering && { tampering }), ...(settings && { settings }) })
    if (broken) rules.push(broken.rule)
  }
  return rules
}

test('no rule is left without a mistake that breaks it', () => {
  const bitten = new Set(BROKEN_VARIANTS.map(({ breaks }) => breaks))
  expect(Object.keys(RULES).filter((rule) => !bitten.has(rule as Rule))).toEqual([])
})
