import { refused } from '../errors.ts'
import type { Clock, Instant } from '../ports/clock.ts'
import type { Caller } from '../request.ts'
import { Budget } from '../resilience/budget.ts'
import { waitAtMost } from '../resilience/deadline.ts'
import type { LastGood, LastGoodStatus } from '../resilience/last-good.ts'
import type { VerificationKey } from './jwk.ts'
import { type KeyHint, type KeySet, type MissingKid, type Selection, select } from './key-set.ts'

/** Who asks for a key, and since when. */
export interface KeyRequest extends KeyHint {
  /** Monotonic milliseconds at which the request arrived. */
  readonly arrivedAt: number
  readonly caller?: Caller | undefined
}

/** What was done for JWTs whose key was not in the set, since the start. Those refused count as `key_unknown`. */
export interface UnknownKidCounters {
  /** The set was fetched. */
  readonly fetched: number
  /** A fetch that was under way was waited for. */
  readonly joined: number
  /** Nothing: too many asked for before, or the last fetch failed just now. */
  readonly limited: number
}

/** The keys of one issuer. */
export interface KeySource {
  /** False once the set is past its hard bound: what it verified before is then no longer believed. */
  usableAt(now: Instant): boolean
  /** Milliseconds for which the keys will be used if no fetch succeeds: `Infinity` for pinned ones, 0 without any. */
  readonly remaining: number
  /** Keys at hand, or `undefined` where the answer must be waited for. @throws {AuthError} when no key will ever fit. */
  at(request: KeyRequest): readonly VerificationKey[] | undefined
  /** Keys after at most one wait. @throws {AuthError} `key_*`, or `keys_unavailable` when nobody can tell. */
  find(request: KeyRequest): Promise<readonly VerificationKey[]>
  /** True where a signature that no key at hand verifies may be by a key that is published by now. */
  mayReconsider(request: KeyRequest): boolean
  /** Keys after another look at the set; `undefined` where the verdict stands. @throws {AuthError} when nobody can tell. */
  reconsider(request: KeyRequest): Promise<readonly VerificationKey[] | undefined>
  readonly keys: readonly VerificationKey[]
  readonly status: LastGoodStatus | undefined
  readonly unknownKids: UnknownKidCounters
}

const NO_UNKNOWN_KIDS: UnknownKidCounters = Object.freeze({ fetched: 0, joined: 0, limited: 0 })

/** Keys from configuration: they are what they are. */
export function pinnedKeys(set: KeySet, missingKid: MissingKid = 'only'): KeySource {
  const at = (request: KeyRequest): readonly VerificationKey[] => {
    const selection = select(set, request, missingKid)
    if (selection.is !== 'found') throw unfit(selection)
    return selection.keys
  }
  return {
    usableAt: () => true,
    remaining: Infinity,
    at,
    find: async (request) => at(request),
    mayReconsider: () => false,
    reconsider: async () => undefined,
    keys: set.keys,
    status: undefined,
    unknownKids: NO_UNKNOWN_KIDS,
  }
}

/** Unknown-`kid` fetches for one issuer: so many at once, one more each interval. Separate from scheduled refreshes. */
const UNKNOWN_KID = { burst: 3, interval: 30_000 } as const
/** The same for signatures that no key verifies, which anybody can send: enough to notice a key renewed under its name. */
const BAD_SIGNATURE = { burst: 1, interval: 30_000 } as const
/** A set asked for at most so long before a request arrived is taken for current: milliseconds. */
const RECENT = 5_000
const RETRY_AFTER = { min: 1, max: 30 } as const

/** Keys from a set that is fetched, refreshed and kept by a {@link LastGood}. */
export function remoteKeys(
  document: LastGood<KeySet>,
  clock: Clock,
  wait: number,
  missingKid: MissingKid = 'only',
): KeySource {
  const unknownKids = new Budget(UNKNOWN_KID.burst, UNKNOWN_KID.interval, clock)
  const badSignatures = new Budget(BAD_SIGNATURE.burst, BAD_SIGNATURE.interval, clock)
  const looks = { fetched: 0, joined: 0, limited: 0 }
  const isCurrent = (request: KeyRequest): boolean => document.askedAt >= request.arrivedAt - RECENT

  function at(request: KeyRequest): readonly VerificationKey[] | undefined {
    const set = document.value
    if (!set || set.keys.length === 0) return undefined
    const selection = select(set, request, missingKid)
    if (selection.is === 'found') return selection.keys
    // Only a set asked for after the request came, or just before, proves that no such key is published. That a key
    // does not fit is also told by one that is merely fresh: names are seldom given to another kind of key.
    const proven = isCurrent(request) || (selection.is !== 'unknown' && document.fresh)
    if (proven) throw unfit(selection)
    return undefined
  }

  async function find(request: KeyRequest): Promise<readonly VerificationKey[]> {
    const known = at(request)
    if (known) return known
    if (document.value) await lookAgain(request)
    else await waitAtMost(document.obtain(), wait, clock, request.caller?.signal)
    const found = at(request)
    if (found) return found
    throw refused('keys_unavailable', { retryAfter: retryAfterSeconds() })
  }

  /** A `kid` that the set lacks may be newer than the set. Each look is paid from a budget, claimed beforehand. */
  async function lookAgain(request: KeyRequest): Promise<void> {
    const patience = document.loading ? 0 : unknownKids.wait // joining a running fetch costs nothing
    if (document.pause > 0 || patience > wait) {
      looks.limited += 1
      return
    }
    if (patience > 0)
      await waitAtMost(
        new Promise<void>((resolve) => clock.after(patience, resolve)),
        wait,
        clock,
        request.caller?.signal,
      )
    if (at(request) || request.caller?.signal?.aborted === true) return
    const look = document.loading ? 'joined' : unknownKids.take() ? 'fetched' : 'limited'
    looks[look] += 1
    if (look === 'limited') return
    await waitAtMost(document.refresh('unknown_kid'), wait, clock, request.caller?.signal)
  }

  function mayReconsider(request: KeyRequest): boolean {
    if (isCurrent(request)) return false
    return !document.fresh || document.loading || (document.pause === 0 && badSignatures.wait === 0)
  }

  async function reconsider(request: KeyRequest): Promise<readonly VerificationKey[] | undefined> {
    if (!mayReconsider(request)) return undefined
    const may = document.loading || (document.pause === 0 && badSignatures.take())
    const looked =
      may && (await waitAtMost(document.refresh('unknown_kid'), wait, clock, request.caller?.signal)) === true
    if (looked) return at(request)
    if (document.fresh) return undefined
    throw refused('keys_unavailable', { retryAfter: retryAfterSeconds() })
  }

  function retryAfterSeconds(): number {
    const ms = Math.max(document.pause, document.value ? unknownKids.wait : 0)
    return Math.min(RETRY_AFTER.max, Math.max(RETRY_AFTER.min, Math.ceil(ms / 1_000)))
  }

  return {
    usableAt: (now) => document.valueAt(now) !== undefined,
    get remaining() {
      return document.value?.keys.length === 0 ? 0 : document.remaining
    },
    at,
    find,
    mayReconsider,
    reconsider,
    get keys() {
      return document.value?.keys ?? []
    },
    get status() {
      return document.status
    },
    unknownKids: looks,
  }
}

function unfit(selection: Exclude<Selection, { is: 'found' }>): Error {
  return refused(({ unknown: 'key_unknown', unfit: 'key_unfit', ambiguous: 'key_ambiguous' } as const)[selection.is])
}
