import { describe, expect, test } from 'vitest'
import { chance, zipf } from './chance.ts'

describe('chance', () => {
  test('repeats itself for a seed, and differs between seeds', () => {
    const [one, same, other] = [chance('7/a'), chance('7/a'), chance('7/b')]
    const drawn = Array.from({ length: 10 }, () => one.next())
    expect(Array.from({ length: 10 }, () => same.next())).toEqual(drawn)
    expect(Array.from({ length: 10 }, () => other.next())).not.toEqual(drawn)
  })

  test('has waiting times with the mean that was asked for', () => {
    const random = chance(1)
    const count = 50_000
    let sum = 0
    for (let n = 0; n < count; n += 1) sum += random.exponential(20)
    expect(sum / count).toBeGreaterThan(19.5)
    expect(sum / count).toBeLessThan(20.5)
  })

  test('draws ranks as Zipf’s law says', () => {
    const draw = zipf(100, 1, chance(1))
    const counts = Array.from({ length: 100 }, () => 0)
    const harmonic = counts.reduce((sum, _, n) => sum + 1 / (n + 1), 0)
    const draws = 100_000
    for (let n = 0; n < draws; n += 1) counts[draw()]! += 1
    for (const rank of [1, 2, 10]) {
      const expected = draws / (rank * harmonic)
      expect(counts[rank - 1]! / expected).toBeGreaterThan(0.93)
      expect(counts[rank - 1]! / expected).toBeLessThan(1.07)
    }
  })
})
