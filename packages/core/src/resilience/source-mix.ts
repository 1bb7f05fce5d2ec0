import type { Clock } from '../ports/clock.ts'

/** The part of new tokens from one source above which many callers hide behind one address. */
const SHARE = 0.9
/** Fewer new tokens say nothing. */
const ENOUGH = 200
/** Milliseconds. A burst of one caller, such as a start, is over sooner. */
const SHORTEST = 60_000
/** Milliseconds after which what was seen counts no more. */
const LONGEST = 300_000

/**
 * Notices when nearly all new tokens come from one source, as behind a proxy that nobody told the framework about. Keeps
 * one source at a time, as a majority vote does: it counts that source since it took over, and gives it up for another
 * when the others outnumber it. Constant time and memory.
 */
export class SourceMix {
  readonly #clock: Clock
  #startedAt = 0
  #source: string | undefined
  #same = 0
  #others = 0
  #said = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * @param source Where a token that was never seen before came from.
   * @returns True once in a lifetime: when more than 90 % of at least 200 new tokens, over at least a minute of the last
   *   five, came from one source.
   */
  observe(source: string): boolean {
    if (this.#said) return false
    const now = this.#clock.monotonic()
    if (this.#source === undefined || now - this.#startedAt >= LONGEST) this.#start(source, now)
    if (source === this.#source) this.#same += 1
    else this.#others += 1
    if (this.#others > this.#same) this.#start(undefined, now)
    const all = this.#same + this.#others
    this.#said = all >= ENOUGH && this.#same > SHARE * all && now - this.#startedAt >= SHORTEST
    return this.#said
  }

  #start(source: string | undefined, now: number): void {
    this.#source = source
    this.#startedAt = now
    this.#same = this.#others = 0
  }
}
