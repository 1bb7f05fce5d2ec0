import type { RecencyCache } from '../cache/recency-cache.ts'
import { refused } from '../errors.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { KeyHint } from '../keys/key-set.ts'
import type { KeySource } from '../keys/key-source.ts'
import { type Clock, instantOf } from '../ports/clock.ts'
import type { Signatures } from '../ports/signatures.ts'
import { parseJws, type UnverifiedJwt } from '../syntax/jws.ts'
import type { Algorithm } from './algorithms.ts'
import { checkTimes } from './claims.ts'
import { checkJwtClaims, type JwtRules } from './jwt-claims.ts'
import { checkHeader } from './jwt-header.ts'
import type { ScopeSource } from './scopes.ts'
import { signedBy, signedByNow } from './signature.ts'
import { VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

export interface JwtVerifierParts {
  readonly rules: JwtRules
  readonly algorithms: readonly Algorithm[]
  readonly scopeSource: ScopeSource
  readonly keys: KeySource
  readonly store: RecencyCache<VerifiedToken>
  readonly signatures: Signatures
  readonly clock: Clock
}

/** Verifies JWT access tokens with the issuer's keys: header rules, claims, key, signature; then remembers them. */
export class JwtVerifier implements Verifier {
  readonly #parts: JwtVerifierParts
  readonly #owner: Verifier
  /** Signature checks under way, by digest: shared by all who brought the same token. */
  readonly #running = new Map<
    string,
    { readonly keys: readonly VerificationKey[]; readonly verdict: Promise<Verdict | undefined> }
  >()

  /** @param owner The verifier that speaks for the issuer, when this one is a part of it. */
  constructor(parts: JwtVerifierParts, owner?: Verifier) {
    this.#parts = parts
    this.#owner = owner ?? this
  }

  recall(entry: VerifiedToken): Verdict | undefined {
    const { keys, store, rules, clock } = this.#parts
    if (entry.key!.retired) store.delete(entry.digest)
    if (entry.key!.retired || !keys.usable) return undefined
    const refusal = checkTimes(entry.claims, clock.wall() / 1_000, rules) ?? this.#tooOld(entry)
    if (refusal) {
      store.delete(entry.digest)
      throw refused(refusal.reason, { issuer: rules.issuer })
    }
    return { token: entry, source: 'cache', stale: false }
  }

  now(presented: Presented): Verdict | undefined {
    const { jwt, hint } = this.#check(presented)
    const request = { ...hint, arrivedAt: presented.arrivedAt }
    const keys = this.#parts.keys.at(request)
    if (!keys) return undefined
    for (const key of keys) {
      const signed = signedByNow(jwt, key, this.#parts.signatures)
      if (signed === undefined) return undefined
      if (signed) return this.#admit(presented, jwt, key)
    }
    if (this.#parts.keys.mayReconsider(request)) return undefined
    throw refused('signature_invalid', { issuer: this.#parts.rules.issuer })
  }

  async verify(presented: Presented): Promise<Verdict> {
    const { jwt, hint } = this.#check(presented)
    const { keys } = this.#parts
    const request = { ...hint, arrivedAt: presented.arrivedAt, signal: presented.signal }
    const tried = await keys.find(request)
    const verdict = await this.#once(presented, jwt, tried)
    if (verdict) return verdict
    // The issuer may have renewed a key without giving it another name, and the set may have come while we tried.
    const newer = ((await keys.reconsider(request)) ?? keys.at(request))?.filter((key) => !tried.includes(key))
    // Not shared: others may still be at work with the keys of before.
    const second = newer && newer.length > 0 && (await this.#tryKeys(presented, jwt, newer))
    if (second) return second
    throw refused('signature_invalid', { issuer: this.#parts.rules.issuer })
  }

  /** Others may have brought the same token while this request waited: its arithmetic is done once. */
  #once(presented: Presented, jwt: UnverifiedJwt, keys: readonly VerificationKey[]): Promise<Verdict | undefined> {
    const running = this.#running.get(presented.digest)
    // One that began with the keys of before proves nothing against those of now.
    if (running && keys.every((key) => running.keys.includes(key))) return running.verdict
    const verdict = this.#tryKeys(presented, jwt, keys).finally(() => {
      if (this.#running.get(presented.digest) === started) this.#running.delete(presented.digest)
    })
    const started = { keys, verdict }
    this.#running.set(presented.digest, started)
    return verdict
  }

  async #tryKeys(
    presented: Presented,
    jwt: UnverifiedJwt,
    keys: readonly VerificationKey[],
  ): Promise<Verdict | undefined> {
    const known = this.#parts.store.get(presented.digest)
    const recalled = known && this.recall(known)
    if (recalled) return recalled
    const { issuer } = this.#parts.rules
    for (const key of keys) {
      const signed = await signedBy(jwt, key, this.#parts.signatures)
      if (signed === undefined) throw refused('overloaded', { retryAfter: 1, issuer })
      if (signed && !key.retired) return this.#admit(presented, jwt, key)
    }
    return undefined
  }

  /** A signature is not evidence from the authority. */
  ask(): undefined {
    return undefined
  }

  forget(digest: string): void {
    this.#parts.store.delete(digest)
  }

  /** All that can be said without a key. Claims are judged here for refusal only: junk then costs no key fetch. */
  #check(presented: Presented): { jwt: UnverifiedJwt; hint: KeyHint } {
    const { rules, algorithms, clock } = this.#parts
    const jwt = presented.jwt ?? parseJws(presented.token)
    if (!jwt) throw refused('token_malformed', { issuer: rules.issuer })
    const hint = checkHeader(jwt.header, rules.profile, algorithms)
    const refusal = checkJwtClaims(jwt.claims, rules, clock.wall() / 1_000)
    if (refusal) throw refused(refusal.reason, { ...refusal, issuer: rules.issuer, unverified: true })
    return { jwt, hint }
  }

  #admit(presented: Presented, jwt: UnverifiedJwt, key: VerificationKey): Verdict {
    const { rules, scopeSource, store, clock } = this.#parts
    // Judged once more: the wait for a key or for the thread pool may have outlasted the token.
    const late = checkTimes(jwt.claims, clock.wall() / 1_000, rules)
    if (late) throw refused(late.reason, { issuer: rules.issuer })
    const token = new VerifiedToken({
      digest: presented.digest,
      issuer: rules.issuer,
      claims: jwt.claims,
      since: instantOf(clock),
      by: 'signature',
      key,
      scopeSource,
      verifier: this.#owner,
    })
    store.set(token.digest, token)
    return { token, source: 'live', stale: false }
  }

  #tooOld(entry: VerifiedToken): { readonly reason: 'token_too_old' } | undefined {
    const { rules, clock } = this.#parts
    if (rules.maxTokenAge === undefined) return undefined
    const age = clock.wall() / 1_000 - (entry.claims['iat'] as number)
    return age > rules.maxTokenAge + rules.skew ? { reason: 'token_too_old' } : undefined
  }
}
