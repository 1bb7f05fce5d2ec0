import { type DiscoverySettings, loadMetadata, type Metadata, type Named, parseMetadata } from '../keys/discovery.ts'
import { type KeySet, parseKeySet } from '../keys/key-set.ts'
import { remoteKeySet } from '../keys/remote-key-set.ts'
import type { JwtSettings, Settings } from '../options/settings.ts'
import { LastGood, type LastGoodPorts, LoadTrouble } from '../resilience/last-good.ts'
import { parseJsonObject } from '../syntax/json.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Wiring } from './stores.ts'

export function metadataOf({
  issuer: { issuer, metadataUrl, tls },
  settings,
  stores,
  telemetry,
}: Wiring): LastGood<Metadata> {
  const { resilience, endpoints, ports } = settings
  const discovery: DiscoverySettings = {
    issuer,
    metadataUrl,
    tls,
    endpoints,
    deadline: resilience.documentDeadline,
    freshness: resilience.documentFreshness,
  }
  const name = `metadata ${issuer}`
  const parse = (text: string): Metadata | undefined => {
    const json = parseJsonObject(Buffer.from(text))
    return json && parseMetadata(json, discovery)
  }
  return new LastGood<Metadata>(
    {
      load: () => loadMetadata(discovery, ports),
      restore: () => stores.snapshots.restoreDocument(name, parse),
      keep: (text, since) => stores.snapshots.keepDocument(name, text, since),
    },
    resilience.keysHardBound,
    documentPorts('metadata', issuer, settings, telemetry),
  )
}

export function keySetOf(
  { issuer: { issuer, tls }, settings, stores, telemetry }: Wiring,
  { algorithms, jwksUri }: JwtSettings,
  metadata: LastGood<Metadata> | undefined,
): LastGood<KeySet> {
  const { resilience, ports } = settings
  const name = `keys ${issuer}`
  const keySet = {
    issuer,
    url: async () => jwksUri ?? (await endpointIn(metadata!, (known) => known.jwksUri)),
    algorithms,
    tls,
    deadline: resilience.documentDeadline,
    freshness: resilience.documentFreshness,
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
      restore: () => stores.snapshots.restoreDocument(name, parse),
      keep: (text, since) => stores.snapshots.keepDocument(name, text, since),
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
