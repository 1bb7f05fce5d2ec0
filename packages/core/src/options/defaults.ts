import type { Duration } from '../duration.ts'
import type { ResiliencePreset } from './options.ts'

/** Every default number with its unit and its reason. */
export const DEFAULTS = {
  /** Characters. Twice the largest tokens seen, and what fits a usual header limit. */
  maxTokenLength: 8_192,
  /** Clocks of servers that keep time differ by less. */
  clockSkew: '30s',
  /** Characters. A chain of certificates would not fit, and one does, with the largest key in use. */
  maxCertificateLength: 16_384,
  /** The longest life of access tokens seen in the field. */
  maxTokenLifetime: '24h',
  /** RFC 9449 proofs. */
  dpop: {
    /** What current libraries sign with; the first is what nearly all can. */
    algorithms: ['ES256', 'Ed25519', 'PS256', 'RS256'],
    /** A proof is made for one request, and sent at once. */
    maxAge: '60s',
    /** That of {@link clockSkew}. */
    maxAhead: '30s',
    /** Characters; a UUID has 36. */
    maxJtiLength: 256,
    /** Clients use a nonce until they get another. */
    nonceLifetime: '300s',
    /** Over 1,000 proofs a second, each remembered for a minute and a half: some 10 MiB. */
    replayEntries: 100_000,
  },
  /** How long clients may keep the document about the resource: it changes with the configuration only. */
  metadataMaxAge: '3600s',
  /** What RFC 9701 §6 has servers sign with; long enough for clocks that differ, and short for one who replays an answer. */
  signedAnswer: { algorithm: 'RS256', maxAge: '60s' },
  /** Milliseconds. A set is fresh for 10 min unless its answer says otherwise, between a minute and an hour. */
  documentFreshness: { fallback: 600_000, min: 60_000, max: 3_600_000 },
  /** Entries of either positive store, about twenty times what other caches start with. */
  entries: 20_000,
  /** Octets of either positive store: 20,000 usual entries. */
  bytes: 33_554_432,
  /** Enough to stop a retry loop, short enough for a token that becomes valid. */
  negative: { entries: 5_000, ttl: '10s' },
  /** Tombstones, and as many marks. */
  revocations: 10_000,
  /** Between the 10 s and 300 s that others use: one minute of revocation lag in health. */
  fresh: '60s',
  /** A person waits no longer; a client library gives up later. */
  wait: '1s',
  /** About ten times a healthy call. */
  graceWait: '250ms',
  /** Servers queue for tens of seconds without an error; this ends it. */
  introspectionDeadline: '2s',
  documentDeadline: '5s',
  connectTimeout: '500ms',
  /** Sockets to one authorization server; more starves servers with few workers. */
  maxInFlight: 100,
  /** As many as a struggling server can answer within the grace of most of them. */
  maxWaitingKnown: 1_000,
  /** A new token waits for a second: more could not be answered in it. */
  maxWaitingNew: 256,
} as const

/** What the presets differ in: how long a revoked token, or a withdrawn key, may work in an outage. */
export const PRESETS: Readonly<
  Record<ResiliencePreset, { readonly grace: Duration; readonly keysHardBound: Duration }>
> = Object.freeze({
  strict: { grace: '0s', keysHardBound: '2h' },
  balanced: { grace: '300s', keysHardBound: '24h' },
  available: { grace: '3600s', keysHardBound: '7d' },
})
