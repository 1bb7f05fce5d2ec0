import type { Controls } from '../controls.ts'
import type { Load } from '../frame.ts'
import { LOAD_BOUNDS } from '../load/load-generator.ts'
import { SCENARIO_NAMES } from '../scenarios/scenarios.ts'
import { ACTIONS } from '../texts.ts'
import { WEATHER_NAMES } from '../weather/weathers.ts'

/** What was sent is no command. Its message is for the person who sent it. */
export class NoCommand extends Error {
  override readonly name = 'NoCommand'
}

type Body = Readonly<Record<string, unknown>>

/** What can be posted, by path. Each checks the body and does as it says. @throws {NoCommand} */
export const COMMANDS: Readonly<Record<string, (controls: Controls, body: Body) => void | Promise<void>>> = {
  '/weather': (controls, { weather, ...rest }) => {
    nothingElse(rest)
    controls.weather = oneOf(WEATHER_NAMES, weather, 'weather')
  },
  '/action': async (controls, { action, ...rest }) => {
    nothingElse(rest)
    await controls.act(oneOf(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[], action, 'action'))
  },
  '/load': (controls, body) => {
    controls.load = { ...controls.load, ...loadOf(body) }
  },
  '/scenario': (controls, { scenario, ...rest }) => {
    nothingElse(rest)
    if (scenario === null) controls.stop()
    else controls.play(oneOf(SCENARIO_NAMES, scenario, 'scenario'))
  },
}

/** @throws {NoCommand} for what is not a JSON object. */
export function bodyOf(text: string): Body {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body
  } catch {
    // told below
  }
  throw new NoCommand('the body is not a JSON object')
}

/** @throws {NoCommand} for an unknown name, or a number out of its bounds. */
function loadOf(body: Body): Partial<Load> {
  for (const [name, value] of Object.entries(body)) {
    const bounds = Object.hasOwn(LOAD_BOUNDS, name) ? LOAD_BOUNDS[name as keyof Load] : undefined
    if (!bounds) throw new NoCommand(`there is no "${name}"; write some of ${Object.keys(LOAD_BOUNDS).join(', ')}`)
    const { min, max } = bounds
    if (typeof value !== 'number' || !(value >= min && value <= max))
      throw new NoCommand(`"${name}" is a number from ${min} to ${max}`)
  }
  return body
}

function oneOf<T extends string>(names: readonly T[], value: unknown, what: string): T {
  const found = names.find((name) => name === value)
  if (found === undefined) throw new NoCommand(`"${what}" is one of ${names.join(', ')}`)
  return found
}

function nothingElse(rest: object): void {
  const [name] = Object.keys(rest)
  if (name !== undefined) throw new NoCommand(`there is no "${name}"`)
}
