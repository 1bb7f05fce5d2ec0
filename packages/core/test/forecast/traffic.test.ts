import { describe, expect, test } from 'vitest'
import { Traffic } from '../../src/forecast/traffic.ts'
import type { Presented } from '../../src/verify/verifier.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const clock = new ManualClock()
const TOKEN = verifiedToken({ sub: 'somebody', exp: 1_900_000_000, iat: 1_800_000_000 }, clock)

function setUp() {
  const traffic = new Traffic()
  const pass = (at: number, digest = 'one'): Presented => {
    const request = { ...presented('token', clock), digest, arrivedAt: at }
    traffic.pass(TOKEN, request)
    return request
  }
  /** Requests and samples of the last minute. */
  const seen = (now: number) => {
    const slots = traffic.lastMinute(now)
    return {
      requests: slots.reduce((sum, { requests }) => sum + requests, 0),
      samples: slots.flatMap((one) => one.samples),
    }
  }
  return { traffic, pass, seen }
}

describe('the last minute', () => {
  test('has every request of up to 256 in five seconds', () => {
    const { pass, seen } = setUp()
    for (let at = 0; at < 60_000; at += 5_000 / 256) pass(at, `digest ${at}`)
    const { requests, samples } = seen(59_999)
    expect(requests).toBe(12 * 256)
    expect(new Set(samples.map(({ digest }) => digest)).size).toBe(requests)
  })

  test('is the five seconds that run, and the eleven times five before', () => {
    const { pass, seen } = setUp()
    for (const at of [0, 4_999, 5_000, 59_999]) pass(at)
    expect(seen(59_999).requests).toBe(4)
    expect(seen(60_000).requests).toBe(2)
    expect(seen(65_000).requests).toBe(1)
    pass(70_000)
    expect(seen(70_000).requests).toBe(2)
    expect(seen(10_000_000).requests).toBe(0)
  })

  test('keeps no more than twelve slots, however long traffic goes on', () => {
    const { traffic, pass } = setUp()
    for (let at = 0; at < 600_000; at += 1_000) pass(at)
    expect(traffic.lastMinute(0)).toHaveLength(12)
  })

  test('counts a request that waited to the five seconds in which others are decided by then', () => {
    const { pass, seen } = setUp()
    pass(5_001)
    pass(4_999)
    expect(seen(5_001).requests).toBe(2)
    expect(seen(60_000).requests).toBe(2)
  })

  test('remembers of a request its times and how old evidence it puts up with', () => {
    const { pass, seen } = setUp()
    const request = pass(0)
    request.sighting!.demand(5_000)
    request.sighting!.demand(60_000)
    const [sighting] = seen(0).samples
    expect(sighting).toMatchObject({ digest: 'one', exp: 1_900_000_000, iat: 1_800_000_000, maxEvidenceAge: 5_000 })
    expect(JSON.stringify(sighting)).not.toContain('somebody')
  })
})

/** The share of samples that are of one caller, where it sends this share of all, in turn with others. */
function shareOf(isTheirs: (index: number) => boolean, perSlot: number): { share: number; held: number } {
  const { pass, seen } = setUp()
  for (let slot = 0; slot < 12; slot += 1) {
    for (let index = 0; index < perSlot; index += 1) {
      pass(slot * 5_000 + (index * 5_000) / perSlot, isTheirs(index) ? 'theirs' : 'others')
    }
  }
  const { requests, samples } = seen(59_999)
  expect(requests).toBe(12 * perSlot)
  return { share: samples.filter(({ digest }) => digest === 'theirs').length / samples.length, held: samples.length }
}

describe('the sample of more', () => {
  test.each([257, 2_500, 10_000])('holds 256 of every %i, one as likely as another', (perSlot) => {
    // In step with any regular choice, and all at the end: a sample must be off by no more than chance explains.
    const inTurn = shareOf((index) => index % 16 === 0, perSlot)
    const atTheEnd = shareOf((index) => index >= perSlot * 0.9, perSlot)
    expect(inTurn.held).toBe(12 * 256)
    // Four times the standard error of a share of 3,072.
    expect(Math.abs(inTurn.share - 1 / 16)).toBeLessThan(4 * Math.sqrt(((1 / 16) * (15 / 16)) / 3_072))
    expect(Math.abs(atTheEnd.share - 0.1)).toBeLessThan(4 * Math.sqrt((0.1 * 0.9) / 3_072))
  })

  test('costs most requests nothing but a count', () => {
    const { pass } = setUp()
    const looked = Array.from({ length: 100_000 }, (_, index) => pass(index / 100)).filter((one) => one.sighting)
    expect(looked.length).toBeLessThan(2_500)
  })
})
