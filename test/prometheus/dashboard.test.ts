import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { METRICS, type MetricDefinition } from '../../packages/prometheus/src/metrics.ts'
import { root } from '../docs/documents.ts'
import { describeWith } from '../machine.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly datasource?: { readonly uid: string }
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } }
  readonly targets?: readonly {
    readonly expr: string
    readonly refId: string
    readonly datasource: { readonly uid: string }
  }[]
}

interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] }
}

const text = readFileSync(join(root, 'packages/prometheus/grafana/holdfast.json'), 'utf8')
const dashboard = JSON.parse(text) as Dashboard
const rows = dashboard.panels.filter(({ type }) => type === 'row')
const panels = dashboard.panels.filter(({ type }) => type !== 'row')
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

const metrics: readonly MetricDefinition[] = Object.values(METRICS)
/** The labels of every name that can be asked for. */
const labelsOf = new Map(
  metrics.flatMap(({ name, type, labels }) =>
    type === 'histogram'
      ? [
          [`${name}_bucket`, [...labels, 'le']],
          [`${name}_count`, labels],
          [`${name}_sum`, labels],
        ]
      : [[name, labels]],
  ) as [string, readonly string[]][],
)
/** What Prometheus itself adds. */
const TARGET_LABELS = ['job', 'instance']

describe('the dashboard', () => {
  test('asks only for metrics that there are, by labels that they have', () => {
    const wrong = expressions.flatMap((expr) => {
      const asked = [...expr.matchAll(/(holdfast_\w+)(?:\{([^}]*)\})?/g)]
      const known = asked.flatMap(([, name]) => labelsOf.get(name!) ?? [])
      const selected = asked.flatMap(([, name, selector = '']) =>
        [...selector.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)]
          .map(([, label]) => label!)
          .filter((label) => ![...TARGET_LABELS, ...(labelsOf.get(name!) ?? [])].includes(label)),
      )
      const grouped = [...expr.matchAll(/ by \(([^)]*)\)/g)]
        .flatMap(([, labels]) => labels!.split(', '))
        .filter((label) => !known.includes(label))
      const unknown = asked.map(([, name]) => name!).filter((name) => !labelsOf.has(name))
      return asked.length === 0 ? [expr] : [...unknown, ...selected, ...grouped].map((one) => `${one} in ${expr}`)
    })
    expect(wrong).toEqual([])
  })

  test('shows every metric', () => {
    const forgotten = metrics.filter(
      ({ name }) => !expressions.some((expr) => new RegExp(`${name}\\b|${name}_(?:bucket|count)`).test(expr)),
    )
    expect(forgotten.map(({ name }) => name)).toEqual([])
  })

  test('lets its reader choose data source, job and issuer, and asks by them', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'job', 'issuer'])
    const sources = [
      ...panels.map(({ datasource }) => datasource),
      ...panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource)),
    ]
    expect(new Set(sources.map((source) => source?.uid))).toEqual(new Set(['${datasource}']))
    const unbound = expressions.filter((expr) =>
      [...expr.matchAll(/(holdfast_\w+)(\{[^}]*\})?/g)].some(([, name, selector = '']) => {
        const hasIssuer = labelsOf.get(name!)?.includes('issuer') === true
        return !selector.includes('job=~"$job"') || hasIssuer !== selector.includes('issuer=~"$issuer"')
      }),
    )
    expect(unbound).toEqual([])
  })

  test('has a title, a description and a unit for every panel', () => {
    const poor = panels.filter(
      ({ title, description = '', fieldConfig }) =>
        title === '' || !/^.{15,}\.$/.test(description) || fieldConfig?.defaults.unit === undefined,
    )
    expect(poor.map(({ title }) => title)).toEqual([])
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length)
  })

  test('counts seconds, bytes and parts as such', () => {
    const UNITS = { _seconds_bucket: 's', _seconds: 's', _bytes: 'bytes', _ratio: 'percentunit' } as const
    const wrong = panels.filter(({ targets = [], fieldConfig, type }) =>
      targets.some(({ expr }) =>
        Object.entries(UNITS).some(([suffix, unit]) => {
          const isQuotient = expr.includes(' / ')
          return (
            type !== 'heatmap' &&
            !isQuotient &&
            new RegExp(`holdfast_\\w+${suffix}\\b`).test(expr) &&
            fieldConfig!.defaults.unit !== unit
          )
        }),
      ),
    )
    expect(wrong.map(({ title }) => title)).toEqual([])
  })

  test('lays its panels beside each other', () => {
    const cells = dashboard.panels.flatMap(({ id, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => ({ id, x: x + (at % w), y: y + Math.floor(at / w) })),
    )
    expect(new Set(cells.map(({ x, y }) => `${x} ${y}`)).size).toBe(cells.length)
    expect(cells.filter(({ x }) => x >= 24)).toEqual([])
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
    expect(rows.map(({ title }) => title)).toEqual([
      'What clients see',
      'Evidence',
      'Authorization server',
      'Queue',
      'Keys and metadata',
      'Caches and store',
      'Survivability',
    ])
  })
})

describeWith(['promtool'], 'promtool', ({ promtool }) => {
  test('understands every expression of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-dashboard-'))
    try {
      const file = join(folder, 'rules.yml')
      const rules = expressions.map((expr, at) => ({
        record: `panel:holdfast:expression_${at}`,
        expr: expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m').replaceAll(/\$\w+/g, '.*'),
      }))
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] })) // which is YAML
      expect(execFileSync(promtool, ['check', 'rules', file], { encoding: 'utf8' })).toContain(
        `SUCCESS: ${rules.length} rules`,
      )
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
