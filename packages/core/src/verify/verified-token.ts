import { claimsBytes } from '../cache/heap-bytes.ts'
import type { Cacheable } from '../cache/columns.ts'
import type { Tally } from '../counters.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { Instant } from '../ports/clock.ts'
import { audienceOf, type Claims } from './claims.ts'
import { type GrantedScopes, grantedAlso, type ScopeSource, scopesOf, statesScopes } from './scopes.ts'
import type { Verifier } from './verifier.ts'

/** Who vouches for a token, and how. One object for all tokens that a key signed, and for all that an endpoint knows. */
export interface Provenance {
  readonly issuer: string
  readonly by: 'signature' | 'introspection'
  /** The key that signed, for JWTs. */
  readonly key: VerificationKey | undefined
  /** What the signed token inside an encrypted one is revoked by: that of one token. */
  readonly nested?: string | undefined
  readonly scopeSource: ScopeSource
  readonly verifier: Verifier
  /** Where its uses are counted. */
  readonly tally: Tally
  /** True where an answer has passed every rule that does not ask for the time; else all are asked at each use. */
  readonly sound?: boolean
}

export interface VerifiedTokenFields {
  readonly digest: string
  readonly claims: Claims
  readonly provenance: Provenance
  /** The moment the verification began. */
  readonly since: Instant
  /** Milliseconds the answer allows itself to be reused, when it says so. */
  readonly freshFor?: number | undefined
  /** Milliseconds of age from which on a use asks for a new answer ahead. Default: never. */
  readonly aheadAfter?: number | undefined
}

/** Octets that a store keeps for one entry beside its claims: 118 where its arrays are full; just after they doubled, 216. */
export const LEAST_BYTES = 200
/** The same for a provenance of its own, with what the token inside is revoked by. */
const NESTED = 152

/**
 * What is known of one token: the authority's word, not our decision. The token itself is not in it. Made anew whenever a
 * store is asked, and small for that: what follows from its parts is computed when somebody wants it.
 */
export class VerifiedToken implements Cacheable {
  /** That of `keyOf`. */
  readonly digest: string
  readonly claims: Claims
  readonly provenance: Provenance
  readonly since: Instant
  readonly freshFor: number | undefined
  readonly aheadAfter: number
  #grantedScopes: GrantedScopes | undefined

  constructor({ digest, claims, provenance, since, freshFor, aheadAfter = Infinity }: VerifiedTokenFields) {
    this.digest = digest
    this.claims = claims
    this.provenance = provenance
    this.since = since
    this.freshFor = freshFor
    this.aheadAfter = aheadAfter
  }

  get issuer(): string {
    return this.provenance.issuer
  }

  get by(): 'signature' | 'introspection' {
    return this.provenance.by
  }

  get key(): VerificationKey | undefined {
    return this.provenance.key
  }

  get nested(): string | undefined {
    return this.provenance.nested
  }

  get verifier(): Verifier {
    return this.provenance.verifier
  }

  /** What the entry is reckoned to occupy. Only stores ask, once. */
  get bytes(): number {
    return LEAST_BYTES + (this.nested === undefined ? 0 : NESTED) + claimsBytes(this.claims)
  }

  /** Seconds, as `exp`. */
  get expiresAt(): number | undefined {
    return this.claims['exp'] as number | undefined
  }

  get scopeSet(): ReadonlySet<string> {
    return this.#granted.set
  }

  get scopes(): readonly string[] {
    return this.#granted.list
  }

  get audience(): readonly string[] {
    return audienceOf(this.claims)
  }

  get #granted(): GrantedScopes {
    return (this.#grantedScopes ??= scopesOf(this.claims, this.provenance.scopeSource))
  }

  /** The same token with narrower claims, known by another's evidence; of its scopes those that the other has, too. */
  onEvidenceOf(other: VerifiedToken, claims: Claims): VerifiedToken {
    const { digest, provenance } = this
    const { since, by } = other
    const narrowed = new VerifiedToken({ digest, claims, since, provenance: { ...provenance, by } })
    const stated = statesScopes(other.claims, provenance.scopeSource)
    narrowed.#grantedScopes = stated ? grantedAlso(this.#granted, other.scopeSet) : this.#granted
    return narrowed
  }
}
