import { html } from './dom.js'
import { moment } from './words.js'

/** @import { Frame, LabState, Note } from '../src/frame.ts' */

/** Lines that are kept. */
const MOST = 200

/**
 * What happened, the latest first.
 *
 * @param {HTMLElement} list
 */
export function createLog(list) {
  return {
    clear() {
      list.replaceChildren()
    },
    /**
     * @param {readonly Note[]} notes
     * @param {LabState} lab
     */
    add(notes, lab) {
      for (const note of notes)
        list.prepend(html('li', {}, html('time', {}, moment(note.at)), html('span', {}, inWords(note, lab))))
      while (list.children.length > MOST) list.lastElementChild?.remove()
    },
  }
}

/**
 * @param {Note} note
 * @param {LabState} lab
 */
export function inWords({ variant, text }, lab) {
  const title = lab.variants.find(({ name }) => name === variant)?.title
  return title === undefined ? text : `${title}: ${text}`
}
