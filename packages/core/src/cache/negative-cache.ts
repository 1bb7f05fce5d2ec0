import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.ts'

/**
 * Tokens that the authorization server called inactive. A store of its own: a flood of junk never displaces a verified
 * token. Entries are forgotten by capacity only, so that an outage cannot make an inactive token undecided again.
 */
export class NegativeCache {
  readonly #clock: Clock
  readonly #seen: LRUCache<string, number>
  readonly #ttl: number
  /** Tokens refused on what is known here, as those who ask count them. */
  hits = 0
  /** Entries that had to make room. */
  evicted = 0

  /** @param ttl Milliseconds for which an inactive token is refused without asking again. */
  constructor(entries: number, ttl: number, clock: Clock) {
    this.#clock = clock
    this.#ttl = ttl
    const dispose = (_at: number, _digest: string, reason: string): void => {
      if (reason === 'evict') this.evicted += 1
    }
    this.#seen = new LRUCache({ max: entries, dispose })
  }

  add(digest: string): void {
    this.#seen.set(digest, this.#clock.monotonic())
  }

  delete(digest: string): void {
    this.#seen.delete(digest)
  }

  /** `fresh`: refuse at once. `old`: ask again, and refuse if nobody can tell. */
  judge(digest: string): 'fresh' | 'old' | undefined {
    const seenAt = this.#seen.get(digest)
    if (seenAt === undefined) return undefined
    return this.#clock.monotonic() - seenAt < this.#ttl ? 'fresh' : 'old'
  }

  get entries(): number {
    return this.#seen.size
  }
}
