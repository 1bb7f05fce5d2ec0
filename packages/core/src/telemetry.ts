import { debuglog } from 'node:util'
import { Advisor } from './advice.ts'
import { AuthError, type Reason, REASONS } from './errors.ts'
import type { DocumentEvent, EndpointEvent, HoldfastEvent, Observer } from './ports/observer.ts'

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
  live = 0
  cache = 0
  stale = 0

  constructor(observer: Observer | undefined) {
    this.#observer = observer
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

  /** Counts and tells a refusal, and what would mend it. */
  refusal(error: AuthError): void {
    const { issuer, detail, unverified = false } = AuthError.detailsOf(error)
    const reason = REASONS[error.reason] ? error.reason : 'internal_error'
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    this.emit({
      type: 'refused',
      reason,
      status: error.status,
      issuer,
      unverified,
      detail: detail === undefined ? undefined : tame(detail),
    })
    const advice = this.#advisor.for(reason, issuer) ?? this.#advisor.forMistake(reason, error.cause)
    if (advice) this.emit(advice)
  }
}

/** One line of printable characters, at most 200: a guard's words may quote a claim. */
function tame(text: unknown): string {
  return String(text)
    .slice(0, 200)
    .replaceAll(/[^\x20-\x7e]/g, '?')
}
