import { describe, expect, test } from 'vitest'
import { STILL_RUNNING, waitAtMost, withDeadline } from '../../src/resilience/deadline.ts'
import { deferred } from '../support/deferred.ts'
import { ManualClock } from '../support/manual-clock.ts'

const forever = (): Promise<never> => new Promise(() => undefined)

describe('withDeadline', () => {
  test('work that ends in time gives its result and leaves no timer', async () => {
    const clock = new ManualClock()
    expect([await withDeadline(100, clock, async () => 'done'), clock.timers]).toEqual(['done', 0])
  })

  test('work that fails leaves no timer', async () => {
    const clock = new ManualClock()
    await expect(withDeadline(100, clock, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(clock.timers).toBe(0)
  })

  test('the signal fires at the deadline and not before', async () => {
    const clock = new ManualClock()
    let seen: AbortSignal | undefined
    const ended = withDeadline(100, clock, (signal) => {
      seen = signal
      return forever()
    }).catch(() => undefined)
    await clock.advance(99)
    expect(seen?.aborted).toBe(false)
    await clock.advance(1)
    await ended
    expect(seen?.aborted).toBe(true)
  }) // IN-23

  test('work that does not listen to the signal is left behind', async () => {
    const clock = new ManualClock()
    const ended = withDeadline(100, clock, forever).catch((error: Error) => error.message)
    await clock.advance(100)
    expect(await ended).toBe('timeout')
  }) // IN-23
})

describe('waitAtMost', () => {
  test('work that ends in time gives its result and leaves no timer', async () => {
    const clock = new ManualClock()
    expect([await waitAtMost(Promise.resolve('done'), 100, clock), clock.timers]).toEqual(['done', 0])
  })

  test('the wait ends at its bound', async () => {
    const clock = new ManualClock()
    const waited = waitAtMost(forever(), 100, clock)
    await clock.advance(100)
    expect(await waited).toBe(STILL_RUNNING)
  })

  test('a caller who leaves ends his wait and nothing else', async () => {
    const clock = new ManualClock()
    const leaving = new AbortController()
    const { promise: work, resolve: finish } = deferred<string>()
    const left = waitAtMost(work, 100, clock, leaving.signal)
    const stays = waitAtMost(work, 100, clock)
    leaving.abort()
    expect(await left).toBe(STILL_RUNNING)
    finish('done')
    expect(await stays).toBe('done')
  }) // IN-36, XC-15

  test('a caller who has left already does not wait', async () => {
    const clock = new ManualClock()
    expect(await waitAtMost(forever(), 100, clock, AbortSignal.abort())).toBe(STILL_RUNNING)
    expect(clock.timers).toBe(0)
  }) // XC-15

  test('a wait that is over listens to its caller no more', async () => {
    const clock = new ManualClock()
    const { signal } = new AbortController()
    let listeners = 0
    const counted = Object.assign(Object.create(signal) as AbortSignal, {
      addEventListener: () => void (listeners += 1),
      removeEventListener: () => void (listeners -= 1),
    })
    Object.defineProperty(counted, 'aborted', { value: false })
    await waitAtMost(Promise.resolve(1), 100, clock, counted)
    expect(listeners).toBe(0)
  }) // XC-15
})
