import { debuglog } from 'node:util'
import { Advisor } from './advice.ts'
import { AuthError, type Reason, REASONS } from './errors.ts'
import type { ClientAuthentication } from './introspection/client-authentication.ts'
import type { Metadata } from './keys/discovery.ts'
import type { AdviceEvent, DocumentEvent, EndpointEvent, HoldfastEvent, Observer } from './ports/observer.ts'
import type { AuthRequest } from './request.ts'
import { oneLine } from './syntax/one-line.ts'

/** Plain integers since the start; cheap enough to count on every request. */
export interface Counters {
  /** Requests accepted, by the evidence used. */
  readonly accepted: { readonly live: number; readonly cache: number; readonly stale: number }
  /** Requests refused or not decided, by reason. */
  readonly refused: Readonly<Partial<Record<Reason, number>>>
}

const debug = debuglog('holdfast')

/** Where everything that happens is counted and told. No stage knows who listens. */
export class Telemetry {
  readonly #observer: Observer | undefined
  readonly #advisor = new Advisor()
  readonly #refused = new Map<Reason, number>()
  /** Whether anybody hears of a refusal; otherwise no event is written. */
  readonly #heard: boolean
  live = 0
  cache = 0
  stale = 0

  constructor(observer: Observer | undefined) {
    this.#observer = observer
    this.#heard = observer !== undefined || debug.enabled
  }

  get counters(): Counters {
    const { live, cache, stale } = this
    return { accepted: { live, cache, stale }, refused: Object.fromEntries(this.#refused) }
  }

  emit(event: HoldfastEvent): void {
    debug('%j', event)
    if (!this.#observer) {
      if (event.type === 'advice') process.emitWarning(event.message, { type: 'HoldfastWarning', code: event.code })
      return
    }
    try {
      const heard: unknown = this.#observer.on(Object.freeze(event))
      if (heard instanceof Promise) heard.catch(() => undefined)
    } catch {
      // An observer that fails is no reason to refuse, or to serve, anybody.
    }
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
    const { issuer, detail, unverified = false } = AuthError.detailsOf(error)
    const reason = REASONS[error.reason] ? error.reason : 'internal_error'
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    if (this.#heard) {
      const said = detail === undefined ? undefined : oneLine(detail)
      this.emit({ type: 'refused', reason, status: error.status, issuer, unverified, detail: said })
    }
    const advice = this.#advisor.for(reason, issuer) ?? this.#advisor.forMistake(reason, error.cause)
    if (advice) this.emit(advice)
  }
}
