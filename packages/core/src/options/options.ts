import type { KeyObject } from 'node:crypto'
import type { CertificateFormat } from '../bind/mtls/certificate-field.ts'
import type { Duration } from '../duration.ts'
import type { ClientAuthentication } from '../introspection/client-authentication.ts'
import type { TlsIdentity } from '../ports/http.ts'
import type { Clock } from '../ports/clock.ts'
import type { Http } from '../ports/http.ts'
import type { HoldfastEvent, Observer } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import type { Signatures } from '../ports/signatures.ts'
import type { ReplayMemory } from '../ports/replay-memory.ts'
import type { Store } from '../ports/store.ts'
import type { AuthRequest } from '../request.ts'
import type { ResourceMetadataOptions } from '../resource-metadata.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import type { ContentEncryption, KeyManagement } from '../verify/encryption.ts'
import type { Claims } from '../verify/claims.ts'
import type { Profile } from '../verify/jwt-header.ts'

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

export interface IssuerOptions {
  /** The issuer identifier, exactly as tokens and metadata spell it (RFC 8414 §2). */
  readonly issuer: string
  /** Instead of the server's `audience`. */
  readonly audience?: string | readonly string[]
  /** How JWT access tokens are verified; `false` when this issuer's JWTs are not verified locally. Default: RFC 9068. */
  readonly jwt?: JwtOptions | false
  /** How opaque tokens are verified (RFC 7662). Default: they are refused. */
  readonly introspection?: IntrospectionOptions
  /** Which opaque tokens are this issuer's; required when several issuers have them. */
  readonly accepts?: AcceptsOptions
  /** Claims that scopes are read from, all together, such as `['permissions']`. Default: `scope`, else `scp`. */
  readonly scopeClaims?: readonly string[]
  /** Claims that must have exactly these values, such as `{ token_use: 'access' }`. */
  readonly requiredClaims?: Readonly<Record<string, string | number | boolean>>
  /**
   * Tells a user's tokens from a client's by their claims; anything but `'user'` and `'client'` means that they do not
   * say. Default: `sub` equal to `client_id` is a client's, marks of a login are a user's, both or neither say nothing.
   */
  readonly kind?: (claims: Claims) => 'user' | 'client' | undefined
  /** Where the metadata document is. Default: the well-known places, in the order of MCP. */
  readonly metadataUrl?: string
  /**
   * Keeps the endpoints that metadata names at the origin where they were first seen. A document that moves one is an
   * `endpoint_moved` event either way. Default false. An address written here is never moved by metadata.
   */
  readonly pinEndpoints?: boolean
  /**
   * Obeys HTTP caching to the letter for metadata and keys: what says `must-revalidate`, `no-cache` or `no-store` is not
   * used stale, what says `stale-if-error` for no longer than that, and none of it is kept in `store`. An outage of the
   * authorization server then soon refuses its JWTs with 503. Default false: used up to `keysHardBound`.
   */
  readonly strictHttpCache?: boolean
  /** Certificate authorities and a client certificate for this issuer's endpoints. */
  readonly tls?: TlsIdentity
}

export interface JwtOptions {
  /** `'at+jwt'` (default): RFC 9068. `'jwt'`: any access token JWT, with checks against ID tokens instead of `typ`. */
  readonly profile?: Profile
  /** Allowed signature algorithms, in the order by which keys without `alg` are bound. ES384, ES512, Ed448 must be listed. */
  readonly algorithms?: readonly (Algorithm | 'EdDSA')[]
  /** The key set. Default: what the metadata says. */
  readonly jwksUri?: string
  /**
   * Which keys serve a token without `kid`. `'only'` (default): the only one that fits its algorithm; several are refused.
   * `'try'`: each that fits, at most four.
   */
  readonly missingKid?: 'only' | 'try'
  /** Pinned public keys instead of a key set: a JWK Set. */
  readonly keys?: { readonly keys: readonly object[] }
  /**
   * A shared secret for HS256, or for the one HMAC that `algorithms` names, and nothing else. At least as long as the
   * hash: 32, 48 or 64 octets. Whoever can verify can mint.
   */
  readonly sharedSecret?: Uint8Array
  /** Whether JWTs are introspected, too. Default `'offline'`. */
  readonly mode?: 'offline' | 'online' | 'onlineWhenHealthy'
  /** Refuses a token that was issued longer ago. Default: `exp` alone decides. */
  readonly maxTokenAge?: Duration
  /** Refuses a token that was issued for longer. Default: unlimited. */
  readonly maxTokenLifetime?: Duration
  /** Refuses a token for more audiences, whose scopes may be meant for another of them. 1 to 100. Default: unlimited. */
  readonly maxAudiences?: number
  /**
   * Refuses a token whose header offers a key or certificate (`jku`, `jwk`, `x5u`, `x5c`, `x5t`). They are never used
   * either way. Default false.
   */
  readonly rejectKeyHeaders?: boolean
  /**
   * With profile `'fapi2'`: takes JWTs that are never introspected, and so work until they expire or {@link
   * ResourceServer.revoke} hears of them. Default false.
   */
  readonly waiveRevocation?: boolean
  /** How encrypted access tokens are opened (RFC 7516). Default: they are refused. */
  readonly decryption?: DecryptionOptions
}

/** What is inside must be a signed JWT (`cty: 'JWT'`), which is then verified like any other. Nothing is inflated. */
export interface DecryptionOptions {
  /** Our private keys: a JWK Set, or key objects by name. With more than one, or several issuers, each needs a `kid`. */
  readonly keys: { readonly keys: readonly object[] } | readonly DecryptionKeyOptions[]
  /** Allowed key management (`alg`), in the order by which keys without `alg` are bound. RSA1_5 and passwords are not offered. */
  readonly algorithms: readonly KeyManagement[]
  /** Allowed content encryption (`enc`). */
  readonly encodings: readonly ContentEncryption[]
  /** Refuses tokens that are only signed (RFC 9068 §4). Default false. */
  readonly required?: boolean
}

export interface DecryptionKeyOptions {
  readonly kid?: string
  /** A private RSA, EC or X25519 key. */
  readonly key: KeyObject
}

export interface IntrospectionOptions {
  /** How we authenticate; `unauthenticated()` has to be said. */
  readonly client: ClientAuthentication
  /** The endpoint. Default: what the metadata says. */
  readonly endpoint?: string
  /** Whether an answer must name our audience. Default `'required'`. */
  readonly audience?: 'required' | 'ifPresent' | 'off'
  /** Further request parameters. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Whether `token_type_hint=access_token` is sent. Default true. */
  readonly tokenTypeHint?: boolean
  /** Also takes answers of a media type that ends in `+json`. Default false: `application/json` alone. */
  readonly structuredSuffix?: boolean
  /**
   * The members of an answer to keep beside those that this library judges by, such as `['tenant']`. Guards and handlers
   * see no others, nor does `kind`. Default: all.
   */
  readonly pick?: readonly string[]
  /** Lets `Cache-Control: no-store` keep an answer out of our own cache, too: every request then asks. Default false. */
  readonly honourNoStore?: boolean
  /**
   * Asks for signed answers (RFC 9701), and takes no others: `true`, or how they look. They are verified by the issuer's
   * key set. Default false: plain JSON, which TLS alone protects.
   */
  readonly signed?: boolean | SignedAnswerOptions
}

/** How signed introspection answers look (RFC 9701 §5, §6). What they say of the token is read like a plain answer. */
export interface SignedAnswerOptions {
  /** What they are signed with, as it is registered for our client. No HMAC. Default `'RS256'`. */
  readonly algorithm?: Exclude<Algorithm, 'HS256' | 'HS384' | 'HS512'> | 'EdDSA'
  /** Who we are in their `aud`: any of these. Default: our client id, and this API's audiences and resources. */
  readonly audience?: string | readonly string[]
  /** How long ago they may have been made (`iat`). `'5s'` to `'600s'`. Default `'60s'`. */
  readonly maxAge?: Duration
  /** How encrypted answers are opened: signed, then encrypted. Default: they are no verdict. */
  readonly decryption?: DecryptionOptions
}

/** Tells one issuer's opaque tokens from another's by their spelling. */
export interface AcceptsOptions {
  readonly prefix?: string
  readonly length?: number
  readonly alphabet?: 'hex' | 'base64url' | 'token68'
  /** A test of your own; needs `examples`. */
  readonly test?: (token: string) => boolean
  /** Made-up tokens that this rule takes. They are held against every other rule when the server is built. */
  readonly examples?: readonly string[]
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

/**
 * `'allowed'`: a token that is bound to a certificate is taken from the client that shows it. `'required'`: no other token
 * is taken. `'off'`: a bound token is refused, whatever certificate comes with it.
 */
export type MtlsMode = 'allowed' | 'required' | 'off'

export interface MtlsOptions {
  /** Default `'allowed'`. */
  readonly mode?: MtlsMode
  /**
   * The field in which proxies write the certificate. Default: none is read, and the certificate is that of the
   * connection, for which the TLS server has to ask: `requestCert: true, rejectUnauthorized: false`.
   */
  readonly field?: CertificateFieldOptions
}

/** A field says what anybody writes into it: name only proxies that remove it from every request that they pass on. */
export interface CertificateFieldOptions {
  /** Default: `'client-cert'` for `'rfc9440'`, `'x-forwarded-client-cert'` for `'xfcc'`. */
  readonly name?: string
  /**
   * `'rfc9440'` (default): Base64 of the DER octets between colons. `'base64'`: the same without colons. `'pem'`:
   * URL-encoded PEM, or PEM with blanks for its line ends. `'xfcc'`: the `Cert` of Envoy's one element.
   */
  readonly format?: CertificateFormat
  /**
   * Addresses of the proxies, such as `'10.0.0.7'` or `'10.0.0.0/8'`: of the connection's own other end, whatever
   * forwarded address the framework believes.
   */
  readonly from: string | readonly string[]
  /** Characters. Default 16,384. */
  readonly maxLength?: number
}

/**
 * `'allowed'`: bound tokens come with a proof, others as Bearer. `'required'`: no token is taken that is not bound to a
 * DPoP key. `'off'`: the scheme DPoP is no credentials, and a bound token is refused.
 */
export type DpopMode = 'allowed' | 'required' | 'off'

export interface DpopOptions {
  /** Default `'allowed'`. */
  readonly mode?: DpopMode
  /**
   * The https URL by which clients know this API, or several: what `htu` of a proof is held against, with the path of the
   * request behind it. A path here is one that a proxy takes away. No header field of a request has a say in it. Default:
   * the origin of each `resource`.
   */
  readonly publicUrl?: string | readonly string[]
  /** Allowed signature algorithms of proofs. Default ES256, Ed25519, PS256, RS256. */
  readonly algorithms?: readonly (Exclude<Algorithm, 'HS256' | 'HS384' | 'HS512'> | 'EdDSA')[]
  /** How long after `iat` a proof counts. `'5s'` to `'300s'`. Default `'60s'`. */
  readonly maxAge?: Duration
  /** By how much the clock of a client may be ahead. At most `'60s'`. Default `'30s'`. */
  readonly maxAhead?: Duration
  /** Longest `jti`, in characters. 16 to 1,024. Default 256. */
  readonly maxJtiLength?: number
  /** Whether proofs need a nonce of ours (RFC 9449 §9): `true`, or how nonces are made. Default false. */
  readonly nonce?: boolean | DpopNonceOptions
  /** How proofs that were used are remembered. */
  readonly replay?: DpopReplayOptions
}

/** Nobody has to remember these nonces: each proves by itself when it was made here. */
export interface DpopNonceOptions {
  /** How long a nonce counts; past half of that, its successor comes with success. `'10s'` to `'3600s'`. Default `'300s'`. */
  readonly lifetime?: Duration
  /**
   * What nonces are made with, at least 32 random octets, the same for all instances; the first of several makes new
   * ones, and nonces of all are taken. Default: random octets of this process.
   */
  readonly secrets?: Uint8Array | readonly Uint8Array[]
  /** Takes a proof with a nonce whatever its `iat` says: for clients whose clocks are wrong. Default false. */
  readonly replacesAge?: boolean
}

export interface DpopReplayOptions {
  /** Proofs that this process remembers. When they are all still to be remembered, new ones are 503. Default 100,000. */
  readonly entries?: number
  /** A memory that several instances share. Default: each process has its own, and a proof counts once in each. */
  readonly memory?: ReplayMemory
  /** What counts where that fails: `'refuse'` (default): 503. `'local'`: what this process has seen. */
  readonly onFailure?: 'refuse' | 'local'
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
