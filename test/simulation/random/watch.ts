import type { HoldfastEvent, ResourceServer } from '@holdfast/core'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Knowledge } from './knowledge.ts'
import { type Rule, RuleBroken } from './rules.ts'
import { ROUNDING, type RunSettings } from './settings.ts'
import type { Ending, Exchange, Listener } from './wire.ts'

export interface WatchParts {
  readonly settings: RunSettings
  readonly scheduler: Scheduler
  readonly known: Knowledge
  readonly nextOrder: () => number
  readonly startedAt: number
  /** True from the moment the process is told to close. */
  readonly closing: () => boolean
}

/** Milliseconds for which our credentials' rejection keeps everybody but one probe away. */
const REJECTED_PAUSE = 10_000
const RETRY_AFTER_CAP = 30
/** Retries that are paid for in advance, and answers that pay for one more. */
const RETRIES = { credit: 5, answers: 20 } as const
/** Fetches for unknown keys and unknown signatures: at once, and each so often one more of either. */
const KEY_FETCHES = { credit: 4, every: 30_000 } as const
/** A part of the fresh time in which an answer is not even renewed ahead. */
const NOT_AHEAD = 0.72

/** Watches what one process sends and what it says of itself. */
export class Watch implements Listener {
  readonly #parts: WatchParts
  #keyFetches = 0
  /** Where a call began whose connection turned out to be closed: it is repeated at once, under one deadline. */
  readonly #repeats = new Map<string, { readonly at: number; readonly began: number }>()
  #metadataAt: number | undefined
  readonly #began = new Map<Exchange, number>()

  constructor(parts: WatchParts) {
    this.#parts = parts
  }

  /** @throws {RuleBroken} */
  sent(exchange: Exchange): void {
    const { settings, scheduler, known, closing } = this.#parts
    const { endpoint, token } = exchange
    const now = scheduler.monotonic()
    hold('closed', !closing(), `${endpoint} asked by a closed server`)
    known.open.add(exchange)
    if (endpoint !== 'introspection') return
    const calls = [...known.open].filter((one) => one.endpoint === 'introspection')
    hold('in-flight', calls.length <= settings.inFlight, `${calls.length} of ${settings.inFlight}`)
    const again = token && this.#repeats.get(token.text)
    const repeated = again?.at === now
    const resumes = Math.max(known.pausedUntil, known.rejectedUntil)
    // Calls that waited for the metadata began before, and go all at once.
    const released = this.#metadataAt === now
    hold('paused', repeated || released || now >= resumes, `until ${resumes}`)
    if (known.misconfigured) known.rejectedUntil = now + REJECTED_PAUSE
    const since = calls.filter(({ sentAt, sentOrder }) => sentAt > known.stateSince || sentOrder === exchange.sentOrder)
    if (known.state === 'down' && !released) hold('probe', since.length <= 1, `${since.length} probes`)
    if (known.state === 'recovering' && !released) {
      const ramp = 2 * 2 ** Math.floor((now - known.stateSince) / 1_000)
      hold('slow-start', since.length <= ramp, `${since.length} of ${ramp}`)
    }
    if (!token) throw new RuleBroken('never-500', 'asked about a token that nobody presented')
    const told = known.of(token)
    this.#began.set(exchange, repeated ? again.began : now)
    const twins = [...told.running.values()].filter((generation) => generation === told.generation)
    // Whether a call that waited for the metadata began before an order to forget is not to be seen from here.
    const unclear = settings.discovers && told.generation > 0
    hold('one-call', unclear || twins.length === 0, `token ${token.number} is asked about twice`)
    told.running.set(exchange, told.generation)
    this.#needed(exchange)
  }

  /** An answer in hand is not asked for again, unless a route wants a newer one. */
  #needed({ token }: Exchange): void {
    const { settings, scheduler, known } = this.#parts
    const told = known.of(token!)
    const now = scheduler.monotonic()
    if (settings.discovers || now - told.freshAskedAt <= 2 * settings.wait + settings.deadline) return
    const yes = known.voucher(token!, told.forgotten)
    const age = yes && Math.max(now - yes.exchange.sentAt, scheduler.wall() - yes.exchange.sentWall)
    const roomy =
      !settings.jumps && known.everActive <= known.room && (!yes || yes.exchange.sentAt >= this.#parts.startedAt)
    hold(
      'asked-again',
      !roomy || age === undefined || age >= NOT_AHEAD * settings.fresh,
      `token ${token!.number}, ${age} ms`,
    )
    const no = told.inactives.at(-1)
    const pushedOut = known.denialsUsed - told.deniedAt >= settings.negative.entries
    if (!no || yes || told.forgotten > no.exchange.sentOrder || pushedOut) return
    const ago = now - no.deliveredAt
    hold('negative-asked', ago >= settings.negative.ttl, `token ${token!.number}, ${ago} ms`)
  }

  ended(exchange: Exchange, ending: Ending): void {
    const { settings, scheduler, known, nextOrder, closing } = this.#parts
    const { endpoint, token, sentAt } = exchange
    const now = scheduler.monotonic()
    known.open.delete(exchange)
    if (endpoint === 'metadata') this.#metadataAt = now
    if (endpoint === 'keys') known.learnKeys(exchange, ending, now)
    if (endpoint !== 'introspection' || !token) {
      if (ending.is !== 'answer' || ending.response.status !== 200 || ending.fault?.is === 'says') known.troubleAt = now
      return
    }
    const told = known.of(token)
    told.running.delete(exchange)
    const began = this.#began.get(exchange) ?? sentAt
    this.#began.delete(exchange)
    const said = known.saidBy(ending)
    if (ending.is === 'aborted' && !settings.discovers)
      hold(
        'detached',
        closing() || now - began >= settings.deadline - ROUNDING,
        `a call of ${now - began} ms was ended`,
      )
    if (ending.is === 'failed' && ending.reusedSocket) this.#repeats.set(token.text, { at: now, began })
    if (said === 'active' || said === 'inactive') {
      known.answered += 1
      if (now - sentAt >= settings.graceWait - ROUNDING) known.troubleAt = now
      const heard = { exchange, deliveredAt: now, deliveredOrder: nextOrder() }
      if (said === 'active') known.heardActive(token, heard)
      else known.heardInactive(token, heard)
      // With introspected JWTs a no is for good: it is kept like an order to revoke.
      if (said === 'inactive' && token.shape === 'jwt') known.revoked.add(token)
      return
    }
    known.troubleAt = now
    if (said === 'malformed') told.malformed = nextOrder()
    const pause = ending.is === 'answer' ? Number(ending.response.headers['retry-after']) : Number.NaN
    if (said === 'throttled' && pause > 0) known.pausedUntil = now + Math.min(pause, RETRY_AFTER_CAP) * 1_000
  }

  /** What the process tells its observer. */
  event(event: HoldfastEvent): void {
    const { scheduler, known } = this.#parts
    const now = scheduler.monotonic()
    if (event.type === 'document' && event.trigger === 'unknown_kid') this.#keyFetches += 1
    if (event.type !== 'endpoint') return
    if (event.misconfigured && !known.misconfigured) known.rejectedUntil = now + REJECTED_PAUSE
    if (!event.misconfigured) known.rejectedUntil = -Infinity
    known.misconfigured = event.misconfigured
    if (event.state === event.previous) return
    known.state = event.state
    known.stateSince = now
  }

  /** Checked when an event, and all that it set off, is over. @throws {RuleBroken} */
  bounds(
    server: ResourceServer,
    now: { readonly waiting: number; readonly timers: number; readonly counted: Counted },
  ): void {
    const { settings, scheduler, known, startedAt } = this.#parts
    const { caches, counters, issuers } = server.status()
    for (const name of ['introspected', 'jwts'] as const)
      hold('cache-bound', caches[name].entries <= settings.entries, `${name}: ${caches[name].entries}`)
    hold('cache-bound', caches.negative.entries <= settings.negative.entries, `negative: ${caches.negative.entries}`)
    hold(
      'cache-bound',
      caches.revocations.entries <= 2 * settings.revocations,
      `revoked: ${caches.revocations.entries}`,
    )
    hold(
      'stranger-kept',
      caches.introspected.entries <= known.everActive,
      `${caches.introspected.entries} of ${known.everActive}`,
    )
    const { live, cache, stale } = counters.accepted
    const { counted } = now
    const told = `${live} ${cache} ${stale}, counted ${counted.live} ${counted.cache} ${counted.stale}`
    hold('stale-count', live === counted.live && cache === counted.cache && stale === counted.stale, told)
    const { queued, counters: calls } = issuers[0]!.introspection!
    hold(
      'queue-bound',
      queued.blocked + queued.grace <= settings.waitingKnown,
      `known: ${queued.blocked + queued.grace}`,
    )
    hold('queue-bound', queued.quiet + queued.busy <= settings.waitingNew, `new: ${queued.quiet + queued.busy}`)
    const affordable = RETRIES.credit + known.answered / RETRIES.answers
    hold('retries', calls.retried <= affordable, `${calls.retried} of ${affordable}`)
    const budget = KEY_FETCHES.credit + (2 * (scheduler.monotonic() - startedAt)) / KEY_FETCHES.every
    hold('key-fetches', this.#keyFetches <= budget, `${this.#keyFetches} of ${budget}`)
    const room = 3 * now.waiting + 2 * known.open.size + 16
    hold('timers', now.timers <= room, `${now.timers} of ${room}`)
  }
}

/** Requests accepted by a process, by evidence. */
export interface Counted {
  live: number
  cache: number
  stale: number
}

function hold(rule: Rule, holds: boolean, what: string): void {
  if (!holds) throw new RuleBroken(rule, what)
}
