import { byId, html } from './dom.js'

const MINUTE = 60_000
/** Milliseconds that the charts cover. */
const WINDOWS = [1, 3, 5, 10].map((minutes) => minutes * MINUTE)
const USUAL = 3 * MINUTE

/**
 * How much of the past the charts show.
 *
 * @param {() => void} onChange
 */
export function createWindow(onChange) {
  const select = byId('window', HTMLSelectElement)
  for (const window of WINDOWS)
    select.append(html('option', { value: window, selected: window === USUAL }, `${window / MINUTE} min`))
  select.addEventListener('change', onChange)
  return {
    get milliseconds() {
      return Number(select.value)
    },
    next() {
      select.selectedIndex = (select.selectedIndex + 1) % WINDOWS.length
      onChange()
    },
  }
}
