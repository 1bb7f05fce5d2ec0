import { type AuthError, orThrow, type Reason, refused } from '../errors.ts'
import type { Checks } from '../explain/checks.ts'
import { detailOf } from '../explain/details.ts'
import type { Inquiry, Want } from '../introspection/inquiry.ts'
import { Trouble } from '../introspection/introspector.ts'
import { type Instant, instantOf } from '../ports/clock.ts'
import type { AdmissionClass } from '../resilience/admission-queue.ts'
import { STILL_RUNNING, waitAtMost } from '../resilience/deadline.ts'
import { evidenceAge, freshTime, usableTime } from './evidence-terms.ts'
import {
  ANSWER_RULES,
  checkAnswerTimes,
  checkIntrospectedClaims,
  type IntrospectionRules,
  isSound,
} from './introspected-claims.ts'
import type { Claims } from './claims.ts'
import { type Call, IntrospectionCalls, type IntrospectionCallsParts, type Outcome } from './introspection-calls.ts'
import type { VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

export interface IntrospectionVerifierParts extends Omit<IntrospectionCallsParts, 'issuer' | 'ended' | 'sound'> {
  readonly rules: IntrospectionRules
  readonly report: (event: CallReport) => void
  /** Hears of every token that is refused because the authority called it inactive. */
  readonly refusedInactive?: ((presented: Presented) => void) | undefined
}

/** What came of a call, and of a request that went on without one. */
export type CallReport =
  | {
      readonly is: 'call'
      readonly class: AdmissionClass
      /** Milliseconds in the queue. */
      readonly waited: number
      readonly result: 'active' | 'inactive' | 'trouble'
      readonly trouble?: Trouble
      readonly duration: number
    }
  | { readonly is: 'stale'; readonly age: number }

/** Multiples of the usual duration of a call after which a token in grace no longer waits. */
const PATIENCE = 3

/** Verifies tokens by asking the authority that issued them, and remembers what it said. */
export class IntrospectionVerifier implements Verifier {
  readonly #parts: IntrospectionVerifierParts
  readonly #calls: IntrospectionCalls

  /** @param owner The verifier that speaks for the issuer, when this one is a part of it. */
  constructor(parts: IntrospectionVerifierParts, owner?: Verifier) {
    this.#parts = parts
    const { rules } = parts
    const ended = (outcome: Outcome, { waited, waitedIn }: Inquiry, duration: number): void => {
      const trouble = outcome.is === 'trouble' ? { trouble: outcome.trouble } : {}
      parts.report({ is: 'call', class: waitedIn!, waited, result: outcome.is, duration, ...trouble })
    }
    const sound = (claims: Claims): boolean => isSound(claims, rules)
    this.#calls = new IntrospectionCalls({ ...parts, issuer: rules.issuer, ended, sound }, owner ?? this)
  }

  recall(entry: VerifiedToken, presented: Presented, now: Instant = instantOf(this.#parts.clock)): Verdict | undefined {
    const age = this.#age(entry, now)
    if (age < this.#freshFor(entry)) {
      const token = this.#check(entry, now)
      if (age >= entry.aheadAfter) this.#askAhead(presented)
      return { token, source: 'cache', stale: false }
    }
    // Where no answer can be had in time there is nothing to wait for; the question goes on behind the request.
    if (age >= this.#usableFor(entry) || !this.#noAnswerInTime()) return undefined
    this.#calls.for(presented, this.#want(presented))
    return this.#stale(entry, age)
  }

  now(presented: Presented, now?: Instant): Verdict | AuthError | undefined {
    const { positives, negatives } = this.#parts
    const known = positives.get(presented.digest)
    if (known) return this.recall(known, presented, now)
    if (negatives.judge(presented.digest) === 'fresh') return this.#knownInactive(presented)
    return undefined
  }

  async verify(presented: Presented): Promise<Verdict> {
    const known = orThrow(this.now(presented))
    if (known) return known
    const call = this.#calls.for(presented, this.#want(presented))
    const outcome = await this.#wait(call, this.#patience(presented.digest), presented.caller?.signal)
    if (outcome === STILL_RUNNING) {
      // Who has left needs no answer, and leaving early must not make trouble that something could be served on.
      if (presented.caller?.signal?.aborted === true) throw this.#unavailable('introspection_unavailable', undefined)
      return this.#withoutAnswer(presented, troubleOfWaiting(call))
    }
    return outcome.is === 'trouble' ? this.#withoutAnswer(presented, outcome.trouble) : this.#judge(outcome, presented)
  }

  async ask(presented: Presented, since: number): Promise<Verdict> {
    const { clock, positives, terms } = this.#parts
    const known = positives.get(presented.digest)
    // Asked for on the monotonic clock, as requests arrive on it; a machine that slept shows on the other one only.
    if (known && known.since.monotonic >= since && this.#age(known) < this.#freshFor(known))
      return { token: this.#check(known), source: 'cache', stale: false }
    const until = clock.monotonic() + terms.wait
    const want: Want = { urgency: { is: 'blocked' }, deadline: until }
    let trouble: Trouble | undefined
    // A call that began too early proves nothing for this request: wait for its end, then for the next one.
    for (let round = 0; round < 2; round += 1) {
      const call = this.#calls.for(presented, want)
      const outcome = await this.#wait(call, until - clock.monotonic(), presented.caller?.signal)
      if (outcome === STILL_RUNNING) {
        trouble = call.inquiry.startedAt ? undefined : troubleOfWaiting(call)
        break
      }
      const startedAt = call.inquiry.startedAt?.monotonic ?? Infinity
      if (outcome.is === 'inactive' || (outcome.is === 'active' && startedAt >= since))
        return this.#judge(outcome, presented)
      if (startedAt < since) continue
      trouble = outcome.is === 'trouble' ? outcome.trouble : undefined
      break
    }
    throw this.#unavailable('evidence_too_old', trouble)
  }

  async explain({ digest }: Presented, checks: Checks): Promise<VerifiedToken | undefined> {
    const { positives, negatives, rules, clock } = this.#parts
    const known = positives.peek(digest)
    if (negatives.judge(digest)) checks.failed('token_inactive', 'the authorization server called it inactive')
    else if (known && this.#age(known) < this.#usableFor(known)) checks.passed('token_inactive')
    else checks.unknown('token_inactive', 'no answer is at hand; a request would ask the authorization server')
    if (!known) return undefined
    const now = clock.wall() / 1_000
    checks.rules(ANSWER_RULES, known.claims, rules, now, (reason) => detailOf(reason, known, rules, now))
    return known
  }

  /** Forgets a token, and what a running call will say of it. */
  forget(digest: string): void {
    this.#parts.positives.delete(digest)
    this.#parts.negatives.delete(digest)
    this.#calls.forget(digest)
  }

  /** A token in use is asked about before its answer grows old, while that costs nobody anything. */
  #askAhead(presented: Presented): void {
    if (this.#parts.endpoint.hasRoom && !this.#calls.has(presented.digest))
      this.#calls.for(presented, this.#want(presented))
  }

  async #wait(call: Call, ms: number, signal: AbortSignal | undefined): Promise<Outcome | typeof STILL_RUNNING> {
    if (call.waitedFor) this.#parts.endpoint.coalesced()
    call.waiting += 1
    call.waitedFor = true
    const outcome = await waitAtMost(call.outcome, ms, this.#parts.clock, signal)
    call.waiting -= 1
    return outcome
  }

  #judge(outcome: Exclude<Outcome, { is: 'trouble' }>, presented: Presented): Verdict {
    if (outcome.is === 'inactive') throw this.#inactive(presented)
    return { token: this.#check(outcome.token), source: 'live', stale: false }
  }

  /** No verdict came in time: what was known may stand in within its grace; an inactive token stays refused. */
  #withoutAnswer(presented: Presented, trouble: Trouble | undefined): Verdict {
    const { positives, negatives } = this.#parts
    const { digest } = presented
    const known = positives.get(digest)
    if (known) {
      const age = this.#age(known)
      if (age < this.#usableFor(known)) return this.#stale(known, age)
      this.#check(known) // an expired token is refused, however little else is known
    }
    if (negatives.judge(digest)) throw this.#knownInactive(presented)
    throw this.#unavailable('introspection_unavailable', trouble)
  }

  #stale(entry: VerifiedToken, age: number): Verdict {
    const token = this.#check(entry)
    this.#parts.report({ is: 'stale', age })
    return { token, source: 'cache', stale: true }
  }

  #check(entry: VerifiedToken, now?: Instant): VerifiedToken {
    const { rules, clock } = this.#parts
    const check = entry.provenance.sound === true ? checkAnswerTimes : checkIntrospectedClaims
    const refusal = check(entry.claims, rules, (now?.wall ?? clock.wall()) / 1_000)
    if (refusal) throw this.#refused(refusal.reason, refusal.detail)
    return entry
  }

  #age(entry: VerifiedToken, now: Instant = instantOf(this.#parts.clock)): number {
    return evidenceAge(entry, now)
  }

  #freshFor(entry: VerifiedToken): number {
    return freshTime(this.#parts.terms, entry.freshFor)
  }

  /** The age from which on an entry is no evidence at all. */
  #usableFor(entry: VerifiedToken): number {
    return usableTime(this.#parts.terms, entry.freshFor)
  }

  /** True where a request in grace would wait in vain: the endpoint is not asked now, or our own queue is too long. */
  #noAnswerInTime(): boolean {
    const { endpoint } = this.#parts
    return endpoint.outOfReach || endpoint.expectedWait > this.#graceWait()
  }

  #graceWait(): number {
    const { terms, endpoint } = this.#parts
    return Math.min(terms.wait, Math.max(terms.graceWait, PATIENCE * endpoint.usualDuration))
  }

  #patience(digest: string): number {
    const known = this.#parts.positives.peek(digest)
    return known && this.#age(known) < this.#usableFor(known) ? this.#graceWait() : this.#parts.terms.wait
  }

  /** How urgent an answer is for a request that comes now. */
  #want({ digest, caller }: Presented): Want {
    const { positives, terms, clock } = this.#parts
    const known = positives.peek(digest)
    const now = clock.monotonic()
    if (!known) return { urgency: { is: 'new', source: caller?.source }, deadline: now + terms.wait }
    const left = this.#usableFor(known) - this.#age(known)
    if (left <= 0) return { urgency: { is: 'blocked' }, deadline: now + terms.wait }
    return { urgency: { is: 'grace', left: Math.min(1, left / terms.grace) }, deadline: now + left }
  }

  #knownInactive(presented: Presented): AuthError {
    this.#parts.negatives.hits += 1
    return this.#inactive(presented)
  }

  #inactive(presented: Presented): AuthError {
    this.#parts.refusedInactive?.(presented)
    return this.#refused('token_inactive')
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

/** What has not left our own queue in time, or does not know yet where to go, says nothing of the endpoint. */
function troubleOfWaiting({ inquiry: { startedAt, sent } }: Call): Trouble {
  return new Trouble(startedAt ? (sent ? 'timeout' : 'no_endpoint') : 'overloaded')
}
