import { LRUCache } from 'lru-cache'
import type { Clock } from '../ports/clock.ts'

export interface Cacheable {
  /** What the entry is reckoned to occupy. */
  readonly bytes: number
  /** Monotonic milliseconds at which its key first came in. Written by the cache. */
  admittedAt: number
  /** Seconds since 1970 after which it is of no use, where that is known. */
  readonly expiresAt?: number | undefined
}

export interface CacheBounds {
  readonly entries: number
  readonly bytes: number
}

/** The part for newcomers; the rest is for those that proved themselves. */
const PROBATION = 0.2
/** Milliseconds: a token used again after so long is used by somebody who keeps it. */
const PROMOTE_AFTER = 10_000

/**
 * A least-recently-used store in two segments. Newcomers are on probation; a use at least 10 s after admission promotes
 * them; what the protected segment pushes out gets one more chance on probation, unless it would only be in the way
 * there because it has expired. Tokens made for one call, however many, only push out each other. Freshness is computed
 * when an entry is read.
 */
export class RecencyCache<T extends Cacheable> {
  readonly #clock: Clock
  readonly #probation: LRUCache<string, T>
  readonly #protected: LRUCache<string, T>
  /** Hears of what came in and what was taken out, so that it can be kept; not of what had to make room. */
  onChange: (change: 'set' | 'deleted', key: string) => void = () => undefined
  /** Makes an entry that an earlier process had, for who asks first. It is protected: it has been in use for a while. */
  earlier: ((key: string) => T | undefined) | undefined

  constructor(bounds: CacheBounds, clock: Clock) {
    this.#clock = clock
    const newcomers = Math.max(1, Math.round(bounds.entries * PROBATION))
    this.#probation = new LRUCache<string, T>({
      max: newcomers,
      maxSize: Math.max(1, Math.round(bounds.bytes * PROBATION)),
      sizeCalculation: bytesOf,
    })
    this.#protected = new LRUCache<string, T>({
      max: Math.max(1, bounds.entries - newcomers),
      maxSize: Math.max(1, Math.round(bounds.bytes * (1 - PROBATION))),
      sizeCalculation: bytesOf,
      dispose: (value, key, reason) => {
        if (reason === 'evict' && !this.#hasExpired(value)) this.#probation.set(key, value)
      },
    })
  }

  /** The entry, now the most recently used. */
  get(key: string): T | undefined {
    const kept = this.#protected.get(key)
    if (kept) return kept
    const newcomer = this.#probation.get(key)
    if (newcomer && this.#clock.monotonic() - newcomer.admittedAt >= PROMOTE_AFTER) {
      this.#probation.delete(key)
      this.#protected.set(key, newcomer)
    }
    return newcomer ?? this.#wake(key)
  }

  /** The entry, its recency unchanged. */
  peek(key: string): T | undefined {
    return this.#held(key) ?? this.#wake(key)
  }

  /** Puts an entry in, or newer knowledge in the place of older: a renewal is no new admission. */
  set(key: string, value: T): void {
    const previous = this.#held(key)
    value.admittedAt = previous?.admittedAt ?? this.#clock.monotonic()
    if (this.#protected.has(key)) this.#protected.set(key, value)
    else this.#probation.set(key, value)
    this.onChange('set', key)
  }

  /** Takes an entry out; said also where there is none: what is kept elsewhere may have it. */
  delete(key: string): void {
    this.#protected.delete(key)
    this.#probation.delete(key)
    this.onChange('deleted', key)
  }

  /** All entries, in the order in which they would survive: the protected ones by recency, then newcomers by recency. */
  ranked(): T[] {
    return [...this.#protected.values(), ...this.#probation.values()]
  }

  clear(): void {
    this.#protected.clear()
    this.#probation.clear()
  }

  get entries(): number {
    return this.#protected.size + this.#probation.size
  }

  get bytes(): number {
    return this.#protected.calculatedSize + this.#probation.calculatedSize
  }

  #hasExpired({ expiresAt }: T): boolean {
    return expiresAt !== undefined && this.#clock.wall() >= expiresAt * 1_000
  }

  #held(key: string): T | undefined {
    return this.#protected.peek(key) ?? this.#probation.peek(key)
  }

  #wake(key: string): T | undefined {
    const value = this.earlier?.(key)
    if (!value) return undefined
    value.admittedAt = this.#clock.monotonic()
    this.#protected.set(key, value)
    return value
  }
}

const bytesOf = (entry: Cacheable): number => Math.max(1, entry.bytes)
