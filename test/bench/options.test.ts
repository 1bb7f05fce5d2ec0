import { describe, expect, test } from 'vitest'
import { benchOptions, SUITES } from './options.ts'

describe('the command line of the benchmark', () => {
  test('asks for everything on the running version, or for the judged ones with --check', () => {
    const all = { suites: SUITES, nodes: [22], json: undefined, check: false, quick: false, only: undefined }
    expect(benchOptions([], 22)).toEqual(all)
    expect(benchOptions(['--check'], 22)).toEqual({ ...all, check: true, nodes: [20, 24] })
  })

  test('takes lists, each member once', () => {
    const options = benchOptions(['--suite', 'micro,http', '--suite', 'micro', '--node', '20, 24', '--check'], 20)
    expect(options).toMatchObject({ suites: ['micro', 'http'], nodes: [20, 24] })
  })

  test('says what there is instead of what there is not', () => {
    expect(() => benchOptions(['--suite', 'mirco'], 20)).toThrow('micro, http, introspection, scale, event-loop')
    expect(() => benchOptions(['--node', '19'], 20)).toThrow('20, 22, 24, 26')
    expect(() => benchOptions(['--node', ''], 20)).toThrow('20, 22, 24, 26')
    expect(() => benchOptions(['--only='], 20)).toThrow('--only is empty')
    expect(() => benchOptions(['--chekc'], 20)).toThrow('--chekc')
    expect(() => benchOptions(['micro'], 20)).toThrow('micro')
  })

  test('names files to report, and then nothing else', () => {
    expect(benchOptions(['--report', 'a.json,b.json'], 20)).toMatchObject({ report: ['a.json', 'b.json'] })
    expect(() => benchOptions(['--report', 'a.json', '--check'], 20)).toThrow('write it alone')
    expect(() => benchOptions(['--report='], 20)).toThrow('--report is empty')
  })

  test('may ask for help', () => {
    expect(benchOptions(['--help'], 20)).toBeUndefined()
  })
})
