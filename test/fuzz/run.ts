import { occupied } from './heap.ts'
import type { Failure, Outcomes, Target } from './target.ts'
import { type Growth, growthOf } from './work.ts'

/** Inputs made from one seed; the next ones come from the next seed. */
export const BATCH = 5_000
/** Octets that the heap may have grown by between the first tenth of the inputs and the last. */
const MAX_GROWTH = 8 * 1_024 * 1_024

export interface RunOptions {
  readonly seed: number
  readonly inputs: number
  /** `performance.now()` at which no further batch is begun. */
  readonly until: number
  readonly progress: (inputs: number) => void
}

export interface RunResult {
  readonly target: string
  readonly inputs: number
  readonly outcomes: Outcomes
  readonly seconds: number
  /** Octets. */
  readonly heap: number
  /** The shape by which the work grew fastest. */
  readonly work: Growth | undefined
  readonly failures: readonly Failure[]
  /** What to write for `--runs` so that one batch is run again. */
  readonly batch: number
}

const rejections: unknown[] = []
process.on('unhandledRejection', (reason) => void rejections.push(reason))

/** Runs a target to its end: inputs, then what they left in memory, then how the work grows. Stops at a failure. */
export async function run(target: Target, { seed, inputs, until, progress }: RunOptions): Promise<RunResult> {
  const outcomes: Outcomes = new Map()
  const failures: Failure[] = []
  const began = performance.now()
  let done = 0
  let early: number | undefined
  for (let batch = 0; done < inputs && failures.length === 0 && performance.now() < until; batch += 1) {
    const count = Math.min(BATCH, inputs - done)
    const failure = await target.run(seed + batch, count, outcomes)
    if (failure) failures.push(failure)
    for (const reason of rejections.splice(0))
      failures.push({ seed: seed + batch, report: `unhandled: ${String(reason)}` })
    done += count
    if (early === undefined && done >= inputs / 10 && done < inputs) early = await occupied()
    progress(done)
  }
  const seconds = (performance.now() - began) / 1_000
  const heap = early === undefined ? 0 : (await occupied()) - early
  if (heap > MAX_GROWTH) failures.push({ seed, report: `the heap grew by ${heap} octets` })
  const work = failures.length === 0 ? measured(target, failures) : undefined
  await target.close()
  const again = Math.ceil(BATCH / target.share)
  return { target: target.name, inputs: done, outcomes, seconds, heap, work, failures, batch: again }
}

/** How the work grows; an input of a shape may not break anything either. */
function measured(target: Target, failures: Failure[]): Growth | undefined {
  try {
    const work = growthOf(target)
    if (work && !work.bounded) {
      failures.push({ seed: 0, report: `twice "${work.shape}" takes ${work.ratio.toFixed(1)} times the time` })
    }
    return work
  } catch (error) {
    failures.push({ seed: 0, report: `a shape: ${error instanceof Error ? error.stack : String(error)}` })
    return undefined
  }
}
