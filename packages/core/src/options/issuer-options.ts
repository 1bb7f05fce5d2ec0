import type { KeyObject } from 'node:crypto'
import type { Duration } from '../duration.ts'
import type { ClientAuthentication } from '../introspection/client-authentication.ts'
import type { TlsIdentity } from '../ports/http.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import type { ContentEncryption, KeyManagement } from '../verify/encryption.ts'
import type { Claims } from '../verify/claims.ts'
import type { Profile } from '../verify/jwt-header.ts'

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
