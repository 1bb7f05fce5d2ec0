/** A one-shot timer. */
export interface Timer {
  /** Monotonic milliseconds. */
  readonly at: number
  readonly run: () => void
}

/** Timers in the order in which they are due; those due at the same moment in the order in which they were set. */
export interface TimerQueue {
  readonly size: number
  add(timer: Timer): void
  remove(timer: Timer): void
  /** Takes out the first timer that is due at `now`. */
  take(now: number): Timer | undefined
}

export function timerQueue(): TimerQueue {
  const timers: Timer[] = []

  /** Where a timer due at `at` goes, behind all that are due at the same moment. */
  function placeOf(at: number): number {
    let [low, high] = [0, timers.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (timers[middle]!.at <= at) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get size() {
      return timers.length
    },
    add: (timer) => void timers.splice(placeOf(timer.at), 0, timer),
    remove: (timer) => {
      const index = timers.lastIndexOf(timer, placeOf(timer.at) - 1)
      if (index !== -1) timers.splice(index, 1)
    },
    take: (now) => (timers.length > 0 && timers[0]!.at <= now ? timers.shift() : undefined),
  }
}
