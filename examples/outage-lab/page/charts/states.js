import { svg } from '../dom.js'
import { inked } from './inks.js'
import { label } from './label.js'

/** @import { Frame } from '../../src/frame.ts' */
/** @import { Column } from './view.js' */

/** The height of the strip. */
export const STRIP = 14

/** What each state looks like. @type {Readonly<Record<string, string>>} */
const STATE_INKS = {
  healthy: 'calm',
  limited: 'unavailable',
  down: 'failed',
  recovering: 'stale',
  misconfigured: 'wrong',
}

/**
 * @param {readonly Column[]} columns
 * @param {(frame: Frame) => string | undefined} stateOf
 * @param {(at: number) => number} x
 * @param {number} least  where the charts begin
 */
export function states(columns, stateOf, x, least) {
  /** @type {{ state: string, left: number, right: number }[]} */
  const found = []
  for (const { frames, start, end, apart } of columns) {
    const last = frames.at(-1)
    const state = last && stateOf(last)
    if (state === undefined) continue
    const before = found.at(-1)
    if (before?.state === state && !apart) before.right = x(end)
    else found.push({ state, left: Math.max(least, x(start)), right: x(end) })
  }
  return found.flatMap(({ state, left, right }, index) => {
    const width = Math.max(0, right - left)
    return [
      svg('rect', { x: left, y: 2, width, height: STRIP, ...inked(STATE_INKS[state] ?? 'turned') }),
      ...(index < found.length - 1 ? label(state, left, width, 13) : []), // the caption says the last one
    ]
  })
}
