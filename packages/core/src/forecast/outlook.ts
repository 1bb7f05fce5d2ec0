import type { IssuerParts } from '../assemble/issuer.ts'
import type { Stores } from '../assemble/stores.ts'
import type { TokenKind } from '../counters.ts'
import type { IssuerSettings, ResilienceSettings, Settings } from '../options/settings.ts'
import type { Instant } from '../ports/clock.ts'
import type { KnownAnswer } from '../verify/evidence-terms.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import { answerLasts, type JwtLifetimeRules, jwtLasts, untilEnd } from './lifetimes.ts'
import type { Sighting } from './sighting.ts'

/** What the tokens of one issuer are judged by once its authorization server is gone. */
export class Outlook {
  readonly parts: IssuerParts
  readonly #stores: Stores
  readonly #terms: ResilienceSettings
  readonly #jwtRules: JwtLifetimeRules
  readonly #mode: 'offline' | 'online' | 'onlineWhenHealthy'

  constructor(parts: IssuerParts, { jwt, introspection }: IssuerSettings, stores: Stores, settings: Settings) {
    this.parts = parts
    this.#stores = stores
    this.#terms = settings.resilience
    this.#jwtRules = { skew: settings.skewSeconds, maxTokenAge: jwt?.maxTokenAgeSeconds }
    this.#mode = introspection && jwt ? jwt.mode : 'offline'
  }

  /** Whether a token of this kind is nothing without an answer. Where revocations were lost, no signature stands in for it. */
  needsAnswer(kind: TokenKind): boolean {
    if (kind === 'opaque' || this.#mode === 'online') return true
    return this.#mode === 'onlineWhenHealthy' && !this.#stores.revocations.complete
  }

  /**
   * Milliseconds from `now` for which a request like this one would still be served; 0 or less: not at all. A token that
   * came once, and needs an answer, does not count: it may have been made for one call, and the next cannot be had.
   */
  lasts(kind: TokenKind, sighting: Sighting, now: Instant): number {
    const { digest, maxEvidenceAge } = sighting
    const byKey = kind === 'jwt' ? this.#signatureLasts(sighting, now) : Infinity
    const isDemanding = maxEvidenceAge < Infinity
    if (this.#mode === 'offline' && kind === 'jwt' && !isDemanding) return byKey
    const held = this.#stores.introspected.look(digest)
    // Where the signature may stand in, an answer still says when the token ends, and allows for no clock skew.
    if (!isDemanding && !this.needsAnswer(kind)) return held ? Math.min(byKey, untilEnd(held.entry, now)) : byKey
    if (!held?.cameAgain || this.#isRevoked(held.entry)) return 0
    return Math.min(byKey, this.answerLasts(held.entry, now, maxEvidenceAge))
  }

  /** See {@link answerLasts}. */
  answerLasts(answer: KnownAnswer, now: Instant, maxEvidenceAge?: number): number {
    return answerLasts(answer, this.#terms, now, maxEvidenceAge)
  }

  /** Whether answers are of any use for tokens of this kind. */
  hasAnswers(kind: TokenKind): boolean {
    return kind === 'opaque' ? this.parts.route.opaque !== undefined : this.needsAnswer('jwt')
  }

  #signatureLasts(sighting: Sighting, now: Instant): number {
    const { jwts, revocations } = this.#stores
    const known = revocations.entries === 0 ? undefined : jwts.look(sighting.digest)
    if (sighting.key!.retired || (known && this.#isRevoked(known.entry))) return 0
    return Math.min(this.parts.keys!.remaining, jwtLasts(sighting, this.#jwtRules, now))
  }

  #isRevoked(token: VerifiedToken): boolean {
    return this.#stores.revocations.judge(token) !== undefined
  }
}
