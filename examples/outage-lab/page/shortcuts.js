import { byId, html } from './dom.js'

/**
 * @typedef {object} Shortcut
 * @property {string} keys  one character each
 * @property {string} text
 * @property {(key: string) => void} act
 */

/**
 * Single keys, and the dialog that lists them. They can be switched off there (WCAG 2.1.4), and mean nothing while a
 * dialog is open, with a modifier, or where they would be typed.
 *
 * @param {readonly Shortcut[]} shortcuts
 * @param {readonly (readonly [keys: string, text: string])[]} others  keys that are handled elsewhere, for the list
 */
export function createShortcuts(shortcuts, others) {
  const dialog = byId('shortcuts', HTMLDialogElement)
  const on = byId('shortcuts-on', HTMLInputElement)
  const rows = [...shortcuts.map(({ keys, text }) => /** @type {const} */ ([shown(keys), text])), ...others]
  byId('shortcut-list', HTMLElement).append(
    ...rows.flatMap(([keys, text]) => [html('dt', {}, html('kbd', {}, keys)), html('dd', {}, text)]),
  )
  byId('help', HTMLButtonElement).addEventListener('click', () => dialog.showModal())

  document.addEventListener('keydown', (event) => {
    if (!on.checked || dialog.open || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (event.target instanceof HTMLSelectElement) return
    const key = event.key.toLowerCase()
    if (key === '?') return dialog.showModal()
    shortcuts.find(({ keys }) => key.length === 1 && keys.includes(key))?.act(key)
  })
}

/** @param {string} keys */
const shown = (keys) => (keys.length > 1 ? `${keys[0]} … ${keys.at(-1)}` : keys)
