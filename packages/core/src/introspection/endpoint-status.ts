import type { AdmissionClass } from '../resilience/admission-queue.ts'
import type { EndpointState } from '../resilience/endpoint-health.ts'
import type { TroubleKind } from './introspector.ts'

/** For operators. Durations in milliseconds. */
export interface EndpointStatus {
  readonly state: EndpointState
  /** The endpoint rejects our credentials. */
  readonly misconfigured: boolean
  /** Calls. */
  readonly inFlight: number
  /** Calls that may be in flight now: learnt, and lowered by the state. 0 until the next probe, or the end of a pause. */
  readonly limit: number
  /** Tokens that wait for their turn, by class. */
  readonly queued: Readonly<Record<AdmissionClass, number>>
  /** Of the last call that failed. Stays when all is well again. */
  readonly lastTrouble: TroubleKind | undefined
  /** Until the endpoint may be asked again; `undefined` when it may now. */
  readonly resumesIn: number | undefined
  readonly counters: EndpointCounters
}

/** Plain integers since the start. */
export interface EndpointCounters {
  /** Calls, second tries included. */
  readonly calls: number
  /** With a verdict, active or inactive. */
  readonly answered: number
  /** Without one. */
  readonly failed: number
  /** Tried a second time after a lost connection. */
  readonly retried: number
  /** Callers who waited for an answer that others waited for, too: one call served them all. */
  readonly coalesced: number
  /** Answers that came after every caller had left; they are used all the same. */
  readonly late: number
  /** Tokens that had to leave the queue without a turn, by the class they waited in. */
  readonly shed: Readonly<Record<AdmissionClass, number>>
}
