import { always } from '../world/faults.ts'
import type { World } from '../world/world.ts'
import type { Arrivals } from '../world/workload.ts'

/** What a row of the table is about. */
export const SCENARIOS = ['brownout', 'brownout-flood', 'flood', 'outage', 'recovery'] as const
export type Scenario = (typeof SCENARIOS)[number]

/** Seconds of weather; those of one course follow each other in one run. */
interface Phase {
  readonly scenario: Scenario
  readonly seconds: number
  /** Introspections per second, as a share of the healthy capacity; `silent`: no request arrives. */
  readonly capacity: number | 'silent'
  /** Random tokens, as a multiple of all other requests. */
  readonly flood: number
}

const outage: Phase = { scenario: 'outage', seconds: 240, capacity: 'silent', flood: 0 }

/** The courses that weather may take, one run each, after the warm-up. */
export const COURSES: readonly (readonly Phase[])[] = [
  [{ scenario: 'brownout', seconds: 900, capacity: 20 / 600, flood: 0 }],
  [{ scenario: 'brownout-flood', seconds: 900, capacity: 20 / 600, flood: 300 / 500 }],
  [{ scenario: 'flood', seconds: 300, capacity: 1, flood: 2_000 / 500 }],
  [outage, { scenario: 'recovery', seconds: 120, capacity: 100 / 600, flood: 0 }],
]

/** Makes the weather of a phase begin. */
export function begin(
  phase: Phase,
  world: World,
  healthy: { capacity: number; perSecond: number },
  flood: Arrivals,
): void {
  const { server } = world
  flood.rate = phase.flood * healthy.perSecond
  if (phase.capacity === 'silent') {
    server.weather.introspection = always({ is: 'silent' })
    server.dropQueue()
  } else {
    server.weather.introspection = undefined
    server.capacity = phase.capacity * healthy.capacity
  }
}
