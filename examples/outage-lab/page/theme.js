import { byId, say } from './dom.js'

const NAMES = /** @type {const} */ (['system', 'light', 'dark'])
const KEPT_AS = 'outage-lab-theme'

/** The button that goes through the themes. The choice is kept where the browser allows it. */
export function createTheme() {
  const button = byId('theme', HTMLButtonElement)
  let current = NAMES.find((name) => name === kept()) ?? 'system'

  function show() {
    if (current === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = current
    say(button, `Theme: ${current}`)
  }
  const next = () => {
    current = NAMES[(NAMES.indexOf(current) + 1) % NAMES.length] ?? 'system'
    try {
      localStorage.setItem(KEPT_AS, current)
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
    show()
  }
  button.addEventListener('click', next)
  show()
  return { next }
}

function kept() {
  try {
    return localStorage.getItem(KEPT_AS)
  } catch {
    return null
  }
}
