import { MedianEstimate } from './median-estimate.ts'

/** Calls in flight, at first and at most, and when an answer counts as slow. */
export interface LimitBounds {
  readonly start: number
  readonly max: number
  /** Milliseconds: an answer is never slow before the one, and always after the other. */
  readonly slow: { readonly never: number; readonly always: number }
}

/** Slow means: so many times the usual duration, within the bounds. */
const SLOW = 2
/** What is left of the limit after a slow answer, and after none. */
const DECREASE = { slow: 0.95, failed: 0.9 } as const
/** Calls in flight after an outage. */
const RESTART = 2
/** The part that the newest call has in the recent duration. */
const RECENT = 0.2

/**
 * How many calls an endpoint can take, learnt from its answers: one more for each round of quick ones, a part less for
 * each slow or failed one. Never below 1, so that recovery is noticed.
 */
export class AdaptiveLimit {
  readonly #bounds: LimitBounds
  readonly #usual = new MedianEstimate()
  #limit: number
  /** True from a restart until the first sign that it is enough: so long each quick answer makes room for one more. */
  #slowStart = false
  #recent = 0

  constructor(bounds: LimitBounds) {
    this.#bounds = bounds
    this.#limit = bounds.start
  }

  /** Calls that may be in flight; at least 1. */
  get value(): number {
    return Math.floor(this.#limit)
  }

  /** The long-term median duration of an answer in milliseconds; 0 before the first. */
  get usualDuration(): number {
    return this.#usual.value
  }

  /** Milliseconds that calls took lately, failed ones included. */
  get recentDuration(): number {
    return this.#recent
  }

  /** @param duration Milliseconds. @param inFlight Calls in flight when this one began, itself included. */
  answered(duration: number, inFlight: number): void {
    const crowded = inFlight * 2 > this.#limit
    // Under a full load an answer's duration is our own queue in the server: only with room it is the server's usual.
    if (!crowded || inFlight === 1) this.#usual.observe(duration)
    this.#took(duration)
    if (duration > this.#slow) this.#decrease(DECREASE.slow)
    // A limit that is not used is not proven: it grows only under load.
    else if (crowded) this.#increase()
  }

  /** @param duration Milliseconds until it failed. */
  failed(duration: number): void {
    this.#took(duration)
    this.#decrease(DECREASE.failed)
  }

  /** Begins again after an outage, from little: what is left of the server may be slow. */
  restart(): void {
    this.#limit = Math.min(RESTART, this.#bounds.start)
    this.#slowStart = true
  }

  get #slow(): number {
    const { never, always } = this.#bounds.slow
    return Math.min(Math.max(never, SLOW * this.#usual.value), Math.max(never, always))
  }

  #took(duration: number): void {
    this.#recent += (duration - this.#recent) * RECENT
  }

  #increase(): void {
    this.#limit = Math.min(this.#bounds.max, this.#limit + (this.#slowStart ? 1 : 1 / this.#limit))
    if (this.#limit >= this.#bounds.start) this.#slowStart = false
  }

  #decrease(factor: number): void {
    this.#slowStart = false
    this.#limit = Math.max(1, this.#limit * factor)
  }
}
