import { svg } from '../dom.js'

/** CSS pixels that a letter of a label takes, or somewhat less. */
const LETTER = 6

/**
 * A word on a plate of its own, where there is room, so that no pattern makes it hard to read.
 *
 * @param {string} text
 * @param {number} left
 * @param {number} width
 * @param {number} baseline
 */
export function label(text, left, width, baseline) {
  const needed = text.length * LETTER + 6
  if (width < needed + 4) return []
  return [
    svg('rect', { class: 'label-plate', x: left + 3, y: baseline - 10, width: needed, height: 12, rx: 2 }),
    svg('text', { class: 'label', x: left + 3 + needed / 2, y: baseline - 0.5, 'text-anchor': 'middle' }, text),
  ]
}
