import { byId, html, say } from '../dom.js'
import { moment } from '../words.js'

/** @import { LabState, Progress, ScenarioName } from '../../src/frame.ts' */

/**
 * @param {LabState} lab
 * @param {(scenario: ScenarioName | null) => void} onChange
 */
export function createScenarios({ scenarios, speed }, onChange) {
  const select = html('select', { 'aria-label': 'Scenario', 'aria-describedby': 'scenario-text' })
  select.append(
    ...scenarios.map(({ name, title, seconds }) => html('option', { value: name }, `${title}, ${length(seconds)}`)),
  )
  const button = html('button', { type: 'button', id: 'scenario-toggle' }, 'Start')
  const progress = html('progress', { max: 1, value: 0, 'aria-label': 'Progress of the scenario' })
  const text = html('p', { class: 'explains', id: 'scenario-text' })
  byId('scenario', HTMLElement).replaceChildren(select, button, progress, text)

  /** @param {number} seconds */
  function length(seconds) {
    return moment((seconds * 1_000) / speed)
  }
  const chosen = () => scenarios.find(({ name }) => name === select.value)
  const explain = () => say(text, chosen()?.text ?? '')
  let running = false

  const toggle = () => {
    const scenario = chosen()
    if (running) onChange(null)
    else if (scenario) onChange(scenario.name)
  }
  select.addEventListener('change', explain)
  button.addEventListener('click', toggle)
  explain()

  return {
    toggle,
    /** @param {Progress | null} scenario */
    show(scenario) {
      running = scenario !== null
      say(button, running ? 'Stop' : 'Start')
      select.disabled = running
      progress.value = scenario ? scenario.elapsed / scenario.seconds : 0
      if (!scenario) return
      select.value = scenario.name
      say(text, `${length(scenario.elapsed)} of ${length(scenario.seconds)}. ${chosen()?.text ?? ''}`)
    },
  }
}
