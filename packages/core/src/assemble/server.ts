import type { BindingRules } from '../bind/bind.ts'
import { NegativeCache } from '../cache/negative-cache.ts'
import { RecencyCache } from '../cache/recency-cache.ts'
import { Revocations } from '../cache/revocations.ts'
import type { Routes } from '../classify.ts'
import type { Tally } from '../counters.ts'
import type { Metadata } from '../keys/discovery.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { IssuerSettings, Settings } from '../options/settings.ts'
import { AnswerRecord } from '../record/answer-record.ts'
import { type AnswerIssuer, fingerprintOf } from '../record/kept-entry.ts'
import { Snapshots } from '../record/snapshots.ts'
import type { LastGood } from '../resilience/last-good.ts'
import type { Telemetry } from '../telemetry.ts'
import { TokenColumns } from '../verify/token-columns.ts'
import type { Verifier } from '../verify/verifier.ts'
import { assembleBindings } from './bindings.ts'
import { assembleIssuer, type IssuerParts, readingOf } from './issuer.ts'
import { storeTrouble } from './store-trouble.ts'
import type { Stores } from './stores.ts'

/** The parts of a server, wired together once. */
export interface Parts extends Stores {
  readonly issuers: readonly IssuerParts[]
  readonly routes: Routes
  readonly bindings: BindingRules
  /** Present where introspection answers are kept over a restart. */
  readonly answers: AnswerRecord | undefined
}

export function assemble(settings: Settings, telemetry: Telemetry): Parts {
  const { clock } = settings.ports
  const { cache } = settings
  const stores: Stores = {
    jwts: new RecencyCache(cache.jwts, clock, new TokenColumns()),
    introspected: new RecencyCache(cache.introspected, clock, new TokenColumns()),
    negatives: new NegativeCache(cache.negative.entries, cache.negative.ttl, clock),
    revocations: new Revocations(
      { entries: cache.revocations.entries, lifetime: settings.maxTokenLifetime, skew: settings.skewSeconds * 1_000 },
      clock,
      () => telemetry.emit({ type: 'revocation', result: 'overflow' }),
    ),
    snapshots: new Snapshots(settings.store, clock, storeTrouble(telemetry)),
  }
  telemetry.sees(({ by, digest }) => (by === 'signature' ? stores.jwts : stores.introspected).look(digest)?.cameAgain)
  const issuers = settings.issuers.map((issuer) => assembleIssuer(issuer, settings, stores, telemetry))
  const routes = issuers.map(({ route }) => route)
  return {
    ...stores,
    issuers,
    bindings: assembleBindings(settings),
    answers: cache.introspected.persist ? answerRecord(settings, stores, issuers, telemetry) : undefined,
    routes: {
      byIssuer: new Map(routes.map((route) => [route.issuer, route])),
      opaque: routes.filter(({ opaque }) => opaque !== undefined),
    },
  }
}

/** Only answers about opaque tokens: a JWT's own signature must be checked again anyway. */
function answerRecord(
  { issuers: configured, resilience, cache, ports }: Settings,
  { introspected, snapshots, revocations }: Stores,
  issuers: readonly IssuerParts[],
  telemetry: Telemetry,
): AnswerRecord {
  const owners = issuers.flatMap(({ issuer, route, tallies }, index): [string, AnswerIssuer][] =>
    route.opaque ? [[issuer, answerIssuer(configured[index]!, route.opaque, tallies.opaque)]] : [],
  )
  const parts = {
    cache: introspected,
    entries: cache.introspected.entries,
    snapshots,
    revocations,
    issuers: new Map(owners),
    terms: resilience,
    failed: () => telemetry.emit({ type: 'store_failed', operation: 'load' }),
  }
  return new AnswerRecord(parts, ports)
}

function answerIssuer(settings: IssuerSettings, verifier: Verifier, tally: Tally): AnswerIssuer {
  const { issuer, introspection, scopeClaims: scopeSource } = settings
  return {
    issuer,
    provenance: Object.freeze({ issuer, by: 'introspection', key: undefined, scopeSource, verifier, tally }),
    reading: readingOf(settings)!,
    fingerprint: fingerprintOf(introspection!),
  }
}

/** Asks for every document that is not there yet. Never rejects. */
export async function loadDocuments(parts: Parts): Promise<void> {
  await Promise.all(documentsOf(parts).map((document) => document.obtain()))
}

/** Ends what would go on by itself; who waits for an introspection hears that it will not come. */
export function closeIssuers(parts: Parts): void {
  for (const document of documentsOf(parts)) document.close()
  for (const { endpoint } of parts.issuers) endpoint?.close()
}

function documentsOf(parts: Parts): readonly (LastGood<Metadata> | LastGood<KeySet>)[] {
  return parts.issuers
    .flatMap(({ metadata, keySet }) => [metadata, keySet])
    .filter((document) => document !== undefined)
}
