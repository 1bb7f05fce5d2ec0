import { Repeat } from './repeat.ts'
import { SpaceSaving } from './space-saving.ts'

export interface ChurnBounds {
  /** New tokens of one client in a window, at least. */
  readonly count: number
  /** Milliseconds. */
  readonly window: number
}

/** Clients that are watched, of one issuer; of any number of them, those that bring the most new tokens. */
const CLIENTS = 64
/** The first tokens of a client in a window: whether they came a second time is looked at when it ends. */
const SAMPLES = 16
/** So many of them may have. */
const CAME_AGAIN = 1
/** Characters of a client's name that are kept. */
const NAME_LENGTH = 200

/** One of the first tokens of a client. */
interface Sampled<Token> {
  readonly token: Token
  /** Whether it was verified again since. */
  again: boolean
}

/**
 * A client that takes a new token for each call: it brings many new ones in a window, and hardly any of them comes again.
 * A client with many users brings as many, and each comes again.
 */
export class TokenChurn<Token extends { readonly digest: string }> {
  readonly #bounds: ChurnBounds
  readonly #cameAgain: (token: Token) => boolean
  readonly #clients: SpaceSaving<Sampled<Token>[]> = new SpaceSaving(CLIENTS, () => [])
  readonly #repeat: Repeat = new Repeat()
  /** Monotonic milliseconds at which the window began. */
  #since = -Infinity

  /** @param cameAgain Whether a token was used again; false, too, where it is forgotten, as those are that were not. */
  constructor(bounds: ChurnBounds, cameAgain: (token: Token) => boolean) {
    this.#bounds = bounds
    this.#cameAgain = cameAgain
  }

  /**
   * A token that was verified. One of the sample that is verified again, because its answer is kept by nobody or has grown
   * old, is no new one.
   *
   * @param now Monotonic milliseconds.
   * @returns How many the worst client brought in the window that ended just now, where that is to be told.
   */
  note(client: string, token: Token, now: number): number | undefined {
    const told = now - this.#since < this.#bounds.window ? undefined : this.#next(now)
    const heavy = this.#clients.add(client.slice(0, NAME_LENGTH))
    const { held } = heavy
    const known = held.find((one) => one.token.digest === token.digest)
    if (known) {
      known.again = true
      heavy.count -= 1
    } else if (held.length < SAMPLES) held.push({ token, again: false })
    return told
  }

  /** Begins another window. */
  #next(now: number): number | undefined {
    // Of one that ended long ago nobody can say what came again: what it left has been forgotten since.
    const worst = now - this.#since < 2 * this.#bounds.window ? this.#worst() : 0
    this.#since = now
    this.#clients.clear()
    return worst >= this.#bounds.count && this.#repeat.mayTell(now) ? worst : undefined
  }

  #worst(): number {
    let worst = 0
    for (const { count, error, held } of this.#clients.values()) {
      const own = count - error
      if (own < this.#bounds.count || own <= worst) continue
      if (held.filter(({ token, again }) => again || this.#cameAgain(token)).length <= CAME_AGAIN) worst = own
    }
    return worst
  }
}
