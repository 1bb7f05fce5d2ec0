import { randomFillSync } from 'node:crypto'

// An entry's record: eight words of its key, the next entry in its bucket, and three words for who keeps an order; then
// numbers for others. All in one place: at 10^6 entries most of the time goes into waiting for memory, a wait for each
// place looked at. In a prototype a Map with a text for each key took 1.5 to 1.9 times as long to find one.
const KEY_WORDS = 8
const NEXT = KEY_WORDS
/** The first of the words that the table does not use. */
export const ORDER: number = NEXT + 1
const WORDS = 12

/** Characters of a key, each an octet. */
const KEY_LENGTH = KEY_WORDS * 4
/** Places of no entry: 0 means "none", and both serve as the ends of lists. */
export const RESERVED = 2
const FIRST_PLACES = 32

// Whoever can choose among many tokens must not be able to choose those of one bucket.
const seeds = randomFillSync(new Int32Array(2))
const SEED = seeds[0]! | 1
const OTHER_SEED = seeds[1]! | 1

/** Finds the place of a key: a hash table in typed arrays, which the garbage collector does not look into. It grows. */
export class DigestTable {
  /** A record for each place. Another array after every {@link add}, and so are the numbers. */
  words: Int32Array = new Int32Array(0)
  /** The same records as numbers. */
  numbers: Float64Array = new Float64Array(0)
  /** Words of a record; a number takes two. */
  readonly record: number
  readonly #limit: number
  /** The first entry of each bucket. */
  #buckets: Int32Array = new Int32Array(0)
  #shift = 0
  #places = 0
  /** Places given back, linked by {@link NEXT}, and the first one that was never used. */
  #free = 0
  #unused: number = RESERVED

  /** @param entries At most. @param numbers Of others, in a record. */
  constructor(entries: number, numbers: number) {
    this.#limit = entries + RESERVED
    this.record = WORDS + 2 * numbers
    this.#grow(Math.min(FIRST_PLACES, this.#limit))
  }

  /** The place of a key; 0 where it is not known. */
  find(key: string): number {
    const { words, record } = this
    let place = this.#buckets[this.#bucketOf(wordOf(key, 0), wordOf(key, 1))]!
    while (place !== 0 && !isAt(words, place * record, key)) place = words[place * record + NEXT]!
    return place
  }

  /** A place for a key that has none. */
  add(key: string): number {
    if (key.length !== KEY_LENGTH) throw new TypeError(`a key has ${KEY_LENGTH} characters`)
    const place = this.#take()
    const { words, record } = this
    const at = place * record
    for (let word = 0; word < KEY_WORDS; word += 1) words[at + word] = wordOf(key, word)
    const bucket = this.#bucketOf(words[at]!, words[at + 1]!)
    words[at + NEXT] = this.#buckets[bucket]!
    this.#buckets[bucket] = place
    return place
  }

  remove(place: number): void {
    const { words, record } = this
    const at = place * record
    const bucket = this.#bucketOf(words[at]!, words[at + 1]!)
    let before = 0
    for (let other = this.#buckets[bucket]!; other !== place; other = words[other * record + NEXT]!) before = other
    if (before === 0) this.#buckets[bucket] = words[at + NEXT]!
    else words[before * record + NEXT] = words[at + NEXT]!
    words[at + NEXT] = this.#free
    this.#free = place
  }

  /** The key of a place. */
  keyAt(place: number): string {
    const octets: number[] = []
    for (let word = 0; word < KEY_WORDS; word += 1) {
      const value = this.words[place * this.record + word]!
      octets.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24)
    }
    return String.fromCharCode(...octets)
  }

  /** The first place that was never used. */
  get end(): number {
    return this.#unused
  }

  /** Where the numbers of a place begin in {@link numbers}. */
  numbersAt(place: number): number {
    return (place * this.record + WORDS) >> 1
  }

  #take(): number {
    if (this.#free !== 0) {
      const place = this.#free
      this.#free = this.words[place * this.record + NEXT]!
      return place
    }
    if (this.#unused === this.#places) this.#grow(Math.min(2 * this.#places, this.#limit))
    this.#unused += 1
    return this.#unused - 1
  }

  /** By doubling, up to the limit: a store that stays small costs little, whatever its bounds. No place is free then. */
  #grow(places: number): void {
    const { record } = this
    const words = new Int32Array(places * record)
    words.set(this.words)
    this.words = words
    this.numbers = new Float64Array(words.buffer)
    this.#places = places
    const bits = Math.ceil(Math.log2(places)) + 1
    this.#shift = 32 - bits
    this.#buckets = new Int32Array(2 ** bits)
    for (let place = RESERVED; place < this.#unused; place += 1) {
      const bucket = this.#bucketOf(words[place * record]!, words[place * record + 1]!)
      words[place * record + NEXT] = this.#buckets[bucket]!
      this.#buckets[bucket] = place
    }
  }

  /** Every bit of a digest is as good as any other: two words and two products spread them. */
  #bucketOf(first: number, second: number): number {
    return (Math.imul(first, SEED) + Math.imul(second, OTHER_SEED)) >>> this.#shift
  }
}

/** Four characters as a word. */
function wordOf(key: string, word: number): number {
  const at = 4 * word
  return (
    key.charCodeAt(at) | (key.charCodeAt(at + 1) << 8) | (key.charCodeAt(at + 2) << 16) | (key.charCodeAt(at + 3) << 24)
  )
}

function isAt(words: Int32Array, at: number, key: string): boolean {
  for (let word = 0; word < KEY_WORDS; word += 1) if (words[at + word] !== wordOf(key, word)) return false
  return true
}
