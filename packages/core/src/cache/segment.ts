import { type DigestTable, ORDER } from './digest-table.ts'

const NEWER = ORDER
const OLDER: number = ORDER + 1
/** What the entry is reckoned to occupy: negative in one of two segments, which tells them apart; 0 in neither. */
const OCTETS: number = ORDER + 2

/** A part of the entries of a store, by recency: a ring from `end` to the most recently used, and around to the least. */
export class Segment {
  readonly #table: DigestTable
  readonly #end: number
  readonly #sign: 1 | -1
  entries = 0
  bytes = 0

  /** @param end One of the places that no entry has. */
  constructor(table: DigestTable, end: 0 | 1) {
    this.#table = table
    this.#end = end
    this.#sign = end === 0 ? 1 : -1
    table.words[end * table.record + NEWER] = end
    table.words[end * table.record + OLDER] = end
  }

  has(place: number): boolean {
    const { words, record } = this.#table
    return words[place * record + OCTETS]! * this.#sign > 0
  }

  octetsOf(place: number): number {
    const { words, record } = this.#table
    return Math.abs(words[place * record + OCTETS]!)
  }

  /** The least recently used entry. */
  get last(): number {
    const { words, record } = this.#table
    return words[this.#end * record + NEWER]!
  }

  /** Puts an entry in, as the most recently used. */
  add(place: number, octets: number): void {
    const { words, record } = this.#table
    words[place * record + OCTETS] = octets * this.#sign
    this.entries += 1
    this.bytes += octets
    this.#link(place)
  }

  remove(place: number): void {
    const { words, record } = this.#table
    this.entries -= 1
    this.bytes -= this.octetsOf(place)
    words[place * record + OCTETS] = 0
    this.#unlink(place)
  }

  /** Makes an entry the most recently used. */
  use(place: number): void {
    const { words, record } = this.#table
    if (words[this.#end * record + OLDER] === place) return
    this.#unlink(place)
    this.#link(place)
  }

  /** The places, the most recently used first. */
  *places(): Generator<number> {
    const { words, record } = this.#table
    for (let place = this.#end; ;) {
      place = words[place * record + OLDER]!
      if (place === this.#end) return
      yield place
    }
  }

  #link(place: number): void {
    const { words, record } = this.#table
    const first = this.#end * record + OLDER
    const second = words[first]!
    words[place * record + NEWER] = this.#end
    words[place * record + OLDER] = second
    words[second * record + NEWER] = place
    words[first] = place
  }

  #unlink(place: number): void {
    const { words, record } = this.#table
    const newer = words[place * record + NEWER]!
    const older = words[place * record + OLDER]!
    words[newer * record + OLDER] = older
    words[older * record + NEWER] = newer
  }
}
