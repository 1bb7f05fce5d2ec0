import { parseArgs } from 'node:util'
import type { ScenarioName } from './frame.ts'
import { LOAD_BOUNDS } from './load/load-generator.ts'
import type { LabOptions } from './options.ts'
import { SCENARIO_NAMES } from './scenarios/scenarios.ts'

export const USAGE: string = `usage: lab [--port N] [--rate N] [--speed N] [--seed N]
       lab --scenario NAME --record FILE [--rate N] [--speed N] [--seed N]

  --port      of the page; default: any that is free
  --rate      requests per second to each API, 0 to ${LOAD_BOUNDS.rate.max}; default 40
  --speed     1 to 20: how many times faster scenarios run and evidence ages; default 1
  --seed      of chance: who sends what, and when; default 1
  --scenario  plays one of ${SCENARIO_NAMES.join(', ')}
              without a page, and ends
  --record    where its frames are written to, as JSON; the page can open the file
`

/** What the command line asks for. */
export interface Arguments {
  readonly options: LabOptions
  readonly headless: { readonly scenario: ScenarioName; readonly file: string } | undefined
}

/** @returns The reason, where it makes no sense. */
export function parseArguments(args: readonly string[]): Arguments | string {
  try {
    const { values } = parseArgs({
      args: args.filter((one) => one !== '--'), // pnpm hands its own on
      options: {
        port: { type: 'string' },
        rate: { type: 'string' },
        speed: { type: 'string' },
        seed: { type: 'string' },
        scenario: { type: 'string' },
        record: { type: 'string' },
      },
    })
    const { scenario, record } = values
    return {
      options: {
        port: integer('port', values.port ?? '0', 0, 65_535),
        speed: integer('speed', values.speed ?? '1', 1, 20),
        seed: integer('seed', values.seed ?? '1', 0, 2 ** 31 - 1),
        ...(values.rate !== undefined && { load: { rate: integer('rate', values.rate, 0, LOAD_BOUNDS.rate.max) } }),
      },
      headless: scenario === undefined && record === undefined ? undefined : headless(scenario, record),
    }
  } catch (error) {
    return (error as Error).message
  }
}

function headless(scenario: string | undefined, file: string | undefined): Arguments['headless'] {
  const known = SCENARIO_NAMES.find((name) => name === scenario)
  if (known === undefined) throw new Error(`--scenario is one of ${SCENARIO_NAMES.join(', ')}`)
  if (file === undefined || file === '') throw new Error('--record says where the frames go')
  return { scenario: known, file }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) throw new Error(`--${name} is a whole number from ${min} to ${max}`)
  return value
}
