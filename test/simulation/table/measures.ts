import type { Sample } from '../world/world.ts'

/** What the table says of one run and scenario. Percentages, except for the age. */
export interface Figures {
  /** Requests accepted, of those with a good token that this replica had verified before. */
  readonly known: number
  /** Requests accepted, of those with a good token that it had not. */
  readonly new: number
  /** The oldest evidence that a request was accepted on, in seconds. */
  readonly maxAgeSeconds: number
  /** Answers about good tokens that somebody still wanted, of all that the server could have given. */
  readonly usefulWork: number
}

/** Counts what happens in one scenario of a run. */
export class Measures {
  readonly #known = { asked: 0, accepted: 0 }
  readonly #new = { asked: 0, accepted: 0 }
  #maxAge = 0
  /** Requests accepted although the token had been revoked: the price of every cache. */
  acceptedRevoked = 0

  add({ known, active, token, decision }: Sample): void {
    const isAccepted = decision.outcome === 'accepted'
    if (isAccepted) this.#maxAge = Math.max(this.#maxAge, decision.age)
    if (!token) return
    if (!active) {
      if (isAccepted) this.acceptedRevoked += 1
      return
    }
    const group = known ? this.#known : this.#new
    group.asked += 1
    if (isAccepted) group.accepted += 1
  }

  /** @param work Useful answers, and how many the server could have given. */
  figures(work: { readonly useful: number; readonly possible: number }): Figures {
    return {
      known: percent(this.#known.accepted, this.#known.asked),
      new: percent(this.#new.accepted, this.#new.asked),
      maxAgeSeconds: this.#maxAge / 1_000,
      usefulWork: percent(work.useful, work.possible),
    }
  }
}

const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole)
