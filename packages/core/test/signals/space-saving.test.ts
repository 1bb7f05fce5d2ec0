import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SpaceSaving } from '../../src/signals/space-saving.ts'

const PLACES = 4
/** Some keys often, many rarely. */
const keys = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c') },
    { weight: 2, arbitrary: fc.stringMatching(/^[d-z]$/) },
  ),
  { maxLength: 300 },
)

describe('the space-saving sketch', () => {
  test('holds no more than it has places, and bounds every count from both sides', () => {
    fc.assert(
      fc.property(keys, (all) => {
        const sketch = new SpaceSaving(PLACES, () => new Set<string>())
        const occurred = new Map<string, number>()
        for (const key of all) {
          occurred.set(key, (occurred.get(key) ?? 0) + 1)
          sketch.add(key).held.add(key)
        }
        const heavy = [...sketch.values()]
        expect(heavy.length).toBeLessThanOrEqual(PLACES)
        const bounds = new Map(heavy.map(({ held: [key], count, error }) => [key!, { count, error }]))
        for (const [key, times] of occurred) {
          // Nobody who occurs more often than that is missed.
          const { count, error } = bounds.get(key) ?? { count: all.length / PLACES, error: Infinity }
          expect(times).toBeLessThanOrEqual(count)
          expect(times).toBeGreaterThanOrEqual(count - error)
        }
      }),
    )
  })

  test('is exact while there is room', () => {
    const sketch = new SpaceSaving(PLACES, () => undefined)
    for (const key of ['a', 'b', 'a', 'c', 'a']) sketch.add(key)
    expect([...sketch.values()].map(({ count, error }) => [count, error])).toEqual([
      [3, 0],
      [1, 0],
      [1, 0],
    ])
  })

  test('what is held of a key goes when it has to make room', () => {
    const sketch = new SpaceSaving<string[]>(1, () => [])
    sketch.add('a').held.push('of a')
    expect(sketch.add('b')).toEqual({ count: 2, error: 1, held: [] })
  })

  test('can begin anew', () => {
    const sketch = new SpaceSaving(PLACES, () => undefined)
    sketch.add('a')
    sketch.clear()
    expect([...sketch.values()]).toEqual([])
  })
})
