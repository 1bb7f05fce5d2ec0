/** One line of a chart. Points without a value are gaps. */
export interface Line {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number | undefined])[]
}

export interface Chart {
  readonly title: string
  /** What the vertical axis counts. */
  readonly unit: string
  readonly lines: readonly Line[]
  /** The span of the trouble, shaded. */
  readonly shaded: readonly [from: number, to: number]
  /** The top of the vertical axis; default: what the lines need. */
  readonly top?: number
}

const SIZE = { width: 720, height: 300, left: 56, right: 120, top: 40, bottom: 40 } as const
const PLOT = { width: SIZE.width - SIZE.left - SIZE.right, height: SIZE.height - SIZE.top - SIZE.bottom } as const

/** Colours that are told apart in light and dark, and by those who do not see red from green; and dashes beside them. */
const STYLE = `
.chart{font:12px system-ui,sans-serif;--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--bad:#8884 ;--c0:#0b62d6;--c1:#b35900;--c2:#6f42c1;--c3:#1a7f37;--c4:#59636e}
@media(prefers-color-scheme:dark){.chart{--ink:#f0f6fc;--soft:#9198a1;--rule:#3d444d;--bad:#8883;--c0:#4d9bff;--c1:#f0883e;--c2:#b392f0;--c3:#4ac26b;--c4:#9198a1}}
.chart text{fill:var(--soft)}.chart .title{fill:var(--ink);font-size:14px;font-weight:600}.chart .grid{stroke:var(--rule)}
.chart .bad{fill:var(--bad)}.chart path{fill:none;stroke-width:2;stroke-linejoin:round}
.chart .c0{stroke:var(--c0)}.chart .c1{stroke:var(--c1);stroke-dasharray:7 3}.chart .c2{stroke:var(--c2);stroke-dasharray:2 3}
.chart .c3{stroke:var(--c3);stroke-dasharray:9 3 2 3}.chart .c4{stroke:var(--c4);stroke-dasharray:4 4}`

/** A line chart over seconds, as SVG that needs nothing else and follows the reader's light or dark. */
export function svgOf(chart: Chart): string {
  const xs = chart.lines.flatMap(({ points }) => points.map(([x]) => x))
  const ys = chart.lines.flatMap(({ points }) => points.flatMap(([, y]) => y ?? []))
  const [from, to] = [Math.min(...xs), Math.max(...xs)]
  const top = chart.top ?? niceTop(Math.max(1, ...ys))
  const x = (seconds: number): number => SIZE.left + ((seconds - from) / (to - from || 1)) * PLOT.width
  const y = (value: number): number => SIZE.top + (1 - Math.min(1, value / top)) * PLOT.height
  const [badFrom, badTo] = chart.shaded

  const grid = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = round(y(top * part))
    const line = `<line class="grid" x1="${SIZE.left}" x2="${SIZE.left + PLOT.width}" y1="${at}" y2="${at}"/>`
    return `${line}<text x="${SIZE.left - 8}" y="${at + 4}" text-anchor="end">${label(top * part)}</text>`
  })
  const minutes = ticks(from, to).map(
    (at) => `<text x="${round(x(at))}" y="${SIZE.height - 20}" text-anchor="middle">${at / 60} min</text>`,
  )
  const names = spread(
    chart.lines.map(({ points }) => y(points.findLast(([, value]) => value !== undefined)?.[1] ?? 0)),
  )
  const lines = chart.lines.map(
    ({ name, points }, n) =>
      `<path class="c${n}" d="${path(points, x, y)}"><title>${escaped(name)}</title></path>` +
      `<path class="c${n}" d="M${SIZE.left + PLOT.width + 6} ${round(names[n]!)}h18"/>` +
      `<text x="${SIZE.left + PLOT.width + 28}" y="${round(names[n]!) + 4}">${escaped(name)}</text>`,
  )
  return [
    `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="${escaped(chart.title)}">`,
    `<style>${STYLE}</style>`,
    `<text class="title" x="${SIZE.left}" y="20">${escaped(chart.title)}</text>`,
    `<text x="${SIZE.left}" y="${SIZE.top - 6}">${escaped(chart.unit)}</text>`,
    `<rect class="bad" x="${round(x(badFrom))}" y="${SIZE.top}" width="${round(x(badTo) - x(badFrom))}" height="${PLOT.height}"/>`,
    ...grid,
    ...minutes,
    ...lines,
    '</svg>',
    '',
  ].join('\n')
}

type Scale = (value: number) => number

function path(points: Line['points'], x: Scale, y: Scale): string {
  let pen = 'M'
  const steps = points.map(([at, value]) => {
    if (value === undefined) {
      pen = 'M'
      return ''
    }
    const step = `${pen}${round(x(at))} ${round(y(value))}`
    pen = 'L'
    return step
  })
  return steps.join('')
}

/** Keeps names apart that would stand on one another: so far below their neighbour at least. */
function spread(heights: readonly number[]): readonly number[] {
  const GAP = 16
  const order = heights.map((_, n) => n).toSorted((one, other) => heights[one]! - heights[other]!)
  const placed = [...heights]
  let above = -Infinity
  for (const n of order) above = placed[n] = Math.max(placed[n]!, above + GAP)
  const excess = Math.max(0, above - (SIZE.top + PLOT.height))
  return placed.map((height) => height - excess)
}

function ticks(from: number, to: number): readonly number[] {
  const step = Math.max(1, Math.ceil((to - from) / 60 / 8)) * 60
  const all: number[] = []
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) all.push(at)
  return all
}

/** The next of 1, 2, 5 times a power of ten. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return power * ([1, 2, 4, 5, 10].find((times) => most <= times * power) ?? 10)
}

const label = (value: number): string => (value >= 1_000 ? `${round(value / 1_000)}k` : String(round(value)))
const round = (value: number): number => Math.round(value * 10) / 10
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
