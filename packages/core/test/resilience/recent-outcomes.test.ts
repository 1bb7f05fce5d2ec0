import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentOutcomes } from '../../src/resilience/recent-outcomes.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp() {
  const clock = new ManualClock()
  return { clock, outcomes: new RecentOutcomes(clock) }
}

test('without calls nothing failed', () => {
  const { outcomes } = setUp()
  expect([outcomes.failures, outcomes.failureShare]).toEqual([0, 0])
})

test('failures are counted, and as a part of all', () => {
  const { outcomes } = setUp()
  for (const answered of [true, true, true, false]) outcomes.record(answered)
  expect([outcomes.failures, outcomes.failureShare]).toEqual([1, 0.25])
})

test('only failures are a share of 1', () => {
  const { outcomes } = setUp()
  outcomes.record(false)
  expect(outcomes.failureShare).toBe(1)
})

test('after 10 s a call counts no more', async () => {
  const { clock, outcomes } = setUp()
  outcomes.record(false)
  await clock.advance(9_000)
  expect(outcomes.failures).toBe(1)
  await clock.advance(1_000)
  expect(outcomes.failures).toBe(0)
})

test('a clock that stood still for long leaves nothing behind', async () => {
  const { clock, outcomes } = setUp()
  for (let second = 0; second < 10; second += 1) {
    outcomes.record(second % 2 === 0)
    await clock.advance(1_000)
  }
  await clock.advance(3_600_000)
  outcomes.record(true)
  expect([outcomes.failures, outcomes.failureShare]).toEqual([0, 0])
})

test('cleared, it starts again', () => {
  const { outcomes } = setUp()
  outcomes.record(false)
  outcomes.clear()
  outcomes.record(true)
  expect([outcomes.failures, outcomes.failureShare]).toEqual([0, 0])
})

test('the wall clock has no say', () => {
  const { clock, outcomes } = setUp()
  outcomes.record(false)
  clock.jump(3_600_000)
  expect(outcomes.failures).toBe(1)
})

test('it is what a list of the last ten seconds says', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(0, 100, 999, 1_000, 3_500, 10_000, 25_000), fc.boolean()), {
    maxLength: 40,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { clock, outcomes } = setUp()
      const log: { second: number; answered: boolean }[] = []
      for (const [ms, answered] of all) {
        await clock.advance(ms)
        outcomes.record(answered)
        const second = Math.floor(clock.monotonic() / 1_000)
        log.push({ second, answered })
        const recent = log.filter((one) => second - one.second < 10)
        const failed = recent.filter((one) => !one.answered).length
        expect([outcomes.failures, outcomes.failureShare]).toEqual([failed, failed / recent.length])
      }
    }),
    { numRuns: 50 },
  )
})
