import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LocalReplays } from '../../../src/bind/dpop/local-replays.ts'
import type { AuthError } from '../../../src/errors.ts'

/** A memory in time that the test sets. */
function memory(entries = 10): { readonly replays: LocalReplays; readonly time: { now: number } } {
  const time = { now: 1_000_000 }
  const clock = { wall: () => time.now, monotonic: () => time.now, after: () => () => undefined }
  return { replays: new LocalReplays(entries, clock), time }
}

/** Whether it took the proof, or why it could not say. */
function consumed(replays: LocalReplays, key: string, until: number, signer = key): boolean | string {
  try {
    return replays.consume(key, until, signer)
  } catch (error) {
    return (error as AuthError).reason
  }
}

describe('a memory of proofs', () => {
  test('takes each once, until its time is over', () => {
    const { replays, time } = memory()
    const until = time.now + 60_000
    expect([
      replays.consume('a', until, 'a'),
      replays.consume('b', until, 'b'),
      replays.consume('a', until, 'a'),
    ]).toEqual([true, true, false])
    expect([replays.has('a', until), replays.has('c', until)]).toEqual([true, false])
    expect(replays.status).toEqual({ entries: 2, limit: 10 })
    time.now = until - 1
    expect(replays.consume('a', until, 'a')).toBe(false)
    time.now = until + 5_000
    expect(replays.consume('c', time.now + 60_000, 'c')).toBe(true)
    expect(replays.status.entries).toBe(1)
    time.now += 120_000
    expect(replays.status.entries).toBe(0)
  })

  test('makes no room by forgetting what has not had its time', () => {
    const { replays, time } = memory(2)
    const until = time.now + 60_000
    expect([consumed(replays, 'a', until), consumed(replays, 'b', until)]).toEqual([true, true])
    expect(consumed(replays, 'c', until)).toBe('replay_memory_full')
    expect(consumed(replays, 'a', until)).toBe(false)
    time.now = until + 5_000
    expect(consumed(replays, 'c', time.now + 60_000)).toBe(true)
  })

  test('does not say that a proof is new when its time may have been before', () => {
    const { replays, time } = memory()
    const until = time.now + 10_000
    replays.consume('a', until, 'a')
    time.now = until + 60_000
    replays.consume('b', time.now + 10_000, 'b')
    time.now = until - 5_000 // the clock was set back
    expect(consumed(replays, 'a', until)).toBe('replay_memory_full')
  })

  test('leaves room for others when one key fills it, and only then', () => {
    const { replays, time } = memory(100)
    const until = time.now + 60_000
    const flood = (signer: string): number => {
      let taken = 0
      while (consumed(replays, `${signer} ${taken}`, time.now + 60_000 + 1_000 * taken, signer) === true) taken += 1
      return taken
    }
    expect(flood('one')).toBe(75)
    expect(consumed(replays, 'a', until)).toBe(true)
    expect(flood('other')).toBe(18)
    expect(consumed(replays, 'b', until)).toBe(true)
    time.now += 240_000
    expect(flood('one')).toBe(75)
    expect(replays.status.entries).toBe(75)
  })

  test('counts what a key still holds when a part of that is over', () => {
    const { replays, time } = memory(8)
    const [soon, late] = [time.now + 5_000, time.now + 60_000]
    const consumedFor = (until: number, ...keys: string[]) => keys.map((key) => consumed(replays, key, until, 'one'))
    expect(consumedFor(soon, 'a', 'b')).toEqual([true, true])
    expect(consumedFor(late, 'c', 'd', 'e', 'f', 'g')).toEqual([true, true, true, true, 'replay_memory_full'])
    time.now = soon
    expect(replays.status.entries).toBe(4)
    expect(consumedFor(late, 'g', 'h', 'i')).toEqual([true, true, 'replay_memory_full'])
    time.now = late
    expect(replays.status.entries).toBe(0)
    expect(consumedFor(late + 60_000, 'j', 'k', 'l', 'm', 'n', 'o', 'p')).toEqual([
      ...Array<boolean>(6).fill(true),
      'replay_memory_full',
    ])
  })

  test('takes once what comes when its time is over', () => {
    const { replays, time } = memory()
    const until = time.now - 1_000
    expect([consumed(replays, 'a', until), consumed(replays, 'a', until)]).toEqual([true, false])
  })

  test('takes no proof twice, whatever time does', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      wait: fc.integer({ min: -20_000, max: 40_000 }),
      life: fc.integer({ min: 0, max: 90_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { replays, time } = memory(20)
        // A proof says itself until when it counts.
        const untils = new Map<string, number>()
        const taken = new Set<string>()
        for (const { key, wait, life } of steps) {
          time.now += wait
          const until = untils.get(key) ?? time.now + life
          untils.set(key, until)
          if (consumed(replays, key, until) !== true) continue
          expect(taken.has(key)).toBe(false)
          taken.add(key)
        }
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})
