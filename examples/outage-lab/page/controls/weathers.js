import { weathered } from '../charts/inks.js'
import { byId, html, say, svg } from '../dom.js'

/** @import { LabState, WeatherName } from '../../src/frame.ts' */

/**
 * A radio button for each weather: the arrow keys go through them, and the number beside each is its shortcut.
 *
 * @param {LabState['weathers']} weathers
 * @param {(weather: WeatherName) => void} onChange
 */
export function createWeathers(weathers, onChange) {
  const text = byId('weather-text', HTMLElement)
  const options = weathers.map(({ name, title, text: explanation }, index) => {
    const input = html('input', { type: 'radio', name: 'weather', value: name })
    input.addEventListener('change', () => onChange(name))
    const sample = svg('svg', { width: 22, height: 12, 'aria-hidden': 'true' }, sampleOf(name))
    const key = html('kbd', { 'aria-hidden': 'true' }, String(index + 1))
    return { name, explanation, input, node: html('label', { title: explanation }, input, sample, title, key) }
  })
  byId('weather', HTMLElement).replaceChildren(...options.map(({ node }) => node))

  return {
    /** @param {WeatherName} weather */
    show(weather) {
      for (const { name, input, explanation } of options) {
        input.checked = name === weather
        if (name === weather) say(text, explanation)
      }
    },
  }
}

/** @param {string} weather */
function sampleOf(weather) {
  return svg('g', {}, svg('rect', { width: 22, height: 12, ...weathered(weather) }), svg('rect', frame))
}

const frame = { class: 'strip-frame', x: 0.5, y: 0.5, width: 21, height: 11 }
