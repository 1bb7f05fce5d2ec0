import { setImmediate } from 'node:timers/promises'
import type { Duration } from '@holdfast/core'
import type { TestClock } from '@holdfast/testing'

/** Lets real events happen, such as a request arriving over its socket, until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate()
}

/**
 * What is being waited for, where the wait ends by virtual time: the clock goes on once the request has arrived and set its
 * timer, and not before, however slow the machine.
 */
export async function inVirtualTime<T>(clock: TestClock, pending: Promise<T>, step: Duration = '100ms'): Promise<T> {
  const timers = clock.timers
  const state = { over: false }
  const end = (): void => {
    state.over = true
  }
  pending.then(end, end)
  while (!state.over) {
    if (clock.timers > timers) await clock.advance(step)
    await setImmediate()
  }
  return pending
}
