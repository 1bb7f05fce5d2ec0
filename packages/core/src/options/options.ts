import type { Duration } from '../duration.ts'
import type { Clock } from '../ports/clock.ts'
import type { Http } from '../ports/http.ts'
import type { HoldfastEvent, Observer } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import type { Signatures } from '../ports/signatures.ts'
import type { Store } from '../ports/store.ts'
import type { AuthRequest } from '../request.ts'
import type { ResourceMetadataOptions } from '../resource-metadata.ts'
import type { IssuerOptions } from './issuer-options.ts'
import type { DpopMode, DpopOptions, MtlsMode, MtlsOptions } from './binding-options.ts'

/** Options of a resource server. Checked and frozen when it is built; defaults are in `defaults.ts`. */
export type ResourceServerOptions = SharedServerOptions & (OneIssuer | ManyIssuers | IssuersWithAudience)

interface OneIssuer {
  /** The only issuer: short for `issuers: ['…']`. */
  readonly issuer: string
  readonly issuers?: undefined
  /** This API's own identifiers; a token must name one exactly in `aud`. */
  readonly audience: string | readonly string[]
}

interface ManyIssuers {
  readonly issuer?: undefined
  /** Every authorization server that may vouch for a token; a closed list. */
  readonly issuers: readonly (string | IssuerOptions)[]
  /** This API's own identifiers; a token must name one exactly in `aud`. An issuer may have its own. */
  readonly audience: string | readonly string[]
}

interface IssuersWithAudience {
  readonly issuer?: undefined
  readonly issuers: readonly (IssuerOptions & { readonly audience: string | readonly string[] })[]
  readonly audience?: undefined
}

/** Everything but who vouches, and for whom. */
export interface SharedServerOptions {
  /**
   * The https identifier of this resource (RFC 9728 §1.2), or of several under one roof: each has its document, and a
   * challenge names the one with the longest path that the request's path begins with. All take the same tokens. Default:
   * the first audience that can be one.
   */
  readonly resource?: string | readonly string[]
  /** What is published about the resource beside what is derived. */
  readonly resourceMetadata?: ResourceMetadataOptions
  /**
   * Holds the configuration to what others ask of a resource server. `'mcp'`: the Model Context Protocol. `'fapi2'`: the
   * FAPI 2.0 Security Profile (§5.3.4, §5.4); it sets what it can and refuses what contradicts it. Default: none.
   */
  readonly profile?: 'mcp' | 'fapi2'
  /**
   * `'canonical'`: upper and lower case of scheme and host of an audience do not matter. Default `'exact'`: everything
   * does (RFC 7519 §4.1.3).
   */
  readonly audienceMatch?: 'exact' | 'canonical'
  /**
   * Which scopes include others, through any number of steps: `{ admin: ['write'], write: ['read'] }`. `hasScope` and the
   * guards then take the one for the other; `auth.scopes` is what the token says. Default: none does.
   */
  readonly scopeImplies?: Readonly<Record<string, readonly string[]>>
  /** Tolerated difference between clocks. Default `'30s'`, at most `'300s'`. */
  readonly clockSkew?: Duration
  /** Longest token looked at, in characters. Default 8,192. */
  readonly maxTokenLength?: number
  /** How long a revocation by subject, session, client or `jti` is remembered. Default `'24h'`. */
  readonly maxTokenLifetime?: Duration
  /** How old evidence may be: a preset, or the numbers themselves. Default `'balanced'`. */
  readonly resilience?: ResiliencePreset | ResilienceOptions
  readonly cache?: CacheOptions
  readonly challenge?: ChallengeOptions
  /** How a token may come beside `Authorization: Bearer`. Default: no other way. */
  readonly credentials?: CredentialOptions
  /**
   * `true`: refuses what did not come over TLS, as the framework knows it, before anything is read from it. `false`: takes
   * it. Default: takes it, and says so once where it comes from another machine.
   */
  readonly requireHttps?: boolean
  readonly cors?: CorsOptions
  /**
   * How tokens that are bound to a key are judged by their DPoP proofs (RFC 9449): a mode, or {@link DpopOptions}. Default
   * `'allowed'` where the public URL of this API is known, else `'off'`.
   */
  readonly dpop?: DpopMode | DpopOptions
  /**
   * How tokens that are bound to a client's certificate are judged (RFC 8705 §3): a mode, or {@link MtlsOptions}. Default
   * `'off'`: they are refused.
   */
  readonly mtls?: MtlsMode | MtlsOptions
  /** Hears what happens; called synchronously. Default: configuration mistakes are warned about once. */
  readonly observe?: Observer | ((event: HoldfastEvent) => void)
  /** Keeps key sets, metadata and revocations over a restart, such as `fileStore({ … })`. Default: nothing is kept. */
  readonly store?: Store
  /** Allows `http:` issuers and endpoints on 127.0.0.1, [::1] and localhost. For tests and demonstrations. */
  readonly allowInsecureLoopback?: boolean
  /**
   * Speaks to no loopback, private or link-local address, whatever name leads there: the address is judged when the
   * connection is made. A `ports.http` of your own has to heed {@link HttpRequest.denyPrivateNetworks}. Default false.
   */
  readonly denyPrivateNetworks?: boolean
  /** Time, chance, network and arithmetic. Default: the machine's. */
  readonly ports?: PortOptions
}

export type ResiliencePreset = 'strict' | 'balanced' | 'available'

export interface ResilienceOptions {
  /** What is not said is taken from this preset. Default `'balanced'`. */
  readonly preset?: ResiliencePreset
  /** How long an introspection answer counts without asking again. Default `'60s'`. */
  readonly fresh?: Duration
  /**
   * How long after that it may stand in while no answer comes. Bounds how long a revoked token works in an outage.
   * Default `'300s'`; `'0s'` in `'strict'`, `'3600s'` in `'available'`.
   */
  readonly grace?: Duration
  /**
   * How long metadata and keys are used after the last successful fetch. Default `'24h'`; `'2h'` in `'strict'`, `'7d'` in
   * `'available'`. At least `'2h'`: twice the longest freshness.
   */
  readonly keysHardBound?: Duration
  /** The wait of a request that cannot be judged without an answer. Default `'1s'`. */
  readonly wait?: Duration
  /** The wait of a request whose token is in grace; three times the usual call where that is longer. Default `'250ms'`. */
  readonly graceWait?: Duration
  /** One introspection attempt. Default `'2s'`. */
  readonly introspectionDeadline?: Duration
  /** One fetch of metadata or keys. Default `'5s'`. */
  readonly documentDeadline?: Duration
  /** A connection attempt. Default `'500ms'`. */
  readonly connectTimeout?: Duration
  /** Introspection calls in flight to one endpoint, at most; how many it can take is learnt. Default 100. */
  readonly maxInFlight?: number
  /** Known tokens waiting for their turn to be introspected again. Default 1,000. */
  readonly maxWaitingKnown?: number
  /** Tokens never verified here waiting for their turn. Default 256. */
  readonly maxWaitingNew?: number
}

export interface CacheOptions {
  /** Answers about active tokens. */
  readonly introspected?: IntrospectedCacheOptions
  /** Verified JWTs. */
  readonly jwts?: CacheBoundsOptions
  /** Tokens called inactive, and how long they are refused without asking again. Default 5,000 and `'10s'`. */
  readonly negative?: { readonly entries?: number; readonly ttl?: Duration }
  /** Revoked tokens, and as many revocations by claim. Default 10,000. */
  readonly revocations?: { readonly entries?: number }
}

export interface IntrospectedCacheOptions extends CacheBoundsOptions {
  /**
   * Keeps the answers about opaque tokens in `store`, so that a process that restarts in an outage knows them, with their
   * age. The store then holds their claims; no token. Default false.
   */
  readonly persist?: boolean
}

export interface CacheBoundsOptions {
  /** Default 20,000. */
  readonly entries?: number
  /** Octets. Default 32 MiB. */
  readonly bytes?: number
}

export interface ChallengeOptions {
  /** Default: the resource, else the first audience. */
  readonly realm?: string
  /** Whether `error_description` is sent, one of a closed list of texts. Default true. */
  readonly describeErrors?: boolean
  /** A page about errors, sent as `error_uri` with every error code. Default: none. */
  readonly errorUri?: string
  /** Whether refusals have a body, a small JSON object that says what the challenge says. Default true. */
  readonly errorBody?: boolean
}

export interface CredentialOptions {
  /** What a token in the query does, which is never used. `'ignore'` (default): nothing. `'reject'`: 400. */
  readonly query?: 'ignore' | 'reject'
  /**
   * Takes `access_token` from a form (RFC 6750 §2.2) that the framework's own parser has read before `protect`. A page of
   * another origin can post a form, but none with a token that it does not know. Default false.
   */
  readonly form?: boolean
  /**
   * Takes a token from somewhere else: the token, or `undefined` where there is none. Anything but one text is 400. It
   * is asked beside the header, not in its place, and perhaps more than once for one request. A token in a cookie needs
   * your own protection against forged requests (CSRF). Default: none.
   */
  readonly extract?: (request: AuthRequest) => unknown
}

export interface CorsOptions {
  /** Adds `WWW-Authenticate`, `Retry-After` and, where proofs need one, `DPoP-Nonce` to `Access-Control-Expose-Headers`. Default false. */
  readonly expose?: boolean
}

export interface PortOptions {
  readonly clock?: Clock
  readonly random?: Random
  readonly http?: Http
  readonly signatures?: Signatures
}
