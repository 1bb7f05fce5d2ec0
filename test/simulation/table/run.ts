import { POLICIES, type PolicyName } from '../policies/policies.ts'
import { type Model, MODEL } from '../scenarios/model.ts'
import { begin, COURSES, type Scenario } from '../scenarios/scenarios.ts'
import { flood, sessions } from '../world/workload.ts'
import { type Sample, World } from '../world/world.ts'
import { type Figures, Measures } from './measures.ts'
import { violation } from './rules.ts'

/** One run of the table: everything that its outcome depends on. */
export interface Job {
  readonly policy: PolicyName
  /** Which of {@link COURSES}. */
  readonly course: number
  readonly seed: number
  /** Default: {@link MODEL}. */
  readonly model?: Model
}

export interface JobResult {
  readonly job: Job
  readonly scenarios: readonly {
    readonly scenario: Scenario
    readonly figures: Figures
    readonly acceptedRevoked: number
  }[]
  /** Requests that were sent, warm-up included. */
  readonly requests: number
  /** Of everything that happened. */
  readonly hash: string
  /** Decisions that break a rule, in words; at most ten. */
  readonly violations: readonly string[]
  readonly invariantFailures: number
}

/** Time for the last requests of a scenario to be decided, in milliseconds. */
const AFTERMATH = 5_000

/** Makes one run, from a cold start through the warm-up and the weather. */
export async function run(job: Job): Promise<JobResult> {
  // A refusal is an error object, and its stack is most of its price. Nobody reads it here.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return await play(job)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

async function play(job: Job): Promise<JobResult> {
  const { policy, course, seed, model = MODEL } = job
  const world = new World({ seed, policy: POLICIES[policy], capacity: model.capacity, roundTrip: model.roundTrip })
  const load = sessions(world, model)
  const junk = flood(world, { perSecond: 0, sources: model.floodSources })
  const phases = COURSES[course]!

  const violations: string[] = []
  let invariantFailures = 0
  let requests = 0
  /** Which phase a request belongs to is settled by its arrival. */
  let spans: { from: number; to: number; measures: Measures }[] = []
  world.onSample = (sample: Sample) => {
    requests += 1
    const broken = violation(sample, world.now)
    if (broken !== undefined) {
      invariantFailures += 1
      if (violations.length < 10) violations.push(broken)
    }
    for (const { from, to, measures } of spans) if (sample.at >= from && sample.at < to) measures.add(sample)
  }

  await world.run(model.warmUp)
  const scenarios: JobResult['scenarios'][number][] = []
  const ends: (() => void)[] = []
  for (const phase of phases) {
    const seconds = phase.seconds * model.played
    const span = { from: world.now, to: world.now + seconds * 1_000, measures: new Measures() }
    spans = [...spans, span]
    begin(phase, world, model, junk)
    const before = world.server.work.useful
    await world.run(span.to)
    const share = phase.capacity === 'silent' ? 0 : phase.capacity
    const work = { useful: world.server.work.useful - before, possible: share * model.capacity * seconds }
    ends.push(() => {
      const { measures } = span
      scenarios.push({
        scenario: phase.scenario,
        figures: measures.figures(work),
        acceptedRevoked: measures.acceptedRevoked,
      })
    })
  }
  load.rate = 0
  junk.rate = 0
  await world.run(world.now + AFTERMATH)
  for (const end of ends) end()
  await world.close()
  return { job, scenarios, requests, hash: world.trace.hash, violations, invariantFailures }
}
