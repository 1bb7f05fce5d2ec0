import { assembleIssuer, type IssuerParts } from './issuer.ts'
import { NegativeCache } from '../cache/negative-cache.ts'
import { RecencyCache } from '../cache/recency-cache.ts'
import { Revocations } from '../cache/revocations.ts'
import type { Routes } from '../classify.ts'
import type { Metadata } from '../keys/discovery.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { Settings } from '../options/settings.ts'
import type { LastGood } from '../resilience/last-good.ts'
import { Snapshots } from '../resilience/snapshots.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Stores } from './stores.ts'

/** The parts of a server, wired together once. */
export interface Parts extends Stores {
  readonly issuers: readonly IssuerParts[]
  readonly routes: Routes
}

export function assemble(settings: Settings, telemetry: Telemetry): Parts {
  const { clock } = settings.ports
  const { cache } = settings
  const stores: Stores = {
    jwts: new RecencyCache(cache.jwts, clock),
    introspected: new RecencyCache(cache.introspected, clock),
    negatives: new NegativeCache(cache.negative.entries, cache.negative.ttl, clock),
    revocations: new Revocations(
      { entries: cache.revocations.entries, lifetime: settings.maxTokenLifetime, skew: settings.skewSeconds * 1_000 },
      clock,
      () => telemetry.emit({ type: 'revocation', result: 'overflow' }),
    ),
    snapshots: new Snapshots(settings.store, clock, (operation) => telemetry.emit({ type: 'store_failed', operation })),
  }
  const issuers = settings.issuers.map((issuer) => assembleIssuer(issuer, settings, stores, telemetry))
  const routes = issuers.map(({ route }) => route)
  return {
    ...stores,
    issuers,
    routes: {
      byIssuer: new Map(routes.map((route) => [route.issuer, route])),
      opaque: routes.filter(({ opaque }) => opaque !== undefined),
    },
  }
}

/** Asks for every document that is not there yet. Never rejects. */
export async function loadDocuments(parts: Parts): Promise<void> {
  await Promise.all(documentsOf(parts).map((document) => document.obtain()))
}

export function closeDocuments(parts: Parts): void {
  for (const document of documentsOf(parts)) document.close()
}

function documentsOf(parts: Parts): readonly (LastGood<Metadata> | LastGood<KeySet>)[] {
  return parts.issuers
    .flatMap(({ metadata, keySet }) => [metadata, keySet])
    .filter((document) => document !== undefined)
}
