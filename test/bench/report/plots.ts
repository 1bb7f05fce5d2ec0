import { JUDGED } from '../options.ts'
import { curves, type Panel } from './curves.ts'
import { dots, type DotRow } from './dots.ts'
import type { Figures } from './figures.ts'

export interface Plot {
  readonly name: string
  readonly title: string
  /** The SVG; `undefined` where nothing was measured. */
  readonly draw: (figures: Figures) => string | undefined
}

const NODES = JUDGED.map((major) => `Node ${major}`)
const COLD = ['cold RS256', 'cold ES256', 'cold Ed25519'] as const

const HOT_TITLE = 'A known RS256 token: one check'
const COLD_TITLE = 'A new token: one check, as a multiple of the bare verification'
const SIZES_TITLE = 'With more cached tokens'

export const PLOTS: readonly Plot[] = [
  {
    name: 'hot',
    title: HOT_TITLE,
    draw(figures) {
      const rows = rowsOf(figures, 'hot RS256')
      return rows && dots({ title: HOT_TITLE, unit: 'µs CPU, log scale', series: NODES, groups: [{ name: '', rows }] })
    },
  },
  {
    name: 'cold',
    title: COLD_TITLE,
    draw(figures) {
      const groups = COLD.flatMap((row) => {
        const rows = rowsOf(figures, row, 'raw')
        return rows ? [{ name: row.slice('cold '.length), rows }] : []
      })
      if (groups.length === 0) return undefined
      return dots({ title: COLD_TITLE, unit: 'times raw of the same round, log scale', series: NODES, groups })
    },
  },
  {
    name: 'sizes',
    title: SIZES_TITLE,
    draw(figures) {
      const panels = [checks(figures), memory(figures)].filter(({ lines }) =>
        lines.some(({ points }) => points.length > 1),
      )
      return panels.length === 0 ? undefined : curves({ title: SIZES_TITLE, x: 'cached tokens', panels })
    },
  },
]

/** The cheapest first. */
function rowsOf(figures: Figures, row: string, against?: string): DotRow[] | undefined {
  const comparison = { row, measure: 'cpu', ...(against === undefined ? {} : { against }) } as const
  const rows = figures
    .subjectsOf(row)
    .filter((name) => name !== against)
    .map((name) => {
      const cells = figures.cells(name, comparison)
      return { name, values: cells.map(({ figure, ratio }) => (against === undefined ? figure : ratio)?.median) }
    })
  return rows.length === 0 ? undefined : rows.toSorted((one, other) => costOf(one) - costOf(other))
}

const costOf = ({ values }: DotRow): number => values.findLast((value) => value !== undefined) ?? Infinity

const POWERS = [3, 4, 5, 6]

const checks = (figures: Figures): Panel =>
  panel('µs CPU for a check', (power, at) => {
    const comparison = { row: 'check at 10^3 to 10^6', measure: 'cpu' } as const
    return figures.cells(`10^${power}`, comparison)[at]!.figure?.median
  })

const memory = (figures: Figures): Panel =>
  panel('octets for a token, beyond its claims', (power, at) => {
    const comparison = { row: `memory 10^${power}`, measure: 'bytes' } as const
    return figures.cells('holdfast', comparison)[at]!.figure?.median
  })

function panel(unit: string, valueOf: (power: number, at: number) => number | undefined): Panel {
  const lines = NODES.map((name, at) => ({
    name,
    points: POWERS.flatMap((power) => {
      const value = valueOf(power, at)
      return value === undefined ? [] : [[power, value] as const]
    }),
  }))
  return { unit, lines }
}
