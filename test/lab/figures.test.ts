import { describe, expect, test } from 'vitest'
import { History } from '../../examples/outage-lab/src/frames/history.ts'
import { since } from '../../examples/outage-lab/src/frames/since.ts'
import { seeded, zipf } from '../../examples/outage-lab/src/load/chance.ts'
import { Meter } from '../../examples/outage-lab/src/load/meter.ts'
import { percentile } from '../../examples/outage-lab/src/load/percentile.ts'

test('percentiles are values that were measured', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
  expect([50, 90, 99, 100].map((percent) => percentile(hundred, percent))).toEqual([50, 90, 99, 100])
  expect(percentile([7.25], 50)).toBe(7.3)
  expect(percentile([], 50)).toBeNull()
})

test('counters since an earlier look', () => {
  const now = { accepted: { live: 5, cache: 2 }, refused: { token_expired: 1 } as Record<string, number> }
  expect(since(undefined, now)).toEqual(now)
  const before = { accepted: { live: 3, cache: 2 }, refused: {} }
  expect(since(before, now)).toEqual({ accepted: { live: 2, cache: 0 }, refused: { token_expired: 1 } })
})

test('a history forgets the oldest', () => {
  const history = new History<number>(3)
  const none = history.all
  for (const item of [1, 2, 3, 4]) history.add(item)
  expect(history.all).toEqual([2, 3, 4])
  expect(none).toEqual([])
})

describe('chance', () => {
  test('repeats itself by its seed', () => {
    const [one, same, other] = [seeded(1), seeded(1), seeded(2)]
    const first = [one(), one(), one()]
    expect([same(), same(), same()]).toEqual(first)
    expect([other(), other(), other()]).not.toEqual(first)
    for (const number of first) expect(number >= 0 && number < 1).toBe(true)
  })

  test('prefers the first, as Zipf has it', () => {
    const pick = zipf(200, 0.9, seeded(1))
    const counts = Array.from({ length: 200 }, () => 0)
    for (let draw = 0; draw < 50_000; draw += 1) counts[pick()]! += 1
    expect(counts[0]! / counts[1]!).toBeCloseTo(2 ** 0.9, 0)
    expect(counts[0]! / counts[9]!).toBeCloseTo(10 ** 0.9, -0.5)
    expect(Math.min(...counts)).toBeGreaterThan(0)
  })
})

describe('a meter', () => {
  const answered = { sender: 'opaque', latency: 4, age: undefined } as const

  test('tells apart what a status says of the token', () => {
    const meter = new Meter()
    for (const status of [200, 401, 403, 503, 500, undefined]) meter.add({ ...answered, status })
    const { outcomes, statuses } = meter.take()
    expect(outcomes.opaque).toEqual({ accepted: 1, refused: 2, unavailable: 1, failed: 2 })
    expect(statuses).toEqual({ 200: 1, 401: 1, 403: 1, 503: 1, 500: 1, none: 1 })
  })

  test('begins anew with each frame', () => {
    const meter = new Meter()
    meter.sent = 1
    meter.add({ ...answered, status: 200, age: 9_000 })
    expect(meter.take()).toMatchObject({ sent: 1, latency: { p50: 4 }, evidenceAge: { p50: 9_000, max: 9_000 } })
    expect(meter.take()).toMatchObject({ sent: 0, statuses: {}, latency: { p50: null }, evidenceAge: { max: null } })
  })
})
