// What the page computes, without a browser.
import { describe, expect, test } from 'vitest'
import { areaPath, linePath } from '../../examples/outage-lab/page/charts/path.js'
import { linear, logarithmic, roundUp, timeMarks } from '../../examples/outage-lab/page/charts/scale.js'
import { viewOf } from '../../examples/outage-lab/page/charts/view.js'
import { because, lately, slowness, summary, verdict } from '../../examples/outage-lab/page/figures.js'
import { createHistory } from '../../examples/outage-lab/page/history.js'
import { duration, percent, rate } from '../../examples/outage-lab/page/words.js'
import type { Frame, Outcomes, Sender, VariantFrame, VariantName } from '../../examples/outage-lab/src/frame.ts'
import { VARIANTS } from './world.ts'

const NOTHING: Outcomes = { accepted: 0, refused: 0, unavailable: 0, failed: 0 }

function frame(seq: number, good: Partial<Outcomes> = {}, heldBack = 0, flood = 0): Frame {
  const outcomes: Record<Sender, Outcomes> = {
    jwt: { ...NOTHING, ...good },
    opaque: NOTHING,
    oneShotJwt: NOTHING,
    oneShotOpaque: NOTHING,
    revoked: NOTHING,
    madeUp: NOTHING,
  }
  const none = { live: 0, cache: 0, stale: 0 }
  const variant: VariantFrame = {
    sent: 0,
    heldBack,
    inFlight: 0,
    outcomes,
    statuses: {},
    latency: { p50: null, p90: null, p99: null },
    evidenceAge: { p50: null, max: null },
    accepted: { jwt: { ...none, live: good.accepted ?? 0 }, opaque: none },
    refused: {},
    asked: { introspection: 0, keys: 0, metadata: 0, waiting: 0 },
    endpoint: null,
    survivable: null,
  }
  return {
    seq,
    at: seq * 1_000,
    span: 1_000,
    weather: seq > 5 ? 'down' : 'healthy',
    load: { rate: 30, jwtShare: 0.5, oneShotShare: 0.1, flood },
    scenario: null,
    variants: Object.fromEntries(VARIANTS.map((name) => [name, variant])) as Record<VariantName, VariantFrame>,
    server: { introspection: 0, active: 0, inactive: 0, rejected: 0, keys: 0, metadata: 0, inFlight: 0 },
    skipped: 0,
    notes: [],
  }
}

const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('percent', () => {
  test.each([
    [0, 0, '–'],
    [0, 1_000, '0 %'],
    [1, 1_000, '0.1 %'],
    [1, 100_000, '0.1 %'],
    [498, 1_000, '50 %'],
    [990, 1_000, '99 %'],
    [9_999, 10_000, '99.9 %'],
    [10_000, 10_000, '100 %'],
  ])('%d of %d is %s: never all, nor nothing, unless it is', (part, whole, text) => {
    expect(plain(percent(part, whole))).toBe(text)
  })
})

test('numbers are short', () => {
  expect([0, 3, 3.14, 9.97, 41.6].map(rate)).toEqual(['0', '3', '3.1', '10', '42'])
  expect([null, 0.42, 41.6, 999.6, 5_000, 70_000].map((one) => plain(duration(one)))).toEqual([
    '–',
    '0.4 ms',
    '42 ms',
    '1 s',
    '5 s',
    '70 s',
  ])
})

describe('a summary', () => {
  test('counts a request that was held back as one that got nothing', () => {
    const sums = summary([frame(1, { accepted: 6, failed: 2 }, 2)], 'koa')
    expect(sums).toMatchObject({ due: 10, served: 6, failed: 4 })
    expect(verdict(sums)).toBe('poor')
  })

  test('lets a flood account for its part of what was held back', () => {
    expect(summary([frame(1, { accepted: 6 }, 8, 90)], 'koa')).toMatchObject({ due: 8, failed: 2 })
  })

  test.each([
    [{ accepted: 10 }, 'good', 'Every good token was served, on fresh evidence.'],
    [{ accepted: 9, unavailable: 1 }, 'good', '10 % got 503 with Retry-After: nobody can know.'],
    [{ accepted: 14, refused: 5, failed: 1 }, 'fair', '25 % got 401 for a good token, and will throw it away.'],
    [{ accepted: 1, failed: 9 }, 'poor', '90 % got an error or no answer in time.'],
    [{}, 'none', 'No request was due.'],
  ])('%j is %s', (good, expected, sentence) => {
    const sums = summary([frame(1, good)], 'ttl')
    expect(verdict(sums)).toBe(expected)
    expect(plain(because(sums))).toBe(sentence)
  })

  test('knows when the machine is too slow', () => {
    const frames = [frame(1), { ...frame(2), skipped: 6 }]
    expect(slowness(frames, frames[1]!)).toBe(0.1)
  })

  test('covers ten seconds', () => {
    const frames = Array.from({ length: 30 }, (_, index) => frame(index + 1))
    expect(lately(frames, frames[19]!).map(({ seq }) => seq)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
    const long = { ...frame(31), at: 90_000, span: 60_000 }
    expect(lately([...frames, long], long)).toEqual([long])
  })
})

describe('history', () => {
  test('keeps no more than it was told, whatever comes', () => {
    const history = createHistory(600)
    for (let seq = 1; seq <= 10_000; seq += 1) history.add(frame(seq))
    expect(history.frames.length).toBe(600)
    expect(history.last?.seq).toBe(10_000)
    expect(createHistory(1e9).add(frame(1))).toBe(true)
  })

  test('takes each frame once: a lost connection sends some again', () => {
    const history = createHistory(10)
    expect([1, 2, 2, 1, 3].map((seq) => history.add(frame(seq)))).toEqual([true, true, false, false, true])
    expect(history.frames.map(({ seq }) => seq)).toEqual([1, 2, 3])
  })
})

describe('a view', () => {
  const frames = Array.from({ length: 12 }, (_, index) => frame(index + 1))

  test('ends with the last frame, and has the stretches of weather', () => {
    const view = viewOf({ frames, window: 60_000, live: true }, 240)
    expect(view).toMatchObject({ from: -48_000, to: 12_000 })
    expect(view.weather).toEqual([
      { weather: 'healthy', from: 0, to: 5_000 },
      { weather: 'down', from: 5_000, to: 12_000 },
    ])
    expect(viewOf({ frames, window: 3_000, live: true }, 240).frames.map(({ seq }) => seq)).toEqual([10, 11, 12])
    expect(viewOf({ frames, window: Infinity, live: false }, 240)).toMatchObject({ from: 0, to: 12_000 })
  })

  test('draws frames together where there is no room for each', () => {
    const view = viewOf({ frames, window: Infinity, live: false }, 10)
    expect(view.columns.map((column) => column.map(({ seq }) => seq))).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7, 8],
      [9, 10, 11],
      [12],
    ])
  })

  test('of nothing is empty', () => {
    expect(viewOf({ frames: [], window: 60_000, live: true }, 240)).toMatchObject({
      frames: [],
      columns: [],
      weather: [],
    })
  })
})

test('scales', () => {
  expect(linear(0, 10, 100, 0)(2.5)).toBe(75)
  expect(linear(0, 0, 100, 0)(0)).toBe(100)
  const log = logarithmic(1, 10_000, 0, 40)
  expect([0, 1, 100, 1e9].map((value) => Math.round(log(value)))).toEqual([0, 0, 20, 40])
  expect([0, 7, 11, 61, 101].map((value) => roundUp(value, 4))).toEqual([4, 8, 12, 80, 120])
  expect(timeMarks(-30_000, 61_000, 5)).toEqual([0, 30_000, 60_000])
})

test('paths have gaps, and a lone point is seen', () => {
  expect(linePath([[0, 1], [2, 3], undefined, [4.04, 5]])).toBe('M0 1L2 3M4 5h.01')
  expect(areaPath([[0, 9, 5], [1, 9, 4], undefined, [3, 9, 9]])).toBe('M0 5L1 4L1 9L0 9Z')
})
