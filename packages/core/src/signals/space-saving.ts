/** One of the keys that occur most often. */
export interface Heavy<T> {
  /** At most so many occurrences. */
  count: number
  /** How many of them may be those of others that stood in this place before: at least `count - error` are its own. */
  readonly error: number
  readonly held: T
}

/**
 * The keys that occur most often among any number, in so many places: the space-saving sketch (Metwally, Agrawal and El
 * Abbadi, 2005). A key that is not among them occurred at most as often as the rarest of them counts; whatever occurs more
 * often than all occurrences divided by the places is among them.
 */
export class SpaceSaving<T> {
  readonly #places: number
  readonly #fresh: () => T
  readonly #heavy = new Map<string, Heavy<T>>()

  /** @param fresh What is held of a key that takes a place. */
  constructor(places: number, fresh: () => T) {
    this.#places = places
    this.#fresh = fresh
  }

  /** One more occurrence. */
  add(key: string): Heavy<T> {
    const known = this.#heavy.get(key)
    if (known) {
      known.count += 1
      return known
    }
    const error = this.#heavy.size < this.#places ? 0 : this.#takeRarest()
    const added = { count: error + 1, error, held: this.#fresh() }
    this.#heavy.set(key, added)
    return added
  }

  values(): Iterable<Heavy<T>> {
    return this.#heavy.values()
  }

  clear(): void {
    this.#heavy.clear()
  }

  /** Frees the place of the rarest key. @returns How often it may have occurred. */
  #takeRarest(): number {
    let rarest: string | undefined
    let least = Infinity
    for (const [key, { count }] of this.#heavy) {
      if (count >= least) continue
      rarest = key
      least = count
    }
    this.#heavy.delete(rarest!)
    return least
  }
}
