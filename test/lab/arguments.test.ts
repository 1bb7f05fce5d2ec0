import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../examples/outage-lab/src/arguments.ts'

describe('the command line of the laboratory', () => {
  test('may be empty', () => {
    expect(parseArguments([])).toEqual({ options: { port: 0, speed: 1, seed: 1 }, headless: undefined })
  })

  test('may say everything, behind the dashes that pnpm hands on', () => {
    const args = ['--', '--port', '4100', '--speed', '5', '--seed', '7', '--rate', '10']
    const options = { port: 4100, speed: 5, seed: 7, load: { rate: 10 } }
    expect(parseArguments(args)).toEqual({ options, headless: undefined })
  })

  test('plays a scenario without a page', () => {
    const { headless } = parseArguments(['--scenario', 'flood', '--record', 'flood.json']) as { headless: unknown }
    expect(headless).toEqual({ scenario: 'flood', file: 'flood.json' })
  })

  test.each([
    [['--speed', '0'], '--speed is a whole number from 1 to 20'],
    [['--speed', '1.5'], '--speed is a whole number from 1 to 20'],
    [['--port', '65536'], '--port is a whole number from 0 to 65535'],
    [['--rate', '-1'], 'ambiguous'],
    [['--rate', '201'], '--rate is a whole number from 0 to 200'],
    [['--scenario', 'party', '--record', 'x'], '--scenario is one of outage-and-recovery'],
    [['--scenario', 'toString', '--record', 'x'], '--scenario is one of outage-and-recovery'],
    [['--record', 'x'], '--scenario is one of outage-and-recovery'],
    [['--scenario', 'flood'], '--record says where the frames go'],
    [['--unknown'], "Unknown option '--unknown'"],
    [['something'], 'Unexpected argument'],
  ])('refuses %j', (args, problem) => {
    expect(parseArguments(args)).toContain(problem)
  })
})
