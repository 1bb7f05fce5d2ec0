import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { MedianEstimate } from '../../src/resilience/median-estimate.ts'

function after(durations: Iterable<number>, estimate = new MedianEstimate()): number {
  for (const duration of durations) estimate.observe(duration)
  return estimate.value
}

const times = (count: number, durationOf: (n: number) => number): number[] =>
  Array.from({ length: count }, (_, n) => durationOf(n))

test('before the first sample it is 0', () => {
  expect(new MedianEstimate().value).toBe(0)
})

test('the first sample is the estimate', () => {
  expect(after([42])).toBe(42)
})

test('of a steady duration it is that duration', () => {
  expect(after(times(500, () => 20))).toBeCloseTo(20, 0)
})

test('a tenth of very slow answers does not move it far', () => {
  expect(after(times(2_000, (n) => (n % 10 === 9 ? 5_000 : 20)))).toBeLessThan(22)
})

test('it is the median and not the mean', () => {
  const mixed = times(5_000, (n) => [10, 20, 30, 1_000, 2_000][(n * 3) % 5]!)
  expect(after(mixed)).toBeGreaterThan(20)
  expect(after(mixed)).toBeLessThan(40)
})

test('one outlier among many moves it by a hundredth at most', () => {
  expect(after([...times(200, () => 40), 60_000])).toBeLessThanOrEqual(40 * 1.01 + 0.1)
})

test('a lasting change is believed after as many answers', () => {
  const slower = after([...times(400, () => 40), ...times(400, () => 400)])
  expect(slower).toBeGreaterThan(360)
  expect(slower).toBeLessThan(440)
})

test('it takes a long time to believe that slow is usual', () => {
  const estimate = new MedianEstimate()
  after(
    times(1_000, () => 20),
    estimate,
  )
  expect(
    after(
      times(50, () => 500),
      estimate,
    ),
  ).toBeLessThan(40)
  expect(
    after(
      times(1_000, () => 500),
      estimate,
    ),
  ).toBeGreaterThan(400)
})

test('it stays within what was observed, but for one step', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { minLength: 1 }), (durations) => {
      const value = after(durations)
      expect(value).toBeGreaterThanOrEqual(Math.min(...durations) * 0.5 - 0.1)
      expect(value).toBeLessThanOrEqual(Math.max(...durations) * 1.5 + 0.1)
    }),
  )
})
