import { Repeat } from './repeat.ts'
import { SlidingCount } from './sliding-count.ts'

/** Something that is usual now and then, and a sign when it comes often. */
export class Burst {
  readonly #from: number
  readonly #recent: SlidingCount
  readonly #repeat: Repeat = new Repeat()

  /** @param from How many within `window` milliseconds are worth a word. */
  constructor({ count, window }: { readonly count: number; readonly window: number }) {
    this.#from = count
    this.#recent = new SlidingCount(window)
  }

  /**
   * One more.
   *
   * @param now Monotonic milliseconds.
   * @returns How many, where that is to be told now.
   */
  note(now: number): number | undefined {
    this.#recent.add(now)
    const count = this.#recent.at(now)
    return count >= this.#from && this.#repeat.mayTell(now) ? count : undefined
  }
}
