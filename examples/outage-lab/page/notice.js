import { byId, html, say } from './dom.js'

/**
 * @typedef {object} Notice
 * @property {'lost' | 'slow' | 'replay' | 'error'} kind
 * @property {string} text
 * @property {string} [button]
 * @property {() => void} [act]  what the button does
 */

/** The line above the figures that says what is special about them. */
export function createNotice() {
  const place = byId('notice', HTMLElement)
  const text = html('span')
  const button = html('button', { type: 'button' })
  /** @type {Notice | undefined} */
  let current
  place.append(text, button)
  button.addEventListener('click', () => current?.act?.())

  return {
    /** @param {Notice | undefined} notice  nothing hides the line */
    show(notice) {
      current = notice
      place.hidden = !notice
      if (!notice) return
      place.dataset['kind'] = notice.kind
      say(text, notice.text)
      say(button, notice.button ?? '')
      button.hidden = notice.button === undefined
    },
  }
}
