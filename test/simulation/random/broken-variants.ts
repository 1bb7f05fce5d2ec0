import type { Http, HttpResponse, Store } from '@holdfast/core'
import { NegativeCache } from '#core/cache/negative-cache'
import { RecencyCache } from '#core/cache/recency-cache'
import { Revocations } from '#core/cache/revocations'
import { Tally } from '#core/counters'
import { REASONS } from '#core/errors'
import { IntrospectionEndpoint } from '#core/introspection/endpoint'
import { Snapshots } from '#core/record/snapshots'
import { AdaptiveLimit } from '#core/resilience/adaptive-limit'
import { Budget } from '#core/resilience/budget'
import { EndpointHealth } from '#core/resilience/endpoint-health'
import { LastGood } from '#core/resilience/last-good'
import { RetryBudget } from '#core/resilience/retry-budget'
import { Telemetry } from '#core/telemetry'
import { IntrospectionVerifier } from '#core/verify/introspection'
import { IntrospectionCalls } from '#core/verify/introspection-calls'
import { JwtVerifier } from '#core/verify/jwt'
import { VerifiedToken } from '#core/verify/verified-token'
import type { Verifier } from '#core/verify/verifier'
import type { Tampering } from './instance.ts'
import type { Rule } from './rules.ts'
import { MOST_EVENTS, type RunSettings } from './settings.ts'

/** A core with one mistake in it. */
export interface BrokenVariant {
  readonly mistake: string
  /** What must be reported. */
  readonly breaks: Rule
  /** What the same mistake may break before. */
  readonly along?: readonly Rule[]
  readonly tampering?: Tampering
  /** Weather and bounds in which it shows soon. */
  readonly settings?: Partial<RunSettings>
  /** Makes the mistake in the core itself. @returns What undoes it. */
  readonly patch?: () => () => void
}

/** Replaces a method, or what a getter gives, until the returned function is called. */
function replaced<T extends object>(
  owner: { readonly prototype: T },
  name: keyof T,
  change: (original: (...args: never[]) => unknown) => (this: T, ...args: never[]) => unknown,
): () => () => void {
  return () => {
    const { prototype } = owner
    const kept = Object.getOwnPropertyDescriptor(prototype, name)!
    const role = kept.get ? 'get' : 'value'
    Object.defineProperty(prototype, name, { ...kept, [role]: change(kept[role] as () => unknown) })
    return () => void Object.defineProperty(prototype, name, kept)
  }
}

const both =
  (...patches: readonly (() => () => void)[]): (() => () => void) =>
  () => {
    const undo = patches.map((patch) => patch())
    return () => undo.forEach((one) => one())
  }

const always =
  <T>(value: T): (() => () => T) =>
  () =>
  () =>
    value
const nothing = always(undefined)

/** Another answer than the one that came. */
function answers(change: (response: HttpResponse) => HttpResponse): NonNullable<Tampering['http']> {
  return (http: Http) => ({
    send: async (request) => {
      const response = await http.send(request)
      return request.method === 'POST' ? change(response) : response
    },
    close: () => http.close(),
  })
}

const says = (response: HttpResponse, body: object): HttpResponse => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify({ ...json(response), ...body })),
})

function json({ body }: HttpResponse): object {
  try {
    return JSON.parse(body.toString()) as object
  } catch {
    return {}
  }
}

/** Takes whatever is not false for a yes, as `if (answer.active)` does. */
function leniently(response: HttpResponse): HttpResponse {
  const { active } = json(response) as { active?: unknown }
  if (response.status !== 200 || typeof active === 'boolean') return response
  return says(response, active ? { active: true, aud: 'https://api.example' } : { active: false })
}

/** Gives the first yes for a token again and again, as a cache on the way may. */
function rememberingYes(http: Http): Http {
  const yes = new Map<string | undefined, HttpResponse>()
  return {
    send: async (request) => {
      const response = await http.send(request)
      const { active } = json(response) as { active?: unknown }
      if (active === true) yes.set(request.body, response)
      return (active === false && yes.get(request.body)) || response
    },
    close: () => http.close(),
  }
}

/** Lets everybody in while the endpoint is out of reach. */
function failingOpen(http: Http): Http {
  const yes = Buffer.from('{"active":true,"aud":"https://api.example"}')
  const response = { status: 200, headers: { 'content-type': 'application/json' }, body: yes }
  return {
    send: (request) => http.send(request).catch(() => response),
    close: () => http.close(),
  }
}

/** A store that gives back the revocations that it was first given. */
function reviving(store: Store): Store {
  return {
    load: async (name) => {
      const kept = await store.load(name)
      return name === 'revocations' ? undefined : kept
    },
    save: (name, value) => store.save(name, value),
  }
}

/** An entry that vouches for nobody. */
const STRANGER = new VerifiedToken({
  digest: '',
  claims: {},
  provenance: {
    issuer: 'https://nobody.test',
    by: 'introspection',
    key: undefined,
    scopeSource: undefined,
    verifier: { recall: () => undefined } as unknown as Verifier,
    tally: new Tally('opaque'),
  },
  since: { wall: 0, monotonic: 0 },
})

/** Long ones, with many tokens in grace. */
const OUTAGES: Partial<RunSettings> = {
  troubles: ['refused'],
  stormEvents: 1_500,
  grace: 300_000,
  rate: 20,
  restarts: false,
  jumps: false,
}

/** One mistake for every rule that a mistake in the core, or around it, can break. */
/** Milliseconds: longer than any evidence lasts. */
const LATER = 600_000

export const BROKEN_VARIANTS: readonly BrokenVariant[] = [
  {
    mistake: 'a wall clock that is an hour late',
    breaks: 'expiry',
    along: ['definite-401', 'revoked-final'],
    settings: { mode: undefined, tokenLife: 20_000, troubles: ['slow'] },
    tampering: { clock: (clock) => ({ ...clock, wall: () => clock.wall() - 3_600_000 }) },
  },
  {
    mistake: 'a hit makes evidence younger',
    breaks: 'age',
    along: ['fresh-route', 'stale-unsaid'],
    patch: replaced(
      RecencyCache<VerifiedToken>,
      'get',
      (get) =>
        function (...args) {
          const entry = get.apply(this, args) as VerifiedToken | undefined
          if (entry?.by !== 'introspection') return entry
          const { wall, monotonic } = entry.since
          return Object.assign(entry, { since: { wall: wall + LATER, monotonic: monotonic + LATER } })
        },
    ),
  },
  {
    mistake: 'evidence counts as fresh ten times as long',
    breaks: 'stale-unsaid',
    tampering: {
      options: (options, { fresh }) => ({
        ...options,
        resilience: { ...(options.resilience as object), fresh: `${fresh * 10}ms` },
      }),
    },
  },
  {
    mistake: 'stale evidence is served without waiting',
    breaks: 'stale-evidence',
    patch: replaced(IntrospectionEndpoint, 'outOfReach', always(true)),
  },
  {
    mistake: 'stale requests are not counted',
    breaks: 'stale-count',
    patch: replaced(
      Tally,
      'counts',
      (counts) =>
        function () {
          return { ...(counts.call(this) as Tally['counts']), stale: 0 }
        },
    ),
  },
  {
    mistake: 'a yes is remembered below the core, and stands for the no that follows',
    breaks: 'inactive-final',
    along: ['age', 'fresh-route', 'invalidated'],
    tampering: { http: rememberingYes },
  },
  {
    mistake: 'tombstones are not kept',
    breaks: 'revoked-final',
    patch: replaced(Revocations, 'addTombstone', nothing),
  },
  {
    mistake: 'a store that forgets revocations over a restart',
    breaks: 'revoked-final',
    settings: { store: 'works' },
    tampering: { store: reviving },
  },
  {
    mistake: 'invalidate() forgets nothing',
    breaks: 'invalidated',
    patch: replaced(IntrospectionVerifier, 'forget', nothing),
  },
  {
    mistake: 'no answer is taken for a yes',
    breaks: 'never-seen',
    along: ['inactive-final', 'age'],
    tampering: { http: failingOpen },
  },
  {
    mistake: 'a lenient reading of "active"',
    breaks: 'malformed-verdict',
    tampering: { http: answers(leniently) },
  },
  {
    mistake: 'an error of the endpoint is taken for a no',
    breaks: 'definite-401',
    tampering: { http: answers((response) => (response.status < 400 ? response : says(response, { active: false }))) },
  },
  {
    mistake: 'signatures are not checked',
    breaks: 'forged-jwt',
    tampering: {
      options: (options) => ({
        ...options,
        ports: { ...options.ports, signatures: { now: () => true, later: async () => true } },
      }),
    },
  },
  {
    mistake: 'what a removed key signed is still believed',
    breaks: 'removed-key',
    patch: replaced(
      JwtVerifier,
      'recall',
      (recall) =>
        function (entry) {
          ;(entry as VerifiedToken).key!.retired = false
          return recall.call(this, entry)
        },
    ),
  },
  {
    mistake: 'a route gets the evidence at hand, however old',
    breaks: 'fresh-route',
    along: ['age', 'stale-unsaid'],
    patch: replaced(
      IntrospectionVerifier,
      'ask',
      () =>
        async function (presented) {
          const verdict = await this.verify(presented)
          return { ...verdict, token: Object.assign(verdict.token, { since: { wall: Infinity, monotonic: Infinity } }) }
        },
    ),
  },
  {
    mistake: 'every request calls',
    breaks: 'one-call',
    patch: replaced(
      IntrospectionCalls,
      'for',
      (call) =>
        function (...args) {
          this.forget((args as unknown as Parameters<IntrospectionCalls['for']>)[0].digest)
          return call.apply(this, args)
        },
    ),
  },
  {
    mistake: 'a caller who leaves takes the call along',
    breaks: 'detached',
    tampering: {
      clock: (clock, { deadline }) => ({
        ...clock,
        after: (ms, run) => clock.after(ms === deadline ? deadline / 4 : ms, run),
      }),
    },
  },
  {
    mistake: 'the limit has no bound',
    breaks: 'in-flight',
    patch: replaced(AdaptiveLimit, 'value', always(1_000)),
  },
  {
    mistake: 'everybody is a probe',
    breaks: 'probe',
    settings: { troubles: ['refused', 'silent'], rate: 30, inFlight: 10 },
    patch: replaced(EndpointHealth, 'allowed', always(Infinity)),
  },
  {
    mistake: 'no slow start',
    breaks: 'slow-start',
    settings: { ...OUTAGES, inFlight: 10, sessions: 60, fresh: 3_000, roundTrip: 60, waitingKnown: 60 },
    patch: both(
      replaced(
        EndpointHealth,
        'allowed',
        (allowed) =>
          function () {
            return this.state === 'recovering' ? Infinity : allowed.call(this)
          },
      ),
      replaced(AdaptiveLimit, 'value', always(10)),
    ),
  },
  {
    mistake: 'Retry-After is not read',
    breaks: 'paused',
    tampering: {
      http: answers(({ headers, ...response }) => ({ ...response, headers: { ...headers, 'retry-after': undefined } })),
    },
  },
  {
    mistake: 'keys are used for longer than configured',
    breaks: 'old-keys',
    settings: { troubles: ['refused'], mode: 'offline', keysHardBound: 20_000 },
    tampering: {
      options: (options) => ({ ...options, resilience: { ...(options.resilience as object), keysHardBound: '2h' } }),
    },
  },
  {
    mistake: 'an inactive token is refused without a word why',
    breaks: 'answer-shape',
    patch: () => {
      const kept = { ...REASONS }
      Object.assign(REASONS, { token_inactive: ['none'] })
      return () => void Object.assign(REASONS, kept)
    },
  },
  {
    mistake: 'a store is waited for without end',
    breaks: 'store-refuses',
    settings: { store: 'works' },
    patch: replaced(Snapshots, 'load', always(new Promise(() => undefined))),
  },
  {
    mistake: 'a run that never calms down',
    breaks: 'events',
    settings: { stormEvents: MOST_EVENTS },
  },
  {
    mistake: 'caches are larger than configured',
    breaks: 'cache-bound',
    tampering: { options: (options) => ({ ...options, cache: {} }) },
  },
  {
    mistake: 'the queue has no bound',
    breaks: 'queue-bound',
    tampering: {
      options: (options) => ({
        ...options,
        resilience: { ...(options.resilience as object), maxWaitingKnown: 1_000, maxWaitingNew: 1_000 },
      }),
    },
  },
  {
    mistake: 'strangers get an entry',
    breaks: 'stranger-kept',
    along: ['never-500', 'unhandled'],
    patch: () => {
      const caches = new Set<RecencyCache<VerifiedToken>>()
      const undo = [
        replaced(
          RecencyCache<VerifiedToken>,
          'peek',
          (peek) =>
            function (...args) {
              caches.add(this)
              return peek.apply(this, args)
            },
        )(),
        replaced(
          NegativeCache,
          'add',
          (add) =>
            function (...args) {
              for (const cache of caches) cache.set((args as readonly string[])[0]!, STRANGER)
              return add.apply(this, args)
            },
        )(),
      ]
      return () => undo.forEach((one) => one())
    },
  },
  {
    mistake: 'a flood pushes known tokens out',
    breaks: 'asked-again',
    patch: () => {
      const caches = new Set<RecencyCache<VerifiedToken>>()
      const undo = [
        replaced(
          RecencyCache<VerifiedToken>,
          'set',
          (set) =>
            function (...args) {
              caches.add(this)
              return set.apply(this, args)
            },
        )(),
        replaced(
          NegativeCache,
          'add',
          (add) =>
            function (...args) {
              for (const cache of caches) for (const { digest } of cache.ranked()) cache.delete(digest)
              return add.apply(this, args)
            },
        )(),
      ]
      return () => undo.forEach((one) => one())
    },
  },
  {
    mistake: 'inactive tokens are not remembered',
    breaks: 'negative-asked',
    settings: { troubles: ['denials'], discovers: false },
    patch: replaced(NegativeCache, 'add', nothing),
  },
  {
    mistake: 'everybody waits while the endpoint is down',
    breaks: 'down-waits',
    patch: replaced(IntrospectionEndpoint, 'outOfReach', always(false)),
  },
  {
    mistake: 'an observer that fails refuses',
    breaks: 'never-500',
    along: ['unhandled'],
    patch: replaced(
      Telemetry,
      'emit',
      () =>
        function (event) {
          ;(this as unknown as { observer?: { on(event: unknown): void } }).observer?.on(event)
          throw new Error('not caught')
        },
    ),
  },
  {
    mistake: 'retries cost nothing, whatever the state',
    breaks: 'retries',
    along: ['recovery', 'down-waits', 'probe', 'slow-start', 'paused'],
    settings: { grace: 0, fresh: 3_000, rate: 30, restarts: false, stormEvents: 1_000, troubles: ['refused'] },
    patch: both(
      replaced(RetryBudget, 'spend', always(true)),
      replaced(EndpointHealth, 'state', always('healthy')),
      replaced(EndpointHealth, 'failing', always(false)),
    ),
  },
  {
    mistake: 'unknown keys are fetched without a budget',
    breaks: 'key-fetches',
    settings: { mode: 'offline', restarts: false, stormEvents: 1_500, rate: 4, troubles: ['odd'] },
    patch: both(replaced(Budget, 'take', always(true)), replaced(Budget, 'wait', always(0))),
  },
  {
    mistake: 'timers are not cancelled',
    breaks: 'timers',
    tampering: { clock: (clock) => ({ ...clock, after: (ms, run) => (clock.after(ms, run), () => undefined) }) },
  },
  {
    mistake: 'a wait that never ends',
    breaks: 'decided-in-time',
    tampering: {
      clock: (clock, { wait }) => ({ ...clock, after: (ms, run) => clock.after(ms === wait ? 1e9 : ms, run) }),
    },
  },
  {
    mistake: 'a failure that nobody waits for',
    breaks: 'unhandled',
    tampering: {
      http: (http) => ({
        send: (request) => {
          const answer = http.send(request)
          void answer.then(() => undefined)
          return answer
        },
        close: () => http.close(),
      }),
    },
  },
  {
    mistake: 'an endpoint that is down stays down',
    breaks: 'recovery',
    patch: replaced(EndpointHealth, 'answered', nothing),
  },
  {
    mistake: 'closing leaves timers behind',
    breaks: 'closed',
    patch: replaced(LastGood, 'close', nothing),
  },
]
