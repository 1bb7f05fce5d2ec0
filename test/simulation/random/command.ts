import type { TraceLine } from '../engine/trace.ts'
import { inThreads } from '../threads.ts'
import { portions } from './many.ts'
import { smallRun, type SmallRunResult } from './run.ts'

export interface SmallRunsOptions {
  /** Seeds 1 to this. */
  readonly runs: number
  readonly threads: number
  readonly program: URL
}

/** Seeds that a thread takes at a time. */
const PORTION = 20

/** Small runs of random faults. @returns Whether every rule held in all of them. */
export async function smallRunsCommand({ runs, threads, program }: SmallRunsOptions): Promise<boolean> {
  const began = performance.now()
  const total = { runs: 0, events: 0, requests: 0, most: 0, broken: 0 }
  const done = (results: readonly SmallRunResult[]): void => {
    for (const { seed, events, requests, broken } of results) {
      total.runs += 1
      total.events += events
      total.requests += requests
      total.most = Math.max(total.most, events)
      if (!broken) continue
      total.broken += 1
      write(`seed ${seed}: ${broken.message}\n  replay: pnpm run simulate --seed ${seed} --trace\n`)
    }
  }
  const jobs = portions({ from: 1, count: runs }, PORTION).map((job) => ({ is: 'small runs', job }) as const)
  await inThreads<readonly SmallRunResult[]>(jobs, { program, threads, done })
  const seconds = (performance.now() - began) / 1_000
  write(
    `${total.runs} small runs, ${total.events} events (at most ${total.most} in one), ${total.requests} requests ` +
      `in ${seconds.toFixed(1)} s; ${total.broken} with a broken rule\n`,
  )
  return total.broken === 0
}

/** One of them, with every event where `trace` says so. @returns Whether every rule held. */
export async function smallRunCommand(seed: number, trace: boolean): Promise<boolean> {
  const { events, requests, hash, broken } = await smallRun(seed, trace ? { onLine: print } : {})
  write(`seed ${seed}: ${events} events, ${requests} requests, ${hash}; ${broken?.message ?? 'every rule held'}\n`)
  return broken === undefined
}

/** `1234.500 sent 12 34 introspection slow`: milliseconds, what, whom (a token's number), a value, details. */
function print({ at, mark, subject, value, text = '' }: TraceLine): void {
  write(`${at.toFixed(3).padStart(11)} ${mark.padEnd(9)} ${String(subject).padStart(4)} ${value} ${text}\n`)
}

function write(text: string): void {
  process.stdout.write(text)
}
