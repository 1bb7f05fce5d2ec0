import type { Duration } from '@holdfast/core'
import { type Chance, chance } from '../engine/chance.ts'
import { type Trouble, TROUBLE_NAMES } from './weather.ts'

/** How JWTs are verified in a run; `undefined`: there are only opaque tokens. */
export type JwtMode = 'offline' | 'online' | 'onlineWhenHealthy' | undefined
/** How the store of a run does. */
export type StoreHealth = 'none' | 'works' | 'flaky' | 'fails'

/** Everything that is drawn before a small run begins. Times in milliseconds. */
export interface RunSettings {
  readonly seed: number
  readonly fresh: number
  readonly grace: number
  readonly wait: number
  readonly graceWait: number
  /** One introspection attempt. */
  readonly deadline: number
  readonly skew: number
  /** Entries of either positive cache. */
  readonly entries: number
  readonly negative: { readonly entries: number; readonly ttl: number }
  /** Tombstones, and as many marks. */
  readonly revocations: number
  readonly inFlight: number
  readonly waitingKnown: number
  readonly waitingNew: number
  readonly keysHardBound: number
  readonly mode: JwtMode
  /** Whether the introspection endpoint is looked up in metadata. */
  readonly discovers: boolean
  readonly store: StoreHealth
  /** Whether introspection answers are kept over a restart. */
  readonly persist: boolean
  readonly observerThrows: boolean
  /** Whether the wall clock may jump. */
  readonly jumps: boolean
  /** Whether processes are killed and started. */
  readonly restarts: boolean
  /** What may be wrong with the introspection endpoint; see `weather.ts`. */
  readonly troubles: readonly Trouble[]
  /** Sessions with a token each. */
  readonly sessions: number
  readonly zipf: number
  /** Requests per second. */
  readonly rate: number
  /** Life of a session's token. */
  readonly tokenLife: number
  /** Events before the weather clears. */
  readonly stormEvents: number
  /** Milliseconds to the authorization server and back. */
  readonly roundTrip: number
}

/** Milliseconds: sums of their fractions are a little off. */
export const ROUNDING = 0.001
/** A small run never has more events. */
export const MOST_EVENTS = 5_000
/** The hard bound of key sets that may be configured for the shortest. */
const HARD_BOUND = 7_200_000

/** What this seed stands for. */
export function settingsOf(seed: number): RunSettings {
  const random = chance(`${seed}/settings`)
  const mode = random.pick<JwtMode>([undefined, undefined, 'offline', 'online', 'onlineWhenHealthy'])
  const store = random.pick<StoreHealth>(['none', 'works', 'works', 'flaky', 'fails'])
  const entries = 10 + random.below(41)
  return {
    seed,
    fresh: random.pick([3_000, 5_000, 10_000, 60_000]),
    grace: random.pick([0, 5_000, 20_000, 60_000, 300_000]),
    wait: 1_000,
    graceWait: random.pick([50, 250]),
    deadline: random.pick([1_000, 2_000]),
    skew: random.pick([0, 5_000, 30_000]),
    entries,
    negative: { entries: 5 + random.below(16), ttl: random.pick([1_000, 10_000]) },
    revocations: random.pick([5, 500, 500, 500]),
    inFlight: 1 + random.below(10),
    waitingKnown: 2 + random.below(20),
    waitingNew: 1 + random.below(10),
    keysHardBound: HARD_BOUND,
    mode,
    discovers: random.happens(0.4),
    store,
    persist: store !== 'none' && random.happens(0.6),
    observerThrows: random.happens(0.2),
    jumps: random.happens(0.4),
    restarts: random.happens(0.8),
    troubles: TROUBLE_NAMES,
    sessions: sessionsFor(entries, random),
    zipf: random.pick([0.5, 0.9, 1.2]),
    rate: random.pick([4, 8, 16, 30]),
    tokenLife: random.pick([20_000, 60_000, 300_000, 3_600_000]),
    stormEvents: 80 + random.below(300),
    roundTrip: random.pick([2, 20, 60]),
  }
}

/** Few enough that none is ever pushed out, about as many as fit, or far more. */
function sessionsFor(entries: number, random: Chance): number {
  return random.pick([Math.max(1, Math.floor(entries * 0.2) - 1), entries, entries * 2])
}

/** A duration as options want it. */
export const ms = (milliseconds: number): Duration => `${milliseconds}ms`
