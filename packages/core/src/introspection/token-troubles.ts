import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.ts'
import { Trouble } from './introspector.ts'

/** Milliseconds for which a token that caused trouble is not asked about again. */
const APART_MS = 10_000
/** The least of it where an answer came that could not be judged. */
const UNJUDGED_MS = 1_000
const MAX_APART = 1_000
/** Trouble with so many different tokens, and no answer between, is the endpoint's. */
const TOKENS = 3

/**
 * Tells the trouble of one token from the trouble of the endpoint. Whoever can make a server, or a firewall before it,
 * answer 500 or 403 to one odd token must not be able to close the endpoint for everybody else.
 */
export class TokenTroubles {
  readonly #clock: Clock
  readonly #apart = new LRUCache<string, { readonly until: number; readonly trouble: Trouble }>({ max: MAX_APART })
  /** Digests of the tokens with trouble since the last answer; no more than it takes. */
  readonly #since = new Set<string>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes trouble that may be the token's own. @returns True when it is the endpoint's after all. */
  note(digest: string, trouble: Trouble): boolean {
    if (this.#since.size < TOKENS) this.#since.add(digest)
    if (this.#since.size >= TOKENS) {
      this.#apart.clear() // none of them was to blame
      return true
    }
    this.#setApart(digest, trouble, Math.max(APART_MS, trouble.pause))
    return false
  }

  /**
   * Notes that an answer came and could not be judged, which speaks neither against the token nor against the endpoint. To
   * ask again is of no use as long as what it takes to judge is not even looked for.
   */
  noteUnjudged(digest: string, trouble: Trouble): void {
    this.#setApart(digest, trouble, Math.min(APART_MS, Math.max(UNJUDGED_MS, trouble.pause)))
  }

  #setApart(digest: string, trouble: Trouble, ms: number): void {
    this.#apart.set(digest, { until: this.#clock.monotonic() + ms, trouble })
  }

  /** Notes that some token was answered: what went before was no trouble of the endpoint. */
  answered(): void {
    this.#since.clear()
  }

  /** The trouble of a token that is kept apart for now. */
  of(digest: string): Trouble | undefined {
    const known = this.#apart.size === 0 ? undefined : this.#apart.get(digest)
    const left = known ? known.until - this.#clock.monotonic() : 0
    return known && left > 0 ? new Trouble(known.trouble.kind, { cause: known.trouble.cause, pause: left }) : undefined
  }
}
