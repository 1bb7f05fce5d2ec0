import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { BATCH, run, type RunResult } from './run.ts'
import { TARGETS } from './targets.ts'

/** The comparison with jose: property tests of the core, with more inputs. */
const ORACLE = 'oracle'
const ORACLE_TESTS = ['oracle', 'key-oracle'].map((name) => `packages/core/test/property/${name}.test.ts`)

const HELP = `Usage: pnpm run fuzz [options]

Gives every parser, and the whole path over the core, Express and Koa, inputs that are random, made by a grammar, or
changed from valid ones. Nothing but a defined outcome may come of any; memory must stay flat, and twice the input may
take three times as long at most. A failure is shrunk and printed with the command that repeats it.

  --target NAME      ${TARGETS.map(({ name }) => name).join(', ')};
                     may be repeated (default: all of these).
                     ${ORACLE}: our verdicts beside those of jose, --runs inputs for each algorithm (default 10,000)
  --runs N           inputs for each target (default 1,000,000; a fifth for each face, and a fiftieth of
                     whole courses of a hostile authority)
  --seed N           where the inputs come from (default 1); every ${BATCH} inputs the next number
  --markdown FILE    writes the figures as a table
  --minutes N        for all targets together; what is not reached is left out
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  target: { type: 'string', multiple: true },
  runs: { type: 'string' },
  seed: { type: 'string' },
  minutes: { type: 'string' },
  markdown: { type: 'string' },
} as const

process.exitCode = await main()

/** @returns The exit code: 1 for a failure, 2 for a call that makes no sense. */
async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: OPTIONS, strict: true })
    if (values.help === true) {
      process.stdout.write(HELP)
      return 0
    }
    return (await fuzz(values)) ? 0 : 1
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n\n${HELP}`)
    return 2
  }
}

async function fuzz(values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values']): Promise<boolean> {
  if (values.target?.includes(ORACLE) === true) return oracle(values.runs ?? '10000', values.seed ?? '1')
  const targets = chosen(values.target)
  const minutes = values.minutes === undefined ? Infinity : positive('minutes', values.minutes)
  const inputs = Math.ceil(positive('runs', values.runs ?? '1000000'))
  const seed = Math.trunc(positive('seed', values.seed ?? '1'))
  const ends = performance.now() + minutes * 60_000
  const results: RunResult[] = []
  for (const [index, target] of targets.entries()) {
    // What is left of the time is shared by the targets that are left.
    const now = performance.now()
    const until = now + (ends - now) / (targets.length - index)
    const progress = (done: number): void => tell(`\r${target.name}: ${done}`)
    results.push(await run(target, { seed, inputs: Math.ceil(inputs * target.share), until, progress }))
    tell(`\r${' '.repeat(60)}\r`)
    process.stdout.write(lineOf(results.at(-1)!))
  }
  if (values.markdown !== undefined) writeFileSync(values.markdown, tableOf(results))
  const failing = results.filter(({ failures }) => failures.length > 0)
  const total = results.reduce((sum, one) => sum + one.inputs, 0)
  process.stdout.write(`\n${total} inputs, ${failing.length} of ${results.length} targets failed\n`)
  return failing.length === 0
}

/** Tokens and key sets for every algorithm, judged by us and by jose. */
function oracle(runs: string, seed: string): boolean {
  const env = { ...process.env, FUZZ_RUNS: String(positive('runs', runs)), FUZZ_SEED: String(positive('seed', seed)) }
  const args = ['node_modules/vitest/vitest.mjs', 'run', ...ORACLE_TESTS]
  return spawnSync(process.execPath, args, { stdio: 'inherit', env }).status === 0
}

/** Shows how far it is to whoever watches. */
function tell(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(text)
}

function lineOf({ target, inputs, outcomes, seconds, heap, work, failures, batch }: RunResult): string {
  const told = [...outcomes]
    .toSorted(([, one], [, other]) => other - one)
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ')
  const figures = [
    `${inputs} inputs`,
    `${seconds.toFixed(1)} s`,
    `${Math.round(inputs / Math.max(seconds, 0.001))} a second`,
    `heap ${heap < 0 ? '' : '+'}${(heap / 1_048_576).toFixed(1)} MiB`,
    ...(work ? [`twice the size ${work.ratio.toFixed(1)} times the time (${work.shape})`] : []),
  ]
  const trouble = failures.map(({ seed, report }) => {
    return `${report}\nAgain: pnpm run fuzz --target '${target}' --seed ${seed} --runs ${batch}\n`
  })
  return `${target}: ${figures.join(', ')}\n    ${told}\n${trouble.join('')}`
}

function tableOf(results: readonly RunResult[]): string {
  const rows = results.map(({ target, inputs, outcomes, seconds, heap, work, failures }) => {
    const kinds = [...outcomes.keys()].filter((outcome) => outcome !== 'accepted').length
    const cells = [
      target,
      inputs.toLocaleString('en'),
      (outcomes.get('accepted') ?? 0).toLocaleString('en'),
      String(kinds),
      `${seconds.toFixed(0)} s`,
      `${(heap / 1_048_576).toFixed(1)} MiB`,
      work ? work.ratio.toFixed(1) : '',
      String(failures.length),
    ]
    return `| ${cells.join(' | ')} |\n`
  })
  const head = ['target', 'inputs', 'accepted', 'other outcomes', 'time', 'heap', 'twice the size', 'failures']
  return `| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |\n${rows.join('')}`
}

function chosen(names: readonly string[] | undefined): typeof TARGETS {
  for (const name of names ?? []) {
    if (!TARGETS.some((target) => target.name === name)) throw new RangeError(`--target: there is no ${name}`)
  }
  return names ? TARGETS.filter(({ name }) => names.includes(name)) : TARGETS
}

function positive(name: string, text: string): number {
  const value = Number(text.replaceAll(/[,_]/g, ''))
  if (Number.isFinite(value) && value > 0) return value
  throw new RangeError(`--${name} is a number above 0, not ${text}`)
}
