import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { curves } from './report/curves.ts'
import { dots } from './report/dots.ts'
import { Figures, type Recorded } from './report/figures.ts'
import { blocksOf } from './report/page.ts'
import { report } from './report/report.ts'

function recorded(
  row: string,
  subject: string,
  samples: readonly number[],
  differing: Partial<Recorded> = {},
): Recorded {
  const shared = { node: 'v20.20.2', commit: '979ac97', machine: 'one, 2 processors', baseline: 'sha256' } as const
  return { ...shared, row, subject, measure: 'cpu', cpuMicros: 1, wallMicros: 1, ratio: 1, samples, ...differing }
}

const ON_24 = { node: 'v24.21.0' } as const
const HOT = [
  recorded('hot RS256', 'holdfast', [2, 2.2, 2.4, 2.2, 2, 2.4]),
  recorded('hot RS256', 'sha256', [1, 1, 1, 1, 1, 1]),
  recorded('hot RS256', 'holdfast', [1234, 1234], ON_24),
  recorded('hot RS256', 'sha256', [1000, 1000], ON_24),
]
const INSIDE = [
  recorded('Koa 3, inside, hot', 'holdfast', [7, 7], { measure: 'wall' }),
  recorded('Koa 3, inside, hot', 'fast-jwt cached', [12, 12], { measure: 'wall' }),
  recorded('Koa 3, inside, hot', 'reading the header', [2, 2], { measure: 'wall' }),
]
const blockOf = (name: string, results: readonly Recorded[]): string => blocksOf(new Figures(results)).get(name)!

describe('a table', () => {
  test('has a line for each subject, with figures and ratios on both versions', () => {
    expect(blockOf('hot', HOT).split('\n')).toEqual([
      '|           |              | Node 20, µs CPU |        of sha256 | Node 24, µs CPU | of sha256 |',
      '| --------- | ------------ | --------------: | ---------------: | --------------: | --------: |',
      '| hot RS256 | **holdfast** |            2.20 | 2.20 (2.00–2.40) |           1,230 |      1.23 |',
      '|           | sha256       |            1.00 |             1.00 |           1,000 |      1.00 |',
    ])
  })

  test('subtracts what is subtracted from both, and leaves open what was not measured', () => {
    expect(blockOf('inside', INSIDE)).toMatch(/\*\*holdfast\*\* +\| +5\.00 \| +0\.500 \| +– \| +– \|/)
    expect(blockOf('inside', INSIDE)).not.toContain('reading the header')
    expect(blockOf('cold', HOT)).toBe('Not measured yet.')
  })

  test('tells milliseconds where its unit says so', () => {
    const row = 'burst ES384, delay'
    const delays = ['holdfast', 'synchronous'].map((who, at) =>
      recorded(row, who, [4_500 * (at + 1)], { measure: 'wall' }),
    )
    expect(blockOf('burst-delay', delays)).toMatch(/\*\*holdfast\*\* \| +4\.50 \| +0\.500 \|/)
  })

  test('of the goals has the verdict of each version, and their sums', () => {
    const block = blockOf('goals', HOT)
    expect(block).toMatch(/^Node 20: 1 reached, \d+ not measured\. Node 24: 1 reached, \d+ not measured\.\n/)
    expect(block).toMatch(
      /\| 1 +\| hot RS256 +\| holdfast \/ sha256 +\| ≤ 2\.5 +\| 2\.20 \(2\.00–2\.40\), reached +\| 1\.23, reached +\|/,
    )
    expect(block).toMatch(/\| Koa 3, inside, hot +\| holdfast, µs +\| ≤ 6 +\| not measured +\| +\|/)
  })

  test('says what was measured where', () => {
    expect(blockOf('about', HOT)).toBe(
      'Measured at commit 979ac97, with Node.js v20.20.2, v24.21.0, on one, 2 processors.',
    )
    expect(blockOf('about', [])).toBe('Not measured yet.')
  })
})

describe('the page', () => {
  test('shows a plot only where it was drawn', () => {
    expect(blockOf('plot-hot', HOT)).toBe('![A known RS256 token: one check](performance/hot.svg)')
    expect(blockOf('plot-cold', HOT)).toBe('No plot yet.')
  })

  test('is written with its plots', () => {
    const root = mkdtempSync(join(tmpdir(), 'bench-report-'))
    onTestFinished(() => rmSync(root, { recursive: true }))
    mkdirSync(join(root, 'docs'))
    const [target, file] = [join(root, 'docs/performance.md'), join(root, 'figures.json')]
    writeFileSync(target, '<!-- bench:hot -->\n<!-- /bench -->\n')
    writeFileSync(file, JSON.stringify(HOT))
    const printed: string[] = []
    report([file], root, (line) => printed.push(line))
    expect(printed).toEqual([target, join(root, 'docs/performance/hot.svg')])
    expect(readFileSync(target, 'utf8')).toContain('2.20 (2.00–2.40)')
    expect(readFileSync(printed[1]!, 'utf8')).toContain('<title>holdfast, Node 20: 2.20</title>')
  })
})

describe('a plot', () => {
  test('has a mark at the logarithm of each value', () => {
    const rows = [
      { name: 'a < b', values: [1, undefined] },
      { name: 'c', values: [10, 100] },
    ]
    const svg = dots({ title: 'marks', unit: 'µs', series: ['one', 'other'], groups: [{ name: '', rows }] })
    const places = [...svg.matchAll(/<circle class="c0" cx="(\d+)"[^>]*><title>.*1[0.]/g)].map(([, x]) => Number(x))
    expect(places).toEqual([190, 380])
    expect(svg).toContain('a &lt; b')
    expect(svg.match(/<rect/g)).toHaveLength(2) // of the legend, and of the one value
    expect(svg).not.toMatch(/url\(|@import|https?:\/\/(?!www\.w3\.org\/2000\/svg")/)
  })

  test('of growth begins at zero', () => {
    const lines = [
      {
        name: 'Node 20',
        points: [
          [3, 1],
          [6, 2],
        ] as const,
      },
    ]
    const svg = curves({ title: 'growth', x: 'tokens', panels: [{ unit: 'µs', lines }] })
    expect(svg).toContain('<path class="c0" d="M56 146L696 66"/>')
    expect(svg).toContain('>10⁶</text>')
  })
})
