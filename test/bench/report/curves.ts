import { roundUp } from './dots.ts'
import { figureOf } from './markdown.ts'
import { legend, line, mark, picture, tenth, text } from './svg.ts'

export interface Panel {
  readonly unit: string
  readonly lines: readonly {
    readonly name: string
    /** Powers of ten, and values. */
    readonly points: readonly (readonly [power: number, value: number])[]
  }[]
}

interface Curves {
  readonly title: string
  /** What the horizontal axis counts. */
  readonly x: string
  readonly panels: readonly Panel[]
}

const WIDTH = 720
const HEIGHT = 280
const TOP = 66
const BOTTOM = 226
const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹'

/** Panels side by side over the same powers of ten; each vertical axis begins at zero. */
export function curves({ title, x, panels }: Curves): string {
  const names = panels[0]!.lines.map(({ name }) => name)
  const width = WIDTH / panels.length
  const drawn = panels.flatMap((panel, at) => panelOf(panel, at * width + 56, (at + 1) * width - 24))
  return picture(title, WIDTH, HEIGHT, [...legend(names, WIDTH), ...drawn, text(WIDTH / 2, HEIGHT - 14, x, 'mid')])
}

function panelOf({ unit, lines }: Panel, left: number, right: number): string[] {
  const points = lines.flatMap((one) => one.points)
  const powers = [...new Set(points.map(([power]) => power))].toSorted((one, other) => one - other)
  const top = roundUp(Math.max(...points.map(([, value]) => value)))
  const from = powers[0]!
  const xOf = (power: number): number => left + ((power - from) / (powers.at(-1)! - from || 1)) * (right - left)
  const yOf = (value: number): number => BOTTOM - (value / top) * (BOTTOM - TOP)
  return [
    text(left - 44, TOP - 16, unit),
    ...[0, 0.25, 0.5, 0.75, 1].flatMap((part) => [
      line('grid', [left, yOf(top * part)], [right, yOf(top * part)]),
      text(left - 8, yOf(top * part) + 4, String(tenth(top * part * 10) / 10), 'end'),
    ]),
    ...powers.map((power) => text(xOf(power), BOTTOM + 20, `10${SUPERSCRIPTS[power]}`, 'mid')),
    ...lines.flatMap(({ name, points: own }, series) => [
      `<path class="c${series}" d="${own.map(([power, value], at) => `${at === 0 ? 'M' : 'L'}${tenth(xOf(power))} ${tenth(yOf(value))}`).join('')}"/>`,
      ...own.map(([power, value]) => mark(series, xOf(power), yOf(value), `${name}, 10^${power}: ${figureOf(value)}`)),
    ]),
  ]
}
