import type { EndpointState } from '@holdfast/core'
import type { RunSettings } from './settings.ts'
import type { TrueToken } from './truth.ts'
import type { Ending, Exchange } from './wire.ts'

/** An answer that was delivered to this process. */
export interface Heard {
  readonly exchange: Exchange
  readonly deliveredAt: number
  readonly deliveredOrder: number
}

/** Up to where what was said of a token does not count: an inactive answer, or an order to forget. */
export interface Denial {
  readonly sentOrder: number
  readonly deliveredOrder: number
}

/** Answers that the store may have, and which of them it knows to be called back. */
export type KeptVouchers = ReadonlyMap<TrueToken, readonly Heard[]>
export type KeptDenials = ReadonlyMap<TrueToken, readonly Denial[]>

/** What one process has been told of one token. */
export interface Told {
  readonly actives: Heard[]
  readonly inactives: Heard[]
  /** What an earlier process was told of it, as far as the store kept that. */
  readonly adopted: { readonly vouchers: Heard[]; readonly denials: Denial[] }
  /** {@link Knowledge.denialsUsed} with the last inactive answer for this token. */
  deniedAt: number
  /** Order of the last answer that was none. */
  malformed: number
  /** Order of the last `invalidate()` or `revoke()`. */
  forgotten: number
  /** How often it was forgotten: a call from before is not the one of now. */
  generation: number
  /** Calls under way, each with the generation it belongs to. */
  readonly running: Map<Exchange, number>
  /** When a route last asked for fresh evidence (monotonic). */
  freshAskedAt: number
}

/** What an introspection exchange says. */
export type Said = 'active' | 'inactive' | 'malformed' | 'trouble' | 'throttled' | 'rejected'

export interface Mark {
  readonly subject: string
  /** Seconds. */
  readonly before: number
}

/** What a process must not forget over a restart, as the store knew it. */
export interface KeptOrders {
  readonly tokens: ReadonlySet<TrueToken>
  readonly marks: readonly Mark[]
}

/** The keys that a process may believe. */
export interface KnownKeys {
  readonly kids: ReadonlySet<string>
  readonly exchange: Pick<Exchange, 'sentAt' | 'sentWall'>
}

/** So many of each are remembered for a token. */
const KEPT = 8
const CONFIRM_EMPTY_AFTER = 60_000

/** All that one process can know, told from what went over its wire: nothing here asks the process. */
export class Knowledge {
  readonly told: Map<TrueToken, Told> = new Map()
  readonly open: Set<Exchange> = new Set()
  readonly revoked: Set<TrueToken> = new Set()
  readonly marks: Mark[] = []
  keys: KnownKeys | undefined
  #emptySince: number | undefined
  /** Last trouble of any kind (monotonic). */
  troubleAt: number = -Infinity
  answered = 0
  /** Tokens that were ever called active in this process. */
  everActive = 0
  /** Inactive answers, and refusals that rest on them: what may have pushed another out of the cache of them. */
  denialsUsed = 0
  state: EndpointState = 'healthy'
  stateSince = 0
  misconfigured = false
  /** Before that nobody may be asked (monotonic). */
  pausedUntil: number = -Infinity
  rejectedUntil: number = -Infinity
  readonly #settings: RunSettings

  constructor(settings: RunSettings) {
    this.#settings = settings
  }

  of(token: TrueToken): Told {
    let told = this.told.get(token)
    if (!told) {
      told = {
        actives: [],
        inactives: [],
        adopted: { vouchers: [], denials: [] },
        deniedAt: 0,
        malformed: -1,
        forgotten: -1,
        generation: 0,
        running: new Map(),
        freshAskedAt: -Infinity,
      }
      this.told.set(token, told)
    }
    return told
  }

  /** The answer that may vouch for a token: active, and newer than every inactive one. */
  voucher(token: TrueToken, after = -1): Heard | undefined {
    const { actives, inactives, adopted } = this.of(token)
    const counts = ({ exchange: { sentOrder }, deliveredOrder }: Heard): boolean =>
      sentOrder > after &&
      inactives.every((no) => deliveredOrder > no.deliveredOrder && sentOrder > no.exchange.sentOrder) &&
      adopted.denials.every((no) => deliveredOrder > no.deliveredOrder && sentOrder > no.sentOrder)
    return actives.findLast(counts) ?? adopted.vouchers.findLast(counts)
  }

  /** The newest word is no. */
  isDenied(token: TrueToken): boolean {
    return this.of(token).inactives.length > 0 && this.voucher(token) === undefined
  }

  isMarked({ subject, iat }: TrueToken): boolean {
    return this.marks.some((mark) => mark.subject === subject && iat < mark.before)
  }

  heardActive(token: TrueToken, heard: Heard): void {
    const { actives } = this.of(token)
    if (actives.length === 0) this.everActive += 1
    actives.push(heard)
  }

  heardInactive(token: TrueToken, heard: Heard): void {
    const told = this.of(token)
    told.inactives.push(heard)
    told.deniedAt = this.denialsUsed += 1
  }

  /** Answers that a save would keep now, and those that others kept. */
  vouchers(): KeptVouchers {
    const all = new Map<TrueToken, readonly Heard[]>()
    for (const [token, { actives, adopted }] of this.told) {
      const heard = [...adopted.vouchers, ...actives.slice(-1)]
      if (token.shape === 'opaque' && heard.length > 0) all.set(token, heard.slice(-KEPT))
    }
    return all
  }

  denials(): KeptDenials {
    const all = new Map<TrueToken, readonly Denial[]>()
    for (const [token, { inactives, adopted, forgotten }] of this.told) {
      const denied = inactives.map(({ exchange, deliveredOrder }) => ({
        sentOrder: exchange.sentOrder,
        deliveredOrder,
      }))
      const order = forgotten < 0 ? [] : [{ sentOrder: forgotten, deliveredOrder: forgotten }]
      const every = [...adopted.denials, ...denied, ...order]
      if (token.shape === 'opaque' && every.length > 0) all.set(token, every.slice(-KEPT))
    }
    return all
  }

  adoptVouchers(kept: KeptVouchers): void {
    for (const [token, vouchers] of kept) {
      const { adopted, actives } = this.of(token)
      if (adopted.vouchers.length === 0 && actives.length === 0) this.everActive += 1
      adopted.vouchers.push(...vouchers)
    }
  }

  adoptDenials(kept: KeptDenials): void {
    for (const [token, denials] of kept) this.of(token).adopted.denials.push(...denials)
  }

  /** Takes in what a key set said, as the rules want it understood. */
  learnKeys(exchange: Exchange, ending: Ending, now: number): void {
    const kids = publishedIn(ending)
    if (!kids) return
    if (kids.size > 0) {
      this.#emptySince = undefined
      this.keys = { kids, exchange }
      return
    }
    this.#emptySince ??= now
    if (now - this.#emptySince >= CONFIRM_EMPTY_AFTER) this.keys = { kids, exchange }
  }

  /** What an introspection said, told from the script and never from the words of its answer. */
  saidBy(ending: Ending): Said {
    if (ending.is !== 'answer') return 'trouble'
    const { fault, response } = ending
    if (fault?.is === 'says') {
      if (response.status === 200) return 'malformed'
      if (response.status === 429) return 'throttled'
      const rejects = response.status === 401 || response.status === 403
      return rejects || response.body.includes('invalid_client') ? 'rejected' : 'trouble'
    }
    return response.body.includes('"active":true') ? 'active' : 'inactive'
  }

  /** Orders that a save would keep now. */
  orders(): KeptOrders {
    return { tokens: new Set(this.revoked), marks: [...this.marks] }
  }

  adopt({ tokens, marks }: KeptOrders): void {
    for (const token of tokens) this.revoked.add(token)
    this.marks.push(...marks)
  }

  /** Probation of a cache of that size: so many tokens fit whatever happens. */
  get room(): number {
    return Math.max(1, Math.round(this.#settings.entries * 0.2))
  }
}

/** The names of the usable keys in a key set; `undefined` for what is none. */
function publishedIn(ending: Ending): Set<string> | undefined {
  if (ending.is !== 'answer' || ending.response.status !== 200) return undefined
  try {
    const { keys } = JSON.parse(ending.response.body.toString()) as { keys?: unknown }
    if (!Array.isArray(keys)) return undefined
    return new Set((keys as { kid?: string }[]).flatMap(({ kid }) => kid ?? []))
  } catch {
    return undefined
  }
}
