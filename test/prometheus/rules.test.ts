import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

import { METRICS, type MetricDefinition } from '../../packages/prometheus/src/metrics.ts'
import { page, root } from '../docs/documents.ts'
import { describeWith } from '../machine.ts'
import { ALERTS, hurried, RULES, rulesIn } from './rules.ts'

vi.setConfig({ testTimeout: 120_000 }) // promtool goes through hours of minutes; a loaded machine takes its time

const rules = [...RULES].flatMap(([, text]) => rulesIn(text))
const alerts = rulesIn(ALERTS)

describe('the rules', () => {
  test('ask only for metrics that there are', () => {
    const metrics: readonly MetricDefinition[] = Object.values(METRICS)
    const known = new Set(
      metrics.flatMap(({ name, type }) => (type === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name])),
    )
    const recorded = new Set(rules.map(({ record }) => record))
    const asked = rules.flatMap(({ expr }) => expr.match(/[a-z_:]*holdfast_[a-z0-9_:]+/g) ?? [])
    expect(asked.length).toBeGreaterThan(rules.length)
    expect(asked.filter((name) => !known.has(name) && !recorded.has(name))).toEqual([])
  })

  test('record nothing twice, and nothing that no name can tell', () => {
    const names = rules.flatMap(({ record }) => record ?? [])
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => !/^[a-z_]+:holdfast_[a-z_]+:[a-z0-9_]+$/.test(name))).toEqual([])
  })
})

test('rules in a hurry have shorter durations, and everything else as it was', () => {
  const file = [
    '      - alert: HoldfastExample',
    '        expr: |',
    '          avg_over_time(job:holdfast_example:ratio_rate5m{horizon="5m"}[1h] offset 10m)',
    '            > 2 * rate(holdfast_example_total[5m]) + 360',
    '        for: 1m',
    '        annotations:',
    "          summary: 'for 5m'",
    '',
  ].join('\n')
  expect(hurried(file, 60)).toBe(
    file.replace('[1h] offset 10m', '[60000ms] offset 10000ms').replace('[5m]', '[5000ms]').replace('1m\n', '1000ms\n'),
  )
})

describe('each alert', () => {
  test('says how bad it is, in one line and in more, and where to read on', () => {
    const poor = alerts.filter(
      ({ text }) =>
        !/severity: (?:critical|warning|info)\n/.test(text) ||
        !/summary: '.{20,90}'\n/.test(text) ||
        !/description: '.{40,}\.'\n/.test(text),
    )
    expect(poor.map(({ alert }) => alert)).toEqual([])
  })

  test('has its chapter in docs/alerts.md, which has no other', () => {
    const chapters = [...page('docs/alerts.md').text.matchAll(/^## (.*)$/gm)].map(([, title]) => title!)
    expect(alerts.map(({ text }) => /runbook: (\S+)/.exec(text)?.[1])).toEqual(
      alerts.map(({ alert }) => `docs/alerts.md#${alert!.toLowerCase()}`),
    )
    expect(chapters).toEqual(alerts.map(({ alert }) => alert))
  })
})

describeWith(['promtool'], 'promtool', ({ promtool }) => {
  const TESTS = 'test/prometheus/rules.test.yml'
  let folder: string

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-rules-'))
    mkdirSync(join(folder, 'packages/prometheus/rules'), { recursive: true })
    mkdirSync(join(folder, 'test/prometheus'), { recursive: true })
    copyFileSync(join(root, TESTS), join(folder, TESTS))
  })

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** Runs promtool, and gives what it wrote whether or not it was content. */
  function run(args: readonly string[]): { readonly content: boolean; readonly said: string } {
    try {
      return { content: true, said: execFileSync(promtool, args, { encoding: 'utf8', stdio: 'pipe' }) }
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      return { content: false, said: stdout + stderr }
    }
  }

  /** The tests that fail once the expression of every alert is another one. */
  function failuresWith(expr: string): readonly string[] {
    const everyExpression = /^ {8}expr: .*(?:\n {10}.*)*\n(?: {8}for: .*\n)?/gm
    for (const [name, text] of RULES) {
      const changed = text === ALERTS ? text.replaceAll(everyExpression, `        expr: ${expr}\n`) : text
      writeFileSync(join(folder, 'packages/prometheus/rules', name), changed)
    }
    const { said } = run(['test', 'rules', join(folder, TESTS)])
    return [...new Set([...said.matchAll(/name: (\w+ (?:fires|does not fire))/g)].map(([, name]) => name!))]
  }

  test('finds nothing wrong with the rules', () => {
    const files = [...RULES.keys()].map((name) => join(root, 'packages/prometheus/rules', name))
    expect(run(['check', 'rules', '--lint=all', '--lint-fatal', ...files])).toMatchObject({ content: true })
  })

  test('sees every alert fire, and not fire, as its tests say', () => {
    expect(run(['test', 'rules', join(root, TESTS)])).toMatchObject({ content: true })
  })

  test('would see it of every alert that it never fires', () => {
    expect(failuresWith('vector(1) > 1')).toEqual(alerts.map(({ alert }) => `${alert} fires`))
  })

  test('would see it of every alert that it always fires', () => {
    expect(failuresWith('vector(1)')).toEqual(
      alerts.flatMap(({ alert }) => [`${alert} fires`, `${alert} does not fire`]),
    )
  })
})
