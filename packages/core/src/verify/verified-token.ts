import { claimsBytes } from '../cache/heap-bytes.ts'
import type { Cacheable } from '../cache/recency-cache.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { Instant } from '../ports/clock.ts'
import { audienceOf, type Claims } from './claims.ts'
import { type ScopeSource, scopesIn, scopesOf, statesScopes } from './scopes.ts'
import type { Verifier } from './verifier.ts'

export interface VerifiedTokenFields {
  readonly digest: string
  readonly issuer: string
  readonly claims: Claims
  /** The moment the verification began. */
  readonly since: Instant
  readonly by: 'signature' | 'introspection'
  /** The key that signed, for JWTs. */
  readonly key: VerificationKey | undefined
  /** What the signed token inside an encrypted one is revoked by. */
  readonly nested?: string | undefined
  readonly scopeSource: ScopeSource
  /** Milliseconds the answer allows itself to be reused, when it says so. */
  readonly freshFor?: number | undefined
  /** Milliseconds of age from which on a use asks for a new answer ahead. Default: never. */
  readonly aheadAfter?: number | undefined
  readonly verifier: Verifier
}

/** Octets that the engine keeps for one entry beside its claims. Measured, rounded up. */
export const LEAST_BYTES = 700
/** The same for one scope. */
const SCOPE = 80
/** The same for what the token inside is revoked by. */
const NESTED = 72

/** What is known of one token: the authority's word, not our decision. The token itself is not in it. */
export class VerifiedToken implements Cacheable {
  readonly digest: string
  readonly issuer: string
  readonly claims: Claims
  readonly since: Instant
  readonly by: 'signature' | 'introspection'
  readonly key: VerificationKey | undefined
  readonly nested: string | undefined
  readonly verifier: Verifier
  readonly freshFor: number | undefined
  readonly aheadAfter: number
  admittedAt = 0
  readonly #scopeSource: ScopeSource
  #scopes: ReadonlySet<string> | undefined
  #scopeList: readonly string[] | undefined
  #audience: readonly string[] | undefined
  #bytes: number | undefined

  constructor(fields: VerifiedTokenFields) {
    this.digest = fields.digest
    this.issuer = fields.issuer
    this.claims = fields.claims
    this.since = fields.since
    this.by = fields.by
    this.key = fields.key
    this.nested = fields.nested
    this.verifier = fields.verifier
    this.freshFor = fields.freshFor
    this.aheadAfter = fields.aheadAfter ?? Infinity
    this.#scopeSource = fields.scopeSource
  }

  /** What the entry is reckoned to occupy, with the lists that are made at its first use. Only stores ask. */
  get bytes(): number {
    const nested = this.nested === undefined ? 0 : NESTED
    return (this.#bytes ??=
      LEAST_BYTES + nested + claimsBytes(this.claims) + SCOPE * scopesIn(this.claims, this.#scopeSource))
  }

  /** Seconds, as `exp`. */
  get expiresAt(): number | undefined {
    return this.claims['exp'] as number | undefined
  }

  get scopeSet(): ReadonlySet<string> {
    return (this.#scopes ??= new Set(this.scopes))
  }

  get scopes(): readonly string[] {
    return (this.#scopeList ??= scopesOf(this.claims, this.#scopeSource))
  }

  get audience(): readonly string[] {
    return (this.#audience ??= audienceOf(this.claims))
  }

  /** The same token with narrower claims, known by another's evidence; of its scopes those that the other has, too. */
  onEvidenceOf(other: VerifiedToken, claims: Claims): VerifiedToken {
    const { digest, issuer, key, nested, verifier } = this
    const { since, by } = other
    const fields = { digest, issuer, claims, since, by, key, nested, verifier, scopeSource: this.#scopeSource }
    const narrowed = new VerifiedToken(fields)
    const stated = statesScopes(other.claims, this.#scopeSource)
    narrowed.#scopeList = stated ? Object.freeze(this.scopes.filter((one) => other.scopeSet.has(one))) : this.scopes
    return narrowed
  }
}
