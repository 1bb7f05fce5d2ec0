/** Enough for the requests of one round. */
const MAX_TIMES = 262_144

/** How long a middleware takes until it hands on, request by request. */
export class Stopwatch {
  readonly #times = new Float64Array(MAX_TIMES)
  #count = 0

  /** @param micros Since the middleware was called. */
  add(micros: number): void {
    if (this.#count === MAX_TIMES) return
    this.#times[this.#count] = micros
    this.#count += 1
  }

  /** Median: a collection of garbage or another process hits few requests, and hard. 0 where none was timed. */
  take(): number {
    const sorted = this.#times.slice(0, this.#count).toSorted()
    this.#count = 0
    return sorted[sorted.length >> 1] ?? 0
  }
}
