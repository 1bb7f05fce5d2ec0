/**
 * What a store keeps of its entries, by place: numbers, which it keeps itself, in one record with the key, and what these
 * cannot say. An object for each entry would cost more than it says.
 */
export interface Columns<T> {
  /** How many numbers of an entry are kept. */
  readonly width: number
  /** @param at Where the entry's numbers begin. */
  put(place: number, entry: T, numbers: Float64Array, at: number): void
  /** The entry, apart from its place: it stays what it was when that is given to another. */
  read(place: number, key: string, numbers: Float64Array, at: number): T
  /** See {@link Cacheable.expiresAt}. */
  expiresAt(place: number): number | undefined
  /** Lets go of what the place refers to. */
  clear(place: number): void
}

/** What a store asks of an entry that comes in. */
export interface Cacheable {
  /** What the entry is reckoned to occupy. */
  readonly bytes: number
  /** Seconds since 1970 after which it is of no use, where that is known. */
  readonly expiresAt?: number | undefined
}

/** Entries that are kept as they are. */
export class WholeEntries<T extends Cacheable> implements Columns<T> {
  readonly width = 0
  readonly #entries: (T | undefined)[] = []

  put(place: number, entry: T): void {
    this.#entries[place] = entry
  }

  read(place: number): T {
    return this.#entries[place]!
  }

  expiresAt(place: number): number | undefined {
    return this.#entries[place]!.expiresAt
  }

  clear(place: number): void {
    this.#entries[place] = undefined
  }
}
