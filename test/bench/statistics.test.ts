import { describe, expect, test } from 'vitest'
import { estimate, median, ratios, seeded, shuffled } from './statistics.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1)

test('the median is the middle one, or lies between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([4, 1, 3, 100])).toBe(3.5)
  expect(median([])).toBeNaN()
})

describe('the interval holds the median with 95 %', () => {
  // The usual table of order statistics: the two ranks for each number of values.
  test.each([
    [1, 1, 1],
    [5, 1, 5],
    [6, 1, 6],
    [8, 1, 8],
    [9, 2, 8],
    [10, 2, 9],
    [15, 4, 12],
    [20, 6, 15],
    [25, 8, 18],
    [50, 18, 33],
  ])('of %i values: from rank %i to rank %i', (count, low, high) => {
    expect(estimate(shuffled(upTo(count), seeded(count)))).toMatchObject({ low, high })
  })

  test('one wild round does not move it', () => {
    const calm = estimate(upTo(15))
    expect(estimate([...upTo(14), 1_000_000])).toEqual(calm)
  })
})

test('ratios are taken round by round, so that drift cancels out', () => {
  expect(ratios([2, 20, 200], [1, 10, 100])).toEqual([2, 2, 2])
  expect(ratios([2, 4], [1])).toEqual([2])
})

test('a shuffle keeps all, and the same seed repeats it', () => {
  const once = shuffled(upTo(50), seeded(7))
  expect(once).toEqual(shuffled(upTo(50), seeded(7)))
  expect(once).not.toEqual(upTo(50))
  expect(once.toSorted((one, other) => one - other)).toEqual(upTo(50))
  expect(once).not.toEqual(shuffled(upTo(50), seeded(8)))
})
