import { command } from '../connection.js'
import { createActions } from './actions.js'
import { createDials } from './dials.js'
import { createScenarios } from './scenarios.js'
import { createWeathers } from './weathers.js'

/** @import { ActionName, Commands, Frame, LabState, WeatherName } from '../../src/frame.ts' */

/** @typedef {ReturnType<typeof createPanel>} Panel */

/**
 * Everything that a person can set or do. What it shows is what the laboratory says, never what was clicked.
 *
 * @param {LabState} lab
 * @param {(error: unknown) => void} onError
 */
export function createPanel(lab, onError) {
  /**
   * @template {keyof Commands} Path
   * @param {Path} path
   * @param {Commands[Path]} body
   */
  const send = async (path, body) => {
    pending += 1
    try {
      latest = await command(path, body)
    } catch (error) {
      onError(error)
    } finally {
      pending -= 1
      show(latest) // a button that was clicked in vain falls back
    }
  }
  /** Commands whose answer is awaited: what was said before them must not undo what a person just chose. */
  let pending = 0
  let latest = /** @type {Pick<LabState, 'weather' | 'load' | 'scenario'>} */ (lab)

  const weathers = createWeathers(lab.weathers, (weather) => void send('/weather', { weather }))
  const dials = createDials(lab.loadBounds, (load) => send('/load', load))
  const scenarios = createScenarios(lab, (scenario) => void send('/scenario', { scenario }))
  createActions(lab.actions, (action) => void send('/action', { action }))

  /** @param {Pick<LabState, 'weather' | 'load' | 'scenario'>} now */
  function show(now) {
    if (pending > 0) return
    latest = now
    weathers.show(now.weather)
    dials.show(now.load)
    scenarios.show(now.scenario)
  }
  show(lab)

  return {
    show,
    toggleScenario: scenarios.toggle,
    /** @param {number} index */
    chooseWeather(index) {
      const weather = lab.weathers[index]
      if (weather) void send('/weather', { weather: weather.name })
    },
    /** @param {ActionName} action */
    act(action) {
      void send('/action', { action })
    },
    /** Starts a flood of made-up tokens, or ends it. */
    toggleFlood() {
      const { load } = latest
      const flood = load.flood > 0 ? 0 : Math.min(lab.loadBounds.flood.max, Math.max(load.rate * 2, 20))
      latest = { ...latest, load: { ...load, flood } } // whoever presses twice means on and off
      void send('/load', { flood })
    },
  }
}
