import type { Goal } from './goals.ts'
import type { Result } from './result.ts'
import { type Estimate, estimate, ratios } from './statistics.ts'
import { short } from './table.ts'

export type Verdict = 'reached' | 'short' | 'not decidable here' | 'not measured'

export interface Judgement {
  readonly verdict: Verdict
  /** What was compared with the bound; none where nothing was measured. */
  readonly found: Estimate | undefined
  readonly bound: Bound | undefined
}

type Bound = Pick<Goal, 'atMost' | 'atLeast'>

/** What is compared in which row. */
export type Comparison = Pick<Goal, 'row' | 'measure' | 'against' | 'over' | 'less'>

/**
 * A goal beside what was measured on one version of Node.js. Reached, or short, is what the whole interval says; where
 * the bound lies within it, the noise of this machine is wider than the margin.
 */
export function judge(goal: Goal, results: readonly Result[]): Judgement {
  const values = compared(goal.subject, goal, results)
  const bound = boundOf(goal, results)
  // The median of what cannot be compared, such as a division of nothing by nothing, is no figure.
  if (!values || values.length === 0 || values.some(Number.isNaN) || !bound) {
    return { verdict: 'not measured', found: undefined, bound }
  }
  const found = estimate(values)
  return { verdict: verdictOf(bound, found), found, bound }
}

function verdictOf({ atMost = Infinity, atLeast = -Infinity }: Bound, { low, high }: Estimate): Verdict {
  if (high <= atMost && low >= atLeast) return 'reached'
  return low > atMost || high < atLeast ? 'short' : 'not decidable here'
}

/** What the goal says, or what its control leaves of one; `undefined` where that was not measured. */
export function boundOf(goal: Goal, results: readonly Result[]): Bound | undefined {
  if (goal.control === undefined) return goal
  const values = compared(goal.control, goal, results)
  if (!values || values.length === 0) return undefined
  const { low, high } = estimate(values)
  return { atLeast: 1 - Math.max(Math.abs(1 - low), Math.abs(1 - high)) }
}

/** Round by round: the figures of a subject, or their ratio to those of what it is held against. */
export function compared(subject: string, comparison: Comparison, results: readonly Result[]): number[] | undefined {
  const own = beside(comparison.less, net(subject, comparison, results), comparison, results)
  if (comparison.against === undefined) return own
  const others = net(comparison.against, comparison, results)
  return own && others && ratios(own, others)
}

/** What is left of figures without those of another subject. */
function beside(
  other: string | undefined,
  samples: number[] | undefined,
  comparison: Comparison,
  results: readonly Result[],
): number[] | undefined {
  if (other === undefined || !samples) return samples
  const without = net(other, comparison, results)
  return without && samples.slice(0, without.length).map((value, round) => value - without[round]!)
}

function net(subject: string, { row, measure, over }: Comparison, results: readonly Result[]): number[] | undefined {
  const samplesOf = (name: string): readonly number[] | undefined =>
    results.find((one) => one.row === row && one.subject === name && one.measure === measure)?.samples
  const samples = samplesOf(subject)
  if (over === undefined || !samples) return samples?.slice()
  const spent = samplesOf(over)
  return spent && samples.slice(0, spent.length).map((value, round) => value - spent[round]!)
}

/** Prints a line for every goal. @returns Whether none is short; a goal that nothing was measured for is. */
export function check(
  results: readonly Result[],
  { goals, leftOut }: { readonly goals: readonly Goal[]; readonly leftOut: number },
  nodes: readonly number[],
  print: (line: string) => void,
): boolean {
  const counts: Record<Verdict, number> = { reached: 0, short: 0, 'not decidable here': 0, 'not measured': 0 }
  for (const major of nodes) {
    print(`\nGoals on Node ${major}`)
    const own = results.filter(({ node }) => node.startsWith(`v${major}.`))
    for (const goal of goals.filter(({ nodes: limited }) => limited?.includes(major) ?? true)) {
      const { verdict, found, bound } = judge(goal, own)
      counts[verdict] += 1
      print(`  ${goal.line}. ${nameOf(goal)}: ${found ? figuresOf(found) : '–'}, ${toldOf(bound)}: ${labelOf(verdict)}`)
    }
  }
  const missed = counts.short + counts['not measured']
  const told = [`${counts.reached} reached`, `${missed} short`, `${counts['not decidable here']} not decidable here`]
  if (leftOut > 0) told.push(`${leftOut} left out by --suite or --only`)
  print(`\n${told.join(', ')}`)
  return missed === 0
}

function labelOf(verdict: Verdict): string {
  return verdict === 'not measured' ? 'short (not measured)' : verdict
}

function nameOf({ row, subject, against, over, less, measure }: Goal): string {
  const own = less === undefined ? subject : `${subject} less ${less}`
  const what = over === undefined ? own : `${own} over ${over}`
  return `${row}, ${what}${against === undefined ? '' : ` / ${against}`} (${measure})`
}

function figuresOf({ median, low, high }: Estimate): string {
  return `${short(median)} (${short(low)} to ${short(high)})`
}

function toldOf({ atMost, atLeast }: Bound = {}): string {
  const least = atLeast === undefined ? [] : [`at least ${short(atLeast)}`]
  return (atMost === undefined ? least : [`at most ${short(atMost)}`, ...least]).join(' and ')
}
