import type { Binding } from './bind/bind.ts'
import { refused } from './errors.ts'
import type { ScopeImplications } from './options/scope-implications.ts'
import type { Settings } from './options/settings.ts'
import { type AuthorizationDetail, detailsOf } from './verify/authorization-details.ts'
import type { Claims } from './verify/claims.ts'
import { type Actor, actorsOf } from './verify/delegation.ts'
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

/**
 * What a verified token says, for guards and handlers. Frozen, made for one request. Its members are read from the token
 * when they are asked for: `JSON.stringify` and `console.log` show them, a spread copies none.
 */
export interface AuthContext {
  /** The authorization server that vouches (`iss`). */
  readonly issuer: string
  /** `sub`; unique within the issuer only. */
  readonly subject: string | undefined
  /** `client_id`, or `azp` where a server sends only that. */
  readonly clientId: string | undefined
  /**
   * `client`: the token stands for the client itself. `user`: it carries marks of a user's authentication. `unknown`:
   * it says neither, or both; nothing is guessed (RFC 9068 §5, RFC 9700 §4.15). The issuer's option `kind` wins.
   */
  readonly kind: 'user' | 'client' | 'unknown'
  readonly audience: readonly string[]
  readonly scopes: readonly string[]
  /** The entries of `authorization_details` (RFC 9396), in their order; `detail()` judges them. Empty without any. */
  readonly authorizationDetails: readonly AuthorizationDetail[]
  /**
   * Who acts in place of the subject (RFC 8693 §4.1); `undefined` where the subject itself does. What `may_act` says is no
   * actor: it is about a token exchange that has not taken place.
   */
  readonly actor: Actor | undefined
  /** The actor, then who acted before it, latest first. Only {@link actor} may decide anything: the others are history. */
  readonly actorChain: readonly Actor[]
  /** Seconds since 1970, as `exp`. */
  readonly expiresAt: number | undefined
  readonly binding: Binding
  readonly evidence: Evidence
  readonly claims: Claims
  /** Exact, case-sensitive; constant time in the number of scopes. True, too, for what `scopeImplies` says they include. */
  hasScope(scope: string): boolean
}

/** What the server itself needs to know of a context it made; hidden from users. */
export interface Origin {
  readonly token: VerifiedToken
  readonly presented: Presented
}

/** What the configuration says of the meaning of tokens. */
export interface ContextRules {
  readonly scopeImpliedBy: ScopeImplications | undefined
  /** By issuer: tells a user's tokens from a client's. */
  readonly kinds: ReadonlyMap<string, (claims: Claims) => unknown> | undefined
  /** By issuer: the names that this API goes by. */
  readonly identifiers: ReadonlyMap<string, readonly string[]> | undefined
}

/** What the options say of it. */
export function contextRulesOf({
  issuers,
  scopeImpliedBy,
  resources,
}: Pick<Settings, 'issuers' | 'scopeImpliedBy' | 'resources'>): ContextRules {
  const told = issuers.flatMap(({ issuer, kind }) => (kind ? [[issuer, kind] as const] : []))
  const identifiers = issuers.map(
    ({ issuer, audience }) => [issuer, [...new Set([...audience, ...resources])]] as const,
  )
  return {
    scopeImpliedBy,
    kinds: told.length === 0 ? undefined : new Map(told),
    identifiers: new Map(identifiers),
  }
}

const PLAIN: ContextRules = { scopeImpliedBy: undefined, kinds: undefined, identifiers: undefined }

const NOBODY: readonly string[] = Object.freeze([])

/** Made for every request, so it holds little and reads from the verified token when it is asked. */
class Context implements AuthContext {
  readonly #verdict: Verdict
  readonly #presented: Presented
  readonly #rules: ContextRules
  readonly #toldKind: AuthContext['kind'] | undefined
  readonly #binding: Binding
  #evidence: Evidence | undefined

  constructor(verdict: Verdict, binding: Binding, presented: Presented, rules: ContextRules) {
    this.#verdict = verdict
    this.#presented = presented
    this.#rules = rules
    this.#binding = binding
    const told = rules.kinds?.get(verdict.token.issuer)
    this.#toldKind = told && toldKind(verdict.token.claims, told)
    Object.freeze(this)
  }

  get issuer(): string {
    return this.#verdict.token.issuer
  }

  get subject(): string | undefined {
    return this.claims['sub'] as string | undefined
  }

  get clientId(): string | undefined {
    return (this.claims['client_id'] ?? this.claims['azp']) as string | undefined
  }

  get kind(): AuthContext['kind'] {
    return this.#toldKind ?? kindOf(this.claims)
  }

  get audience(): readonly string[] {
    return this.#verdict.token.audience
  }

  get scopes(): readonly string[] {
    return this.#verdict.token.scopes
  }

  get authorizationDetails(): readonly AuthorizationDetail[] {
    return detailsOf(this.claims)
  }

  get actor(): Actor | undefined {
    return this.actorChain[0]
  }

  get actorChain(): readonly Actor[] {
    return actorsOf(this.claims, this.issuer)
  }

  get expiresAt(): number | undefined {
    return this.#verdict.token.expiresAt
  }

  get binding(): Binding {
    return this.#binding
  }

  get evidence(): Evidence {
    const { token, source, stale } = this.#verdict
    return (this.#evidence ??= Object.freeze({ by: token.by, source, checkedAt: token.since.wall / 1_000, stale }))
  }

  get claims(): Claims {
    return this.#verdict.token.claims
  }

  hasScope(scope: string): boolean {
    const { scopeSet } = this.#verdict.token
    const impliedBy = this.#rules.scopeImpliedBy
    if (scopeSet.has(scope) || impliedBy === undefined) return scopeSet.has(scope)
    return impliedBy.get(scope)?.some((one) => scopeSet.has(one)) ?? false
  }

  /** What a log or an answer shows of it: all but the raw token. */
  toJSON(): Omit<AuthContext, 'hasScope'> {
    const { issuer, subject, clientId, kind, audience, scopes, authorizationDetails, actor, actorChain } = this
    const { expiresAt, binding, evidence, claims } = this
    const token = { issuer, subject, clientId, kind, audience, scopes, authorizationDetails, actor, actorChain }
    return { ...token, expiresAt, binding, evidence, claims }
  }

  /** Getters are no own properties: `console.log(auth)` would show nothing. */
  [Symbol.for('nodejs.util.inspect.custom')](): object {
    return this.toJSON()
  }

  static originOf(auth: AuthContext): Origin | undefined {
    return #verdict in auth ? { token: auth.#verdict.token, presented: auth.#presented } : undefined
  }

  static fieldsOf(auth: AuthContext): ResponseFields | undefined {
    return #verdict in auth ? auth.#presented.proof?.answerFields : undefined
  }

  static identifiersOf(auth: AuthContext): readonly string[] {
    return #verdict in auth ? (auth.#rules.identifiers?.get(auth.issuer) ?? NOBODY) : NOBODY
  }
}

function kindOf(claims: Claims): AuthContext['kind'] {
  const { sub, client_id: clientId, auth_time: authTime, amr, sid } = claims
  const isClients = sub !== undefined && sub === clientId
  const isUsers = authTime !== undefined || amr !== undefined || sid !== undefined
  // Both: somebody took another's name. What looks like a client with a login is neither.
  if (isClients && isUsers) return 'unknown'
  return isClients ? 'client' : isUsers ? 'user' : 'unknown'
}

function toldKind(claims: Claims, told: (claims: Claims) => unknown): AuthContext['kind'] {
  try {
    const kind = told(claims)
    // Nobody waits for it, and what it rejects with must not end the process.
    if (kind instanceof Promise) kind.catch(() => undefined)
    return kind === 'user' || kind === 'client' ? kind : 'unknown'
  } catch (cause) {
    throw refused('guard_failed', { cause })
  }
}

/** A verified token and its binding, made into what guards and handlers see. */
export function contextOf(
  verdict: Verdict,
  binding: Binding,
  presented: Presented,
  rules: ContextRules = PLAIN,
): AuthContext {
  return new Context(verdict, binding, presented, rules)
}

/** The origin of a context that this library made; `undefined` for any other object. */
export function originOf(auth: AuthContext): Origin | undefined {
  return Context.originOf(auth)
}

/** Header fields for the response to a request that was let in. */
export type ResponseFields = Readonly<Record<string, string>>

/**
 * What the response to this request should carry beside what the application says: where proofs need a nonce, the next one
 * (RFC 9449 §8.2). Adapters of this library see to it; `undefined`, as nearly always, for nothing.
 */
export function responseFieldsOf(auth: AuthContext): ResponseFields | undefined {
  return Context.fieldsOf(auth)
}

/** The names of the API that made a context: audiences and resources. None for an object that this library did not make. */
export function identifiersOf(auth: AuthContext): readonly string[] {
  return Context.identifiersOf(auth)
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
