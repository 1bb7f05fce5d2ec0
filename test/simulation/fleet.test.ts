import { beforeAll, describe, expect, test } from 'vitest'
import { fleet, type FleetOptions, type FleetResult } from './fleet/fleet.ts'
import { calmCalls, documentFetches, outageCalls, recoveringInFlight } from './fleet/law.ts'

// The fleet of docs/scale.md, smaller and with a sixth of the fresh time: what the law says of it changes alike.
const SHORT: Omit<FleetOptions, 'replicas' | 'routing'> = {
  seed: 1,
  sessions: 300,
  zipf: 0.9,
  perSecond: 60,
  capacity: 300,
  fresh: 10_000,
  seconds: { warmUp: 30, calm: 60, outage: 30, after: 40 },
}

describe.each([
  { replicas: 5, routing: 'sticky' },
  { replicas: 20, routing: 'sticky' },
  { replicas: 5, routing: 'random' },
  { replicas: 20, routing: 'random' },
] as const)('$replicas real replicas before one authorization server, routing: $routing', ({ replicas, routing }) => {
  let result: FleetResult
  beforeAll(async () => {
    result = await fleet({ ...SHORT, replicas, routing })
  }, 120_000)

  test('in calm introspections per second are the sum of rate / (1 + 0.8 x fresh x rate) over replicas and tokens', () => {
    const { calls, expected, accepted } = result.calm
    expect(calls / expected).toBeGreaterThan(0.93)
    expect(calls / expected).toBeLessThan(1.07)
    expect(accepted).toBe(100)
  })

  test('in an outage each replica sends one probe per mean back-off, whatever its users do', () => {
    const { calls, expected, peakInFlight } = result.outage
    expect(calls / expected).toBeGreaterThan(0.7)
    expect(calls / expected).toBeLessThan(1.15)
    expect(peakInFlight).toBeLessThanOrEqual(replicas)
  })

  test('after it calls in flight begin at two for each replica, and nobody is stampeded', () => {
    const { firstSecondInFlight, peakInFlight, accepted, healthyAfter } = result.after
    expect(firstSecondInFlight).toBeLessThanOrEqual(2)
    expect(peakInFlight).toBeLessThanOrEqual(recoveringInFlight(replicas, 3))
    expect(accepted).toBeGreaterThan(97)
    expect(healthyAfter).toBeLessThan(40)
  })
})

test('sticky routing makes the load independent of the number of replicas; random routing lets it grow to one call per request', () => {
  const rates = Array.from({ length: 1_000 }, () => 0.1)
  const sticky = [5, 20, 1_000].map((replicas) => calmCalls({ replicas, rates, routing: 'sticky', fresh: 60_000 }))
  expect(new Set(sticky.map(Math.round)).size).toBe(1)
  expect(calmCalls({ replicas: 1_000, rates, routing: 'random', fresh: 60_000 })).toBeCloseTo(99.5, 1)
})

test('docs/scale.md has the figures of the law', () => {
  const [k1, k10, k1000] = [1, 10, 1_000].map((seenBy) => aMillion(seenBy, 60_000))
  expect([k1!, k10!, k1000!].map((calls) => Math.round(calls / 100) * 100)).toEqual([17_200, 67_600, 99_500])
  expect(aMillion(1, 300_000)).toBeCloseTo(4_000)
  expect([0, 2_000].map((failsAfter) => Math.round(outageCalls(1_000, failsAfter)))).toEqual([381, 216])
  expect(documentFetches(1_000)).toBeCloseTo(4.2, 1)
  expect([0, 1].map((second) => recoveringInFlight(1_000, second))).toEqual([2_000, 4_000])
})

/** A million users with a request every ten seconds. */
function aMillion(seenBy: number, fresh: number): number {
  return 1_000_000 * calmCalls({ replicas: seenBy, rates: [0.1], routing: 'random', fresh })
}
