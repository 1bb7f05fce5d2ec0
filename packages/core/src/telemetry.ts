import { debuglog } from 'node:util'
import { Advisor } from './advice.ts'
import { type Counters, RefusalCounts } from './counters.ts'
import { AuthError, REASONS } from './errors.ts'
import { HINTS } from './hints.ts'
import type { ClientAuthentication } from './introspection/client-authentication.ts'
import type { Metadata } from './keys/discovery.ts'
import { acceptedChannel, isListenedTo, publish } from './ports/channels.ts'
import type {
  AdviceEvent,
  DocumentEvent,
  EndpointEvent,
  HoldfastEvent,
  ObservedServer,
  Observer,
} from './ports/observer.ts'
import type { Clock } from './ports/clock.ts'
import type { AuthRequest } from './request.ts'
import { type CameAgain, Signals } from './signals/signals.ts'
import { oneLine } from './syntax/one-line.ts'
import type { VerifiedToken } from './verify/verified-token.ts'
import type { Presented, Verdict } from './verify/verifier.ts'

const debug = debuglog('holdfast')

/** Where everything that happens is counted and told. No stage knows who listens. */
export class Telemetry {
  readonly #observer: Observer | undefined
  readonly #advisor = new Advisor()
  readonly #clock: Clock
  readonly #refused = new RefusalCounts()
  /** Of the configured issuers only: an error of the application may name any. */
  readonly #refusedBy: ReadonlyMap<string, RefusalCounts>
  readonly #issuers: readonly string[]
  #cameAgain: CameAgain = () => undefined
  #signals: Signals | undefined

  constructor(observer: Observer | undefined, issuers: readonly string[], clock: Clock) {
    this.#observer = observer
    this.#clock = clock
    this.#refusedBy = new Map(issuers.map((issuer) => [issuer, new RefusalCounts()]))
    this.#issuers = issuers
  }

  get refused(): Counters['refused'] {
    return this.#refused.counts
  }

  refusedOf(issuer: string): Counters['refused'] {
    return this.#refusedBy.get(issuer)!.counts
  }

  /** Where the signals see whether a token came again. */
  sees(cameAgain: CameAgain): void {
    this.#cameAgain = cameAgain
  }

  attach(server: ObservedServer): void {
    this.#tell((observer) => observer.attach?.(server))
  }

  detach(server: ObservedServer): void {
    this.#tell((observer) => observer.detach?.(server))
  }

  emit(event: HoldfastEvent): void {
    debug('%j', event)
    publish(Object.freeze(event))
    if (this.#observer) this.#tell((observer) => observer.on(event))
    else if (event.type === 'advice') process.emitWarning(event.message, { type: 'HoldfastWarning', code: event.code })
  }

  #tell(say: (observer: Observer) => unknown): void {
    if (!this.#observer) return
    try {
      const heard = say(this.#observer)
      if (heard instanceof Promise) heard.catch(() => undefined)
    } catch {
      // An observer that fails is no reason to refuse, or to serve, anybody.
    }
  }

  /** Whether anybody hears of events of a type; otherwise those that come with requests are not written. */
  #isHeard(type: HoldfastEvent['type']): boolean {
    return this.#observer !== undefined || debug.enabled || isListenedTo(type)
  }

  /** The detectors of security signals, where anybody would hear of one; made for the first who would. */
  get signals(): Signals | undefined {
    if (!this.#isHeard('signal')) return undefined
    return (this.#signals ??= new Signals(this.#issuers, this.#clock, this.#cameAgain, (event) => this.emit(event)))
  }

  /** Counts a token that was accepted; one addition where nobody listens to each, and the token was known. */
  accepted({ token, source, stale }: Verdict, { arrivedAt }: Presented): void {
    const { issuer, tally } = token.provenance
    tally[stale ? 'stale' : source] += 1
    if (source === 'live') this.#verified(token, arrivedAt)
    if (!acceptedChannel.hasSubscribers) return
    const age = source === 'live' ? {} : { age: Math.max(0, arrivedAt - token.since.monotonic) }
    acceptedChannel.publish(Object.freeze({ issuer, kind: tally.kind, source, stale, ...age }))
  }

  #verified(token: VerifiedToken, arrivedAt: number): void {
    if (this.#isHeard('verified')) {
      const { issuer, tally } = token.provenance
      this.emit({ type: 'verified', issuer, kind: tally.kind, duration: this.#clock.monotonic() - arrivedAt })
    }
    this.signals?.verified(token)
  }

  /** Tells once what only an operator or developer can mend. */
  advise(advice: AdviceEvent): void {
    const first = this.#advisor.once(advice)
    if (first) this.emit(first)
  }

  /** Tells what became of a document, and what would mend it where waiting does not. */
  document(event: DocumentEvent): void {
    this.emit(event)
    const advice = event.result === 'failed' ? this.#advisor.forDocument(event) : undefined
    if (advice) this.emit(advice)
  }

  /** Tells how an endpoint does, and what would mend it where waiting does not. */
  endpoint(event: EndpointEvent): void {
    this.emit(event)
    const advice = event.misconfigured ? this.#advisor.for('introspection_misconfigured', event.issuer) : undefined
    if (advice) this.emit(advice)
  }

  /** Tells once of a token that crossed a network in the clear. */
  transport(request: AuthRequest): void {
    const advice = this.#advisor.forTransport(request)
    if (advice) this.emit(advice)
  }

  /** Tells once where the metadata of an issuer does not list how we authenticate at its introspection endpoint. */
  client(issuer: string, client: ClientAuthentication, metadata: Metadata): void {
    const advice = this.#advisor.forClient(issuer, client, metadata)
    if (advice) this.emit(advice)
  }

  /** Counts and tells a refusal, and what would mend it. */
  refusal(error: AuthError): void {
    const { issuer, kind, detail, unverified = false } = AuthError.detailsOf(error)
    const reason = REASONS[error.reason] ? error.reason : 'internal_error'
    this.#refused.add(reason)
    if (issuer !== undefined) this.#refusedBy.get(issuer)?.add(reason)
    this.signals?.refused(reason, issuer)
    if (this.#isHeard('refused')) {
      const said = detail === undefined ? undefined : oneLine(detail)
      const { status } = error
      this.emit({ type: 'refused', reason, status, issuer, kind, unverified, detail: said, hint: HINTS[reason] })
    }
    const advice = this.#advisor.for(reason, issuer) ?? this.#advisor.forMistake(reason, error.cause)
    if (advice) this.emit(advice)
  }
}
