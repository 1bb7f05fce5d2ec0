/** The workload and the server of the model whose figures the table is compared with; times in milliseconds. */
export interface Model {
  readonly sessions: number
  readonly zipf: number
  /** Requests per second. */
  readonly perSecond: number
  readonly tokenLife: number
  readonly revokedEarly: number
  /** Introspections per second of the healthy server. */
  readonly capacity: number
  readonly roundTrip: number
  /** Addresses that a flood comes from. */
  readonly floodSources: number
  /** Sessions come in over this time, so that what is cached has every age when the weather changes. */
  readonly comeInOver: number
  /** Healthy time before the weather changes: until the cache is full, and loses as much in a minute as after hours. */
  readonly warmUp: number
  /** How much of each scenario's time is played; 1 for all of it. */
  readonly played: number
}

export const MODEL: Model = Object.freeze({
  sessions: 20_000,
  zipf: 0.9,
  perSecond: 500,
  tokenLife: 1_800_000,
  revokedEarly: 0.01,
  capacity: 600,
  roundTrip: 20,
  floodSources: 200,
  comeInOver: 300_000,
  warmUp: 660_000,
  played: 1,
})

/** The same world with fewer sessions, requests and introspections: what is cached, and for how long, stays the same. */
export function scaled(model: Model, factor: number): Model {
  return {
    ...model,
    sessions: Math.round(model.sessions * factor),
    perSecond: model.perSecond * factor,
    capacity: model.capacity * factor,
  }
}
