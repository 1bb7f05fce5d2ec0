import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { roundDown, roundUp, ticks } from './report/dots.ts'
import { Figures, merged, type Recorded } from './report/figures.ts'
import { estimateOf, figureOf, tableOf } from './report/markdown.ts'
import { blocksOf, filled, placesIn } from './report/page.ts'

const PAGE = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8')

function recorded(row: string, subject: string, samples: readonly number[], fields: Partial<Recorded> = {}): Recorded {
  const cpuMicros = samples[0]!
  const measured = { cpuMicros, wallMicros: cpuMicros, ratio: 1, baseline: 'sha256', measure: 'cpu' as const, samples }
  return { row, subject, node: 'v20.20.2', commit: 'abc', machine: 'a machine', ...measured, ...fields }
}

describe('figures', () => {
  test('are held against each other round by round', () => {
    const figures = new Figures([
      recorded('hot RS256', 'sha256', [1, 2, 4, 1, 2, 4]),
      recorded('hot RS256', 'holdfast', [2, 4, 8, 2, 4, 8]),
    ])
    const [on20, on24] = figures.cells('holdfast', { row: 'hot RS256', measure: 'cpu', against: 'sha256' })
    expect([on20?.ratio?.median, on20?.ratio?.low, on20?.ratio?.high]).toEqual([2, 2, 2])
    expect(on24).toEqual({ figure: undefined, ratio: undefined })
    expect(figures.subjectsOf('hot RS256')).toEqual(['sha256', 'holdfast'])
  })

  test('of a row come from one file, the last that has it on that version', () => {
    const old = [recorded('a', 'x', [1]), recorded('a', 'y', [1]), recorded('b', 'x', [1])]
    const newer = [recorded('a', 'x', [2])]
    const other = [recorded('b', 'x', [3], { node: 'v24.21.0' })]
    expect(merged([old, newer, other])).toEqual([old[2], newer[0], other[0]])
  })

  test('of a quick run are not published', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-report-'))
    try {
      const file = join(folder, 'quick.json')
      writeFileSync(file, JSON.stringify([recorded('a', 'x', [1], { quick: true })]))
      expect(() => Figures.from([file])).toThrow(RangeError)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the page', () => {
  test('has a place for every table and plot, and no other place', () => {
    expect(placesIn(PAGE).toSorted()).toEqual([...blocksOf(new Figures([])).keys()].toSorted())
  })

  test('is the same after a second time', () => {
    const figures = new Figures([recorded('hot RS256', 'sha256', [1, 1]), recorded('hot RS256', 'holdfast', [2, 2])])
    const once = filled(PAGE, figures)
    expect(filled(once, figures)).toBe(once)
  })

  test('with a place that nobody fills is refused', () => {
    expect(() => filled('<!-- bench:cheap -->\n<!-- /bench -->', new Figures([]))).toThrow('no table is called "cheap"')
  })
})

describe('numbers', () => {
  test.each([
    [0, '0'],
    [0.0123456, '0.0123'],
    [2.5, '2.50'],
    [1234.5, '1,230'],
    [Number.NaN, '–'],
  ])('%d is written %s', (value, text) => {
    expect(figureOf(value)).toBe(text)
  })

  test('have their interval beside them, where there is one', () => {
    expect([estimateOf({ median: 2, low: 1.5, high: 2.5 }), estimateOf({ median: 2, low: 2, high: 2 })]).toEqual([
      '2.00 (1.50–2.50)',
      '2.00',
    ])
  })

  test('stand in a table as the formatter writes it', () => {
    expect(
      tableOf(
        [
          ['a', 'figure'],
          ['long name', '1'],
        ],
        1,
      ),
    ).toBe(['| a         | figure |', '| --------- | -----: |', '| long name |      1 |'].join('\n'))
  })

  test('lie between round ones on a logarithmic scale', () => {
    expect([roundDown(0.34), roundUp(0.34), roundDown(7), roundUp(11)]).toEqual([0.2, 0.5, 5, 20])
    expect(ticks(1, 20)).toEqual([1, 2, 5, 10, 20])
    expect(ticks(1, 1_000)).toEqual([1, 10, 100, 1_000])
  })
})
