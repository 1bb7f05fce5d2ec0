import type { Clock } from '../ports/clock.ts'
import type { TlsIdentity } from '../ports/http.ts'
import { type Document, type DocumentPorts, fetchJson } from '../resilience/fetch-json.ts'
import { type Loaded, LoadTrouble } from '../resilience/last-good.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import { type FreshnessPolicy, freshFor, usableFor } from './freshness.ts'
import type { KeyFault } from './jwk.ts'
import { EMPTY_KEY_SET, type KeySet, parseKeySet, succeed } from './key-set.ts'

export interface RemoteKeySetSettings {
  readonly issuer: string
  /** The `jwks_uri`, from configuration or from metadata. @throws {LoadTrouble} when metadata cannot tell. */
  readonly url: () => Promise<string>
  readonly algorithms: readonly Algorithm[]
  readonly deadline: number
  readonly freshness: FreshnessPolicy
  /** Obeys what the answer says about its use once it is stale. */
  readonly strictHttpCache: boolean
  readonly tls: TlsIdentity | undefined
  readonly skipped: (fault: KeyFault) => void
  /** Called when an issuer is believed to have withdrawn every key. */
  readonly dropped: () => void
}

/** Milliseconds between the two answers that must agree before a set without a usable key drops the good ones. */
const CONFIRM_EMPTY_AFTER = 60_000

/** Loads a JWK Set. The first usable answer replaces the set whole; a key it lacks is gone at once. */
export function remoteKeySet(
  settings: RemoteKeySetSettings,
  ports: DocumentPorts,
): (previous: KeySet | undefined) => Promise<Loaded<KeySet>> {
  const confirmEmpty = emptinessConfirmed(ports.clock)
  let known: Document | undefined
  return async (previous) => {
    const document = await fetchJson(
      {
        url: await settings.url(),
        accept: 'application/jwk-set+json, application/json',
        deadline: settings.deadline,
        tls: settings.tls,
        lane: `documents ${settings.issuer}`,
        anyType: true,
        known,
      },
      ports,
    )
    const set = parseKeySet(document.json, settings.algorithms, settings.skipped)
    if (!set) throw new LoadTrouble('malformed')
    const usable = set.keys.length > 0
    if (confirmEmpty(usable)) settings.dropped()
    known = document
    return {
      value: succeed(previous, usable ? set : EMPTY_KEY_SET),
      freshFor: freshFor(document.headers, settings.freshness),
      usableFor: settings.strictHttpCache ? usableFor(document.headers, settings.freshness) : undefined,
      text: document.text,
    }
  }
}

/**
 * One answer without a usable key is more often a broken deployment than a withdrawal of all keys: it is trouble, and
 * the last good set stays, until a second one at least a minute later says the same.
 */
function emptinessConfirmed(clock: Clock): (usable: boolean) => boolean {
  let emptySince: number | undefined
  return (usable) => {
    if (usable) {
      emptySince = undefined
      return false
    }
    emptySince ??= clock.monotonic()
    const pause = emptySince + CONFIRM_EMPTY_AFTER - clock.monotonic()
    if (pause > 0) throw new LoadTrouble('no_usable_key', { pause: Math.min(pause, CONFIRM_EMPTY_AFTER) })
    return true
  }
}
