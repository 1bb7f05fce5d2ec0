import { writeFile } from 'node:fs/promises'
import { POLICY_NAMES, type PolicyName } from '../policies/policies.ts'
import { COURSES, type Scenario } from '../scenarios/scenarios.ts'
import { runAll } from './pool.ts'
import type { Job, JobResult } from './run.ts'
import { documentOf, printed, rowsOf } from './table.ts'

/** Seeds for what stands in the table for comparison only: their rows differ by more than chance could. */
const SEEDS_TO_COMPARE = 5

export interface TableOptions {
  readonly seeds: number
  /** Default: the real server with all seeds, the others with at most five. */
  readonly policies: readonly PolicyName[] | undefined
  readonly scenarios: readonly Scenario[]
  readonly threads: number
  /** Where the figures go, as JSON. */
  readonly json: string | undefined
  /** What a worker thread runs. */
  readonly program: URL
}

/** Prints the table. @returns Whether every rule held. */
export async function tableCommand(options: TableOptions): Promise<boolean> {
  const jobs = jobsOf(options)
  const started = performance.now()
  let made = 0
  const onResult = ({ job, violations }: JobResult): void => {
    made += 1
    const minutes = (performance.now() - started) / 60_000
    const left = (minutes / made) * (jobs.length - made)
    const progress = `${made} of ${jobs.length} runs, about ${Math.ceil(left)} min left`
    process.stderr.write(`${progress}: ${job.policy}, ${COURSES[job.course]![0]!.scenario}, seed ${job.seed}\n`)
    for (const violation of violations) process.stderr.write(`${job.policy}, seed ${job.seed}: ${violation}\n`)
  }
  const results = await runAll<JobResult>(jobs, { program: options.program, threads: options.threads, onResult })
  const rows = rowsOf(results).filter(({ scenario }) => options.scenarios.includes(scenario))
  const invariantFailures = results.reduce((sum, one) => sum + one.invariantFailures, 0)
  process.stdout.write(`${printed(rows)}\n\n${options.seeds} seeds, ${invariantFailures} broken rules\n`)
  if (options.json !== undefined) {
    await writeFile(options.json, `${JSON.stringify(documentOf(rows, options.seeds, invariantFailures), null, 2)}\n`)
  }
  return invariantFailures === 0
}

/** Seed by seed, so that what is printed on the way is of use. */
function jobsOf({ seeds, policies, scenarios }: TableOptions): readonly Job[] {
  const courses = COURSES.flatMap((phases, course) =>
    phases.some(({ scenario }) => scenarios.includes(scenario)) ? [course] : [],
  )
  const all = Array.from({ length: seeds }, (_, n) => n + 1)
  const isWanted = (policy: PolicyName, seed: number): boolean =>
    policies ? policies.includes(policy) : policy === 'holdfast' || seed <= SEEDS_TO_COMPARE
  return all.flatMap((seed) =>
    POLICY_NAMES.filter((policy) => isWanted(policy, seed)).flatMap((policy) =>
      courses.map((course) => ({ policy, course, seed })),
    ),
  )
}
