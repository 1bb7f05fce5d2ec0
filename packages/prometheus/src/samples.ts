import type {
  DrillLoss,
  DrillReport,
  EndpointState,
  EndpointStatus,
  EvidenceCounts,
  IssuerStatus,
  KeyEvent,
  LastGoodStatus,
  Reason,
  RevocationEvent,
  ServerState,
  ServerStatus,
  Signal,
  StoreEvent,
} from '@holdfast/core'
import { CODES, REASONS } from '@holdfast/core/adapter'
import type { Labels, MetricKey } from './metrics.ts'

/** A number that a server has now, and the series it belongs to. */
export type Sample = readonly [metric: MetricKey, value: number, labels: Labels]

/** What the client got, as far as it tells: the status codes by their names. */
const OUTCOMES = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  500: 'error',
  503: 'unavailable',
} as const satisfies Record<(typeof CODES)[keyof typeof CODES], string>

const outcomeOf = (reason: Reason): (typeof OUTCOMES)[keyof typeof OUTCOMES] => OUTCOMES[CODES[REASONS[reason][0]]]

/** Reasons whose series are there before the first refusal: an alert that waits for a rise must see it begin. */
const RARE = (Object.keys(REASONS) as Reason[]).filter((reason) => CODES[REASONS[reason][0]] >= 500)

/** All members of a closed list: one too many or too few does not compile. */
const all = <T extends string>(list: Readonly<Record<T, true>>): readonly T[] => Object.keys(list) as T[]

const SERVER_STATES = all<ServerState>({ fresh: true, degraded: true, cold: true })
const ENDPOINT_STATES = all<EndpointState>({ healthy: true, limited: true, down: true, recovering: true })
const KEY_FAULTS = all<KeyEvent['why']>({
  unusable: true,
  weak: true,
  private: true,
  symmetric: true,
  not_allowed: true,
})
const SIGNALS = all<Signal>({
  signature_burst: true,
  use_after_revocation: true,
  unknown_issuer: true,
  token_churn: true,
  inactive_surge: true,
})
const REVOCATIONS = all<RevocationEvent['result']>({ recorded: true, overflow: true })
const STORE_OPERATIONS = all<StoreEvent['operation']>({ load: true, save: true })
const DRILL_ENDS = all<DrillReport['ended']>({ time: true, aborted: true, closed: true })
const DRILL_LOSSES = all<DrillLoss>({ new: true, old: true, keys: true, fresh: true, unavailable: true })

/** Everything that the status of a server has numbers for, and a 0 for what is counted by events and has a closed list. */
export function* samplesOf(status: ServerStatus): Generator<Sample, void> {
  for (const issuer of status.issuers) yield* issuerSamples(issuer)
  yield* refusalsOfNobody(status)
  yield* cacheSamples(status)
  yield ['signals', 0, { signal: 'unknown_issuer' }]
  for (const result of REVOCATIONS) yield ['revocations', 0, { result }]
  for (const operation of STORE_OPERATIONS) yield ['storeErrors', 0, { operation }]
}

function* issuerSamples(status: IssuerStatus): Generator<Sample, void> {
  const { issuer, counters, evidence, introspection, metadata, keys, judgedUntil, survivable } = status
  for (const kind of ['jwt', 'opaque'] as const) yield* acceptedSamples(issuer, kind, counters.accepted[kind])
  for (const reason of RARE) yield refusal(0, reason, issuer)
  for (const [reason, count] of Object.entries(counters.refused)) yield refusal(count, reason as Reason, issuer)
  for (const state of SERVER_STATES) yield ['issuerState', Number(status.state === state), { issuer, state }]
  for (const signal of SIGNALS) yield ['signals', 0, { issuer, signal }]
  if (evidence) {
    yield ['evidenceFresh', seconds(evidence.fresh), { issuer }]
    yield ['evidenceBound', seconds(evidence.usable), { issuer }]
  }
  if (introspection) yield* endpointSamples(issuer, introspection)
  if (metadata) yield* documentSamples(issuer, 'metadata', metadata)
  if (keys) {
    yield* documentSamples(issuer, 'keys', keys)
    yield ['keys', keys.kids.length, { issuer }]
    for (const reason of KEY_FAULTS) yield ['keysSkipped', 0, { issuer, reason }]
    for (const [action, count] of Object.entries(keys.unknownKids)) yield ['unknownKids', count, { issuer, action }]
  }
  for (const [horizon, ratio] of Object.entries(survivable))
    if (ratio !== undefined) yield ['survivable', ratio, { issuer, horizon }]
  for (const [kind, moment] of Object.entries(judgedUntil))
    if (moment !== undefined) yield ['judgedUntil', moment, { issuer, kind }]
  yield* drillSamples(issuer)
}

function* acceptedSamples(issuer: string, kind: string, counts: EvidenceCounts): Generator<Sample, void> {
  for (const source of ['live', 'cache', 'stale'] as const)
    yield ['verifications', counts[source], { issuer, kind, outcome: 'accepted', source }]
}

const refusal = (count: number, reason: Reason, issuer?: string): Sample => [
  'verifications',
  count,
  { ...(issuer === undefined ? {} : { issuer }), outcome: outcomeOf(reason), reason },
]

/** The server counts all refusals, the issuers those that are theirs. */
function* refusalsOfNobody({ counters, issuers }: ServerStatus): Generator<Sample, void> {
  for (const [reason, count] of Object.entries(counters.refused) as [Reason, number][]) {
    const theirs = issuers.reduce((sum, issuer) => sum + (issuer.counters.refused[reason] ?? 0), 0)
    if (count > theirs) yield refusal(count - theirs, reason)
  }
}

function* endpointSamples(issuer: string, status: EndpointStatus): Generator<Sample, void> {
  const { counters } = status
  for (const state of ENDPOINT_STATES) {
    yield ['endpointState', Number(status.state === state), { issuer, state }]
    yield ['endpointStateChanges', 0, { issuer, state }]
  }
  yield ['endpointMisconfigured', Number(status.misconfigured), { issuer }]
  yield ['inFlight', status.inFlight, { issuer }]
  yield ['limit', status.limit, { issuer }]
  yield ['retries', counters.retried, { issuer }]
  yield ['lateAnswers', counters.late, { issuer }]
  yield ['coalesced', counters.coalesced, { issuer }]
  for (const [name, count] of Object.entries(status.queued)) yield ['queueDepth', count, { issuer, class: name }]
  for (const [name, count] of Object.entries(counters.shed)) yield ['shed', count, { issuer, class: name }]
}

function* documentSamples(issuer: string, document: string, status: LastGoodStatus): Generator<Sample, void> {
  const { age, freshFor, usableFor, failures } = status
  const labels = { issuer, document }
  if (age !== undefined) yield ['documentAge', seconds(age), labels]
  if (freshFor !== undefined) yield ['documentFresh', seconds(freshFor), labels]
  yield ['documentBound', seconds(usableFor), labels]
  yield ['documentFailures', failures, labels]
}

function* drillSamples(issuer: string): Generator<Sample, void> {
  for (const result of DRILL_ENDS) yield ['drills', 0, { issuer, result }]
  for (const kind of ['jwt', 'opaque'] as const) {
    yield ['drillRequests', 0, { issuer, kind, outcome: 'served' }]
    for (const reason of DRILL_LOSSES) yield ['drillRequests', 0, { issuer, kind, outcome: 'refused', reason }]
  }
}

function* cacheSamples({ caches }: ServerStatus): Generator<Sample, void> {
  const { introspected, jwts, negative, revocations, proofs } = caches
  const held = { introspected, jwts, negative, revocations, ...(proofs && { proofs }) }
  for (const [cache, { entries }] of Object.entries(held)) yield ['cacheEntries', entries, { cache }]
  for (const [cache, { hits, evicted }] of Object.entries({ introspected, jwts, negative })) {
    yield ['cacheLookups', hits, { cache, result: 'hit' }]
    for (const [reason, count] of Object.entries(evicted)) yield ['cacheEvictions', count, { cache, reason }]
  }
  for (const [cache, { bytes, misses }] of Object.entries({ introspected, jwts })) {
    yield ['cacheBytes', bytes, { cache }]
    yield ['cacheLookups', misses, { cache, result: 'miss' }]
  }
  yield ['revocationsComplete', Number(revocations.complete), {}]
}

const seconds = (ms: number): number => ms / 1_000
