import type { NegativeCache } from '../cache/negative-cache.ts'
import type { RecencyCache } from '../cache/recency-cache.ts'
import type { Revocations } from '../cache/revocations.ts'
import type { IssuerSettings, Settings } from '../options/settings.ts'
import type { Snapshots } from '../record/snapshots.ts'
import type { Telemetry } from '../telemetry.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'

/** What the issuers of one server share. A JWT that is lost costs microseconds, an opaque token in an outage a 503. */
export interface Stores {
  readonly jwts: RecencyCache<VerifiedToken>
  readonly introspected: RecencyCache<VerifiedToken>
  readonly negatives: NegativeCache
  readonly revocations: Revocations
  readonly snapshots: Snapshots
}

/** What the wiring of one issuer draws on. */
export interface Wiring {
  readonly issuer: IssuerSettings
  readonly settings: Settings
  readonly stores: Stores
  readonly telemetry: Telemetry
}
