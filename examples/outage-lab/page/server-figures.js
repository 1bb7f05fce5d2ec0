import { byId, html, say } from './dom.js'
import { rate } from './words.js'

/** @import { Frame, ServerFrame } from '../src/frame.ts' */

/** @type {readonly { name: keyof ServerFrame, title: string, perSecond: boolean }[]} */
const FIGURES = [
  { name: 'introspection', title: 'introspection, per second', perSecond: true },
  { name: 'keys', title: 'key sets, per second', perSecond: true },
  { name: 'rejected', title: 'credentials rejected, per second', perSecond: true },
  { name: 'inFlight', title: 'in work now', perSecond: false },
]

/** What arrives at the authorization server, from all four APIs together. */
export function createServerFigures() {
  const values = FIGURES.map(({ name }) => html('dd', { 'data-server': name }, '–'))
  const list = byId('server', HTMLElement)
  list.replaceChildren(...FIGURES.flatMap(({ title }, index) => [html('dt', {}, title), values[index] ?? '']))
  return {
    /** @param {Frame} frame */
    read({ server, span }) {
      FIGURES.forEach(({ name, perSecond }, index) => {
        const value = values[index]
        if (value) say(value, rate(perSecond ? (server[name] * 1_000) / span : server[name]))
      })
    },
  }
}
