import { byId, html } from '../dom.js'

/** @import { ActionName, LabState } from '../../src/frame.ts' */

/**
 * @param {LabState['actions']} actions
 * @param {(action: ActionName) => void} onAction
 */
export function createActions(actions, onAction) {
  const buttons = actions.map(({ name, title, text }) => {
    const button = html('button', { type: 'button', 'data-action': name, title: text }, title)
    button.addEventListener('click', () => onAction(name))
    return button
  })
  byId('actions', HTMLElement).replaceChildren(...buttons)
}
