import type { Cancel, Clock } from '../ports/clock.ts'
import { HttpError } from '../ports/http.ts'

/**
 * Runs work under one total deadline in milliseconds. The signal ends a slow drip as well as a silent server; work that
 * does not listen to it, such as a secret that is never read, is left behind.
 *
 * @throws {HttpError} `timeout`
 */
export async function withDeadline<T>(ms: number, clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let cancel: Cancel | undefined
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      controller.abort()
      reject(new HttpError('timeout'))
    })
  })
  try {
    return await Promise.race([work(controller.signal), late])
  } finally {
    cancel?.()
  }
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
