import { expect, test } from 'vitest'
import { judge } from './check.ts'
import { goalsFor } from './goals.ts'
import { run } from './suites/micro.ts'
import { tableOf } from './table.ts'

test('the benchmark runs, and measures what its goals ask for', { timeout: 120_000 }, async () => {
  const only = 'hot RS256'
  const results = await run({ quick: true, only, say: () => undefined })
  const subjects = results.filter(({ row }) => row === only).map(({ subject }) => subject)
  expect(subjects).toEqual([
    'holdfast',
    'sha256',
    'raw',
    'jose',
    'aws-jwt-verify',
    'fast-jwt',
    'fast-jwt cached',
    'jsonwebtoken',
    'oauth4webapi',
    'express-oauth2-jwt-bearer',
  ])
  for (const { samples } of results) expect(samples.every((sample) => sample > 0)).toBe(true)
  const { goals } = goalsFor(['micro'], only)
  expect(goals.length).toBeGreaterThan(0)
  // How fast is for the benchmark itself to say: here only that it was measured.
  for (const goal of goals) expect(judge(goal, results).verdict).not.toBe('not measured')
  expect(tableOf(results).split('\n')).toHaveLength(results.length + 1)
})

test('what metrics add is measured beside a server without them', { timeout: 60_000 }, async () => {
  const only = 'metrics, '
  const results = await run({ quick: true, only, say: () => undefined })
  const { goals } = goalsFor(['micro'], only)
  expect(goals.map(({ row }) => row)).toEqual(['metrics, RS256', 'metrics, opaque'])
  for (const goal of goals) expect(judge(goal, results).verdict).not.toBe('not measured')
})
