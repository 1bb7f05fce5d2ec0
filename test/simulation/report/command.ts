import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PolicyName } from '../policies/policies.ts'
import { inThreads } from '../threads.ts'
import { pageOf, plotsOf } from './page.ts'
import { type Recording, type RecordJob, WEATHERS } from './record.ts'

export interface ReportOptions {
  readonly policies: readonly PolicyName[]
  readonly seed: number
  readonly scale: number
  readonly threads: number
  readonly program: URL
  /** Where the page goes. */
  readonly page: string | undefined
  /** The folder that the plots go to, one SVG file each. */
  readonly plots: string | undefined
}

/** Records the policies side by side, and writes what was asked for. */
export async function reportCommand({
  policies,
  seed,
  scale,
  threads,
  program,
  page,
  plots,
}: ReportOptions): Promise<boolean> {
  const jobs = WEATHERS.flatMap((weather) => policies.map((policy): RecordJob => ({ policy, weather, seed, scale })))
  const tasks = jobs.map((job) => ({ is: 'record', job }) as const)
  const recordings = await inThreads<Recording>(tasks, { program, threads, done: told })
  if (page !== undefined) {
    await writeFile(page, pageOf(recordings, { seed, scale }))
    process.stdout.write(`wrote ${page}\n`)
  }
  if (plots !== undefined) {
    await mkdir(plots, { recursive: true })
    for (const { name, svg } of plotsOf(recordings)) await writeFile(join(plots, `${name}.svg`), svg)
    process.stdout.write(`wrote the plots to ${plots}\n`)
  }
  return true
}

function told({ policy, weather }: Recording): void {
  process.stderr.write(`${policy}, ${weather}\n`)
}
