import { type Cancel, systemClock } from '@holdfast/core'
import { forward, type TestClock, wallOf } from './test-clock.ts'

interface RunningTimer {
  /** Shifted monotonic milliseconds. */
  readonly at: number
  readonly run: () => void
  cancel: Cancel
}

/**
 * The machine's clock with a shifted now, for tests with real sockets: time passes by itself, {@link TestClock.advance}
 * adds to it. Timers are real ones; those that a shift makes due run at once, in order. Awaiting `advance` waits for
 * them, not for the sockets they write to.
 */
export function shiftedClock(): TestClock {
  const timers = new Set<RunningTimer>()
  let shift = 0
  let wallShift = 0

  const monotonic = (): number => systemClock.monotonic() + shift

  function arm(timer: RunningTimer): void {
    timer.cancel = systemClock.after(Math.max(0, timer.at - monotonic()), () => {
      timers.delete(timer)
      timer.run()
    })
  }

  return {
    wall: () => systemClock.wall() + wallShift,
    monotonic,
    after(ms: number, run: () => void): Cancel {
      const timer: RunningTimer = { at: monotonic() + ms, run, cancel: () => undefined }
      timers.add(timer)
      arm(timer)
      return () => {
        timers.delete(timer)
        timer.cancel()
      }
    },
    advance(by) {
      const ms = forward(by)
      shift += ms
      wallShift += ms
      for (const timer of [...timers].toSorted((one, other) => one.at - other.at)) {
        timer.cancel()
        arm(timer)
      }
      // Timers of the same length run in the order in which they were set, so this one is behind all that are due.
      return new Promise<void>((resolve) => setTimeout(resolve, 0))
    },
    setWall: (to) => {
      wallShift = wallOf(to) - systemClock.wall()
    },
    get timers() {
      return timers.size
    },
  }
}
