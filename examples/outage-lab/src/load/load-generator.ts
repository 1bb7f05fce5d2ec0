import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import type { Load } from '../frame.ts'
import type { Caller } from './caller.ts'
import { seeded } from './chance.ts'
import { madeUp } from './flood.ts'
import { OpenLoop } from './open-loop.ts'
import { type Bearer, Population } from './population.ts'

/** What is sent unless somebody says otherwise: what two cores can do for four APIs and the server behind them. */
export const DEFAULT_LOAD: Load = { rate: 40, jwtShare: 0.5, oneShotShare: 0.1, flood: 0 }

export const LOAD_BOUNDS: Readonly<Record<keyof Load, { readonly min: number; readonly max: number }>> = {
  rate: { min: 0, max: 200 },
  jwtShare: { min: 0, max: 1 },
  oneShotShare: { min: 0, max: 1 },
  flood: { min: 0, max: 200 },
}

/** Sends the same requests to every API. */
export interface LoadGenerator {
  readonly population: Population
  readonly load: Load
  /** Requests that were due and went to no API, because this machine is too slow, since this was called last. */
  takeSkipped(): number
  /** From now on this load. */
  change(load: Load): void
  stop(): void
}

export function createLoadGenerator(
  server: AuthorizationServer,
  callers: readonly Caller[],
  seed: number,
): LoadGenerator {
  const population = new Population(server, seeded(seed))
  const send = (bearer: Bearer, due: number): void => callers.forEach((caller) => caller.call(bearer, due))
  let skipped = 0
  const skip = (): void => void (skipped += 1)
  let load = DEFAULT_LOAD
  const good = new OpenLoop(seeded(seed + 1), {
    arrive: (due) => void population.good(load).then((bearer) => send(bearer, due)),
    skip,
  })
  const flooders = seeded(seed + 3)
  const flood = new OpenLoop(seeded(seed + 2), { arrive: (due) => send(madeUp(flooders), due), skip })

  return {
    population,
    get load() {
      return load
    },
    takeSkipped() {
      const taken = skipped
      skipped = 0
      return taken
    },
    change(next) {
      load = next
      good.pace(load.rate)
      flood.pace(load.flood)
    },
    stop() {
      good.pace(0)
      flood.pace(0)
    },
  }
}
