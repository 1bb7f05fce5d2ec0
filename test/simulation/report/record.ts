import { POLICIES, type PolicyName } from '../policies/policies.ts'
import { type Model, MODEL, scaled } from '../scenarios/model.ts'
import { always } from '../world/faults.ts'
import { sessions } from '../world/workload.ts'
import { type Sample, World } from '../world/world.ts'

export const WEATHERS = ['brownout', 'outage'] as const
export type WeatherName = (typeof WEATHERS)[number]

/** One policy in one kind of weather, written down over time. */
export interface RecordJob {
  readonly policy: PolicyName
  readonly weather: WeatherName
  readonly seed: number
  /** Part of the model's sessions, requests and capacity. Default 1. */
  readonly scale?: number
}

/** What was measured in one step of time; `undefined` where there was nothing to measure. */
export interface Step {
  /** Seconds since the weather changed. */
  readonly at: number
  /** Percent of requests accepted. */
  readonly known: number | undefined
  readonly new: number | undefined
  /** Introspections per second that were sent. */
  readonly calls: number
  /** Seconds: the largest age of evidence that a request was accepted on. */
  readonly age: number | undefined
  /** Introspections that wait in the authorization server's queue, and in the replica's. */
  readonly serverQueue: number
  readonly queue: number
}

export interface Recording {
  readonly policy: PolicyName
  readonly weather: WeatherName
  readonly steps: readonly Step[]
}

/** Seconds: of clear weather before the trouble, of the trouble, and of the time after it. */
export const COURSE: Readonly<
  Record<WeatherName, { readonly before: number; readonly trouble: number; readonly after: number }>
> = {
  brownout: { before: 60, trouble: 600, after: 180 },
  outage: { before: 60, trouble: 420, after: 180 },
}
/** Capacity in the brownout, and after the outage; the model's healthy one is 600. */
const LEFT = { brownout: 20 / 600, outage: 100 / 600 } as const
/** Seconds of one step. */
const STEP = 10

export async function record({ policy, weather, seed, scale = 1 }: RecordJob): Promise<Recording> {
  const model = scale === 1 ? MODEL : scaled(MODEL, scale)
  const world = new World({ seed, policy: POLICIES[policy], capacity: model.capacity, roundTrip: model.roundTrip })
  const load = sessions(world, model)
  await world.run(model.warmUp)
  const { before, trouble, after } = COURSE[weather]
  const steps: Step[] = []
  const measure = new Measure(world)
  const pass = async (seconds: number): Promise<void> => {
    for (let passed = 0; passed < seconds; passed += STEP) {
      await world.run(world.now + STEP * 1_000)
      steps.push(measure.step(steps.length * STEP - before + STEP / 2))
    }
  }
  await pass(before)
  begins(world, weather, model)
  await pass(trouble)
  world.server.weather.introspection = undefined
  world.server.capacity = weather === 'outage' ? LEFT.outage * model.capacity : model.capacity
  await pass(after)
  load.rate = 0
  await world.close()
  return { policy, weather, steps }
}

function begins({ server }: World, weather: WeatherName, model: Model): void {
  if (weather === 'brownout') server.capacity = LEFT.brownout * model.capacity
  else {
    server.weather.introspection = always({ is: 'silent' })
    server.dropQueue()
  }
}

/** Counts from step to step. A request belongs to the step in which it is decided. */
class Measure {
  readonly #world: World
  #counts = none()
  #calls = 0

  constructor(world: World) {
    this.#world = world
    this.#calls = world.replicas[0]!.network.traffic.calls
    world.onSample = ({ token, active, known, decision }: Sample) => {
      const counts = this.#counts
      const accepted = decision.outcome === 'accepted'
      if (accepted) counts.age = Math.max(counts.age ?? 0, decision.age / 1_000)
      if (!token || !active) return
      const group = known ? counts.known : counts.new
      group.asked += 1
      if (accepted) group.accepted += 1
    }
  }

  step(at: number): Step {
    const { contender, network } = this.#world.replicas[0]!
    const { known, new: unknown, age } = this.#counts
    const calls = (network.traffic.calls - this.#calls) / STEP
    this.#calls = network.traffic.calls
    this.#counts = none()
    const queued = contender.server?.status().issuers[0]?.introspection?.queued
    const queue = queued ? queued.blocked + queued.grace + queued.quiet + queued.busy : 0
    return { at, known: share(known), new: share(unknown), calls, age, serverQueue: this.#world.server.queued, queue }
  }
}

interface Counts {
  readonly known: { asked: number; accepted: number }
  readonly new: { asked: number; accepted: number }
  age: number | undefined
}

const none = (): Counts => ({ known: { asked: 0, accepted: 0 }, new: { asked: 0, accepted: 0 }, age: undefined })

const share = ({ asked, accepted }: { asked: number; accepted: number }): number | undefined =>
  asked === 0 ? undefined : (100 * accepted) / asked
