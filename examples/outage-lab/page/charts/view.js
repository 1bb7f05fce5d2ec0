/** @import { Frame } from '../../src/frame.ts' */

/**
 * What all charts show at one time.
 *
 * @typedef {object} View
 * @property {readonly Frame[]} frames  those in the window
 * @property {readonly (readonly Frame[])[]} columns  the same, those together that are drawn in one place
 * @property {number} from   milliseconds since the laboratory was started
 * @property {number} to
 * @property {readonly Stretch[]} weather
 */

/** @typedef {{ readonly weather: string, readonly from: number, readonly to: number }} Stretch */

/**
 * @param {object} shown
 * @param {readonly Frame[]} shown.frames
 * @param {number} shown.window  milliseconds before the last frame; `Infinity` for all
 * @param {boolean} shown.live
 * @param {number} width  of a chart, in CSS pixels
 * @returns {View}
 */
export function viewOf({ frames: all, window, live }, width) {
  const [first] = all
  const to = all.at(-1)?.at ?? 1
  const start = first ? first.at - first.span : 0
  // What was kept fills the charts until there is more of it than they are to show.
  const from = Math.max(to - window, live ? Math.min(start, to - LEAST) : start)
  const frames = all.filter(({ at }) => at > from)
  return { frames, columns: columnsOf(frames, (COLUMN / width) * (to - from)), from, to, weather: weatherOf(all) }
}

/** Milliseconds that live charts cover at least. */
const LEAST = 60_000
/** CSS pixels for a column of frames: narrower ones would show how chance distributes requests, and little else. */
const COLUMN = 2.5

/**
 * Puts those frames together that are drawn in one place. A frame keeps its company as time goes by.
 *
 * @param {readonly Frame[]} frames
 * @param {number} milliseconds
 */
function columnsOf(frames, milliseconds) {
  const size = Math.max(1, Math.round(milliseconds / (frames[0]?.span || 1_000)))
  /** @type {Map<number, Frame[]>} */
  const columns = new Map()
  for (const frame of frames) {
    const column = Math.floor(frame.seq / size)
    const together = columns.get(column)
    if (together) together.push(frame)
    else columns.set(column, [frame])
  }
  return [...columns.values()]
}

/**
 * @typedef {object} Column
 * @property {readonly Frame[]} frames
 * @property {number} start
 * @property {number} end
 * @property {boolean} apart  frames are missing before it
 */

/** A frame is drawn apart from the one before when the time between them is longer than this many spans. */
const GAP = 1.5

/**
 * @param {readonly Frame[]} frames
 * @param {readonly Frame[] | undefined} before
 * @returns {Column}
 */
export function columnOf(frames, before) {
  const first = frames[0]
  const end = frames.at(-1)?.at ?? 0
  const start = first ? first.at - first.span : end
  return { frames, start, end, apart: start - (before?.at(-1)?.at ?? start) > GAP * (first?.span ?? 0) }
}

/**
 * Frames in a row that had the same weather.
 *
 * @param {readonly Frame[]} frames
 * @returns {readonly Stretch[]}
 */
function weatherOf(frames) {
  /** @type {{ weather: string, from: number, to: number }[]} */
  const found = []
  for (const { weather, at, span } of frames) {
    const last = found.at(-1)
    if (last?.weather === weather) last.to = at
    else found.push({ weather, from: last?.to ?? at - span, to: at })
  }
  return found
}
