import type { Cancel, Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { RetryBudget } from '../resilience/retry-budget.ts'
import type { Inquiry } from './inquiry.ts'
import { type Trouble, TROUBLES } from './introspector.ts'

export interface RetriesPorts {
  readonly clock: Clock
  readonly random: Random
}

/** Milliseconds before a second try. */
const DELAY = { min: 50, max: 250 } as const

/** Second tries: one for each inquiry, only for a caller who cannot be served without, and paid for by answers. */
export class Retries {
  readonly #ports: RetriesPorts
  readonly #budget = new RetryBudget()
  /** Inquiries before their second try. */
  readonly #waiting = new Map<Inquiry, Cancel>()

  constructor(ports: RetriesPorts) {
    this.#ports = ports
  }

  /** Notes an answer, which pays for a part of a second try. */
  earn(): void {
    this.#budget.earn()
  }

  /** Whether there is a second try after this trouble. If so, it has been paid for. */
  spend({ retried, urgency }: Inquiry, { kind }: Trouble): boolean {
    return !retried && urgency.is === 'blocked' && TROUBLES[kind].retriable && this.#budget.spend()
  }

  /** Calls back when it is time for the second try: not all at once where a server has just closed its connections. */
  plan(inquiry: Inquiry, tryAgain: () => void): void {
    inquiry.retried = true
    const { clock, random } = this.#ports
    const cancel = clock.after(DELAY.min + random.next() * (DELAY.max - DELAY.min), () => {
      this.#waiting.delete(inquiry)
      tryAgain()
    })
    this.#waiting.set(inquiry, cancel)
  }

  /** Takes out everything that waits for its second try. */
  drain(): Inquiry[] {
    const inquiries = [...this.#waiting.keys()]
    for (const cancel of this.#waiting.values()) cancel()
    this.#waiting.clear()
    return inquiries
  }
}
