import type { Clock } from '../ports/clock.ts'

/** Seconds that are looked back. */
const SECONDS = 10

/** Calls of the last ten seconds, by second: how many were answered, and how many were not. */
export class RecentOutcomes {
  readonly #clock: Clock
  readonly #answered = Array.from({ length: SECONDS }, () => 0)
  readonly #failed = Array.from({ length: SECONDS }, () => 0)
  #second: number
  /** False where nothing that failed is counted: then there is nothing to add up, and no need for the time. */
  #someFailed = false

  constructor(clock: Clock) {
    this.#clock = clock
    this.#second = this.#now()
  }

  record(answered: boolean): void {
    this.#turn()
    const counts = answered ? this.#answered : this.#failed
    counts[this.#second % SECONDS]! += 1
    this.#someFailed ||= !answered
  }

  get failures(): number {
    if (!this.#someFailed) return 0
    this.#turn()
    const failures = sum(this.#failed)
    this.#someFailed = failures > 0
    return failures
  }

  /** Failed calls as a part of all; 0 where there were none. */
  get failureShare(): number {
    const { failures } = this
    return failures === 0 ? 0 : failures / (failures + sum(this.#answered))
  }

  clear(): void {
    this.#answered.fill(0)
    this.#failed.fill(0)
    this.#someFailed = false
  }

  /** Empties the seconds that have passed unused. */
  #turn(): void {
    const now = this.#now()
    for (let passed = Math.min(SECONDS, now - this.#second); passed > 0; passed -= 1) {
      const slot = (now - passed + 1) % SECONDS
      this.#answered[slot] = this.#failed[slot] = 0
    }
    this.#second = now
  }

  #now(): number {
    return Math.floor(this.#clock.monotonic() / 1_000)
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
