import type { Clock } from '../ports/clock.ts'
import { type Cacheable, type Columns, WholeEntries } from './columns.ts'
import { DigestTable, RESERVED } from './digest-table.ts'
import { Segment } from './segment.ts'

export type { Cacheable } from './columns.ts'

/** The part that nobody takes from newcomers. What those that proved themselves leave free of theirs is newcomers', too. */
const PROBATION = 0.2
/** Octets: the most that a segment has a number for; no entry comes near. */
const LARGEST = 2 ** 31 - 1
/** Milliseconds: a token used again after so long is used by somebody who keeps it. */
const PROMOTE_AFTER = 10_000

export interface CacheBounds {
  readonly entries: number
  readonly bytes: number
}

/** Why entries left, since the start. */
export interface Evictions {
  /** They had to make room. */
  readonly capacity: number
  /** Their tokens had expired. */
  readonly expired: number
  /** They were no longer believed: called inactive, signed with a key that was withdrawn, or to be forgotten. */
  readonly dropped: number
}
export type EvictionReason = keyof Evictions

/** An entry as it stands, and what its place says of it. */
export interface Held<T> {
  readonly entry: T
  /** Monotonic milliseconds at which its key first came in: see {@link EARLIER}, too. */
  readonly admittedAt: number
  /** Whether it was found again since. */
  readonly cameAgain: boolean
}

/** When what an earlier process knew came in: before anything that this one learnt, and used then. */
const EARLIER = 1

/**
 * A least-recently-used store in two segments. Newcomers are on probation; a use at least 10 s after admission promotes
 * them; what the protected segment pushes out gets one more chance on probation, unless it would only be in the way
 * there because it has expired. Tokens made for one call, however many, only push out each other, and do that only once
 * the store is full: 10,000 clients that take turns fit into a store for 20,000 before one of them is promoted. Freshness
 * is computed when an entry is read. Keys are those of `keyOf`.
 */
export class RecencyCache<T extends Cacheable> {
  readonly #clock: Clock
  readonly #columns: Columns<T>
  readonly #table: DigestTable
  readonly #bounds: CacheBounds
  /** Of the protected segment. */
  readonly #mostProtected: CacheBounds
  /** Octets. An entry that would not fit beside all that may be protected is not kept. */
  readonly #largest: number
  readonly #probation: Segment
  readonly #protected: Segment
  readonly evicted: Record<EvictionReason, number> = { capacity: 0, expired: 0, dropped: 0 }
  /** Tokens that had to be verified, as those who ask count them: a store is asked more than once for one. */
  misses = 0
  /** Hears of what came in and what was taken out, so that it can be kept; not of what had to make room. */
  onChange: (change: 'set' | 'deleted', key: string) => void = () => undefined
  /** Hears of what an entry was just before it is replaced or leaves, for whatever reason. */
  leaving: ((key: string, held: Held<T>) => void) | undefined
  /** Makes an entry that an earlier process had, for who asks first. It is protected: it has been in use for a while. */
  earlier: ((key: string) => T | undefined) | undefined

  constructor({ entries, bytes }: CacheBounds, clock: Clock, columns: Columns<T> = new WholeEntries()) {
    this.#clock = clock
    this.#columns = columns
    const newcomers = { entries: partOf(entries), bytes: partOf(bytes) }
    this.#largest = Math.min(newcomers.bytes, LARGEST)
    this.#mostProtected = {
      entries: Math.max(1, entries - newcomers.entries),
      bytes: Math.max(1, bytes - newcomers.bytes),
    }
    this.#bounds = {
      entries: newcomers.entries + this.#mostProtected.entries,
      bytes: newcomers.bytes + this.#mostProtected.bytes,
    }
    this.#table = new DigestTable(this.#bounds.entries, 1 + columns.width)
    this.#probation = new Segment(this.#table, 0)
    this.#protected = new Segment(this.#table, 1)
  }

  /**
   * The entry, now the most recently used.
   *
   * @param now Monotonic milliseconds, where the clock has been read already.
   */
  get(key: string, now?: number): T | undefined {
    const place = this.#table.find(key)
    if (place === 0) return this.earlier && this.#wake(key)
    if (this.#protected.has(place)) this.#protected.use(place)
    else if ((now ?? this.#clock.monotonic()) - this.#admittedAt(place) >= PROMOTE_AFTER) this.#promote(place)
    else this.#useAgain(place)
    return this.#read(place, key)
  }

  /** The entry, its recency unchanged. */
  peek(key: string): T | undefined {
    const place = this.#table.find(key)
    return place === 0 ? this.#wake(key) : this.#read(place, key)
  }

  /** The entry and its standing, where it is in: nothing changes, and what an earlier process knew is let lie. */
  look(key: string): Held<T> | undefined {
    const place = this.#table.find(key)
    return place === 0 ? undefined : this.#held(place, key)
  }

  /** Puts an entry in, or newer knowledge in the place of older: a renewal is no new admission. */
  set(key: string, entry: T): void {
    const known = this.#table.find(key)
    const octets = octetsOf(entry)
    if (known === 0) {
      if (octets <= this.#largest) this.#add(this.#probation, key, entry, octets)
    } else this.#replace(known, entry, octets)
    this.onChange('set', key)
  }

  /** Takes an entry out; said also where there is none: what is kept elsewhere may have it. */
  delete(key: string): void {
    const place = this.#table.find(key)
    if (place !== 0) this.#drop(place, 'dropped')
    this.onChange('deleted', key)
  }

  /**
   * All entries, in the order in which they would survive: the protected ones by recency, then newcomers by recency. Made
   * one by one, 1 to 3 µs each, so that other work may go on between two of them: what has left by then is left out.
   */
  *ranked(): Generator<T, void> {
    for (const place of [...this.#protected.places(), ...this.#probation.places()]) {
      const isKept = this.#protected.has(place) || this.#probation.has(place)
      if (isKept) yield this.#read(place, this.#table.keyAt(place))
    }
  }

  /**
   * Entries in no order (at first, the last to come in first), without their keys, which take longest to make; and only
   * those whose numbers, from `at` on, are `wanted`: of the others none is made.
   */
  *sift(wanted: (numbers: Float64Array, at: number) => boolean): Generator<T, void> {
    for (let place = this.#table.end - 1; place >= RESERVED; place -= 1) {
      if (!this.#protected.has(place) && !this.#probation.has(place)) continue
      if (wanted(this.#table.numbers, this.#table.numbersAt(place) + 1)) yield this.#read(place, '')
    }
  }

  get entries(): number {
    return this.#protected.entries + this.#probation.entries
  }

  get bytes(): number {
    return this.#protected.bytes + this.#probation.bytes
  }

  #wake(key: string): T | undefined {
    const entry = this.earlier?.(key)
    if (!entry) return undefined
    const octets = octetsOf(entry)
    if (octets <= this.#largest) this.#add(this.#protected, key, entry, octets, -EARLIER)
    return entry
  }

  #add(segment: Segment, key: string, entry: T, octets: number, admittedAt: number = this.#clock.monotonic()): void {
    this.#makeRoom(segment, octets)
    const place = this.#table.add(key)
    segment.add(place, octets)
    this.#table.numbers[this.#table.numbersAt(place)] = admittedAt
    this.#put(place, entry)
  }

  #replace(place: number, entry: T, octets: number): void {
    const segment = this.#segmentOf(place)
    if (octets > this.#largest) return this.#drop(place, 'capacity')
    this.#tell(place)
    segment.remove(place)
    this.#makeRoom(segment, octets)
    segment.add(place, octets)
    this.#put(place, entry)
  }

  #useAgain(place: number): void {
    this.#markUsed(place)
    this.#probation.use(place)
  }

  #promote(place: number): void {
    this.#markUsed(place)
    const octets = this.#probation.octetsOf(place)
    this.#probation.remove(place)
    this.#makeRoom(this.#protected, octets)
    this.#protected.add(place, octets)
  }

  #makeRoom(segment: Segment, octets: number): void {
    if (segment === this.#protected) {
      while (!fits(octets, this.#protected, this.#mostProtected)) this.#demote(this.#protected.last)
    }
    while (!fits(octets, this, this.#bounds)) this.#drop(this.#probation.last, 'capacity')
  }

  #demote(place: number): void {
    if (this.#hasExpired(place)) return this.#drop(place, 'capacity')
    const octets = this.#protected.octetsOf(place)
    this.#protected.remove(place)
    this.#probation.add(place, octets)
  }

  #drop(place: number, why: 'capacity' | 'dropped'): void {
    this.#tell(place)
    this.evicted[this.#hasExpired(place) ? 'expired' : why] += 1
    this.#segmentOf(place).remove(place)
    this.#table.remove(place)
    this.#columns.clear(place)
  }

  #tell(place: number): void {
    if (this.leaving === undefined) return
    const key = this.#table.keyAt(place)
    this.leaving(key, this.#held(place, key))
  }

  #held(place: number, key: string): Held<T> {
    const admittedAt = this.#admittedAt(place)
    const cameAgain = this.#table.numbers[this.#table.numbersAt(place)]! < 0
    return { entry: this.#read(place, key), admittedAt, cameAgain }
  }

  #markUsed(place: number): void {
    this.#table.numbers[this.#table.numbersAt(place)] = -this.#admittedAt(place)
  }

  /** The first of a place's numbers: {@link Held.admittedAt}, negative once the key came again. */
  #admittedAt(place: number): number {
    return Math.abs(this.#table.numbers[this.#table.numbersAt(place)]!)
  }

  #put(place: number, entry: T): void {
    this.#columns.put(place, entry, this.#table.numbers, this.#table.numbersAt(place) + 1)
  }

  #read(place: number, key: string): T {
    return this.#columns.read(place, key, this.#table.numbers, this.#table.numbersAt(place) + 1)
  }

  #hasExpired(place: number): boolean {
    const expiresAt = this.#columns.expiresAt(place)
    return expiresAt !== undefined && this.#clock.wall() >= expiresAt * 1_000
  }

  #segmentOf(place: number): Segment {
    return this.#protected.has(place) ? this.#protected : this.#probation
  }
}

const partOf = (whole: number): number => Math.max(1, Math.round(whole * PROBATION))

const octetsOf = (entry: Cacheable): number => Math.max(1, entry.bytes)

const fits = (octets: number, { entries, bytes }: CacheBounds, most: CacheBounds): boolean =>
  entries < most.entries && bytes + octets <= most.bytes
