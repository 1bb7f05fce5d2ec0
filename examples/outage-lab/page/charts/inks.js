import { svg } from '../dom.js'

// What areas are filled with. Colour never stands alone: whatever means trouble has a pattern of its own, too.

/** @type {Readonly<Record<string, { readonly size: number, readonly mark: string }>>} */
const PATTERNS = {
  stale: { size: 5, mark: 'M1.6 2.5a.9.9 0 1 0 1.8 0a.9.9 0 1 0-1.8 0' },
  unavailable: { size: 6, mark: 'M-1 1l2-2M-1 7l8-8M5 7l2-2' },
  wrong: { size: 4, mark: 'M2 0v4' },
  failed: { size: 5, mark: 'M0 0l5 5M5 0l-5 5' },
}

/** Weather is drawn in one quiet colour, and told by its pattern and its name. */
const WEATHERS = {
  slow: { size: 6, mark: 'M3 2.5v1' },
  brownout: { size: 8, mark: 'M-1 1l2-2M-1 9l10-10M7 9l2-2' },
  down: { size: 5, mark: 'M0 0l5 5M5 0l-5 5' },
  nonsense: { size: 8, mark: 'M0 2l2 3l2-3l2 3l2-3' },
  'all-inactive': { size: 5, mark: 'M0 2.5h5' },
  'wrong-credentials': { size: 5, mark: 'M2.5 0v5' },
}

/**
 * Attributes that fill an area with an ink.
 *
 * @param {string} name
 * @returns {Readonly<Record<string, string>>}
 */
export function inked(name) {
  return Object.hasOwn(PATTERNS, name) ? { fill: `url(#ink-${name})` } : { class: `ink-${name}` }
}

/**
 * @param {string} weather
 * @returns {Readonly<Record<string, string>>}
 */
export function weathered(weather) {
  return Object.hasOwn(WEATHERS, weather) ? { fill: `url(#weather-${weather})` } : { class: 'paper' }
}

/** The patterns: once in a document, and once in each exported picture. */
export function patterns() {
  const inks = Object.entries(PATTERNS).map(([name, { size, mark }]) =>
    pattern(`ink-${name}`, size, `ink-${name}`, svg('path', { class: `mark mark-${name}`, d: mark })),
  )
  const weathers = Object.entries(WEATHERS).map(([name, { size, mark }]) =>
    pattern(`weather-${name}`, size, 'paper', svg('path', { class: 'mark mark-weather', d: mark })),
  )
  return svg('defs', {}, ...inks, ...weathers)
}

/**
 * @param {string} id
 * @param {number} size
 * @param {string} ground
 * @param {SVGElement} mark
 */
function pattern(id, size, ground, mark) {
  const box = { width: size, height: size }
  return svg('pattern', { id, patternUnits: 'userSpaceOnUse', ...box }, svg('rect', { class: ground, ...box }), mark)
}

/**
 * A small sample for a legend.
 *
 * @param {'area' | 'line' | 'state'} kind
 * @param {string} name
 */
export function swatch(kind, name) {
  const mark =
    kind === 'line'
      ? svg('path', { class: `line ${name}`, d: 'M0 5h14' })
      : svg('rect', { width: 14, height: 10, ...inked(name) })
  return svg('svg', { width: 11, height: 8, viewBox: '0 0 14 10', 'aria-hidden': 'true' }, mark)
}
