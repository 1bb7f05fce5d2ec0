/** What a metric is called, what it says, and what its series are told apart by. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly name: string
  readonly labels: readonly string[]
  readonly help: string
  /**
   * Of gauges: how the values of several servers become one, and with prom-client's cluster those of several processes.
   * Everything else adds up.
   */
  readonly joined?: 'sum' | 'max' | 'min'
}

/**
 * Every metric. Values of labels come from closed lists and from the configured issuers; none says anything of a token, a
 * subject, a client or an address, so that no request can add a series.
 */
export const METRICS = {
  // what callers get
  verifications: {
    type: 'counter',
    name: 'holdfast_verifications_total',
    labels: ['issuer', 'kind', 'outcome', 'source', 'reason'],
    help: 'Tokens judged. accepted: by kind and source of the evidence; all else: by reason. A guard that refuses an accepted token counts beside it.',
  },
  verificationSeconds: {
    type: 'histogram',
    name: 'holdfast_verification_seconds',
    labels: ['issuer', 'kind'],
    help: 'Time until a token was verified live and found good; known tokens are not timed.',
  },
  staleAge: {
    type: 'histogram',
    name: 'holdfast_stale_age_seconds',
    labels: ['issuer'],
    help: 'Age of the evidence when a token was accepted past its freshness.',
  },
  evidenceFresh: {
    type: 'gauge',
    name: 'holdfast_evidence_fresh_seconds',
    labels: ['issuer'],
    joined: 'max',
    help: 'Age up to which the answer of introspection counts as fresh.',
  },
  evidenceBound: {
    type: 'gauge',
    name: 'holdfast_evidence_bound_seconds',
    labels: ['issuer'],
    joined: 'max',
    help: 'Age beyond which the answer of introspection is never used.',
  },
  issuerState: {
    type: 'gauge',
    name: 'holdfast_issuer_state',
    labels: ['issuer', 'state'],
    joined: 'sum',
    help: '1 in the state that the issuer is in: fresh, degraded (what is known can be judged) or cold (nothing can).',
  },

  // the introspection endpoint
  endpointState: {
    type: 'gauge',
    name: 'holdfast_endpoint_state',
    labels: ['issuer', 'state'],
    joined: 'sum',
    help: '1 in the state that the introspection endpoint is in.',
  },
  endpointStateChanges: {
    type: 'counter',
    name: 'holdfast_endpoint_state_changes_total',
    labels: ['issuer', 'state'],
    help: 'Times that the introspection endpoint came into a state.',
  },
  endpointMisconfigured: {
    type: 'gauge',
    name: 'holdfast_endpoint_misconfigured',
    labels: ['issuer'],
    joined: 'sum',
    help: '1 while the introspection endpoint rejects our credentials.',
  },
  introspectionSeconds: {
    type: 'histogram',
    name: 'holdfast_introspection_seconds',
    labels: ['issuer', 'result'],
    help: 'Duration of introspection calls, without the wait for a turn.',
  },
  introspectionTroubles: {
    type: 'counter',
    name: 'holdfast_introspection_troubles_total',
    labels: ['issuer', 'trouble'],
    help: 'Introspection calls that gave no verdict, by the kind of trouble.',
  },
  inFlight: {
    type: 'gauge',
    name: 'holdfast_introspection_in_flight',
    labels: ['issuer'],
    joined: 'sum',
    help: 'Introspection calls under way.',
  },
  limit: {
    type: 'gauge',
    name: 'holdfast_introspection_limit',
    labels: ['issuer'],
    joined: 'sum',
    help: 'Introspection calls that may be under way now: learnt, and lowered by the state.',
  },
  retries: {
    type: 'counter',
    name: 'holdfast_introspection_retries_total',
    labels: ['issuer'],
    help: 'Introspection calls tried a second time after a lost connection.',
  },
  lateAnswers: {
    type: 'counter',
    name: 'holdfast_introspection_late_answers_total',
    labels: ['issuer'],
    help: 'Answers that came after every caller had left; they are used all the same.',
  },
  coalesced: {
    type: 'counter',
    name: 'holdfast_introspection_coalesced_total',
    labels: ['issuer'],
    help: 'Callers who shared the answer to a call that others waited for, too.',
  },

  // who waits for a turn
  queueDepth: {
    type: 'gauge',
    name: 'holdfast_queue_depth',
    labels: ['issuer', 'class'],
    joined: 'sum',
    help: 'Tokens that wait for a turn at the introspection endpoint.',
  },
  queueWait: {
    type: 'histogram',
    name: 'holdfast_queue_wait_seconds',
    labels: ['issuer', 'class'],
    help: 'How long tokens that got a turn had waited for it.',
  },
  shed: {
    type: 'counter',
    name: 'holdfast_queue_shed_total',
    labels: ['issuer', 'class'],
    help: 'Tokens that had to leave the queue without a turn.',
  },

  // metadata and keys
  documentAge: {
    type: 'gauge',
    name: 'holdfast_document_age_seconds',
    labels: ['issuer', 'document'],
    joined: 'max',
    help: 'Time since the metadata or the key set in use was asked for.',
  },
  documentFresh: {
    type: 'gauge',
    name: 'holdfast_document_fresh_seconds',
    labels: ['issuer', 'document'],
    joined: 'max',
    help: 'Age at which the document in use should have been replaced.',
  },
  documentBound: {
    type: 'gauge',
    name: 'holdfast_document_bound_seconds',
    labels: ['issuer', 'document'],
    joined: 'min',
    help: 'Age beyond which the document is not used any more.',
  },
  documentFailures: {
    type: 'gauge',
    name: 'holdfast_document_failures',
    labels: ['issuer', 'document'],
    joined: 'max',
    help: 'Failed loads since the last success.',
  },
  documents: {
    type: 'counter',
    name: 'holdfast_documents_total',
    labels: ['issuer', 'document', 'trigger', 'result'],
    help: 'Metadata and key sets loaded, restored from the store, failed to load, or dropped because every key was withdrawn.',
  },
  documentTroubles: {
    type: 'counter',
    name: 'holdfast_document_troubles_total',
    labels: ['issuer', 'document', 'trouble'],
    help: 'Metadata and key sets that failed to load or were rejected, by the kind of trouble.',
  },
  endpointMoves: {
    type: 'counter',
    name: 'holdfast_endpoint_moves_total',
    labels: ['issuer', 'endpoint', 'result'],
    help: 'Times that metadata named another address for an endpoint: followed, or refused by pinEndpoints.',
  },
  keys: {
    type: 'gauge',
    name: 'holdfast_keys',
    labels: ['issuer'],
    joined: 'min',
    help: 'Keys in use.',
  },
  keysSkipped: {
    type: 'counter',
    name: 'holdfast_keys_skipped_total',
    labels: ['issuer', 'reason'],
    help: 'Published keys that are not used, counted at each load; private: the issuer published a private key.',
  },
  unknownKids: {
    type: 'counter',
    name: 'holdfast_unknown_kids_total',
    labels: ['issuer', 'action'],
    help: 'What was done about tokens that name a key that is not in the set.',
  },

  // what is remembered
  cacheEntries: {
    type: 'gauge',
    name: 'holdfast_cache_entries',
    labels: ['cache'],
    joined: 'sum',
    help: 'Entries held.',
  },
  cacheBytes: {
    type: 'gauge',
    name: 'holdfast_cache_bytes',
    labels: ['cache'],
    joined: 'sum',
    help: 'Memory that the entries are reckoned to occupy.',
  },
  cacheLookups: {
    type: 'counter',
    name: 'holdfast_cache_lookups_total',
    labels: ['cache', 'result'],
    help: 'Times that an entry was looked for.',
  },
  cacheEvictions: {
    type: 'counter',
    name: 'holdfast_cache_evictions_total',
    labels: ['cache', 'reason'],
    help: 'Entries that had to go.',
  },
  revocations: {
    type: 'counter',
    name: 'holdfast_revocations_total',
    labels: ['result'],
    help: 'Revocations recorded, and revocations forgotten early for want of room (overflow).',
  },
  revocationsComplete: {
    type: 'gauge',
    name: 'holdfast_revocations_complete',
    labels: [],
    joined: 'min',
    help: '0 while revocations may be missing: forgotten early, or not restored.',
  },
  storeErrors: {
    type: 'counter',
    name: 'holdfast_store_errors_total',
    labels: ['operation'],
    help: 'Times that the store could not load or save.',
  },

  // what should be looked at
  signals: {
    type: 'counter',
    name: 'holdfast_signals_total',
    labels: ['issuer', 'signal'],
    help: 'Security signals, at most one for each signal and issuer in a minute.',
  },
  advice: {
    type: 'counter',
    name: 'holdfast_advice_total',
    labels: ['issuer', 'code'],
    help: 'Advice given, once for each code and issuer; the event has the text.',
  },

  // if the authorization server died now
  survivable: {
    type: 'gauge',
    name: 'holdfast_survivable_ratio',
    labels: ['issuer', 'horizon'],
    joined: 'min',
    help: 'The part of the requests of the last minute that would still be served after so long an outage.',
  },
  judgedUntil: {
    type: 'gauge',
    name: 'holdfast_judged_until_timestamp_seconds',
    labels: ['issuer', 'kind'],
    joined: 'min',
    help: 'Until when known tokens could be judged, in an outage that begins now.',
  },
  drills: {
    type: 'counter',
    name: 'holdfast_drills_total',
    labels: ['issuer', 'result'],
    help: 'Drills that ended: at their time, by their signal (aborted), or with the server (closed).',
  },
  drillRequests: {
    type: 'counter',
    name: 'holdfast_drill_requests_total',
    labels: ['issuer', 'kind', 'outcome', 'reason'],
    help: 'Requests during drills that would have been served, or refused for a reason, without the authorization server.',
  },
} as const

export type MetricKey = keyof typeof METRICS
export type Labels = Readonly<Record<string, string>>
