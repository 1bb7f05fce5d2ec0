import type { AdmissionClass } from '../resilience/admission-queue.ts'
import type { EndpointState } from '../resilience/endpoint-health.ts'
import type { TroubleKind } from './introspector.ts'

/** For operators. Durations in milliseconds. */
export interface EndpointStatus {
  readonly state: EndpointState
  /** The endpoint rejects our credentials. */
  readonly misconfigured: boolean
  readonly inFlight: number
  /** Calls that may be in flight now. */
  readonly limit: number
  /** Inquiries that wait, by class. */
  readonly queued: Readonly<Record<AdmissionClass, number>>
  readonly lastTrouble: TroubleKind | undefined
  /** Until the endpoint may be asked again. */
  readonly resumesIn: number | undefined
  readonly counters: EndpointCounters
}

/** Plain integers since the start. */
export interface EndpointCounters {
  readonly calls: number
  readonly answered: number
  readonly failed: number
  readonly retried: number
  /** Answers that came after every caller had left; they are used all the same. */
  readonly late: number
  /** Inquiries that never got their turn, by class. */
  readonly shed: Readonly<Record<AdmissionClass, number>>
}
