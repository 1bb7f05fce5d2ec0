import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.ts'

/** Milliseconds for which a source that was served, or that sent a token that turned out inactive, has to stand back. */
const BUSY = { served: 30_000, inactive: 300_000 } as const
const MAX_SOURCES = 10_000

/**
 * Where unknown tokens come from. A source whose token was looked up lately stands behind those that waited longer, so
 * that one sender, however fast, does not take the whole share of the unknown; one that sends junk stands back longer.
 */
export class Sources {
  readonly #clock: Clock
  /** Source to monotonic milliseconds at which it is quiet again. */
  readonly #busyUntil = new LRUCache<string, number>({ max: MAX_SOURCES })

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A request without a source might come from anywhere: it is never taken for quiet. To look keeps nothing longer. */
  isQuiet(source: string | undefined): boolean {
    return source !== undefined && (this.#busyUntil.peek(source) ?? -Infinity) <= this.#clock.monotonic()
  }

  served(source: string | undefined): void {
    this.#busyFor(source, BUSY.served)
  }

  sentInactive(source: string | undefined): void {
    this.#busyFor(source, BUSY.inactive)
  }

  #busyFor(source: string | undefined, ms: number): void {
    if (source === undefined) return
    const until = this.#clock.monotonic() + ms
    this.#busyUntil.set(source, Math.max(until, this.#busyUntil.peek(source) ?? 0))
  }
}
