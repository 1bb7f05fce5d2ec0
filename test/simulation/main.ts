import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort } from 'node:worker_threads'
import { fleetCommand } from './fleet/command.ts'
import { POLICY_NAMES } from './policies/policies.ts'
import { smallRunCommand, smallRunsCommand } from './random/command.ts'
import { planCommand } from './plan/command.ts'
import { reportCommand } from './report/command.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'
import { tableCommand } from './table/command.ts'
import type { WorkerAnswer } from './table/pool.ts'
import { type Job, type JobResult, run } from './table/run.ts'
import { perform, type TaskMessage } from './threads.ts'

/** Where a report goes that is not told where. */
const PAGE = 'simulation-report.html'

const HELP = `Usage: pnpm run simulate [options]

The table (default): every policy in every scenario at full size, means over seeds with 95 % intervals. A run
takes about a minute of a processor, and there are 160: an hour or more in two threads. Progress goes to stderr.
  --seeds N          how many seeds, 1 to N (default 20; at most 5 for a policy that is not named)
  --policy NAME      ${POLICY_NAMES.join(', ')}; may be repeated
  --scenario NAME    ${SCENARIOS.join(', ')}; may be repeated
  --json FILE        writes the figures

Small runs of random faults and workloads, every rule checked after every event.
  --runs N           seeds 1 to N
  --seed N           one of them; with --trace every event of it

A plan with your own numbers: availability and revocation lag of each preset.
  --rps N            requests per second
  --sessions N       sessions with one opaque token each
  --capacity N       introspections per second that a brownout leaves

A report: the policies side by side over time, in a brownout and in an outage.
  --report [FILE]    writes an HTML page (default ${PAGE})
  --plots DIR        writes the plots as SVG files
  --scale PART       of the model's sessions, requests and capacity (default 1; smaller is faster)

A fleet: replicas before one authorization server, its load beside the law of docs/scale.md.
  --fleet

  --workers N        threads (default: as many as processors)
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  seeds: { type: 'string' },
  policy: { type: 'string', multiple: true },
  scenario: { type: 'string', multiple: true },
  json: { type: 'string' },
  runs: { type: 'string' },
  seed: { type: 'string' },
  trace: { type: 'boolean' },
  rps: { type: 'string' },
  sessions: { type: 'string' },
  capacity: { type: 'string' },
  report: { type: 'string' },
  plots: { type: 'string' },
  scale: { type: 'string' },
  fleet: { type: 'boolean' },
  workers: { type: 'string' },
} as const

/** The threads of a run run this program, too. */
const PROGRAM = new URL(import.meta.url)

if (isMainThread) process.exitCode = await main()
else parentPort!.on('message', (job: Job | TaskMessage) => void answer(job))

async function answer(job: Job | TaskMessage): Promise<void> {
  const message = 'is' in job ? await perform(job) : await answerOf(job)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
  parentPort!.postMessage(message)
}

function answerOf(job: Job): Promise<WorkerAnswer<JobResult>> {
  return run(job).then(
    (result) => ({ result }),
    (error: unknown) => ({ error: `${job.policy}, course ${job.course}, seed ${job.seed}: ${String(error)}` }),
  )
}

/** @returns The exit code: 1 for a broken rule, 2 for a call that makes no sense. */
async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ args: withPage(process.argv.slice(2)), options: OPTIONS, strict: true })
    if (!values.help) return (await command(values)) ? 0 : 1
    process.stdout.write(HELP)
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`)
    return 2
  }
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']

/** One line for each thing to do. @returns Whether every rule held. */
function command(values: Values): Promise<boolean> {
  const threads = wholeNumber('workers', values.workers) ?? availableParallelism()
  const runs = wholeNumber('runs', values.runs)
  const seed = wholeNumber('seed', values.seed)
  if (values.fleet === true) return fleetCommand(seed ?? 1)
  if (values.report !== undefined || values.plots !== undefined) {
    const policies = chosen('policy', values.policy, POLICY_NAMES).filter((one) => values.policy || one !== 'none')
    const { report: page, plots } = values
    const scale = Number(values.scale ?? 1)
    if (!(scale > 0 && scale <= 1)) throw new RangeError(`--scale is above 0 and at most 1, not ${values.scale}`)
    return reportCommand({ policies, seed: seed ?? 1, scale, threads, program: PROGRAM, page, plots })
  }
  const [rps, sessions, capacity] = (['rps', 'sessions', 'capacity'] as const).map((one) =>
    wholeNumber(one, values[one]),
  )
  if (rps !== undefined || sessions !== undefined || capacity !== undefined) {
    if (rps === undefined || sessions === undefined || capacity === undefined)
      throw new RangeError('a plan needs --rps, --sessions and --capacity')
    return planCommand({ rps, sessions, capacity, seed: seed ?? 1, threads, program: PROGRAM })
  }
  if (seed !== undefined) return smallRunCommand(seed, values.trace === true)
  if (runs !== undefined) return smallRunsCommand({ runs, threads, program: PROGRAM })
  return tableCommand({
    seeds: wholeNumber('seeds', values.seeds) ?? 20,
    policies: values.policy && chosen('policy', values.policy, POLICY_NAMES),
    scenarios: chosen('scenario', values.scenario, SCENARIOS),
    json: values.json,
    threads,
    program: PROGRAM,
  })
}

/** `--report` may stand alone. */
function withPage(args: readonly string[]): string[] {
  return args.flatMap((arg, n) => (arg === '--report' && (args[n + 1] ?? '--').startsWith('--') ? [arg, PAGE] : [arg]))
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : Number(text)
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value
  throw new RangeError(`--${name} is a whole number from 1, not ${text}`)
}

function chosen<T extends string>(name: string, given: readonly string[] | undefined, all: readonly T[]): readonly T[] {
  for (const one of given ?? []) {
    if (!(all as readonly string[]).includes(one)) {
      throw new RangeError(`--${name} is one of ${all.join(', ')}, not ${one}`)
    }
  }
  return given ? all.filter((one) => given.includes(one)) : all
}
