import type { ResiliencePreset } from '@holdfast/core'
import { holdfast } from '../policies/holdfast.ts'
import { MODEL } from '../scenarios/model.ts'
import { always } from '../world/faults.ts'
import { sessions } from '../world/workload.ts'
import { type Sample, World } from '../world/world.ts'

/** What a user expects of a bad day. */
export interface PlanJob {
  readonly preset: ResiliencePreset
  readonly weather: 'brownout' | 'outage'
  /** Requests per second. */
  readonly rps: number
  readonly sessions: number
  /** Introspections per second that are left in the brownout. */
  readonly capacity: number
  readonly seed: number
  /** Seconds of bad weather. Default: 600 of brownout, 300 of outage. */
  readonly seconds?: number
}

export interface PlanRow {
  readonly preset: ResiliencePreset
  readonly weather: 'brownout' | 'outage'
  /** Percent of requests accepted, of those with a good token known before, and of the others. */
  readonly known: number
  readonly new: number
  /** Seconds for which revoked tokens were still accepted: the longest, and the median of those used after it. */
  readonly lag: { readonly longest: number; readonly median: number }
  /** Seconds that no revoked token can exceed. */
  readonly bound: number
}

/** Seconds of fresh and grace of each preset, as `options/defaults.ts` has them. */
const BOUNDS: Readonly<Record<ResiliencePreset, number>> = { strict: 60, balanced: 360, available: 3_660 }
export const PRESETS: readonly ResiliencePreset[] = ['strict', 'balanced', 'available']
/** More than is usual, so that there are enough of them to measure. */
const REVOKED_EARLY = 0.2
const SECONDS = { brownout: 600, outage: 300 } as const

/** One preset in one kind of bad weather, after a time in which the caches fill. */
export async function plan(job: PlanJob): Promise<PlanRow> {
  const { preset, weather, rps, capacity, seed, seconds = SECONDS[weather] } = job
  const healthy = Math.max(rps * (MODEL.capacity / MODEL.perSecond), capacity)
  const world = new World({ seed, policy: holdfast({ resilience: preset }), capacity: healthy })
  const { zipf, tokenLife } = MODEL
  const comeInOver = 120_000
  const load = sessions(world, {
    sessions: job.sessions,
    zipf,
    perSecond: rps,
    tokenLife,
    revokedEarly: REVOKED_EARLY,
    comeInOver,
  })
  await world.run(2 * comeInOver)

  const counts = { known: { asked: 0, accepted: 0 }, new: { asked: 0, accepted: 0 } }
  /** Seconds that a revoked token went on working, by its number. */
  const lags = new Map<number, number>()
  world.onSample = ({ at, token, active, known, decision }: Sample) => {
    const accepted = decision.outcome === 'accepted'
    if (!token) return
    if (active) {
      const count = counts[known ? 'known' : 'new']
      count.asked += 1
      if (accepted) count.accepted += 1
    } else if (accepted && at >= token.revokedAt) lags.set(token.number, (at - token.revokedAt) / 1_000)
  }
  if (weather === 'brownout') world.server.capacity = capacity
  else world.server.weather.introspection = always({ is: 'silent' })
  await world.run(world.now + seconds * 1_000)
  load.rate = 0
  await world.close()

  const sorted = [...lags.values()].toSorted((one, other) => one - other)
  const lag = { longest: sorted.at(-1) ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0 }
  return { preset, weather, known: percent(counts.known), new: percent(counts.new), lag, bound: BOUNDS[preset] }
}

const percent = ({ asked, accepted }: { asked: number; accepted: number }): number =>
  (100 * accepted) / Math.max(1, asked)
