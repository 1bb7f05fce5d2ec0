import type { ChallengeSettings } from '../answer.ts'
import type { MtlsRules } from '../bind/mtls/mtls.ts'
import type { CacheBounds } from '../cache/recency-cache.ts'
import type { CredentialRules } from '../extract.ts'
import type { FreshnessPolicy } from '../keys/freshness.ts'
import type { KeySet, MissingKid } from '../keys/key-set.ts'
import type { ClientAuthentication } from '../introspection/client-authentication.ts'
import type { Clock } from '../ports/clock.ts'
import type { Http, TlsIdentity } from '../ports/http.ts'
import type { Observer } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import type { Signatures } from '../ports/signatures.ts'
import type { Store } from '../ports/store.ts'
import type { MetadataSettings } from '../resource-metadata.ts'
import type { EndpointPolicy } from '../syntax/url.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import type { DecryptionRules } from '../verify/decryption.ts'
import type { Profile } from '../verify/jwt-header.ts'
import type { Claims } from '../verify/claims.ts'
import type { AcceptsRule } from './accepts.ts'
import type { DpopSettings } from './dpop.ts'
import type { ScopeImplications } from './scope-implications.ts'

/** Options with every default filled in: milliseconds, seconds where a name ends in `Seconds`, frozen. */
export interface Settings {
  readonly issuers: readonly IssuerSettings[]
  readonly audienceMatch: 'exact' | 'canonical'
  readonly profile: 'mcp' | 'fapi2' | undefined
  readonly resources: readonly string[]
  readonly resourceMetadata: MetadataSettings
  readonly scopeImpliedBy: ScopeImplications | undefined
  readonly challenge: Omit<ChallengeSettings, 'resourceMetadataUrl'>
  readonly credentials: CredentialRules
  /** `undefined`: off. */
  readonly dpop: DpopSettings | undefined
  /** `undefined`: off. */
  readonly mtls: MtlsRules | undefined
  /** Whether a token that is bound to nothing is refused. */
  readonly bindingRequired: boolean
  /** Whether plain http from another machine is worth a word. */
  readonly advisesHttps: boolean
  readonly maxTokenLifetime: number
  readonly skewSeconds: number
  readonly resilience: ResilienceSettings
  readonly cache: CacheSettings
  readonly endpoints: EndpointPolicy
  readonly observer: Observer | undefined
  readonly store: Store | undefined
  readonly ports: Ports
}

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly http: Http
  readonly signatures: Signatures
}

export interface IssuerSettings {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly jwt: JwtSettings | undefined
  readonly introspection: IntrospectionSettings | undefined
  readonly accepts: AcceptsRule | undefined
  readonly scopeClaims: readonly string[] | undefined
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
  readonly kind: ((claims: Claims) => unknown) | undefined
  readonly metadataUrl: string | undefined
  readonly pinEndpoints: boolean
  readonly strictHttpCache: boolean
  readonly tls: TlsIdentity | undefined
}

export interface JwtSettings {
  readonly profile: Profile
  readonly algorithms: readonly Algorithm[]
  readonly jwksUri: string | undefined
  readonly pinned: KeySet | undefined
  readonly missingKid: MissingKid
  readonly mode: 'offline' | 'online' | 'onlineWhenHealthy'
  readonly maxTokenAgeSeconds: number | undefined
  readonly maxTokenLifetimeSeconds: number | undefined
  readonly maxAudiences: number | undefined
  readonly rejectKeyHeaders: boolean
  readonly waiveRevocation: boolean
  readonly decryption: DecryptionRules | undefined
}

export interface IntrospectionSettings {
  readonly client: ClientAuthentication
  readonly endpoint: string | undefined
  readonly audience: 'required' | 'ifPresent' | 'off'
  readonly parameters: Readonly<Record<string, string>>
  readonly tokenTypeHint: boolean
  readonly structuredSuffix: boolean
  readonly pick: readonly string[] | undefined
  readonly honourNoStore: boolean
  /** Present where only signed answers count. */
  readonly signed: SignedAnswerSettings | undefined
}

export interface SignedAnswerSettings {
  readonly algorithm: Algorithm
  /** `undefined`: our client id, and this API's identifiers. */
  readonly audience: readonly string[] | undefined
  readonly maxAgeSeconds: number
  readonly decryption: DecryptionRules | undefined
}

export interface ResilienceSettings {
  readonly fresh: number
  readonly grace: number
  readonly keysHardBound: number
  readonly wait: number
  readonly graceWait: number
  readonly introspectionDeadline: number
  readonly documentDeadline: number
  readonly documentFreshness: FreshnessPolicy
  readonly connectTimeout: number
  readonly maxInFlight: number
  readonly maxWaitingKnown: number
  readonly maxWaitingNew: number
}

export interface CacheSettings {
  readonly introspected: CacheBounds & { readonly persist: boolean }
  readonly jwts: CacheBounds
  readonly negative: { readonly entries: number; readonly ttl: number }
  readonly revocations: { readonly entries: number }
}
