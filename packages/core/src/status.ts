import type { EvidenceBounds, IssuerParts } from './assemble/issuer.ts'
import type { Parts } from './assemble/server.ts'
import type { ReplayStatus } from './bind/dpop/local-replays.ts'
import type { EndpointStatus } from './introspection/endpoint-status.ts'
import type { Evictions } from './cache/recency-cache.ts'
import { type Counters, type EvidenceCounts, type IssuerCounters, sumOf } from './counters.ts'
import type { Forecast, JudgedUntil, Survivable } from './forecast/forecast.ts'
import type { UnknownKidCounters } from './keys/key-source.ts'
import type { LastGoodStatus } from './resilience/last-good.ts'
import type { Telemetry } from './telemetry.ts'

/** `fresh`: all is well; `degraded`: what is known can be judged, not everything is up to date; `cold`: nothing can. */
export type ServerState = 'fresh' | 'degraded' | 'cold'

/** For operators. Holds no token, subject, client or URL but the configured issuers. */
export interface ServerStatus {
  readonly state: ServerState
  readonly issuers: readonly IssuerStatus[]
  /** What would still be served if every authorization server died now. At most a second old, as are the issuers' own. */
  readonly survivable: Survivable
  readonly caches: {
    readonly introspected: CacheStatus
    readonly jwts: CacheStatus
    readonly negative: {
      readonly entries: number
      /** Tokens refused on what was known of them, since the start. */
      readonly hits: number
      /** Entries that had to make room, since the start. */
      readonly evicted: Pick<Evictions, 'capacity'>
    }
    readonly revocations: { readonly entries: number; readonly complete: boolean }
    /** DPoP proofs, where this process remembers them. */
    readonly proofs: ReplayStatus | undefined
  }
  readonly counters: Counters
}

/** Of verified tokens. Plain integers; `hits`, `misses` and `evicted` since the start. */
export interface CacheStatus {
  readonly entries: number
  readonly bytes: number
  /** Tokens accepted without waiting for anything, or on what was known for want of an answer. */
  readonly hits: number
  /** Tokens that took a verification: they were new, or what was known of them was too old. */
  readonly misses: number
  readonly evicted: Evictions
}

export interface IssuerStatus {
  readonly issuer: string
  /** `degraded` while a document is missing or fails to load, or the introspection endpoint is not healthy or rejects us. */
  readonly state: ServerState
  /** The metadata document, where one is needed. Ages and waits in milliseconds. */
  readonly metadata: LastGoodStatus | undefined
  /** The key set, where one is fetched. */
  readonly keys: KeysStatus | undefined
  /** The introspection endpoint, where tokens are introspected. */
  readonly introspection: EndpointStatus | undefined
  /** Milliseconds for which an answer about a token is fresh, and for which it counts at all, where tokens are introspected. */
  readonly evidence: EvidenceBounds | undefined
  /** What would still be served if this authorization server died now. */
  readonly survivable: Survivable
  readonly judgedUntil: JudgedUntil
  readonly counters: IssuerCounters
}

export interface KeysStatus extends LastGoodStatus {
  readonly kids: readonly (string | undefined)[]
  /** JWTs whose key the set did not have, since the start. */
  readonly unknownKids: UnknownKidCounters
}

export function statusOf(parts: Parts, telemetry: Telemetry, forecast: Forecast): ServerStatus {
  const issuers = parts.issuers.map((one, index) => issuerStatus(one, telemetry, forecast.issuers[index]!))
  const { negatives, revocations } = parts
  const accepted = (['jwt', 'opaque'] as const).map((kind) =>
    sumOf(issuers.map(({ counters }) => counters.accepted[kind])),
  )
  const [jwts, opaque] = accepted as [EvidenceCounts, EvidenceCounts]
  return {
    state: worst(issuers),
    issuers,
    survivable: forecast.survivable,
    caches: {
      introspected: cacheStatus(parts.introspected, opaque),
      jwts: cacheStatus(parts.jwts, jwts),
      negative: { entries: negatives.entries, hits: negatives.hits, evicted: { capacity: negatives.evicted } },
      revocations: { entries: revocations.entries, complete: revocations.complete },
      proofs: parts.bindings.dpop?.replays,
    },
    counters: { accepted: sumOf(accepted), refused: telemetry.refused },
  }
}

function cacheStatus(
  { entries, bytes, misses, evicted }: Parts['jwts'],
  { cache, stale }: EvidenceCounts,
): CacheStatus {
  return { entries, bytes, hits: cache + stale, misses, evicted: { ...evicted } }
}

/** A server is cold only when none of its issuers' tokens can be judged. */
function worst(issuers: readonly IssuerStatus[]): ServerState {
  if (issuers.every(({ state }) => state === 'cold')) return 'cold'
  return issuers.every(({ state }) => state === 'fresh') ? 'fresh' : 'degraded'
}

function issuerStatus(
  parts: IssuerParts,
  telemetry: Telemetry,
  { survivable, judgedUntil }: Forecast['issuers'][number],
): IssuerStatus {
  const { issuer, metadata, keySet, keys, tallies } = parts
  const introspection = parts.endpoint?.status
  const documents = [metadata, keySet].filter((document) => document !== undefined)
  const missing = documents.some((document) => document.value === undefined)
  const failing = documents.some((document) => document.status.failures > 0)
  const impaired = introspection && (introspection.state !== 'healthy' || introspection.misconfigured)
  return {
    issuer,
    state: judgesNothing(parts) ? 'cold' : missing || failing || impaired ? 'degraded' : 'fresh',
    metadata: metadata?.status,
    keys: keySet &&
      keys && { ...keySet.status, kids: keys.keys.map(({ kid }) => kid), unknownKids: { ...keys.unknownKids } },
    introspection,
    evidence: parts.evidence,
    survivable,
    judgedUntil,
    counters: {
      accepted: { jwt: tallies.jwt.counts, opaque: tallies.opaque.counts },
      refused: telemetry.refusedOf(issuer),
    },
  }
}

/** True while there is neither a key for JWTs nor an endpoint for opaque tokens. */
function judgesNothing({ route, keys, metadata, introspectsByMetadata, introspectsByKeys }: IssuerParts): boolean {
  const hasKeys = keys !== undefined && keys.keys.length > 0
  const judgesJwts = route.jwt !== undefined && hasKeys
  const hasEndpoint = !introspectsByMetadata || metadata?.value !== undefined
  const judgesOpaque = route.opaque !== undefined && hasEndpoint && (!introspectsByKeys || hasKeys)
  return !judgesJwts && !judgesOpaque
}
