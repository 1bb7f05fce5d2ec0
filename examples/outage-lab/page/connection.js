/** @import { Commands, Frame, LabState, Problem } from '../src/frame.ts' */

/** @typedef {'connecting' | 'live' | 'lost'} Status */

/** So many frames, or milliseconds, may be missing; then what is shown no longer counts as live. */
const MISSING = { frames: 3.5, milliseconds: 3_500 }
/** Milliseconds before another attempt where the browser has given up. */
const PAUSE = 2_000

/**
 * Follows the laboratory until the page is closed. The browser reconnects by itself, and tells the last frame it got;
 * after an answer that is no event stream it gives up, so we begin again.
 *
 * @param {object} listener
 * @param {(state: LabState) => void} listener.onHello
 * @param {(frame: Frame) => void} listener.onFrame
 * @param {(status: Status) => void} listener.onStatus
 */
export function follow({ onHello, onFrame, onStatus }) {
  /** @type {Status} */
  let status = 'connecting'
  let heard = performance.now()
  let patience = MISSING.milliseconds
  let source = open()

  /** @param {Status} next */
  const become = (next) => {
    if (next !== status) onStatus((status = next))
  }

  function open() {
    const opened = new EventSource('/events')
    opened.addEventListener('hello', ({ data }) => {
      /** @type {LabState} */
      const state = JSON.parse(data)
      patience = Math.max(MISSING.milliseconds, MISSING.frames * state.interval)
      onHello(state)
    })
    opened.addEventListener('frame', ({ data }) => {
      heard = performance.now()
      onFrame(JSON.parse(data))
      become('live')
    })
    opened.addEventListener('error', () => become('lost'))
    return opened
  }

  setInterval(() => {
    const silence = performance.now() - heard
    if (silence > patience) become('lost')
    if (source.readyState === EventSource.CLOSED && silence > PAUSE) {
      heard = performance.now()
      source = open()
    }
  }, 500)
}

/**
 * @template {keyof Commands} Path
 * @param {Path} path
 * @param {Commands[Path]} body
 * @returns {Promise<LabState>} rejected with an `Error` that says what the laboratory objects to
 */
export async function command(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  /** @type {LabState | Problem} */
  const answer = await response.json()
  if ('error' in answer) throw new Error(answer.error)
  return answer
}
