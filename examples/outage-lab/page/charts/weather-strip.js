import { svg } from '../dom.js'
import { moment } from '../words.js'
import { weathered } from './inks.js'
import { label } from './label.js'
import { canvas, timeScale } from './plot.js'
import { timeMarks } from './scale.js'

/** @import { Frame, Note } from '../../src/frame.ts' */
/** @import { View } from './view.js' */

const HEIGHT = 40
const BAR = 20
/** CSS pixels; the strip has no scale to label. */
const GUTTER = 4
/** CSS pixels that half of a time takes. */
const EDGE = 16

/**
 * The weather as it was, a mark for everything that was done, and the time.
 *
 * @param {View} view
 * @param {number} width
 * @param {(weather: string) => string} titleOf
 * @param {number | undefined} at  the moment that is looked at
 */
export function weatherStrip(view, width, titleOf, at) {
  const x = timeScale(view, width, GUTTER)
  const stretches = view.weather.flatMap(({ weather, from, to }) => {
    const left = x(Math.max(from, view.from))
    const size = Math.max(0, x(Math.min(to, view.to)) - left)
    return [
      svg('rect', { x: left, y: 0.5, width: size, height: BAR, ...weathered(weather) }),
      svg('path', { class: 'band-edge', d: `M${left} 0.5v${BAR}` }),
      ...label(titleOf(weather), left, size, 15),
    ]
  })
  const notes = done(view.frames).map((note) => svg('path', { class: 'note-mark', d: `M${x(note.at)} ${BAR - 4}v8` }))
  const marks = timeMarks(view.from, view.to, Math.max(2, width / 80))
  const whole = marks.filter((time) => x(time) > EDGE && x(time) < width - EDGE)
  const times = whole.map((time) => svg('text', { x: x(time), y: HEIGHT - 4, 'text-anchor': 'middle' }, moment(time)))
  const frame = { x: GUTTER, y: 0.5, width: Math.max(0, width - 2 * GUTTER), height: BAR }
  return canvas(
    width,
    HEIGHT,
    ...stretches,
    svg('rect', { class: 'strip-frame', ...frame }),
    ...notes,
    ...times,
    ...(at === undefined ? [] : [svg('path', { class: 'cursor', d: `M${x(at)} 0V${HEIGHT - 14}` })]),
  )
}

/**
 * The time at a place on the screen.
 *
 * @param {View} view
 * @param {Pick<DOMRect, 'left' | 'width'>} strip
 * @param {number} clientX
 */
export function stripTimeAt(view, { left, width }, clientX) {
  const [start, end] = [timeScale(view, width, GUTTER)(view.from), timeScale(view, width, GUTTER)(view.to)]
  const part = (clientX - left - start) / (end - start)
  return view.from + Math.min(1, Math.max(0, part)) * (view.to - view.from)
}

/** @param {readonly Frame[]} frames @returns {readonly Note[]} */
const done = (frames) => frames.flatMap(({ notes }) => notes.filter(({ about }) => about === 'action'))
