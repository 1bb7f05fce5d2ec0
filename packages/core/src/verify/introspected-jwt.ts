import { AuthError, orThrow } from '../errors.ts'
import type { Checks } from '../explain/checks.ts'
import { Trouble, TROUBLES } from '../introspection/introspector.ts'
import type { Instant } from '../ports/clock.ts'
import { isJsonObject, type Json } from '../syntax/json.ts'
import { parseScope } from '../syntax/scope.ts'
import { detailsOf, detailsWithin } from './authorization-details.ts'
import type { Claims } from './claims.ts'
import type { IntrospectionVerifier } from './introspection.ts'
import type { JwtVerifier } from './jwt.ts'
import type { VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

/** When JWTs are introspected: only where a route asks for fresh evidence; always; as long as the authority answers. */
export type JwtMode = 'offline' | 'online' | 'onlineWhenHealthy'

export interface IntrospectedJwtVerifierParts {
  readonly mode: JwtMode
  readonly local: (owner: Verifier) => JwtVerifier
  readonly authority: (owner: Verifier) => IntrospectionVerifier
  /** The entry that the local part keeps for a token. */
  readonly known: (digest: string) => VerifiedToken | undefined
  /** False once the knowledge that some token is inactive had to be thrown away. */
  readonly mayFallBack: () => boolean
}

/** JWTs that can be held against the authority's word, too. The signature is checked first: forged tokens cause no call. */
export class IntrospectedJwtVerifier implements Verifier {
  readonly #parts: IntrospectedJwtVerifierParts
  readonly #local: JwtVerifier
  readonly #authority: IntrospectionVerifier

  constructor(parts: IntrospectedJwtVerifierParts) {
    this.#parts = parts
    this.#local = parts.local(this)
    this.#authority = parts.authority(this)
  }

  recall(entry: VerifiedToken, presented: Presented, now?: Instant): Verdict | undefined {
    // What is known of it may be the authority's word alone.
    const known = entry.by === 'signature' ? entry : this.#parts.known(presented.digest)
    return this.#with(known && this.#local.recall(known, presented, now), presented, now)
  }

  now(presented: Presented): Verdict | undefined {
    const known = this.#parts.known(presented.digest)
    return this.#with((known && this.#local.recall(known)) ?? orThrow(this.#local.now(presented)), presented)
  }

  async verify(presented: Presented): Promise<Verdict> {
    const local = await this.#signed(presented)
    if (this.#parts.mode === 'offline') return local
    const answer = await this.#answered(presented)
    // While the authority was asked, the key may have left its set, and the token may have ended.
    const still = await this.#signed(presented)
    return answer ? this.#together(still, answer)! : { ...still, stale: true }
  }

  async explain(presented: Presented, checks: Checks): Promise<VerifiedToken | undefined> {
    const local = await this.#local.explain(presented, checks)
    const answer = this.#parts.mode === 'offline' ? undefined : await this.#authority.explain(presented, checks)
    return local && answer ? this.#together(explained(local), explained(answer))!.token : local
  }

  forget(digest: string): void {
    this.#local.forget(digest)
    this.#authority.forget(digest)
  }

  async ask(presented: Presented, since: number): Promise<Verdict> {
    await this.#signed(presented)
    const answer = await this.#authority.ask(presented, since)
    return this.#together(await this.#signed(presented), answer)!
  }

  #with(local: Verdict | undefined, presented: Presented, now?: Instant): Verdict | undefined {
    if (!local || this.#parts.mode === 'offline') return local
    return this.#together(local, orThrow(this.#authority.now(presented, now)))
  }

  async #signed(presented: Presented): Promise<Verdict> {
    const known = this.#parts.known(presented.digest)
    return (known && this.#local.recall(known)) ?? this.#local.verify(presented)
  }

  /** The authority's word, or `undefined` where its endpoint fails and the signature may stand in. */
  async #answered(presented: Presented): Promise<Verdict | undefined> {
    try {
      return await this.#authority.verify(presented)
    } catch (error) {
      const { mode, mayFallBack } = this.#parts
      if (mode === 'onlineWhenHealthy' && endpointFails(error) && mayFallBack()) return undefined
      throw error
    }
  }

  /**
   * The JWT's claims, on the authority's evidence; an answer may narrow scope, details, lifetime and use, never widen them.
   * Who acts, the authority knows better than the token.
   */
  #together(local: Verdict, answer: Verdict | undefined): Verdict | undefined {
    if (!answer) return undefined
    const { claims } = local.token
    const { exp, scope, act, authorization_details: details } = answer.token.claims
    const narrowed = Object.freeze({
      ...claims,
      ...(exp === undefined ? {} : { exp: Math.min(exp as number, claims['exp'] as number) }),
      ...boundByBoth(claims, answer.token.claims),
      ...(scope === undefined ? {} : { scope: within(local.token.scopeSet, scope) }),
      ...(act === undefined ? {} : { act }),
      ...(details === undefined ? {} : detailsOfBoth(claims, answer.token.claims)),
    })
    return { ...answer, token: local.token.onEvidenceOf(answer.token, narrowed) }
  }
}

/**
 * What either binds the token to, so that neither takes away what the other demands. Where they name two keys, none can be
 * both: the confirmation then has no member that could be checked (RFC 7800 §3.1).
 */
function boundByBoth(claims: Claims, { cnf: answered, token_type: type }: Claims): Claims {
  const bound = isDpop(type) ? { token_type: type } : {}
  const { cnf: own } = claims
  if (answered === undefined) return bound
  if (!isJsonObject(own) || !isJsonObject(answered)) return { ...bound, cnf: own ?? answered }
  const agree = PROVABLE.every((name) => (own[name] ?? answered[name]) === (answered[name] ?? own[name]))
  return { ...bound, cnf: Object.freeze(agree ? { ...own, ...answered } : {}) }
}

/** Members by which a token is bound to what a request can prove. */
const PROVABLE = ['jkt', 'x5t#S256'] as const

const isDpop = (type: Json | undefined): boolean => typeof type === 'string' && type.toLowerCase() === 'dpop'

const explained = (token: VerifiedToken): Verdict => ({ token, source: 'cache', stale: false })

/** The details that the JWT grants and the answer has, too; an answer gives none to a token without. */
function detailsOfBoth(claims: Claims, answered: Claims): { readonly authorization_details?: Json } {
  if (claims['authorization_details'] === undefined) return {}
  return { authorization_details: detailsWithin(detailsOf(claims), detailsOf(answered)) }
}

/** Those of the scopes in an answer that the JWT grants, too. */
function within(granted: ReadonlySet<string>, scope: Json): string {
  return (parseScope(scope) ?? []).filter((one) => granted.has(one)).join(' ')
}

/** Not so when we are the trouble: wrong credentials and a full queue must not switch introspection off. */
function endpointFails(error: unknown): boolean {
  return error instanceof AuthError && error.cause instanceof Trouble && TROUBLES[error.cause.kind].fallsBack
}
