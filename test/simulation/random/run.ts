import { type Chance, chance } from '../engine/chance.ts'
import { Scheduler } from '../engine/scheduler.ts'
import { Trace, type TraceLine } from '../engine/trace.ts'
import { Instance, type Tampering } from './instance.ts'
import { Kept } from './kept.ts'
import { recovery } from './recovery.ts'
import { type Rule, RuleBroken } from './rules.ts'
import { MOST_EVENTS, type RunSettings, settingsOf } from './settings.ts'
import { Truth } from './truth.ts'
import { drawPhase } from './weather.ts'
import { Wire } from './wire.ts'
import { Workload } from './workload.ts'

export interface SmallRunOptions {
  readonly tampering?: Tampering
  /** Instead of what the seed draws. */
  readonly settings?: Partial<RunSettings>
  /** Hears every line of the trace. */
  readonly onLine?: (line: TraceLine) => void
}

export interface SmallRunResult {
  readonly seed: number
  readonly events: number
  readonly requests: number
  /** Of everything that happened. */
  readonly hash: string
  /** The first rule that did not hold, and how. */
  readonly broken: { readonly rule: Rule; readonly message: string } | undefined
}

/** All that the parts of a run share. */
export interface SmallWorld {
  readonly settings: RunSettings
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly truth: Truth
  readonly wire: Wire
  readonly kept: Kept
  readonly chance: (name: string) => Chance
  /** The process that runs now. */
  instance: Instance
  readonly start: () => Instance
  readonly run: (until: number) => Promise<void>
}

/** The part of the storm that is looked at before it goes on. Milliseconds. */
const SLICE = 1_000
/** Milliseconds between two changes of the weather, on average. */
const PHASE = 6_000

/** Makes the small run that a seed stands for: a storm of faults, then clear skies. Every rule is checked all the time. */
export async function smallRun(
  seed: number,
  { tampering = {}, settings = {}, onLine }: SmallRunOptions = {},
): Promise<SmallRunResult> {
  let broken: RuleBroken | undefined
  const world = build({ ...settingsOf(seed), ...settings }, tampering, (rule) => {
    broken ??= rule
  })
  const { scheduler, trace } = world
  trace.onLine = onLine
  const rejected = (error: unknown): void => {
    broken ??= new RuleBroken('unhandled', String(error))
  }
  process.on('unhandledRejection', rejected)
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0 // thousands of refusals, and nobody reads where they were thrown
  const workload = new Workload(world)
  try {
    await course(world, workload, () => broken)
  } catch (error) {
    broken ??= error instanceof RuleBroken ? error : new RuleBroken('never-500', String((error as Error).stack))
  } finally {
    process.off('unhandledRejection', rejected)
    Error.stackTraceLimit = stackTraceLimit
    world.instance.kill()
  }
  const told = broken && { rule: broken.rule, message: `at ${scheduler.monotonic()} ms: ${broken.message}` }
  return { seed, events: scheduler.processed, requests: workload.requests, hash: trace.hash, broken: told }
}

async function course(world: SmallWorld, workload: Workload, broken: () => RuleBroken | undefined): Promise<void> {
  const { settings, scheduler, trace, wire } = world
  const advance = async (until: number): Promise<void> => {
    await scheduler.run(until, () => {
      const rule = broken()
      if (rule) throw rule
      world.instance.check()
    })
  }
  Object.assign(world, { run: advance })
  const skies = world.chance('weather')
  const change = (): void => {
    if (!workload.isStorm) return
    wire.phase = drawPhase(skies, settings.troubles)
    trace.add(scheduler.monotonic(), 'weather', 0, wire.phase.work, wire.phase.name)
    workload.flood = wire.phase.flood
    scheduler.after(skies.exponential(PHASE), change)
  }
  scheduler.after(skies.exponential(PHASE), change)
  workload.begin()
  while (scheduler.processed < settings.stormEvents) await advance(scheduler.monotonic() + SLICE)
  await recovery(world, workload)
  if (scheduler.processed > MOST_EVENTS) throw new RuleBroken('events', `${scheduler.processed}`)
}

function build(settings: RunSettings, tampering: Tampering, broken: (rule: RuleBroken) => void): SmallWorld {
  const { seed } = settings
  const trace = new Trace()
  const scheduler = new Scheduler(trace)
  const stream = (name: string): Chance => chance(`${seed}/${name}`)
  const truth = new Truth(seed, stream('tokens'), scheduler.monotonic)
  let order = 0
  const nextOrder = (): number => (order += 1)
  const { roundTrip } = settings
  const wire = new Wire({ scheduler, trace, truth, random: stream('wire'), roundTrip, nextOrder })
  const kept = new Kept(settings.store, scheduler, stream('store'))
  let processes = 0
  const start = (): Instance => {
    const random = stream(`process ${(processes += 1)}`)
    return new Instance({ settings, scheduler, trace, wire, kept, random, nextOrder, tampering, broken })
  }
  const run = (until: number): Promise<void> => scheduler.run(until)
  return { settings, scheduler, trace, truth, wire, kept, chance: stream, instance: start(), start, run }
}
