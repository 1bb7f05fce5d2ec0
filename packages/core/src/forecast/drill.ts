import type { Held, RecencyCache } from '../cache/recency-cache.ts'
import type { TokenKind } from '../counters.ts'
import { AuthError } from '../errors.ts'
import type { VerificationKey } from '../keys/jwk.ts'
import { type Clock, type Instant, instantOf } from '../ports/clock.ts'
import type { KnownAnswer } from '../verify/evidence-terms.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'
import type { Presented } from '../verify/verifier.ts'
import { DrillCounts, type DrillLoss, type DrillReport } from './drill-report.ts'
import type { Outlook } from './outlook.ts'
import { type DemandListener, Sighting } from './sighting.ts'

/** What became of a request in the drill, while its guards may still ask for more. */
interface Counted {
  readonly kind: TokenKind
  readonly at: Instant
  readonly loss: DrillLoss | undefined
}

/**
 * Judges every request beside its real verdict, as if the authorization server had died when the drill began. The answers
 * of that moment are not copied: an answer still there is read where it is, and one that is about to be replaced or to
 * leave is remembered first. So nothing is held up, and no more is remembered than was there: about 250 octets for each.
 */
export class Drill implements DemandListener {
  readonly #outlook: Outlook
  readonly #answers: RecencyCache<VerifiedToken>
  readonly #clock: Clock
  readonly #from: Instant
  readonly #keys: ReadonlySet<VerificationKey>
  /** Milliseconds after the start for which its keys would have been used. */
  readonly #keysLast: number
  readonly #remembered = new Map<string, KnownAnswer>()
  readonly #counts = new DrillCounts()
  readonly #counted = new WeakMap<Sighting, Counted>()

  constructor(outlook: Outlook, answers: RecencyCache<VerifiedToken>, clock: Clock) {
    const { keys } = outlook.parts
    this.#outlook = outlook
    this.#answers = answers
    this.#clock = clock
    this.#from = instantOf(clock)
    this.#keys = new Set(keys?.keys)
    this.#keysLast = keys?.remaining ?? 0
  }

  get issuer(): string {
    return this.#outlook.parts.issuer
  }

  /** An answer is about to be replaced or to leave. */
  leaving(digest: string, { entry, admittedAt }: Held<VerifiedToken>): void {
    if (entry.issuer !== this.issuer || !this.#wasThere(admittedAt) || this.#remembered.has(digest)) return
    const { since, freshFor, expiresAt } = entry
    this.#remembered.set(digest, { since, freshFor, expiresAt })
  }

  /** A request was accepted. */
  accepted(token: VerifiedToken, presented: Presented): void {
    if (presented.arrivedAt < this.#from.monotonic) return
    const { kind } = token.provenance.tally
    const at = this.#instantAt(presented.arrivedAt)
    const loss = this.#lossOf(kind, token.key, presented.digest, at)
    this.#counts.add(kind, loss)
    const { iat } = token.claims as { readonly iat?: number }
    if (kind === 'jwt' && loss === undefined && iat !== undefined && iat * 1_000 > this.#from.wall) {
      this.#counts.issuedSince += 1
    }
    const sighting = (presented.sighting ??= new Sighting(presented.digest, token))
    sighting.listener = this
    this.#counted.set(sighting, { kind, at, loss })
  }

  /** The same request turns out to ask for newer evidence. */
  demanded(sighting: Sighting): void {
    const counted = this.#counted.get(sighting)
    if (!counted || counted.loss !== undefined) return
    const { kind, at } = counted
    const answer = this.#answerAtStart(sighting.digest)
    if (answer && this.#outlook.answerLasts(answer, at, sighting.maxEvidenceAge) > 0) return
    this.#counts.add(kind, undefined, -1)
    this.#counts.add(kind, 'fresh')
    this.#counted.set(sighting, { kind, at, loss: 'fresh' })
  }

  /** A token was refused. */
  refused(error: unknown, kind: TokenKind, { digest, arrivedAt }: Presented): void {
    if (!(error instanceof AuthError) || arrivedAt < this.#from.monotonic) return
    if (error.code === 'unavailable') this.#counts.add(kind, 'unavailable')
    if (error.reason !== 'token_inactive') return
    const answer = this.#answerAtStart(digest)
    if (answer && this.#outlook.answerLasts(answer, this.#instantAt(arrivedAt)) > 0) this.#counts.inactiveSince += 1
  }

  /** What was counted. What is remembered goes: requests of the last minute may still refer to this. */
  end(ended: DrillReport['ended']): DrillReport {
    const { issuer } = this
    this.#remembered.clear()
    return this.#counts.report({ issuer, from: this.#from.wall / 1_000, until: this.#clock.wall() / 1_000, ended })
  }

  #lossOf(kind: TokenKind, key: VerificationKey | undefined, digest: string, at: Instant): DrillLoss | undefined {
    const keysCount = at.monotonic - this.#from.monotonic < this.#keysLast
    if (kind === 'jwt' && !(keysCount && this.#keys.has(key!))) return 'keys'
    if (!this.#outlook.needsAnswer(kind)) return undefined
    const answer = this.#answerAtStart(digest)
    if (!answer) return 'new'
    return this.#outlook.answerLasts(answer, at) > 0 ? undefined : 'old'
  }

  #answerAtStart(digest: string): KnownAnswer | undefined {
    const remembered = this.#remembered.get(digest)
    if (remembered) return remembered
    const held = this.#answers.look(digest)
    return held && this.#wasThere(held.admittedAt) ? held.entry : undefined
  }

  #wasThere(admittedAt: number): boolean {
    return admittedAt < this.#from.monotonic
  }

  /** The moment of an arrival on both clocks: at which a dead server's silence would have been met at once. */
  #instantAt(arrivedAt: number): Instant {
    const now = instantOf(this.#clock)
    return { monotonic: arrivedAt, wall: now.wall - (now.monotonic - arrivedAt) }
  }
}
