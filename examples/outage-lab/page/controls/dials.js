import { byId, html, say } from '../dom.js'
import { percent } from '../words.js'

/** @import { Load, LabState } from '../../src/frame.ts' */

/** @param {number} value */
const eachSecond = (value) => `${value} per second`
/** @param {number} share */
const inPercent = (share) => percent(share, 1)

/** @type {readonly { name: keyof Load, title: string, step: number, text: (value: number) => string }[]} */
const DIALS = [
  { name: 'rate', title: 'Requests with good tokens', step: 10, text: eachSecond },
  { name: 'jwtShare', title: 'JWTs among the tokens', step: 0.05, text: inPercent },
  { name: 'oneShotShare', title: 'Tokens used only once', step: 0.05, text: inPercent },
  { name: 'flood', title: 'Made-up tokens on top', step: 10, text: eachSecond },
]

/**
 * @param {LabState['loadBounds']} bounds
 * @param {(load: Partial<Load>) => Promise<void>} onChange
 */
export function createDials(bounds, onChange) {
  const dials = DIALS.map(({ name, title, step, text }) => {
    const { min, max } = bounds[name]
    const input = html('input', { type: 'range', min, max, step, 'data-dial': name })
    const output = html('output')
    const dial = { name, input, moved: false, node: html('label', {}, html('span', {}, title), output, input), show }

    /** @param {number} value */
    function show(value) {
      if (input.valueAsNumber !== value) input.value = String(value)
      input.setAttribute('aria-valuetext', text(value))
      say(output, text(value))
    }
    input.addEventListener('input', () => {
      dial.moved = true // from here on the hand has it, and no frame takes it back
      show(input.valueAsNumber)
    })
    input.addEventListener('change', () => {
      void onChange({ [name]: input.valueAsNumber }).finally(() => (dial.moved = false))
    })
    return dial
  })
  byId('load', HTMLElement).replaceChildren(...dials.map(({ node }) => node))

  return {
    /** @param {Load} load */
    show(load) {
      for (const { name, moved, show } of dials) if (!moved) show(load[name])
    },
  }
}
