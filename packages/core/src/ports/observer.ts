import type { Reason } from '../errors.ts'
import type { EndpointState } from '../resilience/endpoint-health.ts'

/** What happened, for operators. No event holds a token, a secret, a subject, a client id or an upstream URL. */
export type HoldfastEvent =
  | RefusedEvent
  | StaleEvent
  | DocumentEvent
  | EndpointMovedEvent
  | KeyEvent
  | IntrospectionEvent
  | EndpointEvent
  | RevocationEvent
  | StoreEvent
  | AdviceEvent

/** A request was refused (`status` below 500), could not be judged (503), or met a mistake of ours (500). */
export interface RefusedEvent {
  readonly type: 'refused'
  readonly reason: Reason
  readonly status: number
  readonly issuer: string | undefined
  /** True when the claim that decided was not yet covered by a checked signature. */
  readonly unverified: boolean
  /** What a guard, or the stage that refused, said: one line of at most 200 printable characters. */
  readonly detail: string | undefined
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

/** Something only an operator or developer can mend; said once for each code and issuer. */
export interface AdviceEvent {
  readonly type: 'advice'
  readonly code: `HOLDFAST_${string}`
  readonly issuer: string | undefined
  readonly message: string
}

/** Listens. What it throws is ignored: observing is never an authentication failure. */
export interface Observer {
  on(event: HoldfastEvent): void
}
