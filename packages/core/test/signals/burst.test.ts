import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Burst } from '../../src/signals/burst.ts'
import { REPEAT } from '../../src/signals/repeat.ts'

const BOUNDS = { count: 3, window: 10_000 }

describe('a burst', () => {
  test('is told from its threshold on, with how many there were', () => {
    const burst = new Burst(BOUNDS)
    expect([0, 1, 2].map((now) => burst.note(now))).toEqual([undefined, undefined, 3])
  })

  test('is not told of what comes slowly', () => {
    const burst = new Burst(BOUNDS)
    const told = Array.from({ length: 100 }, (_, n) => burst.note(n * 5_000))
    expect(told.filter((count) => count !== undefined)).toEqual([])
  })

  test('is told once in a minute while it goes on', () => {
    const burst = new Burst(BOUNDS)
    const told: number[] = []
    for (let now = 0; now < 3 * REPEAT; now += 100) if (burst.note(now) !== undefined) told.push(now)
    expect(told).toEqual([200, REPEAT + 200, 2 * REPEAT + 200])
  })

  test('whatever comes: never without so many, never twice in a minute, and not held back after one', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(100), fc.nat(20_000)), { maxLength: 200 }), (steps) => {
        const burst = new Burst(BOUNDS)
        const times: number[] = []
        let lastToldAt = -Infinity
        let now = 0
        for (const step of steps) {
          now += step
          times.push(now)
          const count = burst.note(now)
          const within = (ms: number): number => times.filter((time) => now - time < ms).length
          const mayTell = now - lastToldAt >= REPEAT
          const must = mayTell && within(BOUNDS.window * 0.9) >= BOUNDS.count
          const may = mayTell && within(BOUNDS.window) >= BOUNDS.count
          expect([must, may]).toContain(count !== undefined)
          expect(count ?? BOUNDS.count).toBeGreaterThanOrEqual(BOUNDS.count)
          expect(count ?? 0).toBeLessThanOrEqual(within(BOUNDS.window))
          if (count !== undefined) lastToldAt = now
        }
      }),
    )
  })
})
