/** What a fleet of replicas and the users before it look like, as far as the load of the authorization server goes. */
export interface FleetShape {
  readonly replicas: number
  /** Requests per second of each session. */
  readonly rates: readonly number[]
  /** `sticky`: a session's requests go to one replica. `random`: each to any. */
  readonly routing: 'sticky' | 'random'
  /** Milliseconds. */
  readonly fresh: number
}

/** The part of the fresh time after which a use asks ahead. */
const AHEAD = 0.8
/** Milliseconds between two probes of one replica in a long outage: at least, and at most, evenly spread. */
const PROBE = { min: 250, max: 5_000 } as const
/** Calls in flight of one replica when the endpoint answers again. */
const SLOW_START = 2
/** Metadata and key sets are fresh for ten minutes where the server does not say otherwise, and fetched ahead of that. */
const DOCUMENT_EVERY = AHEAD * 600_000

/**
 * Introspections per second in calm. One replica that sees a token `rate` times a second asks about it, waits 0.8 x fresh
 * and until the next use, and asks again: `rate / (1 + 0.8 x fresh x rate)`. Sum over tokens and replicas.
 */
export function calmCalls({ replicas, rates, routing, fresh }: FleetShape): number {
  const seenBy = routing === 'sticky' ? 1 : replicas
  const pause = (AHEAD * fresh) / 1_000
  return rates.reduce((sum, rate) => sum + rate / (1 + (pause * rate) / seenBy), 0)
}

/**
 * Introspections per second in an outage: one probe of each replica per mean back-off.
 *
 * @param failsAfter Milliseconds until a call is known to have failed: 0 for a refused connection, the attempt's
 *   deadline for lost packets.
 */
export function outageCalls(replicas: number, failsAfter: number): number {
  return (1_000 * replicas) / ((PROBE.min + PROBE.max) / 2 + failsAfter)
}

/** The most calls in flight after so many seconds of recovery; each replica's learnt limit may be lower. */
export function recoveringInFlight(replicas: number, seconds: number): number {
  return replicas * SLOW_START * 2 ** Math.floor(seconds)
}

/** Fetches per second of metadata and key sets, in calm. */
export function documentFetches(replicas: number): number {
  return (1_000 * 2 * replicas) / DOCUMENT_EVERY
}
