import { describe, expect, test } from 'vitest'
import { estimate } from './statistics.ts'

describe('an estimate over seeds', () => {
  test('has the mean, and half the width of the 95 % interval of Student’s t', () => {
    // n = 5, mean 3, standard deviation √2.5; t(0.975, 4) = 2.776
    const { mean, margin } = estimate([1, 2, 3, 4, 5])
    expect(mean).toBe(3)
    expect(margin).toBeCloseTo(2.776 * Math.sqrt(2.5 / 5), 3)
  })

  test('of one seed has no interval', () => {
    expect(estimate([7])).toEqual({ mean: 7, margin: 0 })
  })

  test('of many seeds comes near the normal distribution', () => {
    const values = Array.from({ length: 1_000 }, (_, n) => n % 2)
    expect(estimate(values).margin).toBeCloseTo(1.962 * (0.50025 / Math.sqrt(1_000)), 4)
  })
})
