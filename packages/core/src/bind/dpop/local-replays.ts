import { refused } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'

/** Milliseconds of the moments until which proofs are remembered together, and then forgotten at once. */
const SPAN = 5_000
/** How many times what is free one key may hold: at most three quarters, so that a flood by one client leaves room. */
const SHARE = 3

/** How full the memory of one process is. */
export interface ReplayStatus {
  /** DPoP proofs whose time is not over. */
  readonly entries: number
  /** So many at most (`dpop.replay.entries`); further ones get 503. */
  readonly limit: number
}

/** The proofs of one span. */
interface Span {
  readonly keys: Set<string>
  /** How many of them each key has signed. */
  readonly signed: Map<string, number>
}

/**
 * The proofs that one process has seen, until their time is over. A proof says itself until when it counts, so a second
 * use of it asks for the same moment: one look-up finds it, and the set of a moment goes as a whole. What has not had its
 * time is never forgotten: when there is no room, nobody knows of a new proof whether it is one. Who fills it does so for
 * their own key first.
 */
export class LocalReplays {
  readonly #entries: number
  readonly #clock: Clock
  /** By the span that their moment lies in. */
  readonly #spans = new Map<number, Span>()
  /** How many proofs of each key are remembered. */
  readonly #signed = new Map<string, number>()
  /** The last span of those that were forgotten. */
  #forgotten = -Infinity
  /** The span that was the present one when the past ones were forgotten. */
  #current = -Infinity
  #size = 0

  /** @param entries How many proofs are remembered, at most: some 100 octets each. */
  constructor(entries: number, clock: Clock) {
    this.#entries = entries
    this.#clock = clock
  }

  /** Proofs remembered now, and at most. */
  get status(): ReplayStatus {
    this.#forgetPast()
    return { entries: this.#size, limit: this.#entries }
  }

  /** Whether a proof was taken, without taking it. */
  has(key: string, until: number): boolean {
    return this.#spans.get(Math.ceil(until / SPAN))?.keys.has(key) === true
  }

  /**
   * Takes a proof that was not taken before.
   *
   * @param signer The thumbprint of the key that signed it.
   * @throws {AuthError} `replay_memory_full` where nobody can know.
   */
  consume(key: string, until: number, signer: string): boolean {
    this.#forgetPast()
    const at = Math.ceil(until / SPAN)
    let span = this.#spans.get(at)
    if (span?.keys.has(key) === true) return false
    const signed = this.#signed.get(signer) ?? 0
    // Its moment has come while the request waited, or the clock was set back: it may have been here.
    if (at <= this.#forgotten || signed >= SHARE * (this.#entries - this.#size)) throw refused('replay_memory_full')
    if (!span) this.#spans.set(at, (span = { keys: new Set(), signed: new Map() }))
    span.keys.add(key)
    span.signed.set(signer, (span.signed.get(signer) ?? 0) + 1)
    this.#signed.set(signer, signed + 1)
    this.#size += 1
    return true
  }

  #forgetPast(): void {
    const current = Math.floor(this.#clock.wall() / SPAN)
    if (current === this.#current) return
    this.#current = current
    for (const [at, { keys, signed }] of this.#spans) {
      if (at > current) continue
      this.#spans.delete(at)
      this.#size -= keys.size
      this.#forgotten = Math.max(this.#forgotten, at)
      for (const [signer, count] of signed) this.#release(signer, count)
    }
  }

  #release(signer: string, count: number): void {
    const left = this.#signed.get(signer)! - count
    if (left === 0) this.#signed.delete(signer)
    else this.#signed.set(signer, left)
  }
}
