import { type AuthContext, AuthError, type Reason } from '@holdfast/core'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Heard, Knowledge } from './knowledge.ts'
import { type Rule, RuleBroken } from './rules.ts'
import { ROUNDING, type RunSettings } from './settings.ts'
import type { TrueToken } from './truth.ts'

/** A request on its way. Times monotonic. */
export interface Asked {
  readonly token: TrueToken
  readonly at: number
  readonly order: number
  /** The endpoint was down or asked for a pause when it came. */
  readonly outOfReach: boolean
  /** The oldest evidence that its route takes; `undefined` where it does not ask. */
  readonly freshWithin: number | undefined
  /** Hears how it went: by what evidence, or why not. */
  readonly decided: ((how: string) => void) | undefined
}

export interface JudgeParts {
  readonly settings: RunSettings
  readonly scheduler: Scheduler
  readonly known: Knowledge
  /** Whether this process has thrown revocations away, or could not read them. */
  readonly forgets: () => boolean
  readonly startedAt: number
}

/** Reasons that say nothing of a token's standing, only of its text, its signature or its key. */
const UNFIT: readonly Reason[] = ['key_unknown', 'key_unfit', 'key_ambiguous', 'signature_invalid']
/** A set asked for so long before a request came is taken for current. */
const RECENT_KEYS = 5_000

/** What is called live has been had for this request; it may still have waited for a key. */
const LIVE_WAITS = 3

/** Holds each decision of a process against what the process can know. */
export class Judge {
  readonly #parts: JudgeParts

  constructor(parts: JudgeParts) {
    this.#parts = parts
  }

  /** @throws {RuleBroken} */
  accepted(asked: Asked, { evidence }: AuthContext): void {
    const { settings, scheduler, known } = this.#parts
    const { token } = asked
    const jwt = token.shape === 'jwt'
    const told = known.of(token)
    const wall = scheduler.wall() / 1_000
    this.#hold('expiry', wall < token.exp + (jwt ? settings.skew / 1_000 : 0), token, `exp ${token.exp}, now ${wall}`)
    const forgets = this.#parts.forgets()
    this.#hold('revoked-final', forgets || !(known.revoked.has(token) || known.isMarked(token)), token)
    if (jwt) this.#signature(token)
    if (evidence.by === 'signature' && !evidence.stale) {
      this.#hold(
        'never-seen',
        settings.mode === 'offline',
        token,
        'accepted on a signature where introspection is needed',
      )
      return
    }
    if (evidence.by === 'signature') {
      this.#hold('inactive-final', forgets || told.inactives.length === 0, token)
      this.#hold('stale-evidence', this.#trouble(asked, 0), token, 'a signature stands in without trouble')
      return
    }
    const voucher = this.#voucher(asked)
    if (evidence.source === 'live') {
      const took = scheduler.monotonic() - voucher.exchange.sentAt
      return this.#hold('age', took <= LIVE_WAITS * settings.wait + settings.deadline, token, `live after ${took} ms`)
    }
    const age = this.#age(voucher)
    this.#hold('age', age <= settings.fresh + settings.grace, token, `${age} ms`)
    this.#hold('stale-unsaid', evidence.stale || age < settings.fresh, token, `${age} ms`)
    if (evidence.stale) this.#stale(asked, voucher)
  }

  /** @throws {RuleBroken} A route asked for fresh evidence, and was content with this. */
  fresh({ token, at, freshWithin = Infinity }: Asked): void {
    const heard = this.#parts.known.voucher(token)
    const began = heard?.exchange.sentAt ?? -Infinity
    this.#hold('fresh-route', began >= at - freshWithin, token, `asked at ${at} for ${freshWithin}, call at ${began}`)
  }

  /** @throws {RuleBroken} */
  refused(asked: Asked, error: unknown): void {
    const { token } = asked
    if (!(error instanceof AuthError)) throw new RuleBroken('never-500', `token ${token.number}: ${String(error)}`)
    const { status, reason, headers } = error
    this.#hold('never-500', status === 401 || status === 503, token, `${status} ${reason} ${String(error.cause)}`)
    const challenge = headers['www-authenticate']
    if (status === 401) {
      this.#hold('answer-shape', challenge?.includes('invalid_token') === true, token, reason)
      if (!this.#isDefinite(asked, reason)) {
        const malformed = reason === 'token_inactive' && this.#parts.known.of(token).malformed >= 0
        throw new RuleBroken(malformed ? 'malformed-verdict' : 'definite-401', `token ${token.number}: ${reason}`)
      }
      return
    }
    const pause = Number(headers['retry-after'])
    this.#hold('answer-shape', challenge === undefined && pause >= 1 && pause <= 60, token, `${reason} ${pause}`)
    this.#hold('store-refuses', reason !== 'store_unavailable' || this.#storeMay(asked), token)
  }

  #signature(token: TrueToken): void {
    const { settings, scheduler, known } = this.#parts
    this.#hold('forged-jwt', token.genuine, token)
    this.#hold('removed-key', known.keys?.kids.has(token.kid!) === true, token, token.kid)
    const { sentAt, sentWall } = known.keys!.exchange
    const age = Math.max(scheduler.monotonic() - sentAt, scheduler.wall() - sentWall)
    this.#hold('old-keys', age <= settings.keysHardBound, token, `${age} ms`)
  }

  /** The answer that this acceptance rests on; which rule is broken where there is none. */
  #voucher({ token, order }: Asked): Heard {
    const { known } = this.#parts
    const { actives, inactives, forgotten, malformed } = known.of(token)
    const after = forgotten < order ? forgotten : -1
    const voucher = known.voucher(token, after)
    if (voucher) return voucher
    const rule: Rule = known.voucher(token)
      ? 'invalidated'
      : inactives.length > 0 && actives.length > 0
        ? 'inactive-final'
        : malformed >= 0
          ? 'malformed-verdict'
          : 'never-seen'
    throw new RuleBroken(rule, `token ${token.number}`)
  }

  #stale(asked: Asked, voucher: Heard): void {
    const { token, at, outOfReach } = asked
    const since = voucher.exchange.sentAt
    this.#hold('stale-evidence', this.#trouble(asked, since), token, `verified at ${since}`)
    const waited = this.#parts.scheduler.monotonic() - at
    this.#hold('down-waits', !outOfReach || waited === 0, token, `${waited} ms`)
  }

  /** A failed or slow call since then, a slow one under way, a caller who waited, or an endpoint known to be in trouble. */
  #trouble({ at }: Asked, since: number): boolean {
    const { known, scheduler, settings } = this.#parts
    const longAgo = scheduler.monotonic() - settings.graceWait + ROUNDING
    const slow = [...known.open].some(({ endpoint, sentAt }) => endpoint !== 'keys' && sentAt <= longAgo)
    return known.troubleAt >= since || slow || at <= longAgo || known.state !== 'healthy'
  }

  #isDefinite({ token, at }: Asked, reason: Reason): boolean {
    const { known, scheduler, settings } = this.#parts
    const wall = scheduler.wall() / 1_000
    const skew = settings.skew / 1_000
    if (reason === 'token_expired') return wall >= token.exp
    if (reason === 'token_not_yet_valid') return token.shape === 'jwt' && wall < token.iat - skew
    if (reason === 'token_inactive') return known.isDenied(token)
    if (reason === 'token_revoked')
      return known.revoked.has(token) || known.isMarked(token) || known.of(token).inactives.length > 0
    if (!UNFIT.includes(reason) || token.shape !== 'jwt') return false
    if (!token.genuine) return true
    const { keys } = known
    return keys !== undefined && !keys.kids.has(token.kid!) && keys.exchange.sentAt >= at - RECENT_KEYS
  }

  /** The store may keep requests waiting until its first deadline, while it is unwell. */
  #storeMay({ at }: Asked): boolean {
    const { settings, startedAt } = this.#parts
    return (settings.store === 'flaky' || settings.store === 'fails') && at - startedAt <= 2_000
  }

  #age({ exchange }: Heard): number {
    const { scheduler, startedAt } = this.#parts
    const byWall = scheduler.wall() - exchange.sentWall
    // What an earlier process was told has its age by the wall clock alone.
    return exchange.sentAt < startedAt ? byWall : Math.max(scheduler.monotonic() - exchange.sentAt, byWall)
  }

  #hold(rule: Rule, holds: boolean, token: TrueToken, what = ''): void {
    if (!holds) throw new RuleBroken(rule, `token ${token.number} ${what}`)
  }
}
