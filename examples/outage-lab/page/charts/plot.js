import { svg } from '../dom.js'
import { inked } from './inks.js'
import { areaPath, linePath } from './path.js'
import { linear, logarithmic, timeMarks } from './scale.js'
import { states, STRIP } from './states.js'
import { columnOf } from './view.js'
import { valueOf } from '../measures.js'
import { moment } from '../words.js'

/** @import { VariantName, VariantText } from '../../src/frame.ts' */
/** @import { Measure, Series } from '../measures.js' */
/** @import { Column, Stretch, View } from './view.js' */

/** CSS pixels: room for the labels of the scale, and a little air. */
const GUTTER = 36
const RIGHT = 4
const TOP = 5
const BOTTOM = 2

/**
 * The scale of time in a chart of this width.
 *
 * @param {Pick<View, 'from' | 'to'>} view
 * @param {number} width
 * @param {number} [gutter]
 */
export function timeScale({ from, to }, width, gutter = GUTTER) {
  return linear(from, to, gutter, width - RIGHT)
}

/**
 * One measure of one API over time.
 *
 * @param {Measure} measure
 * @param {VariantText} variant
 * @param {View} view
 * @param {number} ceiling
 * @param {number} width  in CSS pixels
 * @returns {SVGSVGElement}
 */
export function plot(measure, variant, view, ceiling, width) {
  const { height, floor, series, marks = (high) => [high / 2, high] } = measure
  const top = measure.state ? TOP + STRIP + 3 : TOP
  const x = timeScale(view, width)
  const y = floor ? logarithmic(floor, ceiling, height - BOTTOM, top) : linear(0, ceiling, height - BOTTOM, top)
  const bound = measure.bound?.(variant) ?? 0

  const columns = view.columns.map((frames, index) => columnOf(frames, view.columns[index - 1]))
  return canvas(
    width,
    height,
    ...bands(view, x, top, height),
    ...marks(ceiling).flatMap((value) => mark(y(value), measure.label(value), width)),
    svg('path', { class: 'base', d: `M${GUTTER} ${height - BOTTOM + 0.5}H${width - RIGHT}` }),
    svg('g', { class: 'data' }, ...drawn(series, columns, variant.name, x, y)),
    ...(bound > 0 ? boundLine(y(bound), width) : []),
    ...(measure.state ? states(columns, ({ variants }) => measure.state?.(variants[variant.name]), x, GUTTER) : []),
  )
}

/**
 * The axis below the charts of a lane.
 *
 * @param {View} view
 * @param {number} width
 */
export function timeAxis(view, width) {
  const x = timeScale(view, width)
  const marks = timeMarks(view.from, view.to, Math.max(2, width / 62))
  const texts = marks.map((at) => svg('text', { x: x(at), y: 12, 'text-anchor': 'middle' }, moment(at)))
  const ticks = marks.map((at) => svg('path', { class: 'base', d: `M${x(at)} 0v3` }))
  return canvas(width, 15, ...ticks, ...texts.filter((_, index) => inside(x(marks[index] ?? 0), width)))
}

/**
 * @param {number} width
 * @param {number} height
 * @param {...SVGElement} children
 */
export function canvas(width, height, ...children) {
  const box = { width, height, viewBox: `0 0 ${width} ${height}` }
  return svg('svg', { class: 'plot', 'aria-hidden': 'true', ...box }, ...children)
}

/**
 * @param {readonly Series[]} series
 * @param {readonly Column[]} columns
 * @param {VariantName} variant
 * @param {(at: number) => number} x
 * @param {(value: number) => number} y
 */
function drawn(series, columns, variant, x, y) {
  const stacked = columns.map(() => 0)
  return series.map((one) => {
    const { kind, name } = one
    const points = columns.flatMap(({ frames, end, apart }, index) => {
      const amount = valueOf(one, frames, variant)
      const gap = apart ? [undefined] : []
      if (amount === null) return [undefined]
      if (kind === 'line') return [...gap, /** @type {const} */ ([x(end), y(amount), y(amount)])]
      const below = stacked[index] ?? 0
      stacked[index] = below + amount
      return [...gap, /** @type {const} */ ([x(end), y(below), y(below + amount)])]
    })
    return kind === 'area'
      ? svg('path', { class: 'area', ...inked(name), d: areaPath(points) })
      : svg('path', { class: `line ${name}`, d: linePath(points.map((point) => point && [point[0], point[1]])) })
  })
}

/**
 * @param {View} view
 * @param {(at: number) => number} x
 * @param {number} top
 * @param {number} height
 */
function bands({ weather, from, to }, x, top, height) {
  return weather
    .filter((stretch) => stretch.weather !== 'healthy')
    .flatMap((stretch) => {
      const left = x(Math.max(from, stretch.from))
      const right = x(Math.min(to, stretch.to))
      const box = { x: left, y: top, width: Math.max(0, right - left), height: height - BOTTOM - top }
      return [svg('rect', { class: 'band', ...box }), ...edges(stretch, { from, to }, left, right, top, height)]
    })
}

/**
 * @param {Stretch} stretch
 * @param {Pick<View, 'from' | 'to'>} view
 * @param {number} left
 * @param {number} right
 * @param {number} top
 * @param {number} height
 */
function edges(stretch, { from, to }, left, right, top, height) {
  const line = `V${height - BOTTOM}`
  return [
    ...(stretch.from > from ? [svg('path', { class: 'band-edge', d: `M${left} ${top}${line}` })] : []),
    ...(stretch.to < to ? [svg('path', { class: 'band-edge', d: `M${right} ${top}${line}` })] : []),
  ]
}

/**
 * @param {number} y
 * @param {string} label
 * @param {number} width
 */
function mark(y, label, width) {
  return [
    svg('path', { class: 'grid', d: `M${GUTTER} ${Math.round(y) + 0.5}H${width - RIGHT}` }),
    svg('text', { x: GUTTER - 4, y: y + 3.5, 'text-anchor': 'end' }, label),
  ]
}

/**
 * @param {number} y
 * @param {number} width
 */
function boundLine(y, width) {
  return [
    svg('path', { class: 'bound', d: `M${GUTTER} ${y}H${width - RIGHT}` }),
    svg('text', { class: 'bound-label', x: GUTTER + 3, y: y + 10 }, 'bound'),
  ]
}

/**
 * @param {number} x
 * @param {number} width
 */
const inside = (x, width) => x > GUTTER - 8 && x < width - 12
