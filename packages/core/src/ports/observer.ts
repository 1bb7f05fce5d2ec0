import type { TokenKind } from '../counters.ts'
import type { Reason } from '../errors.ts'
import type { DrillReport } from '../forecast/drill-report.ts'
import type { AdmissionClass } from '../resilience/admission-queue.ts'
import type { EndpointState } from '../resilience/endpoint-health.ts'
import type { ServerStatus } from '../status.ts'

/** What happened, for operators. No event holds a token, a secret, a subject, a client id or an upstream URL. */
export type HoldfastEvent =
  | RefusedEvent
  | VerifiedEvent
  | StaleEvent
  | DocumentEvent
  | EndpointMovedEvent
  | KeyEvent
  | IntrospectionEvent
  | EndpointEvent
  | RevocationEvent
  | StoreEvent
  | SignalEvent
  | DrillEvent
  | AdviceEvent

/** A request was refused (`status` below 500), could not be judged (503), or met a mistake of ours (500). */
export interface RefusedEvent {
  readonly type: 'refused'
  readonly reason: Reason
  readonly status: number
  readonly issuer: string | undefined
  /** Where the token got as far as to whoever judges it. */
  readonly kind: TokenKind | undefined
  /** True when the claim that decided was not yet covered by a checked signature. */
  readonly unverified: boolean
  /** What a guard, or the stage that refused, said: one line of at most 200 printable characters. */
  readonly detail: string | undefined
  /** What an operator should look at; `undefined` where the reason says it all. The same for all of one reason. */
  readonly hint: string | undefined
}

/** A token was verified for a request, and is good. Never for one that was known, and only where somebody listens. */
export interface VerifiedEvent {
  readonly type: 'verified'
  readonly issuer: string
  readonly kind: TokenKind
  /** Milliseconds since the request arrived. */
  readonly duration: number
}

/** A token was accepted on evidence past its freshness, because the authorization server gave no answer in time. */
export interface StaleEvent {
  readonly type: 'stale'
  readonly issuer: string
  /** Milliseconds since the token was last verified. */
  readonly age: number
}

/** A metadata document or key set was loaded, or was not. */
export interface DocumentEvent {
  readonly type: 'document'
  readonly document: 'metadata' | 'keys'
  readonly issuer: string
  readonly result: 'loaded' | 'restored' | 'failed' | 'dropped'
  /** Why the load was tried. */
  readonly trigger: 'start' | 'ahead' | 'expired' | 'unknown_kid'
  /** For `failed`: the kind of trouble, one of a closed list. */
  readonly trouble: string | undefined
}

/** The metadata of an issuer names another place for an endpoint than before. */
export interface EndpointMovedEvent {
  readonly type: 'endpoint_moved'
  readonly issuer: string
  readonly endpoint: 'keys' | 'introspection'
  /** True where `pinEndpoints` keeps the endpoint at its origin. */
  readonly refused: boolean
}

/** A published key is not used. */
export interface KeyEvent {
  readonly type: 'key_skipped'
  readonly issuer: string
  /** `private` is a security event: the issuer published a private key. */
  readonly why: 'unusable' | 'weak' | 'private' | 'symmetric' | 'not_allowed'
}

/** An introspection call ended. */
export interface IntrospectionEvent {
  readonly type: 'introspection'
  readonly issuer: string
  /** The class of the queue in which it waited for its turn, or would have. */
  readonly class: AdmissionClass
  /** Milliseconds that it waited; 0 where there was room at once. Not part of `duration`. */
  readonly waited: number
  readonly result: 'active' | 'inactive' | 'trouble'
  /** For `trouble`: its kind, one of a closed list. */
  readonly trouble: string | undefined
  /** Milliseconds the call took. */
  readonly duration: number
}

/** An introspection endpoint does better or worse than before, or began or ceased to reject our credentials. */
export interface EndpointEvent {
  readonly type: 'endpoint'
  readonly issuer: string
  readonly state: EndpointState
  /** The same as `state` where only `misconfigured` changed. */
  readonly previous: EndpointState
  readonly misconfigured: boolean
}

/** Revocations were recorded, or had to be forgotten early because their store was full. */
export interface RevocationEvent {
  readonly type: 'revocation'
  readonly result: 'recorded' | 'overflow'
}

/** The store failed; what it should have kept is held by this process only. */
export interface StoreEvent {
  readonly type: 'store_failed'
  readonly operation: 'load' | 'save'
}

/**
 * What one refusal does not show and many do. `signature_burst`: many signatures that no key verifies.
 * `use_after_revocation`: a token that `revoke()` named is used again and again. `unknown_issuer`: many tokens of issuers
 * that are not configured. `token_churn`: one client takes a new token for each call. `inactive_surge`: over a fifth of the
 * tokens known to be good turned inactive at once, as after a loss of the authorization server's data.
 */
export type Signal = 'signature_burst' | 'use_after_revocation' | 'unknown_issuer' | 'token_churn' | 'inactive_surge'

/** A security signal: at most one for each signal and issuer in a minute. */
export interface SignalEvent {
  readonly type: 'signal'
  readonly signal: Signal
  /** `undefined` where the tokens name none that is configured. */
  readonly issuer: string | undefined
  /** What was counted in the window. */
  readonly count: number
  /** Milliseconds. */
  readonly window: number
}

/** A drill (`server.drill()`) began or ended. */
export interface DrillEvent {
  readonly type: 'drill'
  readonly issuer: string
  readonly state: 'started' | 'ended'
  /** Once it has ended. */
  readonly report: DrillReport | undefined
}

/** Something only an operator or developer can mend; said once for each code and issuer. */
export interface AdviceEvent {
  readonly type: 'advice'
  readonly code: `HOLDFAST_${string}`
  readonly issuer: string | undefined
  readonly message: string
}

/** A server as its observer sees it. */
export interface ObservedServer {
  status(): ServerStatus
}

/** Listens. What it throws is ignored: observing is never an authentication failure. */
export interface Observer {
  on(event: HoldfastEvent): void
  /** Called when a server is built that this observes, for what is read rather than told. */
  attach?(server: ObservedServer): void
  /** Called with the same object once that server is closed, and whoever waited has been answered and counted. */
  detach?(server: ObservedServer): void
}
