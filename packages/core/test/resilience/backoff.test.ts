import { expect, test } from 'vitest'
import { backoff } from '../../src/resilience/backoff.ts'
import { MedianEstimate } from '../../src/resilience/latency.ts'
import { chance } from '../support/chance.ts'

test.each([
  [1, 1_000],
  [2, 2_000],
  [3, 4_000],
  [5, 16_000],
  [6, 30_000],
  [1_000, 30_000],
])('after %d failures the ceiling is %d ms', (failures, ceiling) => {
  expect(backoff(failures, 1_000, 30_000, chance(1))).toBe(ceiling)
}) // JK-38

test('jitter takes at most half of the ceiling away', () => {
  expect(backoff(3, 1_000, 30_000, chance(0))).toBe(2_000)
}) // JK-38

test('the median is zero before anything was measured', () => {
  expect(new MedianEstimate().value).toBe(0)
})

test('the first measurement is the first estimate', () => {
  const median = new MedianEstimate()
  median.observe(40)
  expect(median.value).toBe(40)
})

test('one outlier moves the estimate by a twentieth at most', () => {
  const median = new MedianEstimate()
  median.observe(40)
  median.observe(60_000)
  expect(median.value).toBe(42)
})

test('the estimate follows a lasting change', () => {
  const median = new MedianEstimate()
  for (let call = 0; call < 200; call += 1) median.observe(40)
  for (let call = 0; call < 200; call += 1) median.observe(400)
  expect(median.value).toBeGreaterThan(360)
  expect(median.value).toBeLessThan(440)
})
