import { createLane } from './lane.js'
import { createMoment } from './moment.js'
import { viewOf } from './charts/view.js'
import { byId } from './dom.js'
import { lately } from './figures.js'
import { ceilingOf, MEASURES } from './measures.js'

/** @import { Frame, LabState } from '../src/frame.ts' */
/** @import { View } from './charts/view.js' */
/** @import { Lane } from './lane.js' */

/**
 * What is on the screen: the frames of one run, in a window, and the moment whose figures are shown.
 *
 * @typedef {object} Shown
 * @property {LabState} lab
 * @property {readonly Frame[]} frames
 * @property {number} window  milliseconds before the last frame; `Infinity` for all
 * @property {boolean} live   whether the last frame is now
 */

/**
 * The strip and the four lanes, and whoever points at them.
 *
 * @param {(frame: Frame, shown: Shown) => void} onRead  hears which frame's figures are shown
 */
export function createScreen(onRead) {
  const place = byId('lanes', HTMLElement)
  /** @type {Shown | undefined} */
  let shown
  /** @type {View} */
  let view = { frames: [], columns: [], from: 0, to: 1, weather: [] }
  /** @type {readonly Lane[]} */
  let lanes = []
  // Times rather than frames: a frame that has left the history is no longer pointed at.
  /** @type {number | undefined} */
  let hovered
  /** @type {number | undefined} */
  let pinned
  let awaited = false

  const strip = createMoment(byId('moment', HTMLElement), {
    onMove(steps) {
      const { frames } = view
      const from = pointed() ?? frames.at(-1)
      const index = Math.max(0, Math.min(frames.length - 1, (from ? frames.indexOf(from) : 0) + steps))
      pinned = index === frames.length - 1 ? undefined : frames[index]?.at
      hovered = undefined
      read()
    },
    onPoint(at) {
      pinned = at
      hovered = undefined
      read()
    },
    onLive: release,
  })

  function release() {
    pinned = hovered = undefined
    read()
  }

  /** @returns {Frame | undefined} the frame that is looked at, unless that is the last */
  function pointed() {
    const at = hovered ?? pinned
    if (at === undefined || at < view.from) return undefined
    return view.frames.reduce(
      (/** @type {Frame | undefined} */ best, one) =>
        best && Math.abs(best.at - at) <= Math.abs(one.at - at) ? best : one,
      undefined,
    )
  }

  function draw() {
    awaited = false
    if (!shown) return
    view = viewOf(shown, lanes[0]?.width ?? 0)
    const ceilings = MEASURES.map((measure) => ceilingOf(measure, view.columns, shown?.lab.variants ?? []))
    for (const lane of lanes) lane.draw(view, ceilings)
    read()
  }

  function read() {
    const at = pointed()
    const frame = at ?? view.frames.at(-1)
    if (!shown || !frame) return
    const live = shown.live && !at
    for (const lane of lanes) {
      lane.read(lately(shown.frames, frame), frame, live)
      lane.point(view, at?.at)
    }
    strip.draw(view, shown.lab, at)
    strip.read(view.frames, frame, shown.lab, live)
    onRead(frame, shown)
  }

  /** Draws at the next frame of the screen: once, however much has happened, and never while nobody looks. */
  function awaitDraw() {
    if (!awaited) requestAnimationFrame(draw)
    awaited = true
  }

  place.addEventListener('pointermove', ({ target, clientX }) => {
    const over = target instanceof Element && target.closest('.plot') ? target.closest('.lane') : null
    hovered = lanes.find(({ node }) => node === over)?.timeAt(view, clientX)
    read()
  })
  place.addEventListener('pointerleave', () => {
    hovered = undefined
    read()
  })
  place.addEventListener('click', () => {
    if (hovered !== undefined) pinned = pinned === undefined ? hovered : undefined
  })
  new ResizeObserver(awaitDraw).observe(place)

  return {
    release,
    /** @param {LabState} lab  of another run, whose lanes may be others */
    begin(lab) {
      lanes = lab.variants.map((variant) => createLane(variant))
      place.replaceChildren(...lanes.map(({ node }) => node))
      pinned = hovered = undefined
    },
    /** @param {Shown} next */
    show(next) {
      shown = next
      awaitDraw()
    },
    get shown() {
      return shown
    },
    get view() {
      return view
    },
  }
}
