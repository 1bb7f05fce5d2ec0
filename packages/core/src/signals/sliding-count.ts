/** Parts of a window: what is counted leaves it one part at a time. */
const PARTS = 10

/**
 * How often something happened in the last while. Nothing older than the window is counted, and everything younger than
 * nine tenths of it is.
 */
export class SlidingCount {
  readonly #part: number
  readonly #counts: number[] = Array.from({ length: PARTS }, () => 0)
  /** Which part of all time was counted last. */
  #newest = 0
  #total = 0

  /** @param window Milliseconds. */
  constructor(window: number) {
    this.#part = window / PARTS
  }

  /** @param now Monotonic milliseconds. */
  add(now: number): void {
    this.#moveTo(now)
    this.#counts[this.#newest % PARTS]! += 1
    this.#total += 1
  }

  /** @param now Monotonic milliseconds. */
  at(now: number): number {
    this.#moveTo(now)
    return this.#total
  }

  #moveTo(now: number): void {
    const newest = Math.floor(now / this.#part)
    const passed = Math.min(PARTS, newest - this.#newest)
    for (let back = 0; back < passed; back += 1) {
      const part = (newest - back) % PARTS
      this.#total -= this.#counts[part]!
      this.#counts[part] = 0
    }
    this.#newest = Math.max(this.#newest, newest)
  }
}
