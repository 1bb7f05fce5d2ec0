import type { Binding } from './bind/bind.ts'
import type { Claims } from './verify/claims.ts'
import type { VerifiedToken } from './verify/verified-token.ts'
import type { Presented, Verdict } from './verify/verifier.ts'

/** How it is known that the token is good. */
export interface Evidence {
  readonly by: 'signature' | 'introspection'
  /** `live`: established for this request; `cache`: before it. */
  readonly source: 'live' | 'cache'
  /** When the verification began, in seconds since 1970. */
  readonly checkedAt: number
  /** True when the evidence is past its freshness and the authorization server gave no answer in time. */
  readonly stale: boolean
}

/** What a verified token says, for guards and handlers. Frozen, made for one request. */
export interface AuthContext {
  /** The authorization server that vouches (`iss`). */
  readonly issuer: string
  /** `sub`; unique within the issuer only. */
  readonly subject: string | undefined
  /** `client_id`, or `azp` where a server sends only that. */
  readonly clientId: string | undefined
  /**
   * `client`: the token stands for the client itself. `user`: it carries marks of a user's authentication. `unknown`:
   * it says neither; nothing is guessed (RFC 9068 §5, RFC 9700 §4.15).
   */
  readonly kind: 'user' | 'client' | 'unknown'
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** Seconds since 1970, as `exp`. */
  readonly expiresAt: number | undefined
  readonly binding: Binding
  readonly evidence: Evidence
  readonly claims: Claims
  /** Exact, case-sensitive; constant time in the number of scopes. */
  hasScope(scope: string): boolean
}

/** What the server itself needs to know of a context it made; hidden from users. */
export interface Origin {
  readonly token: VerifiedToken
  readonly presented: Presented
}

class Context implements AuthContext {
  readonly issuer: string
  readonly subject: string | undefined
  readonly clientId: string | undefined
  readonly kind: 'user' | 'client' | 'unknown'
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresAt: number | undefined
  readonly binding: Binding
  readonly evidence: Evidence
  readonly claims: Claims
  readonly #origin: Origin

  constructor({ token, source, stale }: Verdict, binding: Binding, presented: Presented) {
    const { claims } = token
    this.issuer = token.issuer
    this.subject = claims['sub'] as string | undefined
    this.clientId = (claims['client_id'] ?? claims['azp']) as string | undefined
    this.kind = kindOf(claims)
    this.audience = token.audience
    this.scopes = token.scopes
    this.expiresAt = token.expiresAt
    this.binding = binding
    this.evidence = Object.freeze({ by: token.by, source, checkedAt: token.since.wall / 1_000, stale })
    this.claims = claims
    this.#origin = { token, presented }
    Object.freeze(this)
  }

  hasScope(scope: string): boolean {
    return this.#origin.token.scopeSet.has(scope)
  }

  static originOf(auth: AuthContext): Origin | undefined {
    return #origin in auth ? auth.#origin : undefined
  }
}

function kindOf(claims: Claims): AuthContext['kind'] {
  const { sub, client_id: clientId, auth_time: authTime, amr, sid } = claims
  if (sub !== undefined && sub === clientId) return 'client'
  return authTime !== undefined || amr !== undefined || sid !== undefined ? 'user' : 'unknown'
}

/** A verified token and its binding, made into what guards and handlers see. */
export function contextOf(verdict: Verdict, binding: Binding, presented: Presented): AuthContext {
  return new Context(verdict, binding, presented)
}

/** The origin of a context that this library made; `undefined` for any other object. */
export function originOf(auth: AuthContext): Origin | undefined {
  return Context.originOf(auth)
}

/**
 * The raw token of a request, for the few places that must have it, such as a token exchange (RFC 8693). Never send it
 * upstream: it was issued for you alone.
 *
 * @throws {TypeError} for an object that no server of this library made.
 */
export function rawTokenOf(auth: AuthContext): string {
  const origin = originOf(auth)
  if (!origin) throw new TypeError('rawTokenOf(): this object was not made by a resource server of this library')
  return origin.presented.token
}
