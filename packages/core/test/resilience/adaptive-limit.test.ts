import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AdaptiveLimit, type LimitBounds } from '../../src/resilience/adaptive-limit.ts'

const BOUNDS: LimitBounds = { start: 10, max: 100, slow: { never: 250, always: 1_000 } }

const setUp = (bounds: Partial<LimitBounds> = {}): AdaptiveLimit => new AdaptiveLimit({ ...BOUNDS, ...bounds })

/** So many answers, of calls that found a full house. */
function answers(limit: AdaptiveLimit, count: number, duration = 20): void {
  for (let n = 0; n < count; n += 1) limit.answered(duration, limit.value)
}

describe('a limit that is used', () => {
  test('it starts where it is told', () => {
    expect(setUp().value).toBe(10)
  })

  test('it grows by one for a round of quick answers', () => {
    const limit = setUp()
    answers(limit, 10)
    expect(limit.value).toBe(10)
    answers(limit, 1)
    expect(limit.value).toBe(11)
  }) // +1/limit for each

  test('it never exceeds its maximum', () => {
    const limit = setUp()
    answers(limit, 100_000)
    expect(limit.value).toBe(100)
  })

  test('a slow answer leaves 95 %', () => {
    const limit = setUp({ start: 100 })
    limit.answered(251, 100)
    expect(limit.value).toBe(95)
  })

  test('an answer after exactly 250 ms is not slow', () => {
    const limit = setUp({ start: 100 })
    limit.answered(250, 100)
    expect(limit.value).toBe(100)
  })

  test('a failure leaves 90 %', () => {
    const limit = setUp({ start: 100 })
    limit.failed(2_000)
    expect(limit.value).toBe(90)
  })

  test('failures leave one call, so that recovery is noticed', () => {
    const limit = setUp()
    for (let n = 0; n < 1_000; n += 1) limit.failed(2_000)
    expect(limit.value).toBe(1)
  })

  test('from one call it grows again', () => {
    const limit = setUp()
    for (let n = 0; n < 1_000; n += 1) limit.failed(2_000)
    answers(limit, 1)
    expect(limit.value).toBe(2)
  })

  test('a new start forgets what was learnt of the limit, and not what is usual', () => {
    const limit = setUp()
    limit.answered(40, 1)
    for (let n = 0; n < 1_000; n += 1) limit.failed(2_000)
    limit.restart()
    expect([limit.value, limit.usualDuration]).toEqual([2, 40])
  })

  test('after a new start every quick answer makes room for one more, up to where it started first', () => {
    const limit = setUp()
    limit.restart()
    const values = Array.from({ length: 10 }, () => {
      limit.answered(20, limit.value)
      return limit.value
    })
    expect(values).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 10, 10])
  })

  test.each(['slow', 'failed'])('after a new start the first %s call ends the quick growth', (how) => {
    const limit = setUp()
    limit.answered(20, 1)
    limit.restart()
    limit.answered(20, 2) // 3
    if (how === 'slow') limit.answered(900, 3)
    else limit.failed(2_000)
    const before = limit.value
    limit.answered(20, before)
    limit.answered(20, limit.value)
    limit.answered(20, limit.value)
    expect([before, limit.value]).toEqual([2, 3]) // not 5
  })
})

test('a limit that is not used does not grow', () => {
  const limit = setUp()
  for (let n = 0; n < 1_000; n += 1) limit.answered(20, 5)
  expect(limit.value).toBe(10)
})

describe('what is slow', () => {
  test('twice the usual duration where that is longer than 250 ms', () => {
    const limit = setUp({ start: 100 })
    for (let n = 0; n < 50; n += 1) limit.answered(200, 1)
    limit.answered(390, 100)
    expect(limit.value).toBe(100)
    limit.answered(410, 100)
    expect(limit.value).toBe(95)
  })

  test('anything above half the deadline, however usual that is', () => {
    const limit = setUp({ start: 100 })
    for (let n = 0; n < 50; n += 1) limit.answered(900, 1)
    limit.answered(1_001, 100)
    expect(limit.value).toBe(95)
  })

  test('answers under load do not make slow usual', () => {
    const limit = setUp({ start: 100 })
    for (let n = 0; n < 20; n += 1) limit.answered(20, 1)
    for (let n = 0; n < 200; n += 1) limit.answered(900, 100)
    expect([limit.usualDuration, limit.value]).toEqual([20, 1])
  })

  test('failures are no usual duration', () => {
    const limit = setUp()
    limit.answered(20, 1)
    limit.failed(2_000)
    expect(limit.usualDuration).toBe(20)
  })
})

test('the recent duration follows the last few calls, failed ones included', () => {
  const limit = setUp()
  answers(limit, 50, 100)
  expect(limit.recentDuration).toBeCloseTo(100, 0)
  for (let n = 0; n < 10; n += 1) limit.failed(2_000)
  expect(limit.recentDuration).toBeGreaterThan(1_500)
})

test('whatever happens it is a whole number from 1 to its maximum', () => {
  const step = fc.oneof(
    fc.record({ duration: fc.double({ min: 0, max: 5_000, noNaN: true }), inFlight: fc.integer({ min: 1, max: 200 }) }),
    fc.constantFrom('failed', 'restart'),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.array(step, { maxLength: 300 }), (max, steps) => {
      const limit = setUp({ start: Math.min(10, max), max })
      for (const one of steps) {
        if (one === 'failed') limit.failed(2_000)
        else if (one === 'restart') limit.restart()
        else limit.answered((one as { duration: number }).duration, (one as { inFlight: number }).inFlight)
        expect(Number.isInteger(limit.value)).toBe(true)
        expect(limit.value).toBeGreaterThanOrEqual(1)
        expect(limit.value).toBeLessThanOrEqual(max)
      }
    }),
  )
})
