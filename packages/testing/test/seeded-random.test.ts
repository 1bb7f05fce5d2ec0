import { describe, expect, it } from 'vitest'
import { seededRandom } from '../src/index.ts'

const some = (seed: number | string): unknown[] => {
  const random = seededRandom(seed)
  return [random.next(), random.id(), random.next(), random.id()]
}

describe('seededRandom', () => {
  it('repeats itself for the same seed', () => {
    expect(some(7)).toEqual(some(7))
  })

  it('differs for another seed', () => {
    expect(some('a')).not.toEqual(some('b'))
  })

  it('spreads its numbers over [0, 1)', () => {
    const random = seededRandom(1)
    const buckets = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < 10_000; index += 1) buckets[Math.floor(random.next() * 10)]! += 1
    expect(Math.min(...buckets)).toBeGreaterThan(850)
    expect(buckets.reduce((sum, one) => sum + one, 0)).toBe(10_000)
  })

  it('makes identifiers of 144 bits that do not repeat', () => {
    const random = seededRandom(1)
    const ids = Array.from({ length: 1_000 }, () => random.id())
    expect(new Set(ids).size).toBe(1_000)
    expect(ids.every((id) => /^[A-Za-z0-9_-]{24}$/.test(id))).toBe(true)
  })
})
