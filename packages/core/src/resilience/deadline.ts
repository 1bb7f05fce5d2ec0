import type { Clock } from '../ports/clock.ts'
import { Ending } from '../ports/ending.ts'
import { HttpError } from '../ports/http.ts'

/**
 * Runs work under one total deadline in milliseconds. The signal ends a slow drip as well as a silent server; work that
 * does not listen to it, such as a secret that is never read, is left behind.
 *
 * @throws {HttpError} `timeout`
 */
export function withDeadline<T>(ms: number, clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return withEnding(ms, clock, async (ending) => work(ending.signal))
}

/**
 * The same for work that can do without a signal.
 *
 * @param work Rejects and does not throw.
 * @param told What the deadline is told as.
 */
export function withEnding<T>(
  ms: number,
  clock: Clock,
  work: (ending: Ending) => Promise<T>,
  told: (error: HttpError) => Error = (error) => error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const ending = new Ending()
    const cancel = clock.after(ms, () => {
      ending.end()
      reject(told(new HttpError('timeout')))
    })
    const inTime = (settle: (outcome: T) => void) => (outcome: T) => {
      cancel()
      settle(outcome)
    }
    work(ending).then(inTime(resolve), inTime(reject))
  })
}

/** What {@link waitAtMost} resolves to when the wait ended before the work. */
export const STILL_RUNNING: unique symbol = Symbol('still running')

/**
 * Waits for shared work, at most `ms` milliseconds and no longer than the caller stays. The work goes on: it belongs to
 * its source. `work` must not reject.
 */
export function waitAtMost<T>(
  work: Promise<T>,
  ms: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<T | typeof STILL_RUNNING> {
  return new Promise((resolve) => {
    const leave = (): void => settle(STILL_RUNNING)
    const cancel = clock.after(ms, leave)
    const settle = (value: T | typeof STILL_RUNNING): void => {
      cancel()
      signal?.removeEventListener('abort', leave)
      resolve(value)
    }
    if (signal?.aborted) return leave()
    signal?.addEventListener('abort', leave, { once: true })
    void work.then(settle)
  })
}
