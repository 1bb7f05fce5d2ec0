import { figureOf } from './markdown.ts'
import { legend, line, mark, picture, text } from './svg.ts'

export interface DotRow {
  readonly name: string
  /** One for each series. */
  readonly values: readonly (number | undefined)[]
}

interface DotPlot {
  readonly title: string
  readonly unit: string
  readonly series: readonly string[]
  readonly groups: readonly { readonly name: string; readonly rows: readonly DotRow[] }[]
}

const WIDTH = 720
const PLOT = { left: 190, right: 570, top: 62 } as const
const STEP = 20

/** A dot for each value on one logarithmic scale, and the values beside them: bars would have no honest beginning. */
export function dots({ title, unit, series, groups }: DotPlot): string {
  const values = groups.flatMap(({ rows }) => rows.flatMap((row) => row.values.filter((value) => value !== undefined)))
  const [from, to] = [roundDown(Math.min(...values)), roundUp(Math.max(...values))]
  const span = Math.log(to / from) || 1
  const x = (value: number): number => PLOT.left + (Math.log(value / from) / span) * (PLOT.right - PLOT.left)

  const drawn: string[] = []
  let y = PLOT.top
  for (const { name, rows } of groups) {
    if (name !== '') {
      drawn.push(text(12, y + 4, name, 'own'))
      y += STEP
    }
    for (const row of rows) {
      const at = y
      const own = row.name === 'holdfast' ? 'own ' : ''
      const told = row.values.map((value) => (value === undefined ? '–' : figureOf(value)))
      drawn.push(
        text(PLOT.left - 12, at + 4, row.name, `${own}end`),
        line('fine', [PLOT.left, at], [PLOT.right, at]),
        ...row.values.flatMap((value, n) =>
          value === undefined ? [] : [mark(n, x(value), at, `${row.name}, ${series[n]}: ${told[n]}`)],
        ),
        ...told.map((content, n) => text(column(n, series), at + 4, content, `${own}end`)),
      )
      y += STEP
    }
    y += 6
  }
  const grid = ticks(from, to).flatMap((value) => [
    line('grid', [x(value), PLOT.top - 12], [x(value), y - 10]),
    text(x(value), y + 6, plain(value), 'mid'),
  ])
  return picture(title, WIDTH, y + 16, [text(12, 38, unit), ...legend(series, WIDTH), ...grid, ...drawn])
}

const column = (n: number, series: readonly string[]): number => WIDTH - 12 - (series.length - 1 - n) * 64

const STEPS = [1, 2, 5, 10]
const powerOf = (value: number): number => 10 ** Math.floor(Math.log10(value))

/** The next of 1, 2, 5 times a power of ten, downwards and upwards. */
export const roundDown = (value: number): number =>
  powerOf(value) * STEPS.findLast((times) => powerOf(value) * times <= value)!
export const roundUp = (value: number): number =>
  powerOf(value) * STEPS.find((times) => value <= powerOf(value) * times)!

/** Every 1, 2 and 5 of a short scale, every power of ten of a long one. */
export function ticks(from: number, to: number): number[] {
  const all: number[] = []
  const steps = to / from > 200 ? [1] : [1, 2, 5]
  for (let power = powerOf(from); power <= to; power *= 10) {
    all.push(...steps.map((times) => power * times).filter((value) => value >= from * 0.999 && value <= to * 1.001))
  }
  return all
}

/** 0.1 and not 0.100. */
const plain = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 1 })
