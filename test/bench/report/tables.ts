import { boundOf, judge, type Verdict } from '../check.ts'
import { type Goal, goalsFor } from '../goals.ts'
import { JUDGED, SUITES } from '../options.ts'
import type { Cell, Figures } from './figures.ts'
import { estimateOf, figureOf, tableOf } from './markdown.ts'
import type { Section, Unit } from './sections.ts'

const NOTHING = 'Not measured yet.'
const PER: Partial<Readonly<Record<Unit, number>>> = { ms: 1_000 }

/** A line for each subject of each row: its figure, and the ratio with its interval, on each judged version. */
export function sectionOf(section: Section, figures: Figures): string {
  const { unit, against, rows } = section
  const head = JUDGED.flatMap((major) => [
    `Node ${major}, ${unit}`,
    ...(against === undefined ? [] : [`of ${against}`]),
  ])
  const body = rows.flatMap((shown) => {
    const [row, ...chosen] = typeof shown === 'string' ? [shown] : shown
    const measured = figures.subjectsOf(row)
    const subjects = chosen.length === 0 ? measured : chosen.filter((subject) => measured.includes(subject))
    return subjects.map((subject, at) => {
      const cells = figures.cells(subject, { ...section, row })
      return [at === 0 ? row : '', named(subject), ...cells.flatMap((cell) => cellsOf(cell, section))]
    })
  })
  return body.length === 0 ? NOTHING : tableOf([['', '', ...head], ...body], 2)
}

function cellsOf({ figure, ratio }: Cell, { unit, against }: Section): string[] {
  const told = figure ? figureOf(figure.median / (PER[unit] ?? 1)) : '–'
  return against === undefined ? [told] : [told, ratio ? estimateOf(ratio) : '–']
}

const named = (subject: string): string => (subject === 'holdfast' ? '**holdfast**' : subject)

/** What was measured where. */
export function aboutOf({ all }: Figures): string {
  if (all.length === 0) return NOTHING
  const commits = each(all.map(({ commit }) => commit))
  const nodes = each(all.map(({ node }) => node))
  const machines = each(all.flatMap(({ machine }) => machine ?? []))
  return `Measured at commit ${commits}, with Node.js ${nodes}${machines && `, on ${machines}`}.`
}

const each = (texts: readonly string[]): string => [...new Set(texts)].toSorted().join(', ')

/** Every goal with its verdict on each version. */
export function goalsOf(figures: Figures): string {
  if (figures.all.length === 0) return NOTHING
  const counts = JUDGED.map(() => new Map<Verdict, number>())
  const lines = goalsFor(SUITES, undefined).goals.map((goal) => {
    const cells = JUDGED.map((major, at) => {
      if (goal.nodes?.includes(major) === false) return ''
      const { verdict, found } = judge(goal, figures.of(major))
      counts[at]!.set(verdict, (counts[at]!.get(verdict) ?? 0) + 1)
      const bound = goal.control === undefined ? undefined : boundOf(goal, figures.of(major))
      const told = [...(found ? [estimateOf(found)] : []), ...(bound ? [toldOf(bound)] : [])]
      return [...told, verdict].join(', ')
    })
    return [String(goal.line), goal.row, whoOf(goal), goal.control === undefined ? toldOf(goal) : 'the noise', ...cells]
  })
  const sums = JUDGED.map((major, at) => `Node ${major}: ${summed(counts[at]!)}.`)
  const head = ['', 'row', 'what', 'bound', ...JUDGED.map((major) => `Node ${major}`)]
  return `${sums.join(' ')}\n\n${tableOf([head, ...lines], head.length)}`
}

function summed(counts: ReadonlyMap<Verdict, number>): string {
  return [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ')
}

function whoOf({ subject, less, against, measure }: Goal): string {
  const own = less === undefined ? subject : `(${subject} − ${less})`
  return against === undefined ? `${own}, ${UNITS[measure]}` : `${own} / ${against}`
}

const UNITS: Readonly<Record<Goal['measure'], string>> = {
  cpu: 'µs CPU',
  wall: 'µs',
  throughput: 'per second',
  bytes: 'octets',
  calls: 'calls',
}

function toldOf({ atMost, atLeast }: Pick<Goal, 'atMost' | 'atLeast'>): string {
  const most = atMost === undefined ? [] : [`≤ ${plain(atMost)}`]
  return [...most, ...(atLeast === undefined ? [] : [`≥ ${plain(atLeast)}`])].join(', ')
}

/** 2.5 and not 2.50. */
const plain = (bound: number): string => bound.toLocaleString('en', { maximumSignificantDigits: 3 })
