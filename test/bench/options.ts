import { parseArgs } from 'node:util'

export const SUITES = ['micro', 'http', 'introspection', 'scale', 'event-loop'] as const
export type SuiteName = (typeof SUITES)[number]

/** Major versions that the benchmark knows a release of; the goals are judged on {@link JUDGED}. */
const MAJORS = [20, 22, 24, 26] as const
export const JUDGED = [20, 24] as const

export interface BenchOptions {
  readonly suites: readonly SuiteName[]
  /** Major versions. */
  readonly nodes: readonly number[]
  readonly json: string | undefined
  readonly check: boolean
  readonly quick: boolean
  readonly only: string | undefined
  /** Files to write the page from, instead of measuring. */
  readonly report: readonly string[] | undefined
}

export const HELP: string = `Usage: pnpm run bench [options]

Measures this project beside other libraries: every row in one run, its subjects in turn, the ratio of each to the
baseline of the row. What each row is, and what a figure means, is in test/bench/README.md.

  --suite A,B      ${SUITES.join(', ')} (default: all)
  --node 20,24     on these major versions of Node.js, which npm provides (default: the running one; with --check
                   ${JUDGED.join(' and ')})
  --only TEXT      rows whose name contains the text
  --quick          a few short rounds, to see that everything runs; the figures mean little
  --json FILE      writes every figure of every round, too
  --check          compares the ratios with the goals; ends with 1 where one is short
  --report FILE,…  measures nothing: writes the tables of docs/performance.md, and the plots, from what --json wrote; of
                   a row that is in several files the last one counts
`

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  suite: { type: 'string', multiple: true },
  node: { type: 'string', multiple: true },
  json: { type: 'string' },
  check: { type: 'boolean' },
  quick: { type: 'boolean' },
  only: { type: 'string' },
  report: { type: 'string', multiple: true },
} as const

/** What the command line asks for; `undefined` for help. @throws {RangeError | TypeError} for what makes no sense. */
export function benchOptions(args: readonly string[], running: number): BenchOptions | undefined {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true })
  if (values.help === true) return undefined
  for (const name of ['json', 'only'] as const) if (values[name] === '') throw new RangeError(`--${name} is empty`)
  const report = listed(values.report)
  if (report && Object.keys(values).length > 1) throw new RangeError('--report measures nothing: write it alone')
  if (report?.includes('')) throw new RangeError('--report is empty')
  const check = values.check ?? false
  const nodes = listed(values.node)?.map((name) => major(name, running))
  return {
    suites: listed(values.suite)?.map(suite) ?? SUITES,
    nodes: nodes ?? (check ? JUDGED : [running]),
    json: values.json,
    check,
    quick: values.quick ?? false,
    only: values.only,
    report,
  }
}

/** `--suite a,b --suite c`, each once. */
function listed(values: readonly string[] | undefined): string[] | undefined {
  return values && [...new Set(values.flatMap((value) => value.split(',')).map((value) => value.trim()))]
}

function suite(name: string): SuiteName {
  const found = SUITES.find((one) => one === name)
  if (found === undefined) throw new RangeError(`--suite: there is no "${name}"; write some of ${SUITES.join(', ')}`)
  return found
}

function major(name: string, running: number): number {
  const found = [...MAJORS, running].find((one) => String(one) === name)
  if (found === undefined)
    throw new RangeError(`--node: no release of "${name}" is known; write some of ${MAJORS.join(', ')}`)
  return found
}
