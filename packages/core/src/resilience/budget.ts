import type { Clock } from '../ports/clock.ts'

/** A token bucket: so many at once, one more each `interval` milliseconds. */
export class Budget {
  readonly #burst: number
  readonly #interval: number
  readonly #clock: Clock
  #left: number
  #refilledAt: number

  constructor(burst: number, interval: number, clock: Clock) {
    this.#burst = this.#left = burst
    this.#interval = interval
    this.#clock = clock
    this.#refilledAt = clock.monotonic()
  }

  /** Takes one if there is one. Claimed before the attempt it pays for, whatever its result. */
  take(): boolean {
    this.#refill()
    if (this.#left === 0) return false
    this.#left -= 1
    return true
  }

  /** Milliseconds until there is one to take. */
  get wait(): number {
    this.#refill()
    return this.#left > 0 ? 0 : this.#refilledAt + this.#interval - this.#clock.monotonic()
  }

  #refill(): void {
    const now = this.#clock.monotonic()
    if (this.#left === this.#burst) this.#refilledAt = now
    const earned = Math.floor((now - this.#refilledAt) / this.#interval)
    if (earned <= 0) return
    this.#left = Math.min(this.#burst, this.#left + earned)
    this.#refilledAt += earned * this.#interval
  }
}
