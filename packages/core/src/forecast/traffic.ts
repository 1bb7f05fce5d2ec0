import type { VerifiedToken } from '../verify/verified-token.ts'
import type { Presented } from '../verify/verifier.ts'
import { Sighting } from './sighting.ts'

/** Milliseconds of a slot, and how many slots are the last minute: the one that runs, and those before it. */
const SLOT = 5_000
const SLOTS = 12
/** Requests remembered of a slot: all of up to 51 in a second, and a fair sample of more. */
const SAMPLES = 256

/** Requests accepted in some 5 s, and a sample of them in which each is as likely to be as any other. */
export interface Slot {
  /** The 5 s since the clock's beginning that these are. */
  readonly number: number
  requests: number
  readonly samples: Sighting[]
}

/**
 * The requests of the last minute, for one issuer and kind of token. Most of them cost a comparison and an addition: which
 * one is looked at next is drawn beforehand (K.-H. Li, "Reservoir-sampling algorithms of time complexity O(n(1+log(N/n)))",
 * algorithm L). A sample at regular distances would fall in step with callers that come in turn.
 */
export class Traffic {
  /** In the order of time; the last one runs. */
  readonly #slots: Slot[] = []
  readonly #random: () => number = fixedSequence()
  /** Monotonic milliseconds at which the slot that runs is over. */
  #endsAt = -Infinity
  /** Requests in the slot that runs, and which of them is remembered next. */
  #requests = 0
  #next = 1
  #spread = 1

  /** A request was accepted. */
  pass(token: VerifiedToken, presented: Presented): void {
    // One that waited belongs to when it is decided, which a later one may have said.
    if (presented.arrivedAt >= this.#endsAt) this.#turn(presented.arrivedAt)
    this.#requests += 1
    if (this.#requests === this.#next) this.#take((presented.sighting ??= new Sighting(presented.digest, token)))
  }

  /** The slots of the last minute: of the last 55 s at least, of the last 60 s at most. @param now Monotonic milliseconds. */
  lastMinute(now: number): readonly Slot[] {
    this.#count()
    const oldest = Math.floor(now / SLOT) - SLOTS + 1
    return this.#slots.filter(({ number }) => number >= oldest)
  }

  #turn(at: number): void {
    this.#count()
    const number = Math.floor(at / SLOT)
    if (this.#slots.length === SLOTS) this.#slots.shift()
    this.#slots.push({ number, requests: 0, samples: [] })
    this.#endsAt = (number + 1) * SLOT
    this.#requests = 0
    this.#next = 1
    this.#spread = 1
  }

  #count(): void {
    const slot = this.#slots.at(-1)
    if (slot) slot.requests = this.#requests
  }

  #take(sighting: Sighting): void {
    const { samples } = this.#slots.at(-1)!
    if (samples.length < SAMPLES) samples.push(sighting)
    else samples[Math.floor(this.#random() * SAMPLES)] = sighting
    this.#next += samples.length < SAMPLES ? 1 : this.#gap()
  }

  /** Requests up to the next one that takes the place of another: ever more, as the slot goes on. */
  #gap(): number {
    this.#spread *= Math.exp(Math.log(1 - this.#random()) / SAMPLES)
    return Math.floor(Math.log(1 - this.#random()) / Math.log1p(-this.#spread)) + 1
  }
}

/**
 * Numbers in [0, 1), the same ones for everybody (mulberry32): nobody gains by knowing which requests are looked at, and
 * what is run again with the same requests says the same.
 */
function fixedSequence(): () => number {
  let state = 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
