import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SlidingCount } from '../../src/signals/sliding-count.ts'

const WINDOW = 60_000
/** What is counted at once: what has left this behind may not be counted any more. */
const PART = WINDOW / 10

/** Moments, each some time after the one before. */
const moments = fc
  .array(fc.oneof(fc.nat(50), fc.nat(5_000), fc.nat(200_000)), { maxLength: 60 })
  .map((steps) => steps.reduce<number[]>((all, step) => [...all, (all.at(-1) ?? 0) + step], []))

describe('a sliding count', () => {
  test('counts what is young, and nothing that is older than its window', () => {
    fc.assert(
      fc.property(moments, fc.nat(300_000), (times, rest) => {
        const count = new SlidingCount(WINDOW)
        for (const time of times) count.add(time)
        const now = (times.at(-1) ?? 0) + rest
        const youngerThan = (age: number): number => times.filter((time) => now - time < age).length
        const told = count.at(now)
        expect(told).toBeLessThanOrEqual(youngerThan(WINDOW))
        expect(told).toBeGreaterThanOrEqual(youngerThan(WINDOW - PART))
      }),
    )
  })

  test('a look changes nothing', () => {
    const count = new SlidingCount(WINDOW)
    count.add(0)
    expect([count.at(1), count.at(1), count.at(WINDOW - 1), count.at(WINDOW)]).toEqual([1, 1, 1, 0])
  })

  test('a clock that stands still counts on', () => {
    const count = new SlidingCount(WINDOW)
    for (let n = 0; n < 1_000; n += 1) count.add(77)
    expect(count.at(77)).toBe(1_000)
  })
})
