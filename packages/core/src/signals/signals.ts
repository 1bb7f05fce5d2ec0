import { LRUCache } from 'lru-cache'
import type { Reason } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Signal, SignalEvent } from '../ports/observer.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import type { Presented } from '../verify/verifier.ts'
import { Burst } from './burst.ts'
import { InactiveSurge } from './inactive-surge.ts'
import { TokenChurn } from './token-churn.ts'

/** From how many on, in how many milliseconds, something is told. */
export const THRESHOLDS: Readonly<Record<Signal, { readonly count: number; readonly window: number }>> = Object.freeze({
  signature_burst: { count: 20, window: 60_000 },
  use_after_revocation: { count: 5, window: 60_000 },
  unknown_issuer: { count: 20, window: 60_000 },
  token_churn: { count: 100, window: 300_000 },
  inactive_surge: { count: 10, window: 10_000 },
})
/** The part of the known tokens asked about that turned inactive: see {@link InactiveSurge}. */
export const SURGE_SHARE = 0.2
/** Known tokens of one issuer that turned inactive, the last of them. */
const WITHDRAWN = 1_000

/** What a token that was sampled is looked up by. */
type Sample = Pick<VerifiedToken, 'digest' | 'by'>
/** Whether a token came again since it was new; `undefined` where it is not known any more. */
export type CameAgain = (token: Sample) => boolean | undefined

/** The detectors of one issuer, or of what names none. */
class IssuerSignals {
  readonly signatures = new Burst(THRESHOLDS.signature_burst)
  readonly revoked = new Burst(THRESHOLDS.use_after_revocation)
  readonly unknown = new Burst(THRESHOLDS.unknown_issuer)
  readonly surge = new InactiveSurge({ ...THRESHOLDS.inactive_surge, share: SURGE_SHARE })
  /** By digest, the monotonic milliseconds at which that became known. */
  readonly withdrawn = new LRUCache<string, number>({ max: WITHDRAWN })
  readonly churn: TokenChurn<Sample>

  constructor(cameAgain: (token: Sample) => boolean) {
    this.churn = new TokenChurn(THRESHOLDS.token_churn, cameAgain)
  }
}

/**
 * Finds security signals: what one refusal does not show and many do. Told at most once in a minute for each signal and
 * issuer. Memory is bounded by the configured issuers; no signal says which token, subject or client it is about.
 */
export class Signals {
  readonly #byIssuer: ReadonlyMap<string, IssuerSignals>
  readonly #nobodys: IssuerSignals
  readonly #clock: Clock
  readonly #tell: (event: SignalEvent) => void

  constructor(issuers: readonly string[], clock: Clock, cameAgain: CameAgain, tell: (event: SignalEvent) => void) {
    const signals = (): IssuerSignals => new IssuerSignals((token) => cameAgain(token) === true)
    this.#byIssuer = new Map(issuers.map((issuer) => [issuer, signals()]))
    this.#nobodys = signals()
    this.#clock = clock
    this.#tell = tell
  }

  /** A request was refused. */
  refused(reason: Reason, issuer: string | undefined): void {
    if (reason === 'signature_invalid') this.#note('signature_burst', 'signatures', issuer)
    else if (reason === 'token_revoked') this.#note('use_after_revocation', 'revoked', issuer)
    // One that is nearly configured is a mistake of the configuration, and has its advice.
    else if (reason === 'issuer_unknown' && issuer === undefined) this.#note('unknown_issuer', 'unknown', undefined)
  }

  /** A token that was not known was verified. */
  verified({ claims, digest, by, issuer }: VerifiedToken): void {
    const client = claims['client_id'] ?? claims['azp']
    if (typeof client !== 'string') return
    const count = this.#of(issuer).churn.note(client, { digest, by }, this.#clock.monotonic())
    this.#say('token_churn', issuer, count)
  }

  /** The authorization server said again of a token what it is; the token had been found good, and has not expired. */
  answered(issuer: string, digest: string, isActive: boolean): void {
    const { surge, withdrawn } = this.#of(issuer)
    const now = this.#clock.monotonic()
    if (!isActive) withdrawn.set(digest, now)
    this.#say('inactive_surge', issuer, surge.note(isActive, now))
  }

  /** A token was refused because it is inactive. Whoever came before that was known could not know better. */
  refusedInactive(issuer: string, { digest, arrivedAt }: Pick<Presented, 'digest' | 'arrivedAt'>): void {
    if (arrivedAt > (this.#of(issuer).withdrawn.get(digest) ?? Infinity))
      this.#note('use_after_revocation', 'revoked', issuer)
  }

  #note(signal: Signal, detector: 'signatures' | 'revoked' | 'unknown', issuer: string | undefined): void {
    const configured = issuer !== undefined && this.#byIssuer.has(issuer) ? issuer : undefined
    this.#say(signal, configured, this.#of(issuer)[detector].note(this.#clock.monotonic()))
  }

  #say(signal: Signal, issuer: string | undefined, count: number | undefined): void {
    if (count === undefined) return
    this.#tell({ type: 'signal', signal, issuer, count, window: THRESHOLDS[signal].window })
  }

  #of(issuer: string | undefined): IssuerSignals {
    return (issuer === undefined ? undefined : this.#byIssuer.get(issuer)) ?? this.#nobodys
  }
}
