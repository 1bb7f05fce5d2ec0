import { describe, expect, test } from 'vitest'
import { LastGood, type Loaded, LoadTrouble, type Source } from '../../src/resilience/last-good.ts'
import { deferred } from '../support/deferred.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'

const HARD_BOUND = 7_200_000
const FRESH = 600_000

function setUp(overrides: Partial<Source<string>> = {}, luck = 0.5) {
  const clock = new ManualClock()
  const reports: string[] = []
  const answers: (() => Promise<Loaded<string>>)[] = []
  let loads = 0
  const load = async (): Promise<Loaded<string>> => {
    loads += 1
    const answer = answers.shift()
    return answer ? answer() : { value: `v${loads}`, freshFor: FRESH, text: `t${loads}` }
  }
  const document = new LastGood<string>({ load, ...overrides }, HARD_BOUND, {
    clock,
    random: chance(luck),
    report: (result, trigger, trouble) => void reports.push([result, trigger, trouble].filter(Boolean).join(' ')),
  })
  return {
    clock,
    document,
    reports,
    get loads() {
      return loads
    },
    /** What the next loads come to; after these every load succeeds. */
    next: (...given: (() => Promise<Loaded<string>>)[]) => void answers.push(...given),
  }
}

const trouble =
  (pause = 0) =>
  async (): Promise<never> => {
    throw new LoadTrouble('status_500', { pause })
  }
const never = (): Promise<never> => new Promise(() => undefined)

describe('loading', () => {
  test('a thousand who ask at once cause one load', async () => {
    const all = setUp()
    await Promise.all(Array.from({ length: 1_000 }, () => all.document.obtain()))
    expect(all.loads).toBe(1)
  }) // JK-27

  test('nothing is loaded before anybody asks', () => {
    const all = setUp()
    expect([all.loads, all.document.value, all.document.age]).toEqual([0, undefined, Infinity])
  }) // XC-17

  test('a value at hand is not loaded again', async () => {
    const all = setUp()
    await all.document.obtain()
    await all.document.obtain()
    expect(all.loads).toBe(1)
  })

  test('age counts from the question, not from the answer', async () => {
    const all = setUp()
    all.next(
      () =>
        new Promise((resolve) => {
          all.clock.after(2_000, () => resolve({ value: 'slow', freshFor: FRESH, text: '' }))
        }),
    )
    const obtained = all.document.obtain()
    await all.clock.advance(2_000)
    await obtained
    expect([all.document.value, all.document.age]).toEqual(['slow', 2_000])
  }) // JK-23

  test('an error that is no trouble of the server is reported as internal', async () => {
    const all = setUp()
    all.next(async () => {
      throw new TypeError('https://as.example/secret')
    })
    await all.document.obtain()
    expect(all.reports).toEqual(['failed start internal'])
  }) // XC-08
})

describe('refreshing ahead', () => {
  test.each([
    [0, 0.7],
    [0.5, 0.8],
    [1, 0.9],
  ])('with luck %d a refresh runs after %d of the fresh time', async (luck, part) => {
    const all = setUp({}, luck)
    await all.document.obtain()
    await all.clock.advance(FRESH * part - 1)
    expect(all.loads).toBe(1)
    await all.clock.advance(1)
    expect([all.loads, all.document.value]).toEqual([2, 'v2'])
  }) // JK-28

  test('the value stays available while a refresh hangs', async () => {
    const all = setUp()
    await all.document.obtain()
    all.next(never)
    await all.clock.advance(FRESH)
    expect([all.document.loading, all.document.value]).toEqual([true, 'v1'])
  }) // JK-28

  test('the chain of refreshes goes on for a day', async () => {
    const all = setUp()
    await all.document.obtain()
    await all.clock.advance(86_400_000)
    expect(all.loads).toBe(1 + 86_400_000 / (FRESH * 0.8))
  })

  test('the chain of attempts goes on when a timer fires a hair early', async () => {
    const all = setUp()
    const { clock } = all
    const after = clock.after.bind(clock)
    clock.after = (ms, run) => after(ms - 1, run)
    all.next(trouble(), trouble())
    await all.document.obtain()
    await clock.advance(10_000)
    expect(all.document.value).toBe('v3')
  })
})

describe('failing', () => {
  test('the last good value stays when a refresh fails', async () => {
    const all = setUp()
    await all.document.obtain()
    all.next(trouble())
    await all.clock.advance(FRESH * 0.8)
    expect([all.loads, all.document.value, all.reports.at(-1)]).toEqual([2, 'v1', 'failed ahead status_500'])
  }) // JK-31

  test('the value is gone at its hard bound after the last success', async () => {
    const all = setUp()
    await all.document.obtain()
    all.next(...Array.from({ length: 10_000 }, () => trouble()))
    await all.clock.advance(HARD_BOUND - 1)
    expect(all.document.value).toBe('v1')
    await all.clock.advance(1)
    expect(all.document.value).toBeUndefined()
  }) // JK-25

  test('pauses between attempts double to a cap', async () => {
    const all = setUp({}, 1)
    all.next(...Array.from({ length: 8 }, () => trouble()))
    await all.document.obtain()
    const pauses: number[] = []
    for (let attempt = 0; attempt < 7; attempt += 1) {
      pauses.push(all.document.pause)
      await all.clock.advance(all.document.pause)
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  }) // JK-38

  test('no request starts a load during a pause', async () => {
    const all = setUp()
    all.next(trouble())
    await all.document.obtain()
    for (let request = 0; request < 100; request += 1) await all.document.obtain()
    expect([all.loads, await all.document.refresh('unknown_kid')]).toEqual([1, false])
  }) // JK-38

  test('a load is tried again after the pause without being asked', async () => {
    const all = setUp()
    all.next(trouble())
    await all.document.obtain()
    await all.clock.advance(all.document.pause)
    expect([all.loads, all.document.value]).toEqual([2, 'v2'])
  }) // JK-32

  test('Retry-After lengthens the pause', async () => {
    const all = setUp()
    all.next(trouble(20_000))
    await all.document.obtain()
    await all.clock.advance(19_999)
    expect(all.loads).toBe(1)
    await all.clock.advance(1)
    expect(all.loads).toBe(2)
  }) // JK-38

  test('a success ends the count of failures', async () => {
    const all = setUp()
    all.next(trouble(), trouble())
    await all.document.obtain()
    expect(all.document.status).toMatchObject({ failures: 1, lastTrouble: 'status_500' })
    await all.clock.advance(10_000)
    expect(all.document.status).toMatchObject({ failures: 0, lastTrouble: undefined })
  }) // JK-44

  test('the status tells when the next load is due', async () => {
    const all = setUp()
    await all.document.obtain()
    await all.clock.advance(80_000)
    expect(all.document.status).toMatchObject({ age: 80_000, nextIn: FRESH * 0.8 - 80_000 })
  }) // JK-44
})

/** As {@link Snapshots} tells it. */
const since = (clock: ManualClock, age: number) => ({
  wall: clock.wall() - age,
  monotonic: age < 0 ? -Infinity : clock.monotonic() - age,
})

const ending = (usableFor: number) => async (): Promise<Loaded<string>> => ({
  value: 'short',
  freshFor: FRESH,
  usableFor,
  text: 'short',
})

describe('a value with an end of its own', () => {
  test('it is gone then, though the hard bound is later', async () => {
    const all = setUp()
    all.next(ending(900_000), ...Array.from({ length: 100 }, () => trouble()))
    await all.document.obtain()
    await all.clock.advance(899_999)
    expect(all.document.value).toBe('short')
    await all.clock.advance(1)
    expect(all.document.value).toBeUndefined()
  }) // JK-25

  test('it is gone at the hard bound, though its own end is later', async () => {
    const all = setUp()
    all.next(ending(HARD_BOUND * 2), ...Array.from({ length: 1_000 }, () => trouble(30_000)))
    await all.document.obtain()
    await all.clock.advance(HARD_BOUND)
    expect(all.document.value).toBeUndefined()
  }) // JK-25

  test('the end is that of the latest load', async () => {
    const all = setUp()
    all.next(ending(700_000))
    await all.document.obtain()
    await all.clock.advance(600_000)
    await all.clock.advance(600_000)
    expect(all.document.value).toMatch(/^v/)
  }) // JK-25
})

describe('restoring', () => {
  test('a restored value serves at once and is refreshed in the background', async () => {
    const clock = new ManualClock()
    const all = setUp({ restore: async () => ({ value: 'kept', since: since(clock, 60_000) }) })
    all.next(never)
    await all.document.obtain()
    expect([all.document.value, all.document.age, all.document.loading]).toEqual(['kept', 60_000, true])
  })

  test('a restored value was asked for by nobody here, and is not fresh; a loaded one is, for as long as it says', async () => {
    const clock = new ManualClock()
    const all = setUp({ restore: async () => ({ value: 'kept', since: since(clock, 1_000) }) })
    all.next(trouble())
    await all.document.obtain()
    expect([all.document.askedAt, all.document.fresh]).toEqual([-Infinity, false])
    await all.clock.advance(10_000)
    const loadedAt = all.document.askedAt
    expect([loadedAt > 0, all.document.fresh]).toEqual([true, true])
    all.next(...Array.from({ length: 1_000 }, () => trouble()))
    await all.clock.advance(loadedAt + FRESH - all.clock.monotonic() - 1)
    expect(all.document.fresh).toBe(true)
    await all.clock.advance(1)
    expect([all.document.fresh, all.document.askedAt]).toEqual([false, loadedAt])
  }) // JK-29, XC-07

  test('a restored value past its hard bound is not used', async () => {
    const clock = new ManualClock()
    const all = setUp({ restore: async () => ({ value: 'kept', since: since(clock, HARD_BOUND) }) })
    all.next(trouble())
    await all.document.obtain()
    expect(all.document.value).toBeUndefined()
  }) // JK-25

  test('a restored value from the future is not used', async () => {
    const clock = new ManualClock()
    const all = setUp({ restore: async () => ({ value: 'kept', since: since(clock, -1) }) })
    all.next(trouble())
    await all.document.obtain()
    expect(all.document.value).toBeUndefined()
  }) // XC-07

  test('a load wins over what was restored', async () => {
    const clock = new ManualClock()
    const all = setUp({ restore: async () => ({ value: 'kept', since: since(clock, 60_000) }) })
    await all.document.obtain()
    await settled()
    expect(all.document.value).toBe('v1')
  })

  test('a load that was quicker than the store is not overwritten', async () => {
    const clock = new ManualClock()
    const restored = deferred<{ value: string; since: { wall: number; monotonic: number } }>()
    const all = setUp({ restore: () => restored.promise })
    const obtained = all.document.obtain()
    await all.document.refresh('start')
    restored.resolve({ value: 'kept', since: since(clock, 60_000) })
    await obtained
    expect(all.document.value).toBe('v1')
  })

  test('the store is asked once', async () => {
    let asked = 0
    const all = setUp({
      restore: async () => {
        asked += 1
        return undefined
      },
    })
    all.next(trouble())
    await all.document.obtain()
    await all.clock.advance(60_000)
    await all.document.obtain()
    expect(asked).toBe(1)
  })

  test('what was loaded is kept with the time of the question', async () => {
    const kept: unknown[] = []
    const all = setUp({ keep: (text, instant) => void kept.push([text, instant.wall]) })
    const asked = all.clock.wall()
    await all.document.obtain()
    expect(kept).toEqual([['t1', asked]])
  })
})

test('what is loaded without a text is not kept', async () => {
  const kept: string[] = []
  const all = setUp({ keep: (text) => void kept.push(text) })
  all.next(async () => ({ value: 'secret', freshFor: FRESH, text: undefined }))
  await all.document.obtain()
  expect([all.document.value, kept]).toEqual(['secret', []])
}) // DI-21

describe('clocks', () => {
  test('a wall clock set back makes nothing younger', async () => {
    const all = setUp()
    await all.document.obtain()
    all.next(...Array.from({ length: 10_000 }, () => trouble()))
    all.clock.jump(-3_600_000)
    await all.clock.advance(HARD_BOUND)
    expect(all.document.value).toBeUndefined()
  }) // XC-07, IN-53

  test('a wall clock set far ahead ends the value, and the next request loads it anew', async () => {
    const all = setUp()
    await all.document.obtain()
    all.clock.jump(HARD_BOUND)
    expect(all.document.value).toBeUndefined()
    await all.document.obtain()
    expect(all.document.value).toBe('v2')
  }) // XC-07
})

describe('closing', () => {
  test('closing cancels the timer', async () => {
    const all = setUp()
    await all.document.obtain()
    all.document.close()
    expect(all.clock.timers).toBe(0)
  }) // XC-16

  test('a load that ends after closing sets no timer', async () => {
    const all = setUp()
    const answer = deferred<Loaded<string>>()
    all.next(() => answer.promise)
    const obtained = all.document.obtain()
    await settled()
    all.document.close()
    answer.resolve({ value: 'late', freshFor: FRESH, text: '' })
    await obtained
    expect(all.clock.timers).toBe(0)
  }) // XC-16

  test('nothing is loaded after closing', async () => {
    const all = setUp()
    all.document.close()
    await all.document.obtain()
    expect(all.loads).toBe(0)
  }) // XC-16
})
