import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.ts'

export interface ForgottenBounds {
  /** Tokens whose answers are kept somewhere. */
  readonly known: number
  /** Other tokens: anybody can make us forget these, so they push out only each other. */
  readonly strangers: number
}

/**
 * Which tokens' answers were called back, and when: by an `active: false`, or by an order to forget. What a store kept of
 * an answer from before that moment does not come back. Bounded without a hole: where there is no room, everything as old
 * as the one that had to go counts as called back.
 */
export class ForgottenAnswers {
  readonly #clock: Clock
  readonly #bounds: ForgottenBounds
  /** Digest to wall milliseconds. */
  readonly #at = new Map<string, number>()
  readonly #strangers: LRUCache<string, number>
  /** Wall milliseconds. */
  #allBefore = 0

  constructor(bounds: ForgottenBounds, clock: Clock) {
    this.#clock = clock
    this.#bounds = bounds
    this.#strangers = new LRUCache({ max: bounds.strangers })
  }

  /** The answer to this token, which is kept somewhere, was called back now. */
  add(digest: string): void {
    this.#put(digest, this.#clock.wall())
  }

  /** The same where no kept answer is known; another process may keep one. */
  addStranger(digest: string): void {
    this.#strangers.set(digest, this.#clock.wall())
  }

  /** Everything from before now counts as called back. */
  addAll(): void {
    this.#allBefore = this.#clock.wall()
  }

  /** @param since Wall milliseconds at which the call behind the answer began. */
  has(digest: string, since: number): boolean {
    return since <= this.#allBefore || since <= (this.#at.get(digest) ?? -1)
  }

  /** The same; a stranger whose answer turns up here is none any more. @returns `'new'` when that has to be kept. */
  recognise(digest: string, since: number): boolean | 'new' {
    if (this.has(digest, since)) return true
    const at = this.#strangers.get(digest)
    if (at === undefined || since > at) return false
    this.#strangers.delete(digest)
    this.#put(digest, at)
    return 'new'
  }

  serialize(): string {
    return JSON.stringify({ allBefore: this.#allBefore, forgotten: [...this.#at] })
  }

  /** Adds what another process recorded. @returns False when the text is no such record. */
  restore(text: string): boolean {
    try {
      const { allBefore, forgotten } = JSON.parse(text) as { allBefore: unknown; forgotten: [unknown, unknown][] }
      if (!Number.isFinite(allBefore) || !forgotten.every(isEntry)) return false
      this.#allBefore = Math.max(this.#allBefore, allBefore as number)
      for (const [digest, at] of forgotten as [string, number][]) this.#put(digest, at)
      return true
    } catch {
      return false
    }
  }

  #put(digest: string, at: number): void {
    this.#at.set(digest, Math.max(at, this.#at.get(digest) ?? 0))
    if (this.#at.size <= this.#bounds.known) return
    // A fifth at once: sorting for each new one would cost more than all the rest.
    const earliest = [...this.#at].toSorted(([, one], [, other]) => one - other)
    for (const [gone, goneAt] of earliest.slice(0, Math.ceil(this.#bounds.known / 5))) {
      this.#at.delete(gone)
      this.#allBefore = Math.max(this.#allBefore, goneAt)
    }
  }
}

function isEntry([digest, at]: readonly unknown[]): boolean {
  return typeof digest === 'string' && Number.isFinite(at)
}
