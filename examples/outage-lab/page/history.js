/** @import { Frame } from '../src/frame.ts' */

/** Whatever the server says, no more than an hour of frames is held. */
const MOST = 3_600

/**
 * The latest frames, oldest first, each once. An old one goes for every new one, so that hours cost no memory.
 *
 * @param {number} limit
 */
export function createHistory(limit) {
  const most = Math.min(limit, MOST)
  /** @type {Frame[]} */
  let frames = []
  return {
    /** @returns {readonly Frame[]} */
    get frames() {
      return frames
    },
    /** @returns {Frame | undefined} */
    get last() {
      return frames.at(-1)
    },
    /**
     * @param {Frame} frame
     * @returns {boolean} whether it is new
     */
    add(frame) {
      const last = frames.at(-1)
      if (last && frame.seq <= last.seq) return false // sent again after a lost connection
      frames.push(frame)
      if (frames.length > most) frames = frames.slice(-most)
      return true
    },
  }
}
