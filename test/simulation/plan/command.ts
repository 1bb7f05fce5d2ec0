import { inThreads } from '../threads.ts'
import { type PlanJob, type PlanRow, PRESETS } from './plan.ts'

export interface PlanOptions {
  readonly rps: number
  readonly sessions: number
  readonly capacity: number
  readonly seed: number
  readonly threads: number
  readonly program: URL
  /** Seconds of bad weather; for tests. */
  readonly seconds?: number
}

/** Prints what users and operators can expect of each preset when the authorization server does badly. */
export async function planCommand({ threads, program, ...numbers }: PlanOptions): Promise<boolean> {
  const weathers = ['brownout', 'outage'] as const
  const jobs = weathers.flatMap((weather) => PRESETS.map((preset): PlanJob => ({ ...numbers, preset, weather })))
  const tasks = jobs.map((job) => ({ is: 'plan', job }) as const)
  const rows = await inThreads<PlanRow>(tasks, { program, threads })
  process.stdout.write(planTable(rows, numbers))
  return true
}

export function planTable(
  rows: readonly PlanRow[],
  { rps, sessions, capacity }: Omit<PlanOptions, 'threads' | 'program'>,
): string {
  const lines = rows.map(({ preset, weather, known, new: unknown, lag, bound }) => {
    const [knownText, newText] = [known, unknown].map((one) => `${one.toFixed(1)} %`.padStart(8))
    const lagText = `${lag.longest.toFixed(0)} s (median ${lag.median.toFixed(0)} s)`
    return `${weather.padEnd(9)} ${preset.padEnd(9)} ${knownText} ${newText}   ${lagText.padEnd(22)} ${bound} s`
  })
  return [
    `${rps} requests/s, ${sessions} sessions, one replica; a brownout that leaves ${capacity} introspections/s, and an outage`,
    '',
    'weather   preset       known      new   a revoked token works  at most',
    ...lines,
    '',
    'known: tokens verified here before; new: first seen. A revoked token works from its revocation to its last use that was accepted.',
    '',
  ].join('\n')
}
