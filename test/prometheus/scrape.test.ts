import { execFileSync } from 'node:child_process'

import { beforeAll, describe, expect, test } from 'vitest'

import { METRICS } from '../../packages/prometheus/src/metrics.ts'
import { page, tableRows, code } from '../docs/documents.ts'
import { describeWith } from '../machine.ts'
import { parseExposition, type ScrapedMetric } from './exposition.ts'
import { fullScrape } from './full-scrape.ts'

const sorted = (names: Iterable<string>): readonly string[] => [...names].toSorted()
const labelsIn = (cell: string): readonly string[] => (cell === '' ? [] : cell.split(', ').map((one) => code(one)!))

let text: string
let scraped: ReadonlyMap<string, ScrapedMetric>

beforeAll(async () => {
  text = await fullScrape()
  scraped = parseExposition(text)
})

describe('a scrape of a server that has seen everything', () => {
  test('has every metric with every label', () => {
    const actual = [...scraped].map(([name, { type, labels }]) => ({
      name,
      type,
      labels: sorted(labels.keys()),
    }))
    const defined = Object.values(METRICS).map(({ name, type, labels }) => ({ name, type, labels: sorted(labels) }))
    expect(actual).toEqual(defined)
  })

  test('is small', () => {
    const series = [...scraped.values()].reduce((sum, metric) => sum + metric.series, 0)
    expect(series).toBeLessThan(500)
  })
})

describe('docs/metrics.md', () => {
  const rows = tableRows(page('docs/metrics.md')).filter((cells) => cells.length === 5)
  const values = new Map(
    tableRows(page('docs/metrics.md'), 'Values of labels').map(([label, cell]) => [code(label), cell!]),
  )

  test('lists every metric with its type and labels', () => {
    const written = rows.map(([name, type, labels]) => ({
      name: code(name),
      type,
      labels: sorted(labelsIn(labels!)),
    }))
    const actual = [...scraped].map(([name, { type, labels }]) => ({
      name,
      type,
      labels: sorted(labels.keys()),
    }))
    expect(written).toEqual(actual)
  })

  test('has the unit that the name ends with', () => {
    const wrong = rows.filter(([name, , , unit]) => {
      const [, suffix] = /_(seconds|bytes|ratio)$/.exec(code(name)!) ?? []
      return suffix === undefined ? ['seconds', 'bytes', 'ratio'].includes(unit!) : unit !== suffix
    })
    expect(wrong).toEqual([])
  })

  test('explains every label, and has every value that one has in a scrape', () => {
    const used = new Map<string, Set<string>>()
    for (const { labels } of scraped.values())
      for (const [label, seen] of labels) used.set(label, new Set([...(used.get(label) ?? []), ...seen]))
    expect(new Set(values.keys())).toEqual(new Set(used.keys()))
    // These refer to a list on another page.
    for (const label of ['issuer', 'code', 'reason', 'trouble']) used.delete(label)
    const forgotten = [...used].flatMap(([label, seen]) =>
      [...seen].filter((value) => !values.get(label)!.includes(`\`${value}\``)).map((value) => `${label} ${value}`),
    )
    expect(forgotten).toEqual([])
  })
})

test.each(['docs/metrics.md', 'docs/alerts.md', 'packages/prometheus/README.md'])(
  '%s names only metrics that there are',
  (name) => {
    const named = page(name).text.match(/\bholdfast_\w+/g) ?? []
    expect(named.filter((one) => !scraped.has(one))).toEqual([])
  },
)

describeWith(['promtool'], 'promtool check metrics', ({ promtool }) => {
  const check = (metrics: string): string => {
    try {
      return execFileSync(promtool, ['check', 'metrics'], { input: metrics, encoding: 'utf8', stdio: 'pipe' })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      return stdout + stderr
    }
  }

  test('has nothing to say', () => {
    expect(check(text)).toBe('')
  })

  test('would say it of a counter without _total', () => {
    expect(check('# HELP wrong of its kind\n# TYPE wrong counter\nwrong 1\n')).toContain('_total')
  })
})
