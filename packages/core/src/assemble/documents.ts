import { resourceAdvice } from '../advice.ts'
import { type DiscoverySettings, type Metadata, metadataLoader, type Named, parseMetadata } from '../keys/discovery.ts'
import { watchEndpoints } from '../keys/endpoint-moves.ts'
import { type KeySet, parseKeySet } from '../keys/key-set.ts'
import { remoteKeySet } from '../keys/remote-key-set.ts'
import type { IssuerSettings, Settings } from '../options/settings.ts'
import { LastGood, type LastGoodPorts, LoadTrouble, type Source } from '../resilience/last-good.ts'
import { parseJsonObject } from '../syntax/json.ts'
import type { Telemetry } from '../telemetry.ts'
import type { KeyTerms } from './signed-answers.ts'
import type { Stores, Wiring } from './stores.ts'

export function metadataOf(wiring: Wiring): LastGood<Metadata> {
  const { issuer: options, settings, stores, telemetry } = wiring
  const { issuer, metadataUrl, tls, pinEndpoints: pinned, strictHttpCache } = options
  const { resilience, endpoints, ports } = settings
  const discovery: DiscoverySettings = {
    issuer,
    metadataUrl,
    tls,
    endpoints,
    deadline: resilience.documentDeadline,
    freshness: resilience.documentFreshness,
    strictHttpCache,
  }
  const load = metadataLoader(discovery, ports)
  const moved = (endpoint: 'keys' | 'introspection', refused: boolean): void =>
    telemetry.emit({ type: 'endpoint_moved', issuer, endpoint, refused })
  const byCertificate = options.introspection?.client.tls !== undefined
  const settled = watchEndpoints({ pinned, byCertificate, moved })
  const parse = (text: string): Metadata | undefined => {
    const json = parseJsonObject(Buffer.from(text))
    return json && parseMetadata(json, discovery)
  }
  return new LastGood<Metadata>(
    {
      load: async (previous) => {
        const loaded = await load()
        compare(loaded.value, wiring)
        const value = settled(loaded.value, previous)
        // Kept, a document that names a refused place would have it accepted after a restart.
        return value === loaded.value ? loaded : { ...loaded, value, text: undefined }
      },
      ...snapshotOf('metadata', options, stores, parse),
    },
    resilience.keysHardBound,
    documentPorts('metadata', issuer, settings, telemetry),
  )
}

/** Holds what a server says of itself against what is configured here. */
function compare(metadata: Metadata, { issuer: { issuer, introspection }, settings, telemetry }: Wiring): void {
  if (introspection) telemetry.client(issuer, introspection.client, metadata)
  const { protectedResources } = metadata
  const isKnown = settings.resources.every((resource) => protectedResources?.includes(resource) ?? true)
  if (!isKnown) telemetry.advise(resourceAdvice(issuer))
}

/** Where a document outlives the process; HTTP caching obeyed to the letter knows nothing of such a place. */
function snapshotOf<T>(
  document: 'metadata' | 'keys',
  { issuer, strictHttpCache }: IssuerSettings,
  { snapshots }: Stores,
  parse: (text: string) => T | undefined,
): Pick<Source<T>, 'restore' | 'keep'> {
  if (strictHttpCache) return {}
  const name = `${document} ${issuer}`
  return {
    restore: () => snapshots.restoreDocument(name, parse),
    keep: (text, since) => snapshots.keepDocument(name, text, since),
  }
}

export function keySetOf(
  { issuer: options, settings, stores, telemetry }: Wiring,
  { algorithms, jwksUri }: KeyTerms,
  metadata: LastGood<Metadata> | undefined,
): LastGood<KeySet> {
  const { issuer, tls, strictHttpCache } = options
  const { resilience, ports } = settings
  const keySet = {
    issuer,
    url: async () => jwksUri ?? (await endpointIn(metadata!, (known) => known.jwksUri)),
    algorithms,
    tls,
    deadline: resilience.documentDeadline,
    freshness: resilience.documentFreshness,
    strictHttpCache,
    skipped: (why: 'unusable' | 'weak' | 'private' | 'symmetric' | 'not_allowed') =>
      telemetry.emit({ type: 'key_skipped', issuer, why }),
    dropped: () =>
      telemetry.emit({
        type: 'document',
        document: 'keys',
        issuer,
        result: 'dropped',
        trigger: 'expired',
        trouble: 'no_usable_key',
      }),
  }
  const parse = (text: string): KeySet | undefined => {
    const json = parseJsonObject(Buffer.from(text))
    return json && parseKeySet(json, algorithms, keySet.skipped)
  }
  return new LastGood<KeySet>(
    {
      load: remoteKeySet(keySet, ports),
      ...snapshotOf('keys', options, stores, parse),
    },
    resilience.keysHardBound,
    documentPorts('keys', issuer, settings, telemetry),
  )
}

function documentPorts(
  document: 'metadata' | 'keys',
  issuer: string,
  { ports }: Settings,
  telemetry: Telemetry,
): LastGoodPorts {
  const { clock, random } = ports
  return {
    clock,
    random,
    report: (result, trigger, trouble) =>
      telemetry.document({ type: 'document', document, issuer, result, trigger, trouble }),
  }
}

/** @throws {LoadTrouble} when no metadata can be had, or it does not name the endpoint. */
export async function endpointIn(metadata: LastGood<Metadata>, pick: (known: Metadata) => Named): Promise<string> {
  if (metadata.value === undefined) await metadata.obtain()
  const known = metadata.value
  if (!known) throw new LoadTrouble(metadata.status.lastTrouble ?? 'metadata', { pause: metadata.pause })
  const url = pick(known)
  if (url === undefined) throw new LoadTrouble('endpoint_missing')
  if (url === null) throw new LoadTrouble('endpoint_refused')
  return url
}
