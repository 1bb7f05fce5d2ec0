import { describe, expect, test } from 'vitest'
import { InactiveSurge } from '../../src/signals/inactive-surge.ts'

const BOUNDS = { count: 10, share: 0.2, window: 10_000 }

/** What is told when so many of a hundred answers in 8 s are "inactive", spread evenly. */
function told(inactive: number, answers = 100): readonly number[] {
  const surge = new InactiveSurge(BOUNDS)
  const all: number[] = []
  for (let n = 0; n < answers; n += 1) {
    const isActive = Math.floor(((n + 1) * inactive) / answers) === Math.floor((n * inactive) / answers)
    const count = surge.note(isActive, (n * 8_000) / answers)
    if (count !== undefined) all.push(count)
  }
  return all
}

describe('a surge of inactive tokens', () => {
  test('is told when over a fifth of those asked about turned inactive', () => {
    expect(told(100)).toEqual([10])
    expect(told(30)).toHaveLength(1)
  })

  test('is not a fifth or less', () => {
    expect(told(20)).toEqual([])
    expect(told(0)).toEqual([])
  })

  test('is not a handful, whatever its share', () => {
    expect(told(9, 9)).toEqual([])
  })

  test('is not what comes over a longer time', () => {
    const surge = new InactiveSurge(BOUNDS)
    const all = Array.from({ length: 100 }, (_, n) => surge.note(false, n * 1_250))
    expect(all.filter((count) => count !== undefined)).toEqual([])
  })

  test('is told once in a minute', () => {
    const surge = new InactiveSurge(BOUNDS)
    let times = 0
    for (let now = 0; now < 120_000; now += 100) if (surge.note(false, now) !== undefined) times += 1
    expect(times).toBe(2)
  })
})
