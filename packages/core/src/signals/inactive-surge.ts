import { Repeat } from './repeat.ts'
import { SlidingCount } from './sliding-count.ts'

export interface SurgeBounds {
  /** Tokens that turned inactive, at least. */
  readonly count: number
  /** The part of all that were asked about again, which has to be exceeded. */
  readonly share: number
  /** Milliseconds. */
  readonly window: number
}

/**
 * Tokens known to be good that turn inactive, many at once: nobody logs out so many users, but an authorization server that
 * lost its data calls all of them inactive. Looks at answers about known tokens, which are asked about again all the time.
 */
export class InactiveSurge {
  readonly #bounds: SurgeBounds
  readonly #asked: SlidingCount
  readonly #inactive: SlidingCount
  readonly #repeat: Repeat = new Repeat()

  constructor(bounds: SurgeBounds) {
    this.#bounds = bounds
    this.#asked = new SlidingCount(bounds.window)
    this.#inactive = new SlidingCount(bounds.window)
  }

  /**
   * An answer about a token that was known to be good.
   *
   * @param now Monotonic milliseconds.
   * @returns How many turned inactive, where that is to be told now.
   */
  note(isActive: boolean, now: number): number | undefined {
    this.#asked.add(now)
    if (isActive) return undefined
    this.#inactive.add(now)
    const count = this.#inactive.at(now)
    const isSurge = count >= this.#bounds.count && count > this.#asked.at(now) * this.#bounds.share
    return isSurge && this.#repeat.mayTell(now) ? count : undefined
  }
}
