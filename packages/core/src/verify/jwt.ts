import type { RecencyCache } from '../cache/recency-cache.ts'
import type { Tally } from '../counters.ts'
import { AuthError, orThrow, refused } from '../errors.ts'
import type { Checks } from '../explain/checks.ts'
import { explainJwt } from '../explain/jwt.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import type { KeyHint } from '../keys/key-set.ts'
import type { KeyRequest, KeySource } from '../keys/key-source.ts'
import { type Clock, type Instant, instantOf } from '../ports/clock.ts'
import type { Signatures } from '../ports/signatures.ts'
import { deeplyFrozen, type JsonObject } from '../syntax/json.ts'
import { parseJws, shapeOf, type UnverifiedJwt } from '../syntax/jws.ts'
import type { Algorithm } from './algorithms.ts'
import { checkTimes } from './claims.ts'
import { checkJwtClaims, type JwtRules } from './jwt-claims.ts'
import type { Decryptor, OpenedJwt } from './decryption.ts'
import { checkHeader, offersKey } from './jwt-header.ts'
import type { ScopeSource } from './scopes.ts'
import { signedBy, signedByNow } from './signature.ts'
import { type Provenance, VerifiedToken } from './verified-token.ts'
import type { Presented, Verdict, Verifier } from './verifier.ts'

export interface JwtVerifierParts {
  readonly rules: JwtRules
  readonly algorithms: readonly Algorithm[]
  readonly scopeSource: ScopeSource
  /** Whether a token that offers a key of its own is refused. */
  readonly rejectKeyHeaders: boolean
  /** Opens encrypted tokens, where they are taken. */
  readonly decryptor: Decryptor | undefined
  readonly keys: KeySource
  readonly store: RecencyCache<VerifiedToken>
  readonly signatures: Signatures
  readonly clock: Clock
  readonly tally: Tally
}

interface Running {
  readonly keys: readonly VerificationKey[]
  /** Absent for the moment in which it begins. */
  verdict: Promise<Verdict | undefined> | undefined
}

/** Verifies JWT access tokens with the issuer's keys: header rules, claims, key, signature; then remembers them. */
export class JwtVerifier implements Verifier {
  readonly #parts: JwtVerifierParts
  readonly #owner: Verifier
  readonly #provenances = new WeakMap<VerificationKey, Provenance>()
  /** What headers that passed say about their key: an issuer's few headers are objects parsed once, and judged once. */
  readonly #hints = new WeakMap<JsonObject, KeyHint>()
  /** Signature checks under way, by digest: shared by all who brought the same token. */
  readonly #running = new Map<string, Running>()

  /** @param owner The verifier that speaks for the issuer, when this one is a part of it. */
  constructor(parts: JwtVerifierParts, owner?: Verifier) {
    this.#parts = parts
    this.#owner = owner ?? this
  }

  recall(
    entry: VerifiedToken,
    _presented?: Presented,
    now: Instant = instantOf(this.#parts.clock),
  ): Verdict | undefined {
    const { keys, store, rules } = this.#parts
    if (entry.key!.retired) store.delete(entry.digest)
    if (entry.key!.retired || !keys.usableAt(now)) return undefined
    const refusal = checkTimes(entry.claims, now.wall / 1_000, rules) ?? this.#tooOld(entry, now)
    if (refusal) {
      store.delete(entry.digest)
      throw refused(refusal.reason, { issuer: rules.issuer })
    }
    return { token: entry, source: 'cache', stale: false }
  }

  now(presented: Presented): Verdict | AuthError | undefined {
    if (this.#isEncrypted(presented)) return undefined
    const jwt = this.#read(presented)
    const request = this.#check(jwt, presented)
    if (request instanceof AuthError) return request
    const keys = this.#parts.keys.at(request)
    if (!keys) return undefined
    for (const key of keys) {
      const signed = signedByNow(jwt, key, this.#parts.signatures)
      if (signed === undefined) return undefined
      if (signed) return this.#remember(presented, jwt, key)
    }
    if (this.#parts.keys.mayReconsider(request)) return undefined
    return refused('signature_invalid', { issuer: this.#parts.rules.issuer })
  }

  async verify(presented: Presented): Promise<Verdict> {
    const { keys, decryptor } = this.#parts
    const encrypted = this.#isEncrypted(presented)
    const jwt = encrypted ? await decryptor!.open(presented.token, presented.digest) : this.#read(presented)
    const request = orThrow(this.#check(jwt, presented))
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
    if (running?.verdict && keys.every((key) => running.keys.includes(key))) return running.verdict
    const started: Running = { keys, verdict: undefined }
    this.#running.set(presented.digest, started)
    return (started.verdict = this.#run(started, presented, jwt))
  }

  async #run(started: Running, presented: Presented, jwt: UnverifiedJwt): Promise<Verdict | undefined> {
    try {
      return await this.#tryKeys(presented, jwt, started.keys)
    } finally {
      if (this.#running.get(presented.digest) === started) this.#running.delete(presented.digest)
    }
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

  async explain(presented: Presented, checks: Checks): Promise<VerifiedToken | undefined> {
    const { decryptor } = this.#parts
    const jwt = this.#isEncrypted(presented)
      ? await checks.step('decryption_failed', () => decryptor!.open(presented.token, presented.digest))
      : await checks.step('token_malformed', () => this.#read(presented))
    const key = jwt && (await explainJwt(jwt, this.#parts, checks))
    return key && !checks.refused ? this.#tokenOf(presented, jwt, key) : undefined
  }

  forget(digest: string): void {
    this.#parts.store.delete(digest)
  }

  /** Opening takes waiting. What is taken apart already is not encrypted. */
  #isEncrypted({ jwt, token }: Presented): boolean {
    return this.#parts.decryptor !== undefined && jwt === undefined && shapeOf(token) === 'jwe'
  }

  #read(presented: Presented): UnverifiedJwt {
    const { rules, decryptor } = this.#parts
    const jwt = presented.jwt ?? parseJws(presented.token)
    if (!jwt) throw refused('token_malformed', { issuer: rules.issuer })
    if (decryptor?.required === true) throw refused('token_unencrypted', { issuer: rules.issuer })
    return jwt
  }

  /** All that can be said without a key. Claims are judged here for refusal only: junk then costs no key fetch. */
  #check(jwt: UnverifiedJwt, { arrivedAt, caller }: Presented): KeyRequest | AuthError {
    const { rules, clock } = this.#parts
    const { algorithm, kid } = this.#hints.get(jwt.header) ?? this.#checkHeader(jwt.header)
    const refusal = checkJwtClaims(jwt.claims, rules, clock.wall() / 1_000)
    if (refusal) return refused(refusal.reason, { ...refusal, issuer: rules.issuer, unverified: true })
    return { algorithm, kid, arrivedAt, caller }
  }

  #checkHeader(header: JsonObject): KeyHint {
    const { rules, algorithms, rejectKeyHeaders } = this.#parts
    const hint = checkHeader(header, rules.profile, algorithms)
    if (rejectKeyHeaders && offersKey(header)) throw refused('key_in_header', { issuer: rules.issuer })
    this.#hints.set(header, hint)
    return hint
  }

  #admit(presented: Presented, jwt: UnverifiedJwt & Partial<OpenedJwt>, key: VerificationKey): Verdict {
    const { rules, clock } = this.#parts
    // Judged once more: the wait for a key or for the thread pool may have outlasted the token.
    const late = checkTimes(jwt.claims, clock.wall() / 1_000, rules)
    if (late) throw refused(late.reason, { issuer: rules.issuer })
    return this.#remember(presented, jwt, key)
  }

  #remember(presented: Presented, jwt: UnverifiedJwt & Partial<OpenedJwt>, key: VerificationKey): Verdict {
    const token = this.#tokenOf(presented, jwt, key)
    this.#parts.store.set(token.digest, token)
    return { token, source: 'live', stale: false }
  }

  #tokenOf(
    { digest }: Presented,
    { claims, revocationKey }: UnverifiedJwt & Partial<OpenedJwt>,
    key: VerificationKey,
  ): VerifiedToken {
    const provenance = revocationKey === undefined ? this.#provenanceOf(key) : this.#newProvenance(key, revocationKey)
    return new VerifiedToken({ digest, claims: deeplyFrozen(claims), provenance, since: instantOf(this.#parts.clock) })
  }

  /** The same for all that a key signed, so that a store keeps one. */
  #provenanceOf(key: VerificationKey): Provenance {
    const known = this.#provenances.get(key)
    if (known) return known
    const provenance = this.#newProvenance(key, undefined)
    this.#provenances.set(key, provenance)
    return provenance
  }

  #newProvenance(key: VerificationKey, nested: string | undefined): Provenance {
    const { rules, scopeSource, tally } = this.#parts
    const verifier = this.#owner
    return Object.freeze({ issuer: rules.issuer, by: 'signature', key, nested, scopeSource, verifier, tally })
  }

  #tooOld(entry: VerifiedToken, now: Instant): { readonly reason: 'token_too_old' } | undefined {
    const { rules } = this.#parts
    if (rules.maxTokenAge === undefined) return undefined
    const age = now.wall / 1_000 - (entry.claims['iat'] as number)
    return age > rules.maxTokenAge + rules.skew ? { reason: 'token_too_old' } : undefined
  }
}
