import {
  AuthError,
  type AuthContext,
  type AuthRequest,
  type Cancel,
  type Clock,
  clientSecretBasic,
  createResourceServer,
  fresh,
  type Http,
  inlineSignatures,
  type Random,
  type ResourceServer,
  type ResourceServerOptions,
  type Store,
} from '@holdfast/core'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Trace } from '../engine/trace.ts'
import { AUDIENCE } from '../world/tokens.ts'
import type { Kept } from './kept.ts'
import { type KeptDenials, type KeptOrders, type KeptVouchers, Knowledge, type KnownKeys } from './knowledge.ts'
import { type Asked, Judge } from './judge.ts'
import { RuleBroken } from './rules.ts'
import { ms, type RunSettings } from './settings.ts'
import { ISSUER, type TrueToken } from './truth.ts'
import { type Counted, Watch } from './watch.ts'
import type { Listener, Wire } from './wire.ts'

/** What a deliberately broken variant puts between the core and its world; for showing that the rules bite. */
export interface Tampering {
  readonly clock?: (clock: Clock, settings: RunSettings) => Clock
  readonly http?: (http: Http, settings: RunSettings) => Http
  readonly store?: (store: Store) => Store
  readonly options?: (options: ResourceServerOptions, settings: RunSettings) => ResourceServerOptions
}

export interface InstanceParts {
  readonly settings: RunSettings
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly wire: Wire
  readonly kept: Kept
  readonly random: Random
  readonly nextOrder: () => number
  readonly tampering: Tampering
  /** Hears of the first rule that is broken. */
  readonly broken: (rule: RuleBroken) => void
}

/** How a request is sent, beside its token. Milliseconds. */
export interface AskOptions {
  readonly source: string
  /** The caller goes away after that. */
  readonly leavesAfter?: number
  readonly freshWithin?: number
  readonly decided?: (how: string) => void
}

/** Waits of a request whose token is opaque, and of one whose keys may have to be fetched, too. */
const WAITS = { opaque: 2, jwt: 7 } as const

/** One process of the resource server, from its start to its end or its death, and what is known of it. */
export class Instance {
  readonly known: Knowledge
  readonly server: ResourceServer
  readonly #parts: InstanceParts
  readonly #watch: Watch
  readonly #judge: Judge
  readonly #startedAt: number
  readonly #asked = new Set<Asked>()
  readonly #counted: Counted = { live: 0, cache: 0, stale: 0 }
  #timers = 0
  #alive = true
  #closing = false

  constructor(parts: InstanceParts) {
    const { settings, scheduler, wire, kept, random, nextOrder, tampering } = parts
    this.#parts = parts
    this.#startedAt = scheduler.monotonic()
    const known = (this.known = new Knowledge(settings))
    const isAlive = (): boolean => this.#alive
    const startedAt = this.#startedAt
    this.#watch = new Watch({ settings, scheduler, known, nextOrder, startedAt, closing: () => this.#closing })
    this.#judge = new Judge({ settings, scheduler, known, startedAt, forgets: () => this.#forgets() })
    const { clock = same, http = same, store = same, options = same } = tampering
    const port = kept.port(
      { saving: (name) => this.#saving(name), loaded: (name, fact) => this.#loaded(name, fact) },
      isAlive,
    )
    const written = optionsOf(settings, port && store(port), (event) => this.#checked(() => this.#watch.event(event)))
    const ports = {
      clock: clock(this.#clock(), settings),
      random,
      http: http(wire.port(this.#listener(), isAlive), settings),
      signatures: inlineSignatures,
    }
    this.server = createResourceServer(options({ ...written, ports }, settings))
  }

  /** Sends a request now, as an adapter does: at once where it can be judged at once. */
  ask(token: TrueToken, options: AskOptions): void {
    const { scheduler, nextOrder } = this.#parts
    const at = scheduler.monotonic()
    const { known } = this
    const outOfReach = known.state === 'down' || at < known.rejectedUntil
    const asked: Asked = {
      token,
      at,
      order: nextOrder(),
      outOfReach,
      freshWithin: options.freshWithin,
      decided: options.decided,
    }
    if (asked.freshWithin !== undefined) known.of(token).freshAskedAt = at
    const caller = options.leavesAfter === undefined ? undefined : new AbortController()
    if (caller) scheduler.after(options.leavesAfter!, () => caller.abort())
    const request: AuthRequest = {
      rawHeaders: ['Authorization', `Bearer ${token.text}`],
      source: options.source,
      signal: caller?.signal,
    }
    this.#asked.add(asked)
    const tried = this.server.tryAuthenticate(request)
    if (tried instanceof AuthError) this.#refused(asked, tried)
    else if (tried) this.#admitted(asked, tried)
    else {
      void this.server.authenticate(request).then(
        (auth) => this.#admitted(asked, auth),
        (error: unknown) => this.#refused(asked, error),
      )
    }
  }

  invalidate(token: TrueToken): void {
    this.#forget(token)
    this.server.invalidate(token.text)
  }

  revoke(token: TrueToken): void {
    this.#forget(token)
    this.known.revoked.add(token)
    void this.server.revoke({ token: token.text })
  }

  revokeSubject(subject: string): void {
    const { scheduler, settings } = this.#parts
    this.known.marks.push({ subject, before: (scheduler.wall() + settings.skew) / 1_000 })
    void this.server.revoke({ sub: subject })
  }

  /** Stops as a process that is killed does: between two events, without a word. */
  kill(): void {
    this.#alive = false
    this.#asked.clear()
  }

  close(): Promise<void> {
    return this.server.close()
  }

  /** After it no call may begin. Told apart from {@link close}, which still ends what is under way. */
  closed(): void {
    this.#closing = true
  }

  get waiting(): number {
    return this.#asked.size
  }

  get timers(): number {
    return this.#timers
  }

  /** Checked after every event. @throws {RuleBroken} */
  check(): void {
    const { settings, scheduler } = this.#parts
    this.#watch.bounds(this.server, { waiting: this.#asked.size, timers: this.#timers, counted: this.#counted })
    const now = scheduler.monotonic()
    for (const { at, token, freshWithin } of this.#asked) {
      const waits = WAITS[token.shape] + (freshWithin === undefined ? 0 : WAITS[token.shape])
      if (now - at > waits * settings.wait + 1)
        throw new RuleBroken('decided-in-time', `token ${token.number} since ${at}`)
      break // the others came later
    }
  }

  #admitted(asked: Asked, auth: AuthContext): void {
    if (!this.#alive) return
    this.#count(auth)
    this.#note(asked, auth.evidence.stale ? 'stale' : auth.evidence.source)
    this.#checked(() => this.#judge.accepted(asked, auth))
    if (asked.freshWithin === undefined) return void this.#asked.delete(asked)
    const content = (newer: AuthContext): void => {
      this.#asked.delete(asked)
      if (newer !== auth) this.#count(newer)
      this.#checked(() => {
        if (newer !== auth) this.#judge.accepted(asked, newer)
        this.#judge.fresh(asked)
      })
    }
    const refused = (error: unknown): void => this.#refused(asked, error)
    try {
      const passed = this.server.authorize(auth, fresh(ms(asked.freshWithin)))
      if (passed instanceof Promise) void passed.then((newer) => this.#alive && content(newer), refused)
      else content(passed)
    } catch (error) {
      refused(error)
    }
  }

  #count({ evidence }: AuthContext): void {
    this.#counted[evidence.stale ? 'stale' : evidence.source] += 1
  }

  #refused(asked: Asked, error: unknown): void {
    if (!this.#alive) return
    this.#asked.delete(asked)
    const reason = error instanceof AuthError ? error.reason : String(error)
    if (reason === 'token_inactive') this.known.denialsUsed += 1
    this.#note(asked, reason)
    this.#checked(() => this.#judge.refused(asked, error))
  }

  #note({ token, at, decided }: Asked, what: string): void {
    const { trace, scheduler } = this.#parts
    decided?.(what)
    trace.add(scheduler.monotonic(), 'note', token.number, scheduler.monotonic() - at, what)
  }

  #forget(token: TrueToken): void {
    const told = this.known.of(token)
    told.forgotten = this.#parts.nextOrder()
    told.generation += 1
  }

  #forgets(): boolean {
    return !this.server.status().caches.revocations.complete
  }

  #saving(name: string): unknown {
    if (name === 'revocations') return this.known.orders()
    if (name === 'answers') return this.known.vouchers()
    if (name === 'forgotten-answers') return this.known.denials()
    return name.startsWith('keys ') ? this.known.keys : undefined
  }

  #loaded(name: string, fact: unknown): void {
    if (fact === undefined) return
    if (name === 'revocations') this.known.adopt(fact as KeptOrders)
    if (name === 'answers') this.known.adoptVouchers(fact as KeptVouchers)
    if (name === 'forgotten-answers') this.known.adoptDenials(fact as KeptDenials)
    if (name.startsWith('keys ')) this.known.keys ??= fact as KnownKeys | undefined
  }

  /** The run's clock, of which this process has so many timers; a dead one's do not fire. */
  #clock(): Clock {
    const { scheduler } = this.#parts
    return {
      wall: scheduler.wall,
      monotonic: scheduler.monotonic,
      after: (wait, run): Cancel => {
        let set = true
        const end = (): void => {
          if (set) this.#timers -= 1
          set = false
        }
        this.#timers += 1
        const cancel = scheduler.after(wait, () => {
          end()
          if (this.#alive) run()
        })
        return () => {
          end()
          cancel()
        }
      },
    }
  }

  /** What a listener throws would be an answer to the core: it is told to the run instead. */
  #listener(): Listener {
    return {
      sent: (exchange) => this.#checked(() => this.#watch.sent(exchange)),
      ended: (exchange, ending) => this.#checked(() => this.#watch.ended(exchange, ending)),
    }
  }

  #checked(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#parts.broken(
        error instanceof RuleBroken ? error : new RuleBroken('never-500', String((error as Error).stack)),
      )
    }
  }
}

const same = <T>(value: T): T => value

function optionsOf(
  settings: RunSettings,
  store: Store | undefined,
  hear: (event: Parameters<Watch['event']>[0]) => void,
): ResourceServerOptions {
  const { mode, discovers, negative, entries } = settings
  return {
    audience: AUDIENCE,
    issuers: [
      {
        issuer: ISSUER,
        jwt:
          mode === undefined
            ? false
            : { mode, algorithms: ['EdDSA'], ...(discovers ? {} : { jwksUri: `${ISSUER}/jwks` }) },
        introspection: {
          client: clientSecretBasic('api', 'secret'),
          ...(discovers ? {} : { endpoint: `${ISSUER}/introspect` }),
        },
      },
    ],
    clockSkew: ms(settings.skew),
    resilience: {
      fresh: ms(settings.fresh),
      grace: ms(settings.grace),
      wait: ms(settings.wait),
      graceWait: ms(settings.graceWait),
      introspectionDeadline: ms(settings.deadline),
      keysHardBound: ms(settings.keysHardBound),
      maxInFlight: settings.inFlight,
      maxWaitingKnown: settings.waitingKnown,
      maxWaitingNew: settings.waitingNew,
    },
    cache: {
      introspected: { entries, ...(settings.persist && { persist: true }) },
      jwts: { entries },
      negative: { entries: negative.entries, ttl: ms(negative.ttl) },
      revocations: { entries: settings.revocations },
    },
    ...(store && { store }),
    observe: (event) => {
      hear(event)
      if (settings.observerThrows) throw new Error('the observer fails')
    },
  }
}
