/** What may stand in a trace. The names are for readers, the numbers for the hash. */
export const MARKS = {
  event: 1,
  accepted: 2,
  refused: 3,
  undecided: 4,
  sent: 5,
  served: 6,
  delivered: 7,
  failed: 8,
  weather: 9,
  note: 10,
} as const

export type Mark = keyof typeof MARKS

/** One line of a trace. */
export interface TraceLine {
  /** Monotonic milliseconds. */
  readonly at: number
  readonly mark: Mark
  /** Whom it is about, such as a replica or a session. */
  readonly subject: number
  /** What about it, such as an age or a token's number. */
  readonly value: number
  readonly text: string | undefined
}

const float = new Float64Array(1)
const words = new Uint32Array(float.buffer)

/** All that happened in a run, as a hash: two runs with the same hash went the same way to the last event. */
export class Trace {
  #low = 0x811c9dc5
  #high = 0x9e3779b9
  /** Hears every line; set it to print a run. Events are only lines when {@link events} is true. */
  onLine: ((line: TraceLine) => void) | undefined

  /** The scheduler's own entry. */
  event(at: number, order: number): void {
    this.#mix(at)
    this.#mixWord(order)
  }

  add(at: number, mark: Mark, subject = 0, value = 0, text?: string): void {
    this.#mix(at)
    this.#mixWord(MARKS[mark])
    this.#mixWord(subject)
    this.#mix(value)
    this.onLine?.({ at, mark, subject, value, text })
  }

  /** 16 hexadecimal digits. */
  get hash(): string {
    return [this.#high, this.#low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #mix(value: number): void {
    float[0] = value
    this.#mixWord(words[0]!)
    this.#mixWord(words[1]!)
  }

  #mixWord(word: number): void {
    this.#low = Math.imul(this.#low ^ word, 0x01000193)
    this.#high = Math.imul(this.#high ^ (word + this.#low), 0x85ebca6b) ^ (this.#high >>> 15)
  }
}
