import { describe, expect, test } from 'vitest'
import { planTable } from './plan/command.ts'
import { plan } from './plan/plan.ts'
import { svgOf } from './report/chart.ts'
import { pageOf, plotsOf } from './report/page.ts'
import { record } from './report/record.ts'

describe('a plan', () => {
  test('says for a preset how many are served in an outage, and how long a revoked token goes on working', async () => {
    const numbers = { rps: 20, sessions: 200, capacity: 2, seed: 1 }
    const [strict, balanced] = [
      await plan({ ...numbers, preset: 'strict', weather: 'outage', seconds: 200 }),
      await plan({ ...numbers, preset: 'balanced', weather: 'outage', seconds: 200 }),
    ]
    expect(balanced.known).toBeGreaterThan(strict.known + 20)
    expect(strict.lag.longest).toBeLessThanOrEqual(60)
    expect(balanced.lag.longest).toBeGreaterThan(60)
    expect(balanced.lag.longest).toBeLessThanOrEqual(360)
    expect(planTable([strict, balanced], numbers)).toMatch(
      /outage +balanced +\d+\.\d % +\d+\.\d % +\d+ s \(median \d+ s\) +360 s/,
    )
  }, 60_000)
})

describe('a report', () => {
  test('draws the policies side by side, and is one page that fetches nothing', async () => {
    const recordings = await Promise.all(
      (['ttl', 'holdfast'] as const).map((policy) => record({ policy, weather: 'outage', seed: 1, scale: 0.01 })),
    )
    const page = pageOf(recordings, { seed: 1, scale: 0.01 })
    expect(page).not.toMatch(/(?:src|href)=|url\(|@import|https?:\/\/(?!www\.w3\.org\/2000\/svg")/)
    expect(plotsOf(recordings).map(({ name }) => name)).toContain('outage-known')
    const last = recordings.map(({ steps }) => steps.find(({ at }) => at === 205)?.known ?? 0)
    expect(last[1]).toBeGreaterThan(last[0]!)
  }, 120_000)

  test('leaves a gap where nothing was measured, and escapes names', () => {
    const svg = svgOf({
      title: 'a < b',
      unit: '%',
      shaded: [0, 60],
      lines: [
        {
          name: 'x',
          points: [
            [0, 1],
            [60, undefined],
            [120, 3],
            [180, 2],
          ],
        },
      ],
    })
    expect(svg).toContain('a &lt; b')
    expect(/<path class="c0" d="(M[^"]*)"><title>/.exec(svg)?.[1]?.match(/M/g)).toHaveLength(2)
  })
})
