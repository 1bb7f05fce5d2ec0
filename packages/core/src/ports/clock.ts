/** Cancels a timer; harmless when it has fired. */
export type Cancel = () => void

/**
 * Time. Claims are compared with the wall clock, ages with both clocks, waits with the monotonic one.
 * Timers are one-shot and never keep a process alive.
 */
export interface Clock {
  /** Milliseconds since 1970; may jump. */
  wall(): number
  /** Milliseconds since some fixed moment; never goes back. */
  monotonic(): number
  /** Runs `run` once after `ms` milliseconds. */
  after(ms: number, run: () => void): Cancel
}

/** The longest timer that Node knows: 24.8 days; a longer one would fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

/** The machine's clocks. */
export const systemClock: Clock = Object.freeze({
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms: number, run: () => void): Cancel {
    // Node cuts fractions and counts from a whole millisecond: without the one more, timers fire up to 2 ms early.
    const timer = setTimeout(run, Math.min(LONGEST_TIMER, Math.ceil(ms) + 1))
    timer.unref()
    return () => clearTimeout(timer)
  },
})

/** One moment on both clocks, in milliseconds. */
export interface Instant {
  readonly wall: number
  readonly monotonic: number
}

export function instantOf(clock: Clock): Instant {
  return { wall: clock.wall(), monotonic: clock.monotonic() }
}

/** Milliseconds since a moment: the larger of the two differences, so that a wall clock set back makes nothing younger. */
export function ageAt(since: Instant, now: Instant): number {
  return Math.max(now.wall - since.wall, now.monotonic - since.monotonic)
}

/** The same now. */
export function ageOf(since: Instant, clock: Clock): number {
  return ageAt(since, instantOf(clock))
}
