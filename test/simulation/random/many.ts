import { smallRun, type SmallRunResult } from './run.ts'

/** Seeds, one after another. */
export interface SmallRunsJob {
  readonly from: number
  readonly count: number
}

/** Makes the small runs of these seeds. */
export async function smallRuns({ from, count }: SmallRunsJob): Promise<readonly SmallRunResult[]> {
  const results: SmallRunResult[] = []
  for (let seed = from; seed < from + count; seed += 1) results.push(await smallRun(seed))
  return results
}

/** The same seeds in portions for threads. */
export function portions({ from, count }: SmallRunsJob, size: number): readonly SmallRunsJob[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, n) => ({
    from: from + n * size,
    count: Math.min(size, count - n * size),
  }))
}
