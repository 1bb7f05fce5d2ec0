import type { Note } from '../frame.ts'

/** Notes of one frame. More is a mistake of the laboratory; they bound the memory of one that nobody takes frames of. */
const CAPACITY = 200

/** What happened since the last frame. */
export class Journal {
  readonly #now: () => number
  #notes: Note[] = []

  /** @param now Milliseconds since the laboratory was started. */
  constructor(now: () => number) {
    this.#now = now
  }

  note(about: Note['about'], text: string, variant: Note['variant'] = null): void {
    if (this.#notes.length < CAPACITY) this.#notes.push({ at: Math.round(this.#now()), about, variant, text })
  }

  take(): readonly Note[] {
    const notes = this.#notes
    this.#notes = []
    return notes
  }
}
