import { describe, expect, test } from 'vitest'
import { EndpointHealth, type EndpointState } from '../../src/resilience/endpoint-health.ts'
import { chance } from '../support/chance.ts'
import { ManualClock } from '../support/manual-clock.ts'

function setUp(random = 0) {
  const clock = new ManualClock()
  const changes: string[] = []
  const health = new EndpointHealth(clock, chance(random), (state, previous) => changes.push(`${previous} > ${state}`))
  /** So many milliseconds after its start a call fails. */
  const fails = (after = 0): void => health.failed(clock.monotonic() - after)
  return { clock, changes, health, fails }
}

type All = ReturnType<typeof setUp>

function repeat(count: number, run: () => void): void {
  for (let n = 0; n < count; n += 1) run()
}

/** An endpoint that has answered once, and then not for five seconds. */
async function down(random = 0): Promise<All> {
  const all = setUp(random)
  all.health.answered()
  await all.clock.advance(5_000)
  repeat(5, () => all.fails(1_000))
  expect(all.health.state).toBe('down')
  return all
}

async function recovering(): Promise<All> {
  const all = await down()
  await all.clock.advance(1_000)
  all.health.answered()
  expect(all.health.state).toBe('recovering')
  return all
}

/** Passes time, and looks again at the end of it. */
async function later({ clock, health }: All, ms: number, crowded = false): Promise<EndpointState> {
  await clock.advance(ms)
  health.review(crowded)
  return health.state
}

async function limited(): Promise<All> {
  const all = setUp()
  repeat(100, () => all.health.answered())
  repeat(12, () => all.fails())
  expect(await later(all, 1_000)).toBe('limited')
  return all
}

describe('healthy', () => {
  test('it is so from the start, and allows any number of calls', () => {
    const { health } = setUp()
    expect([health.state, health.allowed, health.probeAt]).toEqual(['healthy', Infinity, -Infinity])
  })

  test('two failures are no trend', async () => {
    const all = setUp()
    all.health.answered()
    repeat(2, () => all.fails())
    expect(await later(all, 1_000)).toBe('healthy')
  })

  test('a tenth of failures is borne, more is not', async () => {
    const all = setUp()
    repeat(27, () => all.health.answered())
    repeat(3, () => all.fails())
    expect(await later(all, 1_000)).toBe('healthy')
    all.fails()
    expect(await later(all, 0)).toBe('limited')
  })

  test('failures of more than ten seconds ago count no more', async () => {
    const all = setUp()
    repeat(10, () => all.health.answered())
    repeat(3, () => all.fails())
    expect(await later(all, 11_000)).toBe('healthy')
  })

  test('whoever waits up to 20 ms for room is no limitation, longer is', async () => {
    const all = setUp()
    await later(all, 1_000, true)
    expect(await later(all, 20, true)).toBe('healthy')
    expect(await later(all, 1, true)).toBe('limited')
  })

  test('the wait has to be one without an end', async () => {
    const all = setUp()
    await later(all, 1_000, true)
    await later(all, 15, false)
    await later(all, 1, true)
    expect(await later(all, 15, true)).toBe('healthy')
  })

  test('it lasts at least 1 s', async () => {
    const all = setUp()
    all.health.review(true)
    expect(await later(all, 999, true)).toBe('healthy')
    expect(await later(all, 1, true)).toBe('limited')
  })
})

describe('limited', () => {
  test('the learnt limit alone says how many calls may be in flight', async () => {
    expect((await limited()).health.allowed).toBe(Infinity)
  })

  test('it ends where fewer than 5 % fail: half of what it began with', async () => {
    const all = await limited()
    repeat(128, () => all.health.answered())
    expect(await later(all, 1_000)).toBe('limited') // 12 of 240
    all.health.answered()
    expect(await later(all, 0)).toBe('healthy')
  })

  test('it lasts at least 1 s', async () => {
    const all = await limited()
    repeat(1_000, () => all.health.answered())
    expect(await later(all, 999)).toBe('limited')
    expect(await later(all, 1)).toBe('healthy')
  })

  test('it lasts as long as somebody waits for room', async () => {
    const all = await limited()
    repeat(1_000, () => all.health.answered())
    expect(await later(all, 60_000, true)).toBe('limited')
    expect(await later(all, 1)).toBe('healthy')
  })
})

describe('down', () => {
  test('it takes five failures', async () => {
    const all = setUp()
    all.health.answered()
    await all.clock.advance(60_000)
    repeat(4, () => all.fails())
    expect(all.health.state).not.toBe('down')
    all.fails()
    expect(all.health.state).toBe('down')
  })

  test('it takes five seconds without an answer', async () => {
    const all = setUp()
    all.health.answered()
    await all.clock.advance(4_999)
    repeat(50, () => all.fails())
    expect(all.health.state).not.toBe('down')
    await all.clock.advance(1)
    all.fails()
    expect(all.health.state).toBe('down')
  })

  test('one answer between, and the count begins again', async () => {
    const all = setUp()
    await all.clock.advance(10_000)
    repeat(4, () => all.fails())
    all.health.answered()
    await all.clock.advance(10_000)
    repeat(4, () => all.fails())
    expect(all.health.state).not.toBe('down')
  })

  test('one call at a time finds out, from 0.25 s on', async () => {
    const { clock, health } = await down()
    expect([health.allowed, health.probeAt - clock.monotonic()]).toEqual([0, 250])
    await clock.advance(250)
    expect(health.allowed).toBe(1)
  })

  test.each([
    [0, [250, 250, 250, 250, 250, 250, 250]],
    [0.5, [375, 625, 1_125, 2_125, 2_625, 2_625, 2_625]],
    [1, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000]],
  ])('probes back off, with chance %d, up to 5 s', async (random, waits) => {
    const { clock, health, fails } = await down(random)
    const seen = [health.probeAt - clock.monotonic()]
    while (seen.length < waits.length) {
      await clock.advance(seen.at(-1)!)
      fails()
      seen.push(health.probeAt - clock.monotonic())
    }
    expect(seen).toEqual(waits)
  })

  test('a call from before that fails is no probe', async () => {
    const { clock, health, fails } = await down(1)
    const at = health.probeAt
    await clock.advance(400)
    fails(2_000)
    expect(health.probeAt).toBe(at)
  })

  test('time alone does not end it', async () => {
    const all = await down()
    expect(await later(all, 3_600_000)).toBe('down')
  })

  test('after the next outage the back-off begins anew', async () => {
    const all = await down(1)
    for (let probe = 0; probe < 6; probe += 1) {
      await all.clock.advance(5_000)
      all.fails()
    }
    all.health.answered()
    await all.clock.advance(5_000)
    repeat(5, () => all.fails())
    expect([all.health.state, all.health.probeAt - all.clock.monotonic()]).toEqual(['down', 500])
  })
})

describe('recovering', () => {
  test('it begins with the first answer, also to a call from before', async () => {
    const all = await down()
    all.health.answered()
    expect([all.health.state, all.health.probeAt]).toEqual(['recovering', -Infinity])
  })

  test('two calls, and twice as many each second', async () => {
    const { clock, health } = await recovering()
    const seen: number[] = []
    for (let second = 0; second < 6; second += 1) {
      seen.push(health.allowed)
      await clock.advance(1_000)
    }
    expect(seen).toEqual([2, 4, 8, 16, 32, 64])
  })

  test('after a failure it begins again with two', async () => {
    const { clock, health, fails } = await recovering()
    await clock.advance(3_000)
    fails()
    expect(health.allowed).toBe(2)
    await clock.advance(1_000)
    expect(health.allowed).toBe(4)
  })

  test('after two good seconds with room for all it is over', async () => {
    const all = await recovering()
    expect(await later(all, 1_999)).toBe('recovering')
    expect(await later(all, 1)).toBe('healthy')
  })

  test('while somebody waits for room it goes on, but no longer than two minutes', async () => {
    const all = await recovering()
    expect(await later(all, 119_999, true)).toBe('recovering')
    expect(await later(all, 1, true)).toBe('limited')
  })

  test('what failed in the outage does not count any more', async () => {
    const all = await recovering()
    all.health.answered()
    expect(await later(all, 2_000)).toBe('healthy')
  })

  test('a second outage is one', async () => {
    const all = await recovering()
    await all.clock.advance(5_000)
    repeat(5, () => all.fails())
    expect(all.changes).toEqual(['healthy > down', 'down > recovering', 'recovering > down'])
  })
})

test('every change is told once, with the state before it', async () => {
  const all = await recovering()
  await later(all, 2_000)
  await later(all, 60_000)
  expect(all.changes).toEqual(['healthy > down', 'down > recovering', 'recovering > healthy'])
})

test('the wall clock has no say', async () => {
  const all = await down()
  all.clock.jump(3_600_000)
  expect([all.health.allowed, await later(all, 0)]).toEqual([0, 'down'])
})
