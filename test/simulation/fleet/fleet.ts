import { zipf } from '../engine/chance.ts'
import { holdfast } from '../policies/holdfast.ts'
import { always } from '../world/faults.ts'
import type { Token } from '../world/tokens.ts'
import { type Arrivals, arrivals } from '../world/workload.ts'
import { bearer, type Replica, type Sample, World } from '../world/world.ts'
import { calmCalls, type FleetShape, outageCalls } from './law.ts'

export interface FleetOptions {
  readonly seed: number
  readonly replicas: number
  readonly routing: FleetShape['routing']
  readonly sessions: number
  /** Exponent of the popularity of sessions. */
  readonly zipf: number
  /** Requests per second of all sessions together. */
  readonly perSecond: number
  /** Introspections per second of the authorization server. */
  readonly capacity: number
  /** Milliseconds. */
  readonly fresh: number
  /** Seconds of each phase; `warmUp` is not measured, nor are the first 15 s of the outage. */
  readonly seconds: { readonly warmUp: number; readonly calm: number; readonly outage: number; readonly after: number }
}

/** One phase, as the authorization server and the users see it. */
export interface PhaseFigures {
  /** Introspections per second that replicas sent. */
  readonly calls: number
  /** The most of them in any second. */
  readonly peakCalls: number
  /** The most calls in flight at any moment. */
  readonly peakInFlight: number
  /** Percent of requests accepted. */
  readonly accepted: number
}

export interface FleetResult {
  readonly calm: PhaseFigures & { readonly expected: number }
  readonly outage: PhaseFigures & { readonly expected: number }
  readonly after: PhaseFigures & {
    /** Seconds until no replica's endpoint is down or recovering any more. */
    readonly healthyAfter: number | undefined
    /** The most calls in flight of one replica within a second of its own recovery. */
    readonly firstSecondInFlight: number
  }
}

/** The attempt's deadline of the default options, in milliseconds. */
const DEADLINE = 2_000
const SETTLING = 15_000
const TOKEN_LIFE = 24 * 3_600_000

/** Real replicas before one authorization server: calm, an outage in which packets are lost, and the time after it. */
export async function fleet(options: FleetOptions): Promise<FleetResult> {
  const { seed, replicas, capacity, fresh, seconds } = options
  const states = new Map<number, string>()
  let built = 0
  const policy: ReturnType<typeof holdfast> = (ports) => {
    const index = (built += 1) - 1
    return holdfast({
      resilience: { fresh: `${fresh}ms` },
      observe: (event) => {
        if (event.type === 'endpoint') states.set(index, event.state)
      },
    })(ports)
  }
  const world = new World({ seed, policy, replicas, capacity })
  const { load, rates } = users(world, options)
  const meter = new Meter(world)
  const until = (s: number): Promise<void> => meter.run(world.now + s * 1_000)

  await until(seconds.warmUp)
  meter.begin()
  await until(seconds.calm)
  const calm = { ...meter.figures(), expected: calmCalls({ replicas, rates, routing: options.routing, fresh }) }

  world.server.weather.introspection = always({ is: 'silent' })
  world.server.dropQueue()
  await until(SETTLING / 1_000)
  meter.begin()
  await until(seconds.outage)
  const outage = { ...meter.figures(), expected: outageCalls(replicas, DEADLINE) }

  world.server.weather.introspection = undefined
  meter.begin()
  const began = world.now
  let healthyAfter: number | undefined
  let firstSecondInFlight = 0
  const recoveredAt = new Map<number, number>()
  await meter.run(world.now + seconds.after * 1_000, () => {
    for (const { index, network } of world.replicas) {
      const state = states.get(index)
      if (state === 'recovering' && !recoveredAt.has(index)) recoveredAt.set(index, world.now)
      const since = recoveredAt.get(index)
      if (since !== undefined && world.now - since < 1_000)
        firstSecondInFlight = Math.max(firstSecondInFlight, network.traffic.inFlight)
    }
    const settled = [...states.values()].every((state) => state !== 'down' && state !== 'recovering')
    healthyAfter = settled ? (healthyAfter ?? (world.now - began) / 1_000) : undefined
  })
  const after = { ...meter.figures(), healthyAfter, firstSecondInFlight }
  load.rate = 0
  await world.run(world.now + 5_000)
  await world.close()
  return { calm, outage, after }
}

/** Sessions with one token each; what each of them asks per second is what the law needs to know. */
function users(world: World, options: FleetOptions): { readonly load: Arrivals; readonly rates: readonly number[] } {
  const { sessions, perSecond, routing } = options
  const choice = zipf(sessions, options.zipf, world.chance('sessions'))
  const random = world.chance('routing')
  const all = Array.from({ length: sessions }, (_, n) => {
    const token: Token = world.tokens.issue({ subject: `user-${n}`, life: TOKEN_LIFE, issuedAt: 0 })
    const replica: Replica = random.pick(world.replicas)
    return { token, replica, request: bearer(token.text, `10.0.${n >> 8}.${n & 255}`) }
  })
  const load = arrivals(world, world.chance('arrivals'), perSecond, () => {
    const { token, replica, request } = all[choice()]!
    world.request(routing === 'sticky' ? replica : random.pick(world.replicas), token, request)
  })
  const weights = all.map((_, n) => (n + 1) ** -options.zipf)
  const sum = weights.reduce((total, one) => total + one, 0)
  return { load, rates: weights.map((one) => (perSecond * one) / sum) }
}

/** Counts what goes over the wires and what becomes of requests. */
class Meter {
  readonly #world: World
  #from = 0
  #callsBefore = 0
  #peakCalls = 0
  #peakInFlight = 0
  #second = { number: 0, calls: 0 }
  #asked = 0
  #accepted = 0

  constructor(world: World) {
    this.#world = world
    world.onSample = ({ at, decision }: Sample) => {
      if (at < this.#from) return
      this.#asked += 1
      if (decision.outcome === 'accepted') this.#accepted += 1
    }
  }

  begin(): void {
    this.#from = this.#world.now
    this.#callsBefore = this.#calls
    this.#asked = this.#accepted = this.#peakCalls = this.#peakInFlight = 0
    this.#second = { number: Math.floor(this.#from / 1_000), calls: this.#callsBefore }
  }

  run(until: number, afterEach: () => void = () => undefined): Promise<void> {
    return this.#world.run(until, () => {
      this.#look()
      afterEach()
    })
  }

  figures(): PhaseFigures {
    const seconds = (this.#world.now - this.#from) / 1_000
    return {
      calls: (this.#calls - this.#callsBefore) / seconds,
      peakCalls: this.#peakCalls,
      peakInFlight: this.#peakInFlight,
      accepted: (100 * this.#accepted) / Math.max(1, this.#asked),
    }
  }

  get #calls(): number {
    return this.#world.replicas.reduce((sum, { network }) => sum + network.traffic.calls, 0)
  }

  #look(): void {
    const inFlight = this.#world.replicas.reduce((sum, { network }) => sum + network.traffic.inFlight, 0)
    this.#peakInFlight = Math.max(this.#peakInFlight, inFlight)
    const number = Math.floor(this.#world.now / 1_000)
    if (number === this.#second.number) return
    const calls = this.#calls
    this.#peakCalls = Math.max(this.#peakCalls, calls - this.#second.calls)
    this.#second = { number, calls }
  }
}
