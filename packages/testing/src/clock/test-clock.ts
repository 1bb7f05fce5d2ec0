import { setImmediate } from 'node:timers' // bound before a test framework can replace the global one
import type { Cancel, Clock, Duration } from '@holdfast/core'
import { milliseconds } from '../duration.ts'
import { type Timer, timerQueue } from './timer-queue.ts'

/** A clock that a test moves. */
export interface TestClock extends Clock {
  /**
   * Moves both clocks forward.
   *
   * Awaited, time passes: every timer that falls due runs in order, at its own moment, and promise chains settle before
   * the next one, so that what a timer starts can set timers of its own that fall due, too. Not awaited, time jumps, as
   * when a machine was asleep: the new time holds at once, and timers that were due run late, one turn later.
   *
   * Work in other threads, such as `crypto` callbacks and sockets, is not waited for.
   */
  advance(by: Duration): PromiseLike<void>
  /** Sets the wall clock alone, forward or back, as an operator or NTP may. Runs no timer. */
  setWall(to: Date | string | number): void
  /** Timers that are set. */
  readonly timers: number
}

export interface TestClockOptions {
  /** The wall clock at the start. Default: 2026-01-01T00:00:00Z. */
  readonly start?: Date | string | number
}

const START = '2026-01-01T00:00:00Z'

/** Virtual time: it stands still until the test moves it. */
export function testClock({ start = START }: TestClockOptions = {}): TestClock {
  const timers = timerQueue()
  let now = 0
  /** The wall clock when `now` was 0. */
  let epoch = wallOf(start)
  let goal = 0
  let walk: Promise<void> | undefined
  /** Where the latest jump began, until somebody looks at the clock: so long it can still become a walk. */
  let jumpedFrom: number | undefined

  function look(): number {
    jumpedFrom = undefined
    return now
  }

  function runOverdueSoon(): void {
    setImmediate(() => {
      if (walk) return // it runs them, each at its moment
      look()
      for (let timer = timers.take(now); timer; timer = timers.take(now)) timer.run()
    })
  }

  async function walkToGoal(): Promise<void> {
    try {
      await settled()
      for (let timer = timers.take(goal); timer; timer = timers.take(goal)) {
        now = Math.max(now, timer.at)
        timer.run()
        await settled()
      }
    } finally {
      now = goal
      walk = undefined
    }
  }

  return {
    wall: () => epoch + look(),
    monotonic: look,
    after(ms: number, run: () => void): Cancel {
      const timer: Timer = { at: look() + Math.max(0, ms), run }
      timers.add(timer)
      if (ms <= 0) runOverdueSoon()
      return () => timers.remove(timer)
    },
    advance(by) {
      const ms = forward(by)
      goal = (walk ? goal : now) + ms
      if (walk) return walk
      const from = now
      jumpedFrom = from
      now = goal
      runOverdueSoon()
      return whenAwaited(() => {
        if (jumpedFrom !== from) return walk ?? settled()
        now = from
        jumpedFrom = undefined
        return (walk = walkToGoal())
      })
    },
    setWall: (to) => {
      epoch = wallOf(to) - now
    },
    get timers() {
      return timers.size
    },
  }
}

/** Milliseconds since 1970. @throws {RangeError} for what is no date. */
export function wallOf(time: Date | string | number): number {
  const ms = new Date(time).getTime()
  if (Number.isNaN(ms)) throw new RangeError(`${JSON.stringify(time)} is not a date`)
  return ms
}

/** @throws {RangeError} for a negative duration. */
export function forward(by: Duration): number {
  const ms = milliseconds(by)
  if (ms < 0) throw new RangeError('a clock only goes forward; setWall() sets the wall clock back')
  return ms
}

/** Turns of the event loop: enough for chains that themselves defer once or twice. */
const TURNS = 3

async function settled(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

/**
 * A promise that begins its work when it is awaited. `await` reads `then` before anything else can run, which is the
 * only moment at which "time passes" can still be told from "time jumps".
 */
function whenAwaited(begin: () => Promise<void>): PromiseLike<void> {
  let work: Promise<void> | undefined
  return {
    // oxlint-disable-next-line unicorn/no-thenable -- being awaited is what it is for
    get then() {
      work ??= begin()
      return work.then.bind(work)
    },
  }
}
