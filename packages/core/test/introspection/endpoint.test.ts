import { describe, expect, test } from 'vitest'
import { type EndpointBounds, IntrospectionEndpoint } from '../../src/introspection/endpoint.ts'
import type { Inquiry } from '../../src/introspection/inquiry.ts'
import { type Answer, type Introspector, Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import type { Urgency } from '../../src/resilience/admission-queue.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'

const ACTIVE: Answer = { is: 'active', claims: { active: true }, freshFor: undefined }
const INACTIVE: Answer = { is: 'inactive' }
const BLOCKED: Urgency = { is: 'blocked' }
const GRACE: Urgency = { is: 'grace', left: 0.9 }
const stranger = (source?: string): Urgency => ({ is: 'new', source })

interface InFlight {
  readonly token: string
  readonly answer: (answer?: Answer) => Promise<void>
  readonly fail: (kind: TroubleKind, pause?: number) => Promise<void>
}

function setUp(bounds: Partial<EndpointBounds> = {}) {
  const clock = new ManualClock()
  const reports: string[] = []
  const calls: InFlight[] = []
  let remarks = 0
  const inner: Introspector = {
    introspect: ({ token }) =>
      new Promise((resolve, reject) => {
        calls.push({
          token,
          answer: (answer = ACTIVE) => (resolve(answer), settled()),
          fail: (kind, pause) => (reject(new Trouble(kind, pause === undefined ? {} : { pause })), settled()),
        })
      }),
  }
  const endpoint = new IntrospectionEndpoint(
    inner,
    { inFlight: 100, waiting: { known: 1_000, new: 256 }, slow: { never: 250, always: 1_000 }, ...bounds },
    {
      clock,
      random: chance(0),
      report: (state, previous, misconfigured) =>
        reports.push(`${previous} > ${state}${misconfigured ? ' misconfigured' : ''}`),
      oneSource: () => (remarks += 1),
    },
  )
  /** Asks; what comes of it can be looked at without waiting. */
  function ask(token: string, urgency: Urgency = BLOCKED, wait = 1_000) {
    const inquiry = endpoint.inquire(token, token, { urgency, deadline: clock.monotonic() + wait })
    const seen: { inquiry: Inquiry; result: string | undefined; pause: number | undefined } = {
      inquiry,
      result: undefined,
      pause: undefined,
    }
    inquiry.answer.then(
      ({ is }) => (seen.result = is),
      (error: Trouble) => Object.assign(seen, { result: error.kind, pause: error.pause }),
    )
    return seen
  }
  return {
    clock,
    reports,
    calls,
    endpoint,
    ask,
    press: (inquiry: Inquiry, urgency: Urgency, wait = 1_000) =>
      endpoint.press(inquiry, { urgency, deadline: clock.monotonic() + wait }),
    begun: () => calls.map(({ token }) => token),
    remarks: () => remarks,
  }
}

type All = ReturnType<typeof setUp>

/** Asks about one token, and lets that fail. */
async function failing(all: All, token: string, kind: TroubleKind, urgency: Urgency = GRACE, pause = 0) {
  const asked = all.ask(token, urgency)
  await all.calls.at(-1)!.fail(kind, pause)
  return asked
}

async function answered(all: All, token = 'good', answer = ACTIVE): Promise<void> {
  all.ask(token)
  await all.calls.at(-1)!.answer(answer)
}

/** Five failures, after five seconds without an answer. */
async function down(bounds?: Partial<EndpointBounds>): Promise<All> {
  const all = setUp(bounds)
  await answered(all)
  await all.clock.advance(5_000)
  for (let n = 0; n < 5; n += 1) await failing(all, `f${n}`, 'timeout')
  expect(all.endpoint.status.state).toBe('down')
  all.calls.length = 0
  return all
}

async function rejecting(): Promise<All> {
  const all = setUp()
  await answered(all)
  await failing(all, 'k', 'misconfigured')
  expect(all.endpoint.status.misconfigured).toBe(true)
  all.calls.length = 0
  return all
}

describe('calls in flight', () => {
  test('ten from the start, and the others wait', () => {
    const all = setUp()
    for (let n = 0; n < 12; n += 1) all.ask(`t${n}`)
    expect([all.calls.length, all.endpoint.status.queued.blocked]).toEqual([10, 2])
  })

  test('fewer where fewer are allowed', () => {
    const all = setUp({ inFlight: 3 })
    for (let n = 0; n < 12; n += 1) all.ask(`t${n}`)
    expect(all.calls.length).toBe(3)
  }) // IN-49

  test('whoever waits goes when one ends, well or not', async () => {
    const all = setUp({ inFlight: 1 })
    const first = all.ask('a')
    all.ask('c')
    const second = all.ask('b')
    await all.calls[0]!.answer(INACTIVE)
    await all.calls[1]!.fail('server_error')
    expect([all.begun(), first.result, second.result]).toEqual([['a', 'b', 'c'], 'inactive', 'server_error'])
  })

  test('more the longer all goes well, but never more than configured', async () => {
    const all = setUp({ inFlight: 12 })
    for (let n = 0; n < 200; n += 1) all.ask(`t${n}`, BLOCKED, 1e6)
    for (let n = 0; n < 100; n += 1) await all.calls[n]!.answer()
    expect(all.endpoint.status).toMatchObject({ inFlight: 12, limit: 12 })
  })

  test('whoever waits too long is dropped and not sent', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const late = all.ask('b')
    await all.clock.advance(1_000)
    await all.calls[0]!.answer()
    expect([all.begun(), late.result, all.endpoint.status.counters.shed.blocked]).toEqual([['a'], 'overloaded', 1])
  })

  test('one too many is shed at once, by class', async () => {
    const all = setUp({ inFlight: 1, waiting: { known: 1, new: 1 } })
    all.ask('a')
    const grace = all.ask('grace', GRACE)
    all.ask('blocked')
    const old = all.ask('n1', stranger())
    all.ask('n2', stranger())
    await settled()
    expect([grace.result, old.result]).toEqual(['overloaded', 'overloaded'])
    expect(all.endpoint.status.counters.shed).toEqual({ blocked: 0, grace: 1, quiet: 0, busy: 1 })
  }) // IN-49, NG-100

  test('an introspector that throws anything else is trouble of protocol', async () => {
    const all = setUp()
    const endpoint = new IntrospectionEndpoint(
      { introspect: () => Promise.reject(new TypeError('x')) },
      { inFlight: 1, waiting: { known: 1, new: 1 }, slow: { never: 1, always: 2 } },
      { clock: all.clock, random: chance(0), report: () => undefined, oneSource: () => undefined },
    )
    const { answer } = endpoint.inquire('t', 't', { urgency: BLOCKED, deadline: Infinity })
    await expect(answer).rejects.toMatchObject({ kind: 'protocol' })
  })
})

describe('another use of a token that waits', () => {
  test('moves it up', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const { inquiry } = all.ask('b')
    all.ask('c')
    all.press(inquiry, BLOCKED)
    await all.calls[0]!.answer()
    expect(all.begun()).toEqual(['a', 'b'])
  })

  test('by a blocked caller makes it as urgent as that', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const { inquiry } = all.ask('g', GRACE)
    all.ask('b')
    all.press(inquiry, BLOCKED)
    await all.calls[0]!.answer()
    expect(all.begun()).toEqual(['a', 'g'])
  })

  test('by a caller with grace left does not push back one who is blocked', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const { inquiry } = all.ask('b')
    all.press(inquiry, GRACE)
    expect(all.endpoint.status.queued).toMatchObject({ blocked: 1, grace: 0 })
  })

  test('after the blocked caller has left it is as urgent as its own', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const { inquiry } = all.ask('g', GRACE, 200_000)
    all.press(inquiry, BLOCKED)
    await all.clock.advance(999)
    all.press(inquiry, GRACE, 199_000)
    expect(all.endpoint.status.queued).toMatchObject({ blocked: 1, grace: 0 })
    await all.clock.advance(1)
    all.press(inquiry, GRACE, 199_000)
    expect(all.endpoint.status.queued).toMatchObject({ blocked: 0, grace: 1 })
  })

  test('gives it more time', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('a')
    const { inquiry } = all.ask('b')
    await all.clock.advance(900)
    all.press(inquiry, BLOCKED)
    await all.clock.advance(900)
    await all.calls[0]!.answer()
    expect(all.begun()).toEqual(['a', 'b'])
  })

  test('that is in flight changes nothing', async () => {
    const all = setUp()
    const { inquiry } = all.ask('a', GRACE)
    all.press(inquiry, BLOCKED)
    expect([all.begun(), all.endpoint.status.queued.blocked]).toEqual([['a'], 0])
  }) // single flight
})

describe('new tokens', () => {
  test('have every fifth turn', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('first')
    for (let n = 0; n < 10; n += 1) {
      all.ask(`k${n}`, BLOCKED, 1e6)
      all.ask(`n${n}`, stranger(), 1e6)
    }
    for (let n = 0; n < 10; n += 1) await all.calls[n]!.answer()
    expect(
      all
        .begun()
        .map((token) => token[0])
        .join(''),
    ).toBe('fkkknkkkknk')
  })

  test('of a source that was served stand behind others', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('loud 1', stranger('loud'))
    all.ask('calm', stranger('calm'))
    all.ask('loud 2', stranger('loud'))
    await all.calls[0]!.answer()
    expect(all.begun()).toEqual(['loud 1', 'calm'])
  })

  test('after 30 s a source stands behind nobody, but for 5 minutes after an inactive token', async () => {
    const all = setUp({ inFlight: 1 })
    all.ask('good 1', stranger('good'))
    await all.calls[0]!.answer()
    all.ask('junk 1', stranger('junk'))
    await all.calls[1]!.answer(INACTIVE)
    await all.clock.advance(30_000)
    all.ask('known')
    all.ask('good 2', stranger('good'))
    all.ask('junk 2', stranger('junk'))
    expect(all.endpoint.status.queued).toMatchObject({ quiet: 1, busy: 1 })
    await all.calls[2]!.answer()
    expect(all.begun().at(-1)).toBe('good 2')
  })

  test('a known token that became inactive is not held against its sender', async () => {
    const all = setUp({ inFlight: 1 })
    await answered(all, 'known', INACTIVE)
    all.ask('first')
    all.ask('new', stranger('s'))
    expect(all.endpoint.status.queued.quiet).toBe(1)
  })

  test('that nearly all come from one source are remarked upon once', async () => {
    const all = setUp()
    for (let n = 0; n < 300; n += 1) {
      all.ask(`t${n}`, stranger('proxy'))
      await all.calls.at(-1)!.answer()
      await all.clock.advance(500)
    }
    expect(all.remarks()).toBe(1)
  }) // design §9.15
})

describe('a second try', () => {
  test.each(['connect', 'reset'] as const)('comes after %s, for a blocked caller, 50 ms later', async (kind) => {
    const all = setUp()
    const asked = all.ask('a')
    await all.calls[0]!.fail(kind)
    await all.clock.advance(49)
    expect(all.calls.length).toBe(1)
    await all.clock.advance(1)
    await all.calls[1]!.answer()
    expect([asked.result, all.endpoint.status.counters]).toMatchObject(['active', { calls: 2, failed: 1, retried: 1 }])
  })

  test('is the last one', async () => {
    const all = setUp()
    const asked = all.ask('a')
    await all.calls[0]!.fail('connect')
    await all.clock.advance(50)
    await all.calls[1]!.fail('connect')
    await all.clock.advance(1_000)
    expect([asked.result, all.calls.length]).toEqual(['connect', 2])
  })

  test.each([
    'timeout',
    'dns',
    'tls',
    'throttled',
    'server_error',
    'malformed',
    'misconfigured',
    'no_endpoint',
  ] as const)('does not come after %s', async (kind) => {
    const all = setUp()
    const asked = await failing(all, 'a', kind, BLOCKED)
    await all.clock.advance(1_000)
    expect([asked.result, all.calls.length]).toEqual([kind, 1])
  })

  test.each([
    ['in grace', GRACE],
    ['never seen', stranger('s')],
  ])('does not come for a token %s', async (_, urgency) => {
    const all = setUp()
    const asked = await failing(all, 'a', 'connect', urgency)
    await all.clock.advance(1_000)
    expect([asked.result, all.calls.length]).toEqual(['connect', 1])
  })

  test('does not come where the endpoint is not healthy', async () => {
    const all = setUp()
    await all.clock.advance(1_000)
    for (let n = 0; n < 3; n += 1) await failing(all, `f${n}`, 'timeout')
    expect(all.endpoint.status.state).toBe('limited')
    const asked = await failing(all, 'a', 'connect', BLOCKED)
    await all.clock.advance(1_000)
    expect([asked.result, all.calls.length]).toEqual(['connect', 4])
  })

  test('is paid for: five from the start, then only out of answers', async () => {
    const all = setUp()
    for (let n = 0; n < 8; n += 1) {
      all.ask(`t${n}`)
      await all.calls.at(-1)!.fail('connect')
      await all.clock.advance(250)
      await all.calls.at(-1)!.answer()
      all.ask(`u${n}`)
      await all.calls.at(-1)!.answer() // the call before a failure was answered
      await all.clock.advance(10_000) // and failures are few
    }
    expect(all.endpoint.status.counters.retried).toBe(5)
  })

  test('does not come while the call before failed, too', async () => {
    const all = setUp()
    await failing(all, 'a', 'connect', { is: 'new', source: 's' })
    const asked = await failing(all, 'b', 'connect', BLOCKED)
    await all.clock.advance(1_000)
    expect([asked.result, all.calls.length]).toEqual(['connect', 2])
  })

  test('is not brought forward by another use meanwhile, and stays one', async () => {
    const all = setUp()
    const { inquiry } = all.ask('a')
    await all.calls[0]!.fail('connect')
    all.press(inquiry, BLOCKED)
    all.press(inquiry, GRACE)
    await all.clock.advance(49)
    expect(all.calls.length).toBe(1)
    await all.clock.advance(10_000)
    expect(all.calls.length).toBe(2)
  }) // single flight

  test('does not come when the endpoint asked for a pause meanwhile', async () => {
    const all = setUp()
    const other = all.ask('b')
    const asked = all.ask('a')
    await all.calls[1]!.fail('connect')
    await all.calls[0]!.fail('throttled', 5_000)
    await all.clock.advance(50)
    expect([asked.result, other.result, all.calls.length]).toEqual(['connect', 'throttled', 2])
  })
})

describe('down', () => {
  test.each([
    ['a blocked caller', BLOCKED],
    ['a new token', stranger('s')],
  ])('%s hears so at once', async (_, urgency) => {
    const all = await down()
    const asked = all.ask('a', urgency)
    await settled()
    expect([asked.result, all.calls.length]).toEqual(['down', 0])
  })

  test('a token in grace waits to be the probe, and is it as soon as one may go', async () => {
    const all = await down()
    all.ask('g1', GRACE, 300_000)
    all.ask('g2', GRACE, 300_000)
    await all.clock.advance(249)
    expect(all.calls.length).toBe(0)
    await all.clock.advance(1)
    expect(all.begun()).toEqual(['g2'])
  })

  test('nobody waiting, the next request of any kind is the probe', async () => {
    const all = await down()
    await all.clock.advance(250)
    const asked = all.ask('n', stranger('s'))
    await all.calls[0]!.answer()
    expect([asked.result, all.endpoint.status.state]).toEqual(['active', 'recovering'])
  }) // design §9.4

  test('while a probe is under way nobody else is sent', async () => {
    const all = await down()
    await all.clock.advance(250)
    all.ask('probe', BLOCKED)
    const others = [all.ask('b'), all.ask('n', stranger('s')), all.ask('g', GRACE)]
    await all.clock.advance(10_000)
    expect([all.begun(), others.map(({ result }) => result)]).toEqual([['probe'], ['down', 'down', undefined]])
  })

  test('one probe after another, never two, at least 0.25 s apart', async () => {
    const all = await down()
    for (let n = 0; n < 20; n += 1) all.ask(`g${n}`, GRACE, 1e9)
    let last = all.clock.monotonic()
    for (let n = 0; n < 20; n += 1) {
      await all.clock.advance(250)
      expect([all.calls.length, all.endpoint.status.inFlight]).toEqual([n + 1, 1])
      expect(all.clock.monotonic() - last).toBeGreaterThanOrEqual(250)
      last = all.clock.monotonic()
      await all.calls[n]!.fail('timeout')
    }
  })

  test('a caller in grace becomes one past it: at once, not after a wait', async () => {
    const all = await down()
    const asked = all.ask('g', GRACE, 300_000)
    all.press(asked.inquiry, BLOCKED)
    await settled()
    expect([asked.result, all.endpoint.status.queued]).toMatchObject(['down', { blocked: 0, grace: 0 }])
    expect(all.endpoint.status.counters.shed).toEqual({ blocked: 0, grace: 1, quiet: 0, busy: 0 })
  })

  test('calls from before that still run are not added to', async () => {
    const all = setUp()
    await answered(all)
    for (let n = 0; n < 3; n += 1) all.ask(`slow${n}`, GRACE, 1e9)
    await all.clock.advance(5_000)
    for (let n = 0; n < 5; n += 1) await failing(all, `f${n}`, 'timeout')
    all.ask('g', GRACE, 1e9)
    const before = all.calls.length
    await all.clock.advance(60_000)
    expect([all.endpoint.status.state, all.calls.length - before]).toEqual(['down', 0])
  })

  test('a queue without anybody keeps no timer', async () => {
    expect((await down()).clock.timers).toBe(0)
  })

  test('it ends with the first answer: two calls, twice as many each second', async () => {
    const all = await down()
    for (let n = 0; n < 500; n += 1) all.ask(`g${n}`, GRACE, 1e9)
    await all.clock.advance(250)
    await all.calls[0]!.answer()
    expect(all.endpoint.status.state).toBe('recovering')
    const most = [0, 0, 0, 0]
    for (let turn = 0, done = 1; turn < 79; turn += 1) {
      const second = Math.floor((turn * 50) / 1_000)
      most[second] = Math.max(most[second]!, all.endpoint.status.inFlight)
      await all.clock.advance(50)
      for (const until = all.calls.length; done < until; done += 1) await all.calls[done]!.answer()
    }
    // The limit that the outage pressed down is forgotten: it grows with every quick answer.
    expect([most.slice(0, 3), most[3]! >= 10]).toEqual([[2, 4, 8], true])
  })

  test('after it every second turn is for new tokens', async () => {
    const all = await down()
    for (let n = 0; n < 10; n += 1) all.ask(`g${n}`, GRACE, 1e9)
    await all.clock.advance(250)
    await all.calls[0]!.answer(ACTIVE)
    for (let n = 0; n < 10; n += 1) all.ask(`n${n}`, stranger(), 1e9)
    for (let n = 1; n < 9; n += 1) await all.calls[n]!.answer()
    const kinds = all.begun().map((token) => token[0])
    expect(kinds.join('').slice(3)).toMatch(/^(ng|gn)+[ng]?$/)
  })
})

describe('a pause that the endpoint asked for', () => {
  test('is kept, and what waits goes when it ends', async () => {
    const all = setUp()
    await failing(all, 'a', 'throttled', GRACE, 20_000)
    all.ask('g', GRACE, 1e6)
    const blocked = all.ask('b')
    await all.clock.advance(19_999)
    expect([all.begun(), blocked.result, blocked.pause]).toEqual([['a'], 'throttled', 20_000])
    await all.clock.advance(1)
    expect(all.begun()).toEqual(['a', 'g'])
  }) // IN-51

  test('does not end with a shorter one that comes later', async () => {
    const all = setUp()
    all.ask('a', GRACE)
    all.ask('b', GRACE)
    await all.calls[0]!.fail('throttled', 20_000)
    await all.calls[1]!.fail('throttled', 1_000)
    expect(all.endpoint.status.resumesIn).toBe(20_000)
  })

  test('does not end with an answer to an earlier call', async () => {
    const all = setUp()
    all.ask('a', GRACE)
    all.ask('b', GRACE)
    await all.calls[0]!.fail('throttled', 20_000)
    await all.calls[1]!.answer()
    expect(all.endpoint.status.resumesIn).toBe(20_000)
  })

  test('ends by the monotonic clock', async () => {
    const all = setUp()
    await failing(all, 'a', 'throttled', GRACE, 20_000)
    all.clock.jump(3_600_000)
    expect(all.endpoint.outOfReach).toBe(true)
    await all.clock.advance(20_000)
    expect(all.endpoint.outOfReach).toBe(false)
  }) // XC-07

  test('without one, the next call goes out', async () => {
    const all = setUp()
    await failing(all, 'a', 'throttled')
    all.ask('b')
    expect(all.begun()).toEqual(['a', 'b'])
  })

  test.each(['server_error', 'unexpected_status', 'malformed'] as const)(
    'with %s for one token is about that token only',
    async (kind) => {
      const all = setUp()
      await failing(all, 'a', kind, GRACE, 20_000)
      expect([all.endpoint.outOfReach, all.ask('b').result, all.begun()]).toEqual([false, undefined, ['a', 'b']])
    },
  ) // design §9.2
})

describe('trouble that may be one token’s', () => {
  test('keeps that token apart for 10 s', async () => {
    const all = setUp()
    await failing(all, 'a', 'server_error')
    const again = all.ask('a', BLOCKED)
    await settled()
    expect([again.result, again.pause, all.calls.length]).toEqual(['server_error', 10_000, 1])
    await all.clock.advance(10_000)
    all.ask('a', BLOCKED)
    expect(all.calls.length).toBe(2)
  })

  test('one odd token, however often it comes, changes nothing for others', async () => {
    const all = setUp()
    await answered(all)
    for (let n = 0; n < 50; n += 1) {
      await failing(all, 'odd', 'server_error', stranger('s'))
      await all.clock.advance(10_000)
    }
    expect(all.endpoint.status).toMatchObject({ state: 'healthy', misconfigured: false, limit: 10 })
  }) // design §9.2

  test('with three different tokens is the endpoint’s', async () => {
    const all = setUp()
    await all.clock.advance(1_000)
    for (const token of ['a', 'b']) await failing(all, token, 'server_error')
    expect(all.endpoint.status).toMatchObject({ state: 'healthy', limit: 10 })
    for (const token of ['c', 'd', 'e']) await failing(all, token, 'server_error')
    expect(all.endpoint.status).toMatchObject({ state: 'limited', limit: 7 })
  })

  test('does not add up over answers', async () => {
    const all = setUp()
    for (let n = 0; n < 20; n += 1) {
      await failing(all, `a${n}`, 'server_error')
      await failing(all, `b${n}`, 'server_error')
      await answered(all)
    }
    expect(all.endpoint.status).toMatchObject({ state: 'healthy', limit: 10 })
  })

  test.each(['timeout', 'connect', 'dns', 'tls', 'reset', 'throttled'] as const)(
    '%s is the endpoint’s at once',
    async (kind) => {
      const all = setUp()
      await failing(all, 'a', kind)
      const again = all.ask('a')
      expect([all.endpoint.status.limit, again.result, all.calls.length]).toEqual([9, undefined, 2])
    },
  )

  test.each(['no_endpoint', 'credentials_failed'] as const)('%s says nothing of the endpoint', async (kind) => {
    const all = setUp()
    await all.clock.advance(10_000)
    for (let n = 0; n < 10; n += 1) await failing(all, `t${n}`, kind)
    expect(all.endpoint.status).toMatchObject({ state: 'healthy', limit: 10 })
  })
})

describe('credentials that are rejected', () => {
  test('for a known token set the flag at once, and it is told', async () => {
    const all = await rejecting()
    expect([all.reports, all.endpoint.outOfReach]).toEqual([['healthy > healthy misconfigured'], true])
  })

  test('for a new token set it, too, where nobody was answered for a minute', async () => {
    const all = setUp()
    await answered(all)
    await all.clock.advance(60_000)
    await failing(all, 'n', 'misconfigured', stranger('s'))
    expect(all.endpoint.status.misconfigured).toBe(true)
  })

  test('for a new token do not, while others are answered: it may be what the token looks like', async () => {
    const all = setUp()
    await answered(all)
    await all.clock.advance(59_999)
    const odd = await failing(all, 'n', 'misconfigured', stranger('s'))
    expect([all.endpoint.status.misconfigured, all.reports]).toEqual([false, []])
    // Whoever reads this looks for a mistake in our credentials only where there is one.
    expect([odd.result, all.endpoint.status.lastTrouble]).toEqual(['unexpected_status', 'unexpected_status'])
    const again = all.ask('n', stranger('s'))
    await settled()
    expect([again.result, all.calls.length]).toEqual(['unexpected_status', 2])
  }) // design §9.2

  test('for new tokens do not, however many and whatever pause they cause: they count as failures like others', async () => {
    const all = setUp()
    await answered(all)
    for (const token of ['a', 'b']) await failing(all, token, 'misconfigured', stranger('s'))
    expect(all.endpoint.status).toMatchObject({ misconfigured: false, limit: 10 })
    const third = await failing(all, 'c', 'misconfigured', stranger('s'), 5_000)
    expect(all.endpoint.status).toMatchObject({ misconfigured: false, resumesIn: 5_000 })
    expect([third.result, all.ask('good').inquiry.turnedAway]).toEqual(['unexpected_status', true])
  }) // design §9.2

  test('for two new tokens between answers, however often, do not', async () => {
    const all = setUp()
    for (let n = 0; n < 20; n += 1) {
      await answered(all)
      await failing(all, `a${n}`, 'misconfigured', stranger('s'))
      await failing(all, `b${n}`, 'misconfigured', stranger('s'))
    }
    expect(all.endpoint.status.misconfigured).toBe(false)
  })

  test('let one call go in 10 s', async () => {
    const all = await rejecting()
    for (let n = 0; n < 5; n += 1) all.ask(`g${n}`, GRACE, 1e9)
    for (let n = 1; n <= 4; n += 1) {
      await all.clock.advance(9_999)
      expect(all.calls.length).toBe(n - 1)
      await all.clock.advance(1)
      expect(all.calls.length).toBe(n)
      await all.calls.at(-1)!.fail('misconfigured')
    }
  })

  test.each(['connect', 'timeout', 'throttled'] as const)(
    'let one call go in 10 s also where it ends with %s',
    async (kind) => {
      const all = await rejecting()
      for (let n = 0; n < 5; n += 1) all.ask(`g${n}`, GRACE, 1e9)
      await all.clock.advance(10_000)
      await all.calls.at(-1)!.fail(kind, 1_000)
      await all.clock.advance(9_999)
      expect(all.calls.length).toBe(1)
    },
  )

  test('let everybody else hear so at once', async () => {
    const all = await rejecting()
    const asked = [all.ask('b'), all.ask('n', stranger('s'))]
    await settled()
    expect(asked.map(({ result, pause }) => [result, pause])).toEqual([
      ['misconfigured', 10_000],
      ['misconfigured', 10_000],
    ])
  })

  test('a longer pause asked for is kept to', async () => {
    const all = setUp()
    await failing(all, 'k', 'misconfigured', GRACE, 25_000)
    expect(all.endpoint.status.resumesIn).toBe(25_000)
  })

  test('any answer clears the flag and its pause', async () => {
    const all = setUp()
    all.ask('a', GRACE)
    all.ask('b', GRACE)
    await all.calls[0]!.fail('misconfigured')
    await all.calls[1]!.answer()
    expect(all.endpoint.status).toMatchObject({ misconfigured: false, resumesIn: undefined, limit: 10 })
    expect(all.reports).toEqual(['healthy > healthy misconfigured', 'healthy > healthy'])
  })

  test('are no failure of the endpoint', async () => {
    const all = await rejecting()
    for (let n = 0; n < 10; n += 1) {
      await all.clock.advance(10_000)
      await failing(all, `k${n}`, 'misconfigured')
    }
    expect(all.endpoint.status.state).toBe('healthy')
  })
})

describe('the states', () => {
  test('callers who wait for room make it limited, and room ends that', async () => {
    const all = setUp({ inFlight: 1 })
    await all.clock.advance(1_000)
    all.ask('a')
    all.ask('b', GRACE, 1e6)
    await all.clock.advance(21)
    expect(all.endpoint.status.state).toBe('limited')
    await all.clock.advance(1_000)
    const first = all.calls.slice()
    for (const call of first) await call.answer()
    await all.calls.at(-1)!.answer()
    expect(all.reports).toEqual(['healthy > limited', 'limited > healthy'])
  })

  test('an inactive token is an answer like any other', async () => {
    const all = setUp()
    await all.clock.advance(10_000)
    for (let n = 0; n < 50; n += 1) await answered(all, `t${n}`, INACTIVE)
    expect(all.endpoint.status).toMatchObject({ state: 'healthy', counters: { answered: 50, failed: 0 } })
  }) // design §9.2

  test('there is room for a call that nobody waits for only where all is well and nobody waits', async () => {
    const all = setUp({ inFlight: 2 })
    expect(all.endpoint.hasRoom).toBe(true)
    all.ask('a')
    expect(all.endpoint.hasRoom).toBe(true)
    all.ask('b')
    expect(all.endpoint.hasRoom).toBe(false)
  })

  test.each(['throttled', 'misconfigured'] as const)('there is none in a pause after %s', async (kind) => {
    const all = setUp()
    await failing(all, 'a', kind, GRACE, 5_000)
    expect(all.endpoint.hasRoom).toBe(false)
  })

  test('there is some again once a limitation is over, even where nobody asked meanwhile', async () => {
    const all = setUp()
    await all.clock.advance(1_000)
    for (let n = 0; n < 3; n += 1) await failing(all, `f${n}`, 'timeout')
    expect(all.endpoint.hasRoom).toBe(false)
    await all.clock.advance(11_000)
    expect(all.endpoint.hasRoom).toBe(true)
  })

  test('the wait that a known token can expect is that of those before it', async () => {
    const all = setUp({ inFlight: 1 })
    for (let n = 0; n < 40; n += 1) {
      all.ask('warm')
      await all.clock.advance(100)
      await all.calls.at(-1)!.answer()
    }
    expect(all.endpoint.expectedWait).toBe(0)
    all.ask('in flight')
    for (let n = 0; n < 5; n += 1) all.ask(`g${n}`, GRACE, 1e6)
    expect([all.endpoint.status.state, all.endpoint.expectedWait]).toEqual(['healthy', 0])
    await all.clock.advance(21)
    expect(all.endpoint.status.state).toBe('limited')
    expect(all.endpoint.expectedWait).toBeCloseTo(500, -1)
  }) // design §9.3

  test('a crowd of new tokens does not lengthen the wait of a known one', async () => {
    const all = setUp({ inFlight: 1 })
    await answered(all)
    for (let n = 0; n < 100; n += 1) all.ask(`n${n}`, stranger(`s${n}`), 1e6)
    await all.clock.advance(1_021)
    expect([all.endpoint.status.state, all.endpoint.expectedWait]).toEqual(['limited', 0])
  }) // design §9.3
})

describe('close', () => {
  test('whoever waits hears so at once, and no timer stays', async () => {
    const all = await down()
    const waiting = [all.ask('g1', GRACE, 1e6), all.ask('g2', GRACE, 1e6)]
    all.endpoint.close()
    await settled()
    expect([waiting.map(({ result }) => result), all.clock.timers]).toEqual([['closed', 'closed'], 0])
  }) // design §9.13

  test('so does whoever waits for a second try', async () => {
    const all = setUp()
    const asked = all.ask('a')
    await all.calls[0]!.fail('reset')
    all.endpoint.close()
    await settled()
    expect([asked.result, all.clock.timers]).toEqual(['closed', 0])
  })

  test('a call that ends afterwards gets no second try and lets nobody go', async () => {
    const all = setUp({ inFlight: 1 })
    const asked = all.ask('a')
    all.ask('b')
    all.endpoint.close()
    await all.calls[0]!.fail('reset')
    expect([asked.result, all.calls.length, all.clock.timers]).toEqual(['reset', 1, 0])
  })

  test('afterwards nobody is asked', async () => {
    const all = setUp()
    all.endpoint.close()
    const asked = [all.ask('b'), all.ask('g', GRACE), all.ask('n', stranger('s'))]
    await settled()
    expect([asked.map(({ result }) => result), all.calls.length]).toEqual([['closed', 'closed', 'closed'], 0])
  })

  test('twice is harmless', () => {
    const { endpoint } = setUp()
    endpoint.close()
    expect(() => endpoint.close()).not.toThrow()
  })
})

test('an inquiry that was turned away is not queued again by who has not heard of it yet', async () => {
  const all = setUp({ inFlight: 1, waiting: { known: 1, new: 1 } })
  all.ask('in flight')
  const dropped = all.ask('a')
  all.ask('b') // there is room for one
  all.press(dropped.inquiry, BLOCKED)
  await all.calls[0]!.answer()
  await all.calls[1]!.answer()
  expect([all.begun(), dropped.result]).toEqual([['in flight', 'b'], 'overloaded'])
})

test('an answer that ends our rejection does not end the pause that the endpoint asked for', async () => {
  const all = setUp()
  for (const token of ['a', 'b', 'c']) all.ask(token)
  const [throttled, rejected, good] = [...all.calls]
  await throttled!.fail('throttled', 3_000)
  await rejected!.fail('misconfigured')
  await good!.answer()
  const { misconfigured, resumesIn } = all.endpoint.status
  expect([misconfigured, resumesIn]).toEqual([false, 3_000])
})

test('while we are rejected, whoever was served lately leaves the next try to others', async () => {
  const all = setUp()
  await failing(all, 'junk', 'misconfigured', { is: 'new', source: 's' })
  await all.clock.advance(10_000)
  const again = all.ask('more junk', { is: 'new', source: 's' })
  await settled()
  all.ask('honest', { is: 'new', source: 't' })
  await all.calls.at(-1)!.answer()
  expect([again.result, all.begun(), all.endpoint.status.misconfigured]).toEqual([
    'misconfigured',
    ['junk', 'honest'],
    false,
  ])
})
