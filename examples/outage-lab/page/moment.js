import { stripTimeAt, weatherStrip } from './charts/weather-strip.js'
import { html, say } from './dom.js'
import { lately, summary } from './figures.js'
import { moment, percent } from './words.js'

/** @import { Frame, LabState } from '../src/frame.ts' */
/** @import { View } from './charts/view.js' */

/** How many frames a key moves by. @type {Readonly<Record<string, number>>} */
const STEPS = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
}

/**
 * The strip above the lanes: the weather as it was, and a slider for the moment whose figures are shown.
 *
 * @param {HTMLElement} place
 * @param {object} listener
 * @param {(steps: number) => void} listener.onMove  frames to go back or ahead
 * @param {(at: number) => void} listener.onPoint  a time, in milliseconds since the laboratory was started
 * @param {() => void} listener.onLive
 */
export function createMoment(place, { onMove, onPoint, onLive }) {
  const when = html('span', { id: 'when' })
  const hint = html('span', {})
  const slider = html('div', { role: 'slider', tabindex: 0, 'aria-label': 'Moment that the figures are of' })
  place.append(html('div', { class: 'when' }, when, hint), slider)

  slider.addEventListener('keydown', (event) => {
    const steps = STEPS[event.key]
    if (event.key === 'Escape') onLive()
    else if (steps !== undefined) onMove(steps)
    else return
    event.preventDefault()
  })

  /** @type {View | undefined} */
  let view
  /** @param {PointerEvent} event */
  const point = ({ clientX }) => {
    if (view) onPoint(stripTimeAt(view, slider.getBoundingClientRect(), clientX))
  }
  slider.addEventListener('pointerdown', (event) => {
    slider.setPointerCapture(event.pointerId)
    point(event)
  })
  slider.addEventListener('pointermove', (event) => {
    if (event.buttons > 0) point(event)
  })

  return {
    /**
     * @param {View} next
     * @param {LabState} lab
     * @param {Frame | undefined} pointed
     */
    draw(next, lab, pointed) {
      view = next
      const titles = new Map(lab.weathers.map(({ name, title }) => [/** @type {string} */ (name), title]))
      slider.replaceChildren(
        weatherStrip(view, slider.clientWidth, (weather) => titles.get(weather) ?? weather, pointed?.at),
      )
    },
    /**
     * @param {readonly Frame[]} frames
     * @param {Frame} frame
     * @param {LabState} lab
     * @param {boolean} live
     */
    read(frames, frame, lab, live) {
      const weather = lab.weathers.find(({ name }) => name === frame.weather)
      const since = sinceOf(frames, frame)
      const where = live ? 'Now' : `At ${moment(frame.at)}${behind(frames, frame)}`
      say(when, `${where}: ${weather?.title ?? frame.weather}${since > 0 ? ` for ${moment(since)}` : ''}`)
      say(hint, frame === frames.at(-1) ? 'Point at a chart to look back' : 'Esc: back to the latest')
      const shares = lab.variants.map(({ name, title }) => {
        const { served, due } = summary(lately(frames, frame), name)
        return `${title} ${percent(served, due)}`
      })
      slider.setAttribute('aria-valuemin', String(frames[0]?.seq ?? 0))
      slider.setAttribute('aria-valuemax', String(frames.at(-1)?.seq ?? 0))
      slider.setAttribute('aria-valuenow', String(frame.seq))
      // Not while it is live: a text that changes every second would be read out every second.
      if (live) slider.setAttribute('aria-valuetext', 'Now')
      else slider.setAttribute('aria-valuetext', `${where}, ${weather?.title}. Served: ${shares.join(', ')}`)
    },
  }
}

/**
 * For how long the weather had been what it was, in milliseconds; 0 where that began before the first frame.
 *
 * @param {readonly Frame[]} frames
 * @param {Frame} frame
 */
function sinceOf(frames, frame) {
  const before = frames.findLast(({ at, weather }) => at < frame.at && weather !== frame.weather)
  return before ? frame.at - before.at : 0
}

/**
 * @param {readonly Frame[]} frames
 * @param {Frame} frame
 */
function behind(frames, frame) {
  const between = (frames.at(-1)?.at ?? frame.at) - frame.at
  return between > 0 ? `, ${moment(between)} before the latest` : ''
}
