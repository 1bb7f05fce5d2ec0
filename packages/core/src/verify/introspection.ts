import type { NegativeCache } from '../cache/negative-cache.ts'
import type { RecencyCache } from '../cache/recency-cache.ts'
import { type AuthError, type Reason, refused } from '../errors.ts'
import { type Answer, type Introspector, Trouble } from '../introspection/introspector.ts'
import { ageOf, type Clock, type Instant, instantOf } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { STILL_RUNNING, waitAtMost } from '../resilience/deadline.ts'
import { MedianEstimate } from '../resilience/latency.ts'
import { checkIntrospectedClaims, type IntrospectionRules } from './introspected-claims.ts'
import type { ScopeSource } from './scopes.ts'
import { VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

/** How long an answer counts, and how long a request waits for one. Milliseconds. */
export interface EvidenceTerms {
  readonly fresh: number
  /** After `fresh`: how long an old answer may stand in while no new one comes. */
  readonly grace: number
  /** The wait of a request that cannot be judged without an answer. */
  readonly wait: number
  /** The shortest wait of a request whose token is in grace. */
  readonly graceWait: number
}

export interface IntrospectionVerifierParts {
  readonly rules: IntrospectionRules
  readonly terms: EvidenceTerms
  readonly scopeSource: ScopeSource
  readonly introspector: Introspector
  readonly positives: RecencyCache<VerifiedToken>
  readonly negatives: NegativeCache
  readonly clock: Clock
  readonly random: Random
  readonly report: (event: CallReport) => void
  /** Hears of every token that is called inactive, whether or not anybody still waits for the answer. */
  readonly inactive?: ((token: string, digest: string) => void) | undefined
}

/** What came of a call, and of a request that went on without one. */
export type CallReport =
  | {
      readonly is: 'call'
      readonly result: 'active' | 'inactive' | 'trouble'
      readonly trouble?: Trouble
      readonly duration: number
    }
  | { readonly is: 'stale'; readonly age: number }

/** One running call. It belongs to the token, not to a caller: whoever waits may leave, the answer is still used. */
interface Call {
  readonly since: Instant
  outcome: Promise<Outcome>
  /** Set when what it will answer is no longer wanted. */
  discarded: boolean
  /** Set when it has left our own queue. */
  sent: boolean
}

type Outcome =
  | { readonly is: 'active'; readonly token: VerifiedToken }
  | { readonly is: 'inactive' }
  | { readonly is: 'trouble'; readonly trouble: Trouble }

const troubled = (error: unknown): Outcome => ({
  is: 'trouble',
  trouble: error instanceof Trouble ? error : new Trouble('protocol', { cause: error }),
})

/** The outcome of a call that is being set up. */
const STARTING: Promise<Outcome> = Promise.resolve(troubled(undefined))

/** Multiples of the usual duration of a call after which a token in grace no longer waits. */
const PATIENCE = 3

/** Verifies tokens by asking the authority that issued them, and remembers what it said. */
export class IntrospectionVerifier implements Verifier {
  readonly #parts: IntrospectionVerifierParts
  readonly #owner: Verifier
  readonly #calls = new Map<string, Call>()
  readonly #usualDuration = new MedianEstimate()

  /** @param owner The verifier that speaks for the issuer, when this one is a part of it. */
  constructor(parts: IntrospectionVerifierParts, owner?: Verifier) {
    this.#parts = parts
    this.#owner = owner ?? this
  }

  recall(entry: VerifiedToken): Verdict | undefined {
    if (this.#age(entry) >= this.#freshFor(entry)) return undefined
    return { token: this.#check(entry), source: 'cache', stale: false }
  }

  now({ digest }: Presented): Verdict | undefined {
    const known = this.#parts.positives.get(digest)
    if (known) return this.recall(known)
    if (this.#parts.negatives.judge(digest) === 'fresh') throw this.#refused('token_inactive')
    return undefined
  }

  async verify(presented: Presented): Promise<Verdict> {
    const known = this.now(presented)
    if (known) return known
    const call = this.#calls.get(presented.digest) ?? this.#call(presented)
    const outcome = await waitAtMost(
      call.outcome,
      this.#patience(presented.digest),
      this.#parts.clock,
      presented.signal,
    )
    if (outcome === STILL_RUNNING)
      return this.#withoutAnswer(presented, new Trouble(call.sent ? 'timeout' : 'overloaded'))
    return outcome.is === 'trouble' ? this.#withoutAnswer(presented, outcome.trouble) : this.#judge(outcome)
  }

  async ask(presented: Presented, since: number): Promise<Verdict> {
    const { clock, positives, terms } = this.#parts
    const known = positives.get(presented.digest)
    if (known && known.since.monotonic >= since) return { token: this.#check(known), source: 'cache', stale: false }
    const until = clock.monotonic() + terms.wait
    let trouble: Trouble | undefined
    // A call that began too early proves nothing for this request: wait for its end, then for the next one.
    for (let round = 0; round < 2; round += 1) {
      const call = this.#calls.get(presented.digest) ?? this.#call(presented)
      const outcome = await waitAtMost(call.outcome, until - clock.monotonic(), clock, presented.signal)
      if (outcome === STILL_RUNNING) {
        if (!call.sent) trouble = new Trouble('overloaded')
        break
      }
      if (outcome.is === 'inactive' || (outcome.is === 'active' && call.since.monotonic >= since))
        return this.#judge(outcome)
      if (call.since.monotonic < since) continue
      trouble = outcome.is === 'trouble' ? outcome.trouble : undefined
      break
    }
    throw this.#unavailable('evidence_too_old', trouble)
  }

  /** Forgets a token, and what a running call will say of it. */
  forget(digest: string): void {
    this.#parts.positives.delete(digest)
    this.#parts.negatives.delete(digest)
    const call = this.#calls.get(digest)
    if (call) call.discarded = true
    this.#calls.delete(digest)
  }

  #call({ token, digest }: Presented): Call {
    const { introspector, clock } = this.#parts
    const since = instantOf(clock)
    const call: Call = { since, discarded: false, sent: false, outcome: STARTING }
    const sent = (): void => {
      call.sent = true
    }
    call.outcome = introspector
      .introspect({ token, sent })
      .then((answer) => this.#learn(token, digest, call, answer), troubled)
      .then((outcome) => {
        if (this.#calls.get(digest) === call) this.#calls.delete(digest)
        this.#report(outcome, clock.monotonic() - since.monotonic)
        return outcome
      })
    this.#calls.set(digest, call)
    return call
  }

  /** Keeps an answer, unless newer knowledge or an order to forget came in between. */
  #learn(token: string, digest: string, call: Call, answer: Answer): Outcome {
    const { positives, negatives, rules, scopeSource, inactive } = this.#parts
    if (answer.is === 'inactive') {
      positives.delete(digest)
      negatives.add(digest)
      inactive?.(token, digest)
      return { is: 'inactive' }
    }
    const { claims, size, freshFor } = answer
    const fields = { digest, claims, size, freshFor, scopeSource, since: call.since, issuer: rules.issuer }
    const verified = new VerifiedToken({ ...fields, by: 'introspection', key: undefined, verifier: this.#owner })
    if (!call.discarded) {
      negatives.delete(digest)
      positives.set(digest, verified)
    }
    return { is: 'active', token: verified }
  }

  #judge(outcome: Exclude<Outcome, { is: 'trouble' }>): Verdict {
    if (outcome.is === 'inactive') throw this.#refused('token_inactive')
    return { token: this.#check(outcome.token), source: 'live', stale: false }
  }

  /** No verdict came in time: what was known may stand in within its grace; an inactive token stays refused. */
  #withoutAnswer({ digest }: Presented, trouble: Trouble | undefined): Verdict {
    const { positives, negatives, terms, report } = this.#parts
    const known = positives.get(digest)
    if (known) {
      this.#check(known) // an expired token is refused, however little else is known
      const age = this.#age(known)
      if (age < this.#freshFor(known) + terms.grace) {
        report({ is: 'stale', age })
        return { token: known, source: 'cache', stale: true }
      }
    }
    if (negatives.judge(digest)) throw this.#refused('token_inactive')
    throw this.#unavailable('introspection_unavailable', trouble)
  }

  #check(entry: VerifiedToken): VerifiedToken {
    const { rules, clock } = this.#parts
    const refusal = checkIntrospectedClaims(entry.claims, rules, clock.wall() / 1_000)
    if (refusal) throw this.#refused(refusal.reason, refusal.detail)
    return entry
  }

  #age(entry: VerifiedToken): number {
    return ageOf(entry.since, this.#parts.clock)
  }

  #freshFor(entry: VerifiedToken): number {
    return Math.min(this.#parts.terms.fresh, entry.freshFor ?? Infinity)
  }

  #patience(digest: string): number {
    const { positives, terms } = this.#parts
    const known = positives.peek(digest)
    if (!known || this.#age(known) >= this.#freshFor(known) + terms.grace) return terms.wait
    return Math.min(terms.wait, Math.max(terms.graceWait, PATIENCE * this.#usualDuration.value))
  }

  #report(outcome: Outcome, duration: number): void {
    if (outcome.is !== 'trouble') this.#usualDuration.observe(duration)
    const trouble = outcome.is === 'trouble' ? { trouble: outcome.trouble } : {}
    this.#parts.report({ is: 'call', result: outcome.is, duration, ...trouble })
  }

  #refused(reason: Reason, detail?: string): AuthError {
    return refused(reason, { issuer: this.#parts.rules.issuer, detail })
  }

  /** Told apart for operators; for clients all of it is 503. Spread, so that those who come back do not come at once. */
  #unavailable(reason: Reason, trouble: Trouble | undefined): AuthError {
    const exact =
      trouble?.kind === 'misconfigured'
        ? 'introspection_misconfigured'
        : trouble?.kind === 'overloaded'
          ? 'overloaded'
          : reason
    const spread = 1 + Math.floor(this.#parts.random.next() * 5)
    const retryAfter = Math.max(spread, Math.ceil((trouble?.pause ?? 0) / 1_000))
    return refused(exact, { issuer: this.#parts.rules.issuer, retryAfter, cause: trouble })
  }
}
