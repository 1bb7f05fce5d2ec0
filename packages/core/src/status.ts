import type { IssuerParts } from './assemble/issuer.ts'
import type { Parts } from './assemble/server.ts'
import type { EndpointStatus } from './introspection/endpoint-status.ts'
import type { LastGoodStatus } from './resilience/last-good.ts'
import type { Counters, Telemetry } from './telemetry.ts'

/** `fresh`: all is well; `degraded`: what is known can be judged, not everything is up to date; `cold`: nothing can. */
export type ServerState = 'fresh' | 'degraded' | 'cold'

/** For operators. Holds no token, subject, client or URL but the configured issuers. */
export interface ServerStatus {
  readonly state: ServerState
  readonly issuers: readonly IssuerStatus[]
  readonly caches: {
    readonly introspected: { readonly entries: number; readonly bytes: number }
    readonly jwts: { readonly entries: number; readonly bytes: number }
    readonly negative: { readonly entries: number }
    readonly revocations: { readonly entries: number; readonly complete: boolean }
  }
  readonly counters: Counters
}

export interface IssuerStatus {
  readonly issuer: string
  /** `degraded` while a document is missing or fails to load, or the introspection endpoint is not healthy or rejects us. */
  readonly state: ServerState
  /** The metadata document, where one is needed. Ages and waits in milliseconds. */
  readonly metadata: LastGoodStatus | undefined
  /** The key set, where one is fetched. */
  readonly keys: (LastGoodStatus & { readonly kids: readonly (string | undefined)[] }) | undefined
  /** The introspection endpoint, where tokens are introspected. */
  readonly introspection: EndpointStatus | undefined
}

export function statusOf(parts: Parts, telemetry: Telemetry): ServerStatus {
  const issuers = parts.issuers.map(issuerStatus)
  const { introspected, jwts, negatives, revocations } = parts
  return {
    state: worst(issuers),
    issuers,
    caches: {
      introspected: { entries: introspected.entries, bytes: introspected.bytes },
      jwts: { entries: jwts.entries, bytes: jwts.bytes },
      negative: { entries: negatives.entries },
      revocations: { entries: revocations.entries, complete: revocations.complete },
    },
    counters: telemetry.counters,
  }
}

/** A server is cold only when none of its issuers' tokens can be judged. */
function worst(issuers: readonly IssuerStatus[]): ServerState {
  if (issuers.every(({ state }) => state === 'cold')) return 'cold'
  return issuers.every(({ state }) => state === 'fresh') ? 'fresh' : 'degraded'
}

function issuerStatus(parts: IssuerParts): IssuerStatus {
  const { issuer, metadata, keySet, keys } = parts
  const introspection = parts.endpoint?.status
  const documents = [metadata, keySet].filter((document) => document !== undefined)
  const missing = documents.some((document) => document.value === undefined)
  const failing = documents.some((document) => document.status.failures > 0)
  const impaired = introspection && (introspection.state !== 'healthy' || introspection.misconfigured)
  return {
    issuer,
    state: judgesNothing(parts) ? 'cold' : missing || failing || impaired ? 'degraded' : 'fresh',
    metadata: metadata?.status,
    keys: keySet && { ...keySet.status, kids: keys?.keys.map(({ kid }) => kid) ?? [] },
    introspection,
  }
}

/** True while there is neither a key for JWTs nor an endpoint for opaque tokens. */
function judgesNothing({ route, keys, metadata, introspectsByMetadata }: IssuerParts): boolean {
  const judgesJwts = keys !== undefined && keys.keys.length > 0
  const judgesOpaque = route.opaque !== undefined && (!introspectsByMetadata || metadata?.value !== undefined)
  return !judgesJwts && !judgesOpaque
}
