import type { Controls } from './controls.ts'
import type { LabState, Text } from './frame.ts'
import type { Camera } from './frames/camera.ts'
import { LOAD_BOUNDS } from './load/load-generator.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'
import type { Terms } from './terms.ts'
import { ACTIONS, constantTexts, variantTexts } from './texts.ts'
import type { Variant } from './variants/variant.ts'
import { WEATHERS } from './weather/weathers.ts'

export interface StateParts {
  readonly run: string
  readonly controls: Controls
  readonly variants: readonly Variant[]
  readonly terms: Terms
  readonly speed: number
  readonly interval: number
  readonly camera: Camera
}

export function stateOf({ run, controls, variants, terms, speed, interval, camera }: StateParts): LabState {
  const { weather, load, scenario } = controls
  const about = variantTexts(terms)
  return {
    run,
    weather,
    load,
    scenario,
    speed,
    interval,
    history: camera.history.capacity,
    variants: variants.map(({ name, url, metrics }) => ({
      name,
      ...about[name],
      holdfast: metrics !== null,
      url,
      metrics,
    })),
    weathers: named(WEATHERS, ({ title, text }) => ({ title, text })),
    actions: named(ACTIONS, (text) => text),
    scenarios: named(SCENARIOS, ({ title, text, seconds }) => ({ title, text, seconds })),
    loadBounds: LOAD_BOUNDS,
    constants: constantTexts(terms),
  }
}

function named<Name extends string, From, To extends Text>(
  table: Readonly<Record<Name, From>>,
  told: (from: From) => To,
): readonly (To & { readonly name: Name })[] {
  return (Object.entries(table) as [Name, From][]).map(([name, from]) => ({ name, ...told(from) }))
}
