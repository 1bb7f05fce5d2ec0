import type { NegativeCache } from '../cache/negative-cache.ts'
import type { RecencyCache } from '../cache/recency-cache.ts'
import type { Tally } from '../counters.ts'
import type { IntrospectionEndpoint } from '../introspection/endpoint.ts'
import type { Inquiry, Want } from '../introspection/inquiry.ts'
import { type Answer, Trouble } from '../introspection/introspector.ts'
import type { Clock, Instant } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Claims } from './claims.ts'
import { type EvidenceTerms, freshTime } from './evidence-terms.ts'
import type { ScopeSource } from './scopes.ts'
import { type Provenance, VerifiedToken } from './verified-token.ts'
import type { Presented, Verifier } from './verifier.ts'

export interface IntrospectionCallsParts {
  readonly issuer: string
  readonly scopeSource: ScopeSource
  readonly tally: Tally
  readonly endpoint: IntrospectionEndpoint
  readonly positives: RecencyCache<VerifiedToken>
  readonly negatives: NegativeCache
  readonly clock: Clock
  readonly random: Random
  /** Hears how every call ended. */
  readonly ended: (outcome: Outcome, inquiry: Inquiry, duration: number) => void
  /** Hears of every token that is called inactive, whether or not anybody still waits for the answer. */
  readonly inactive?: ((token: string, digest: string) => void) | undefined
  /** Hears of every answer about a token that was known to be good, and has not expired. */
  readonly answeredAgain?: ((digest: string, isActive: boolean) => void) | undefined
  readonly terms: EvidenceTerms
  /** Whether claims pass every rule that does not ask for the time. */
  readonly sound: (claims: Claims) => boolean
}

export type Outcome =
  | { readonly is: 'active'; readonly token: VerifiedToken }
  | { readonly is: 'inactive' }
  | { readonly is: 'trouble'; readonly trouble: Trouble }

/** One call. It belongs to the token, not to a caller: whoever waits may leave, the answer is still used. */
export interface Call {
  readonly inquiry: Inquiry
  readonly outcome: Promise<Outcome>
  /** Callers that wait. */
  waiting: number
  /** Whether one ever did. */
  waitedFor: boolean
}

/** The part of the fresh time after which a use asks ahead, and how far that is spread: at most 1.4 calls in that time. */
const AHEAD = 0.8
const SPREAD = 0.08

/** One call for each token at a time, and what is learnt from it. */
export class IntrospectionCalls {
  readonly #parts: IntrospectionCallsParts
  readonly #sound: Provenance
  readonly #unsound: Provenance
  readonly #running = new Map<string, Call>()

  /** @param owner The verifier that vouches for what is learnt. */
  constructor(parts: IntrospectionCallsParts, owner: Verifier) {
    this.#parts = parts
    const { issuer, scopeSource, tally } = parts
    const known = { issuer, by: 'introspection', key: undefined, scopeSource, verifier: owner, tally } as const
    this.#sound = Object.freeze({ ...known, sound: true })
    this.#unsound = Object.freeze({ ...known, sound: false })
  }

  has(digest: string): boolean {
    return this.#running.has(digest)
  }

  /** The call for a token: the one that is under way, moved up, or a new one. */
  for({ token, digest }: Presented, want: Want): Call {
    const { endpoint } = this.#parts
    const running = this.#running.get(digest)
    // One that was turned away just now has not told its callers yet; whoever comes next gets a place of their own.
    if (running && !running.inquiry.turnedAway) {
      endpoint.press(running.inquiry, want)
      return running
    }
    const inquiry = endpoint.inquire(token, digest, want)
    const outcome = inquiry.answer.then(
      (answer) => this.#end(call, this.#learn(inquiry, answer, this.#running.get(digest) === call)),
      (error: unknown) => this.#end(call, troubled(error)),
    )
    const call: Call = { inquiry, outcome, waiting: 0, waitedFor: false }
    this.#running.set(digest, call)
    return call
  }

  /** Lets go of the call for a token: what it answers was asked before the order to forget. */
  forget(digest: string): void {
    // One that still waits for its turn will ask after the order.
    if (this.#running.get(digest)?.inquiry.startedAt) this.#running.delete(digest)
  }

  /** Keeps an answer, unless newer knowledge or an order to forget came in between. */
  #learn(inquiry: Inquiry, answer: Answer, wanted: boolean): Outcome {
    const { positives, negatives, inactive } = this.#parts
    const { id: digest, token } = inquiry
    this.#tellAgain(digest, answer)
    if (answer.is === 'inactive') {
      positives.delete(digest)
      negatives.add(digest)
      inactive?.(token, digest)
      return { is: 'inactive' }
    }
    // An order to forget empties both stores: what is refused here since then was learnt from a newer call.
    if (!wanted && negatives.judge(digest)) return { is: 'inactive' }
    const since = inquiry.startedAt!
    const verified = this.#verified(digest, since, answer)
    const known = positives.peek(digest)
    if (wanted && !(known && known.since.monotonic > since.monotonic)) {
      negatives.delete(digest)
      if (answer.once !== true) positives.set(digest, verified)
      else if (known) positives.delete(digest)
    }
    return { is: 'active', token: verified }
  }

  #tellAgain(digest: string, { is }: Answer): void {
    const { positives, clock, answeredAgain } = this.#parts
    const known = answeredAgain && positives.peek(digest)
    if (known && clock.wall() < (known.expiresAt ?? Infinity) * 1_000) answeredAgain(digest, is === 'active')
  }

  #verified(digest: string, since: Instant, { claims, freshFor }: Answer & { is: 'active' }): VerifiedToken {
    const { terms, random } = this.#parts
    const aheadAfter = freshTime(terms, freshFor) * (AHEAD + (random.next() * 2 - 1) * SPREAD)
    const provenance = this.#parts.sound(claims) ? this.#sound : this.#unsound
    return new VerifiedToken({ digest, claims, provenance, since, freshFor, aheadAfter })
  }

  #end(call: Call, outcome: Outcome): Outcome {
    const { clock, endpoint, ended } = this.#parts
    const { inquiry } = call
    if (this.#running.get(inquiry.id) === call) this.#running.delete(inquiry.id)
    if (inquiry.startedAt) ended(outcome, inquiry, clock.monotonic() - inquiry.startedAt.monotonic)
    if (outcome.is !== 'trouble' && call.waitedFor && call.waiting === 0) endpoint.cameLate()
    return outcome
  }
}

const troubled = (error: unknown): Outcome => ({ is: 'trouble', trouble: Trouble.of(error) })
