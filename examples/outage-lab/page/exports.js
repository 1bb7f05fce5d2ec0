import { byId, html } from './dom.js'
import { pictureOf, rasterOf, textOf } from './picture.js'

/** @import { Frame, LabState } from '../src/frame.ts' */
/** @import { View } from './charts/view.js' */

/**
 * The buttons that keep a run as a picture.
 *
 * @param {() => { lab: LabState, frames: readonly Frame[], view: View } | undefined} current
 * @param {(error: unknown) => void} onError
 */
export function createExports(current, onError) {
  /** @param {'svg' | 'png'} kind */
  async function save(kind) {
    const shown = current()
    if (!shown) return
    const date = new Date()
    const picture = await pictureOf(shown, shown.view, date)
    const blob = kind === 'png' ? await rasterOf(picture) : new Blob([textOf(picture)], { type: 'image/svg+xml' })
    const stamp = date.toISOString().slice(0, 19).replaceAll(':', '')
    download(blob, `outage-lab-${stamp}.${kind}`)
  }
  /** @param {'svg' | 'png'} kind */
  function begin(kind) {
    save(kind).catch(onError)
  }
  for (const kind of /** @type {const} */ (['svg', 'png']))
    byId(`picture-${kind}`, HTMLButtonElement).addEventListener('click', () => begin(kind))
  return { save: begin }
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const url = URL.createObjectURL(blob)
  html('a', { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000) // the browser reads it after the click
}
