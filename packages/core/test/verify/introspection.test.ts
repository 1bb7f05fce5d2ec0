import { describe, expect, test } from 'vitest'
import { NegativeCache } from '../../src/cache/negative-cache.ts'
import { RecencyCache } from '../../src/cache/recency-cache.ts'
import { Tally } from '../../src/counters.ts'
import { AuthError, orThrow } from '../../src/errors.ts'
import { IntrospectionEndpoint } from '../../src/introspection/endpoint.ts'
import { type Answer, type Introspector, Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import type { Urgency } from '../../src/resilience/admission-queue.ts'
import type { Claims } from '../../src/verify/claims.ts'
import type { EvidenceTerms } from '../../src/verify/evidence-terms.ts'
import { type CallReport, IntrospectionVerifier } from '../../src/verify/introspection.ts'
import type { IntrospectionRules } from '../../src/verify/introspected-claims.ts'
import { TokenColumns } from '../../src/verify/token-columns.ts'
import { deferred } from '../support/deferred.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled, START } from '../support/manual-clock.ts'
import { errorOf, reasonOf } from '../support/refusals.ts'
import { presented } from '../support/tokens.ts'

const AUDIENCE = 'https://api.example/'
const TERMS: EvidenceTerms = { fresh: 60_000, grace: 300_000, wait: 1_000, graceWait: 250 }

const active = (claims: Claims = {}, freshFor?: number): Answer => ({
  is: 'active',
  claims: { active: true, aud: AUDIENCE, sub: 'somebody', ...claims },
  freshFor,
})
const INACTIVE: Answer = { is: 'inactive' }

type Say = Answer | TroubleKind | Promise<Answer>

function setUp(terms: Partial<EvidenceTerms> = {}, rules: Partial<IntrospectionRules> = {}, random = 0) {
  const clock = new ManualClock()
  const reports: CallReport[] = []
  const asked: string[] = []
  const inactive: string[] = []
  let say: Say = active()
  const introspector: Introspector = {
    introspect: async ({ token, sent }) => {
      sent?.()
      asked.push(token)
      if (typeof say === 'string') throw new Trouble(say)
      return say
    },
  }
  const positives = new RecencyCache({ entries: 100, bytes: 1_000_000 }, clock, new TokenColumns())
  const negatives = new NegativeCache(100, 10_000, clock)
  const endpoint = new IntrospectionEndpoint(
    introspector,
    { inFlight: 100, waiting: { known: 1_000, new: 256 }, slow: { never: 250, always: 1_000 } },
    { clock, random: chance(random), report: () => undefined, oneSource: () => undefined },
  )
  const verifier = new IntrospectionVerifier({
    rules: {
      issuer: 'https://as.example',
      audience: [AUDIENCE],
      audiencePolicy: 'required',
      skew: 30,
      requiredClaims: {},
      ...rules,
    },
    terms: { ...TERMS, ...terms },
    scopeSource: undefined,
    tally: new Tally('opaque'),
    endpoint,
    positives,
    negatives,
    clock,
    random: chance(random),
    report: (report) => void reports.push(report),
    inactive: (token, digest) => void inactive.push(token, digest),
  })
  return {
    clock,
    reports,
    asked,
    inactive,
    positives,
    negatives,
    verifier,
    endpoint,
    says: (next: Say) => void (say = next),
    /** Fills the endpoint with calls that end when told to: others stay in our own queue until then. */
    queues: () => {
      const { promise, resolve } = deferred<Answer>()
      say = promise
      while (endpoint.hasRoom) {
        const id = `other ${endpoint.status.inFlight}`
        endpoint.inquire(id, id, { urgency: { is: 'blocked' }, deadline: Infinity })
      }
      asked.length = 0
      return () => resolve(active())
    },
    at: (signal?: AbortSignal, token = 't') => presented(token, clock, signal),
    verify: (signal?: AbortSignal, token = 't') => verifier.verify(presented(token, clock, signal)),
    stale: () => reports.filter(({ is }) => is === 'stale').length,
  }
}

type Set = ReturnType<typeof setUp>

async function known(terms?: Partial<EvidenceTerms>, answer = active()): Promise<Set> {
  const all = setUp(terms)
  all.says(answer)
  await all.verify()
  return all
}

/** An answer that comes when told to. */
function late(): { readonly promise: Promise<Answer>; readonly come: (answer: Answer) => void } {
  const { promise, resolve } = deferred<Answer>()
  return { promise, come: resolve }
}

describe('a token never seen', () => {
  test('it is verified by one live call', async () => {
    const all = setUp()
    expect([await all.verify(), all.asked]).toMatchObject([{ source: 'live', stale: false }, ['t']])
  })

  test('at once it is undecided, and nothing is asked', () => {
    const all = setUp()
    expect([all.verifier.now(all.at()), all.asked]).toEqual([undefined, []])
  })

  test('five hundred requests at once make one call', async () => {
    const all = setUp()
    const verdicts = await Promise.all(Array.from({ length: 500 }, () => all.verify()))
    expect([all.asked.length, verdicts.length]).toEqual([1, 500])
  }) // IN-36

  test('two tokens make two calls', async () => {
    const all = setUp()
    await Promise.all([all.verify(undefined, 'a'), all.verify(undefined, 'b')])
    expect(all.asked).toEqual(['a', 'b'])
  }) // IN-29

  test('it is refused when the authority calls it inactive', async () => {
    const all = setUp()
    all.says(INACTIVE)
    expect(await reasonOf(() => all.verify())).toBe('token_inactive')
  }) // IN-09

  test('it is never accepted without an answer', async () => {
    const all = setUp()
    all.says('server_error')
    const error = await errorOf(() => all.verify())
    expect([error.reason, error.status]).toEqual(['introspection_unavailable', 503])
  }) // IN-45

  test('an answer is waited for one second', async () => {
    const all = setUp()
    all.says(late().promise)
    const reason = reasonOf(() => all.verify())
    await all.clock.advance(999)
    expect(await Promise.race([reason, Promise.resolve('waiting')])).toBe('waiting')
    await all.clock.advance(1)
    expect(await reason).toBe('introspection_unavailable')
  }) // IN-45

  test('an answer after the wait still fills the cache', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const reason = reasonOf(() => all.verify())
    await all.clock.advance(1_000)
    await reason
    answer.come(active())
    await settled()
    expect(all.verifier.now(all.at())).toMatchObject({ source: 'cache', stale: false })
    expect(all.endpoint.status.counters.late).toBe(1)
  }) // IN-37

  test('a caller who leaves does not end the call for others', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const leaving = new AbortController()
    const left = reasonOf(() => all.verify(leaving.signal))
    const stays = all.verify()
    leaving.abort()
    expect(await left).toBe('introspection_unavailable')
    answer.come(active())
    expect([(await stays).source, all.asked.length]).toEqual(['live', 1])
  }) // IN-36, XC-15
})

describe('a call that never left our own queue', () => {
  test('it is our load and not the endpoint: overloaded', async () => {
    const all = setUp()
    all.queues()
    const error = errorOf(() => all.verify())
    await all.clock.advance(1_000)
    const { reason, cause } = await error
    expect([reason, (cause as Trouble).kind]).toEqual(['overloaded', 'overloaded'])
  }) // IN-49

  test('one that did leave timed out', async () => {
    const all = setUp()
    all.says(late().promise)
    const error = errorOf(() => all.verify())
    await all.clock.advance(1_000)
    expect(((await error).cause as Trouble).kind).toBe('timeout')
  }) // IN-45

  test('for fresh evidence it is overloaded, too', async () => {
    const all = setUp()
    all.queues()
    const reason = reasonOf(() => ask(all, 0))
    await all.clock.advance(1_000)
    expect(await reason).toBe('overloaded')
  }) // IN-44, IN-49
})

describe('trouble', () => {
  test.each([
    ['misconfigured', 'introspection_misconfigured'],
    ['overloaded', 'overloaded'],
    ['timeout', 'introspection_unavailable'],
    ['malformed', 'introspection_unavailable'],
    ['unexpected_status', 'introspection_unavailable'],
    ['credentials_failed', 'introspection_unavailable'],
  ] as const)('%s is told to operators as %s, and to clients as 503', async (kind, reason) => {
    const all = setUp()
    all.says(kind)
    const error = await errorOf(() => all.verify())
    expect([error.reason, error.status, error.code]).toEqual([reason, 503, 'unavailable'])
  }) // IN-20, IN-43

  test('of the endpoint is never kept: the next request asks again', async () => {
    const all = setUp()
    all.says('timeout')
    await reasonOf(() => all.verify())
    all.says(active())
    expect([(await all.verify()).source, all.asked.length]).toEqual(['live', 2])
  }) // IN-08

  test('that may be the token’s own keeps it apart for 10 s, and no other', async () => {
    const all = setUp()
    all.says('malformed')
    await reasonOf(() => all.verify())
    all.says(active())
    const error = await errorOf(() => all.verify())
    expect([error.reason, AuthError.detailsOf(error).retryAfter]).toEqual(['introspection_unavailable', 10])
    expect((await all.verify(undefined, 'other')).source).toBe('live')
    await all.clock.advance(10_000)
    expect([(await all.verify()).source, all.asked]).toEqual(['live', ['t', 'other', 't']])
  }) // IN-08, design §9.2

  test('it leaves no entry in either store', async () => {
    const all = setUp()
    all.says('server_error')
    await reasonOf(() => all.verify())
    expect([all.positives.entries, all.negatives.entries]).toEqual([0, 0])
  }) // IN-08

  test('the client hears how long the endpoint wants to be left alone', async () => {
    const all = setUp()
    all.says(Promise.reject(new Trouble('throttled', { pause: 17_000 })))
    expect(AuthError.detailsOf(await errorOf(() => all.verify())).retryAfter).toBe(17)
  }) // IN-51

  test('an introspector that throws anything else is trouble, too', async () => {
    const all = setUp()
    all.says(Promise.reject(new TypeError('x')))
    expect(await reasonOf(() => all.verify())).toBe('introspection_unavailable')
  }) // XC-01

  test('every call is reported with its duration', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify()
    await all.clock.advance(40)
    answer.come(active())
    await verdict
    expect(all.reports).toEqual([{ is: 'call', class: 'busy', waited: 0, result: 'active', duration: 40 }])
  }) // XC-08
})

describe('a fresh entry', () => {
  test('it is served without a wait until it is 60 s old', async () => {
    const all = await known()
    await all.clock.advance(59_999)
    all.says(late().promise)
    expect(all.verifier.now(all.at())).toMatchObject({ source: 'cache', stale: false })
    await all.clock.advance(1)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-26

  test('a hit does not renew it', async () => {
    const all = await known()
    for (let second = 0; second < 60; second += 1) {
      expect(all.verifier.now(all.at())).toMatchObject({ stale: false })
      await all.clock.advance(1_000)
      all.says('no_endpoint')
    }
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-42

  test('max-age shortens it', async () => {
    const all = await known({}, active({}, 5_000))
    await all.clock.advance(5_000)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-32

  test('max-age does not lengthen it', async () => {
    const all = await known({}, active({}, 3_600_000))
    await all.clock.advance(60_000)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-32

  test('its age counts from the start of the call', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify()
    await all.clock.advance(900)
    answer.come(active())
    await verdict
    await all.clock.advance(59_100)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-32

  test('a wall clock set back does not make it younger', async () => {
    const all = await known()
    all.clock.jump(-3_600_000)
    await all.clock.advance(60_000)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-53, NG-97

  test('a wall clock set ahead makes it older', async () => {
    const all = await known()
    all.clock.jump(60_000)
    expect(all.verifier.now(all.at())).toBeUndefined()
  }) // IN-53
})

describe('an entry in grace', () => {
  test('a healthy authority is asked again', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    expect([await all.verify(), all.asked.length]).toMatchObject([{ source: 'live', stale: false }, 2])
  }) // IN-42

  test('it stands in when there is trouble, and says so', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    all.says('server_error')
    expect([await all.verify(), all.stale()]).toMatchObject([{ source: 'cache', stale: true }, 1])
  }) // IN-42, IN-43

  test.each(['misconfigured', 'throttled', 'malformed', 'timeout', 'dns', 'tls', 'overloaded'] as const)(
    'it stands in when the trouble is %s',
    async (kind) => {
      const all = await known()
      await all.clock.advance(60_000)
      all.says(kind)
      expect((await all.verify()).stale).toBe(true)
    },
  ) // IN-43

  test('it stands in after 250 ms without an answer', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    all.says(late().promise)
    const verdict = all.verify()
    await all.clock.advance(249)
    expect(await Promise.race([verdict, Promise.resolve('waiting')])).toBe('waiting')
    await all.clock.advance(1)
    expect((await verdict).stale).toBe(true)
  }) // IN-42

  test('where calls usually take 100 ms an answer is waited for 300 ms', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const first = all.verify()
    await all.clock.advance(100)
    answer.come(active())
    await first
    await all.clock.advance(60_000)
    all.says(late().promise)
    const verdict = all.verify()
    await all.clock.advance(299)
    expect(await Promise.race([verdict, Promise.resolve('waiting')])).toBe('waiting')
    await all.clock.advance(1)
    expect((await verdict).stale).toBe(true)
  }) // IN-42

  test('where calls usually take 900 ms an answer is waited for 1 s at most', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const first = all.verify()
    await all.clock.advance(900)
    answer.come(active())
    await first
    await all.clock.advance(60_000)
    all.says(late().promise)
    const verdict = all.verify()
    await all.clock.advance(1_000)
    expect((await verdict).stale).toBe(true)
  }) // IN-42

  test('whoever leaves early gets nothing stale for it', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    all.says(late().promise)
    const leaving = new AbortController()
    const error = errorOf(() => all.verify(leaving.signal))
    leaving.abort()
    const { status, cause } = await error
    expect([status, cause, all.stale(), all.clock.timers]).toEqual([503, undefined, 0, 0])
  }) // rule 6, XC-15

  test('a late answer refreshes it', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify()
    await all.clock.advance(250)
    await verdict
    answer.come(active())
    await settled()
    expect(all.verifier.now(all.at())).toMatchObject({ stale: false })
    expect(all.endpoint.status.counters.late).toBe(1)
  }) // IN-37

  test('a late inactive answer evicts it at once', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify()
    await all.clock.advance(250)
    await verdict
    answer.come(INACTIVE)
    await settled()
    expect([all.positives.entries, await reasonOf(() => all.verifier.now(all.at()))]).toEqual([0, 'token_inactive'])
  }) // IN-37

  test('a late inactive answer is heard of', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const reason = reasonOf(() => all.verify())
    await all.clock.advance(1_000)
    await reason
    answer.come(INACTIVE)
    await settled()
    expect(all.inactive).toEqual(['t', all.at().digest])
  }) // IN-47

  test('an inactive answer is never overridden by grace', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    all.says('server_error')
    expect(await reasonOf(() => all.verify())).toBe('token_inactive')
  }) // IN-43, NG-101

  test('failures do not renew it: past 360 s it is over', async () => {
    const all = await known()
    all.says('server_error')
    await all.clock.advance(60_000)
    for (let second = 60; second < 360; second += 10) {
      expect((await all.verify()).stale).toBe(true)
      await all.clock.advance(10_000)
    }
    expect(await reasonOf(() => all.verify())).toBe('introspection_unavailable')
  }) // IN-42

  test('grace begins where max-age ended', async () => {
    const all = await known({}, active({}, 5_000))
    all.says('server_error')
    await all.clock.advance(304_999)
    expect((await all.verify()).stale).toBe(true)
    await all.clock.advance(1)
    expect(await reasonOf(() => all.verify())).toBe('introspection_unavailable')
  }) // IN-32, IN-42

  test('without grace nothing stale is served', async () => {
    const all = await known({ grace: 0 })
    await all.clock.advance(60_000)
    all.says('server_error')
    expect(await reasonOf(() => all.verify())).toBe('introspection_unavailable')
  }) // IN-42

  test('without freshness every request asks', async () => {
    const all = await known({ fresh: 0 })
    await all.verify()
    expect(all.asked.length).toBe(2)
  }) // IN-26
})

describe('asking ahead', () => {
  test.each([
    [0, 43_200],
    [0.5, 48_000],
    [1, 52_800],
  ])('with chance %d a use after %d ms asks behind the request, and none before', async (random, after) => {
    const all = setUp({}, {}, random)
    await all.verify()
    await all.clock.advance(Math.round(after) - 1)
    expect([orThrow(all.verifier.now(all.at()))?.source, all.asked.length]).toEqual(['cache', 1])
    await all.clock.advance(2)
    all.says(late().promise)
    expect([orThrow(all.verifier.now(all.at()))?.source, all.asked.length]).toEqual(['cache', 2])
  }) // R23

  test('its answer renews the token: nobody waits for it', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.says(active({ sub: 'newer' }))
    expect(orThrow(all.verifier.now(all.at()))?.token.claims['sub']).toBe('somebody')
    await all.clock.advance(30_000)
    expect(all.verifier.now(all.at())).toMatchObject({ stale: false, token: { claims: { sub: 'newer' } } })
  }) // R23

  test('an inactive answer ends the token at once', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.says(INACTIVE)
    all.verifier.now(all.at())
    await settled()
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_inactive')
  }) // R16

  test('trouble changes nothing while the answer is fresh', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.says('timeout')
    all.verifier.now(all.at())
    await settled()
    expect(all.verifier.now(all.at())).toMatchObject({ source: 'cache', stale: false })
  })

  test('one call at a time, however hot the token', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.says(late().promise)
    for (let n = 0; n < 500; n += 1) all.verifier.now(all.at())
    expect(all.asked.length).toBe(2)
  })

  test('a hot token costs 1.4 calls a minute at most', async () => {
    const all = await known()
    for (let half = 0; half < 1_200; half += 1) {
      expect(orThrow(all.verifier.now(all.at()))?.stale).toBe(false)
      await all.clock.advance(500)
    }
    expect(all.asked.length).toBeLessThanOrEqual(14)
  }) // design §7

  test('a token that nobody uses is not asked about', async () => {
    const all = await known()
    await all.clock.advance(3_600_000)
    expect([all.asked.length, all.clock.timers]).toEqual([1, 0])
  })

  test('does not happen while the endpoint has no room', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.queues()
    expect([orThrow(all.verifier.now(all.at()))?.source, all.asked]).toEqual(['cache', []])
  })

  test('does not happen while too many calls fail', async () => {
    const all = await known()
    await all.clock.advance(50_000)
    all.says('timeout')
    for (const token of ['a', 'b', 'c']) await reasonOf(() => all.verify(undefined, token))
    expect(all.endpoint.status.state).toBe('limited')
    expect([orThrow(all.verifier.now(all.at()))?.source, all.asked.length]).toEqual(['cache', 4])
  })

  test('an answer with max-age is asked for ahead of its own end', async () => {
    const all = await known({}, active({}, 10_000))
    await all.clock.advance(7_199)
    all.verifier.now(all.at())
    expect(all.asked.length).toBe(1)
    await all.clock.advance(2)
    all.verifier.now(all.at())
    expect(all.asked.length).toBe(2)
  }) // IN-32
})

/** Five calls fail after five seconds without an answer. */
async function fallDown(all: Set): Promise<void> {
  await all.clock.advance(5_000)
  all.says('connect')
  for (let n = 0; n < 5; n += 1) await reasonOf(() => all.verify(undefined, `f${n}`))
  expect(all.endpoint.status.state).toBe('down')
  all.asked.length = 0
}

const ways: readonly (readonly [string, (all: Set) => Promise<void>])[] = [
  ['down', fallDown],
  [
    'asked for a pause',
    async (all) => {
      all.says(Promise.reject(new Trouble('throttled', { pause: 30_000 })))
      await reasonOf(() => all.verify(undefined, 'f'))
      all.asked.length = 0
    },
  ],
  [
    'rejects us',
    async (all) => {
      await all.clock.advance(60_000)
      all.says('misconfigured')
      await reasonOf(() => all.verify(undefined, 'f'))
      all.asked.length = 0
    },
  ],
]

describe.each(ways)('an endpoint that is %s', (_, fall) => {
  test('a token in grace is served at once and not asked about by the request', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    await fall(all)
    expect([all.verifier.now(all.at()), all.stale(), all.asked]).toMatchObject([
      { source: 'cache', stale: true },
      1,
      [],
    ])
    const entry = all.positives.peek(all.at().digest)!
    expect(all.verifier.recall(entry, all.at())).toMatchObject({ source: 'cache', stale: true })
  }) // degraded mode: no request for a known token awaits the network

  test('the question waits behind it, once, and its answer counts', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    await fall(all)
    for (let n = 0; n < 100; n += 1) all.verifier.now(all.at())
    expect(all.endpoint.status.queued).toMatchObject({ blocked: 0, grace: 1 })
    all.says(active({ sub: 'newer' }))
    await all.clock.advance(30_000)
    expect(all.verifier.now(all.at())).toMatchObject({ stale: false, token: { claims: { sub: 'newer' } } })
    expect(all.asked).toEqual(['t'])
  })

  test('what was revoked meanwhile is refused as soon as that is known', async () => {
    const all = await known()
    await all.clock.advance(60_000)
    await fall(all)
    all.verifier.now(all.at())
    all.says(INACTIVE)
    await all.clock.advance(30_000)
    expect([all.positives.entries, await reasonOf(() => all.verify())]).toEqual([0, 'token_inactive'])
  }) // rule 9

  test('a token never seen gets 503 at once', async () => {
    const all = await known()
    await fall(all)
    const error = await errorOf(() => all.verify(undefined, 'new'))
    expect([error.status, all.asked, all.clock.timers]).toEqual([503, [], 0])
  }) // rule 3

  test('a known token past its grace gets 503 at once', async () => {
    const all = await known()
    await all.clock.advance(360_000)
    await fall(all)
    const error = await errorOf(() => all.verify())
    expect([error.reason === 'overloaded', error.status, all.asked]).toEqual([false, 503, []])
  })

  test('fresh evidence gets 503 at once', async () => {
    const all = await known()
    await all.clock.advance(1)
    await fall(all)
    const error = await errorOf(() => ask(all, 0))
    expect([error.status, all.asked, all.clock.timers]).toEqual([503, [], 0])
  }) // IN-44

  test('an expired token is refused, grace or not', async () => {
    const all = await known({}, active({ exp: START + 62 }))
    await all.clock.advance(60_000)
    await fall(all)
    await all.clock.advance(2_000)
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_expired')
  }) // rule 1
})

describe('an endpoint that is down', () => {
  test('for a token whose grace ends while its question waits, it is so at once', async () => {
    const all = await known({ grace: 20_000 })
    await all.clock.advance(60_000)
    await fallDown(all)
    await all.clock.advance(250)
    all.says(late().promise)
    void all.verify(undefined, 'the probe, without an end').catch(() => undefined)
    expect(all.verifier.now(all.at())).toMatchObject({ stale: true })
    await all.clock.advance(20_000)
    const before = all.clock.monotonic()
    expect(await reasonOf(() => all.verify())).toBe('introspection_unavailable')
    expect([all.clock.monotonic() - before, all.clock.timers]).toEqual([0, 0])
  })

  test('the client hears when to come back: 1 to 5 s', async () => {
    const all = setUp({}, {}, 0.999)
    await all.verify()
    await fallDown(all)
    expect(AuthError.detailsOf(await errorOf(() => all.verify(undefined, 'new'))).retryAfter).toBe(5)
  })

  test('the next request is the probe, and waits for it up to 1 s', async () => {
    const all = await known()
    await fallDown(all)
    await all.clock.advance(250)
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify(undefined, 'new')
    expect(await reasonOf(() => all.verify(undefined, 'other'))).toBe('introspection_unavailable')
    answer.come(active())
    expect([(await verdict).source, all.asked]).toEqual(['live', ['new']])
  }) // design §9.4

  test('the trouble is told as down', async () => {
    const all = await known()
    await fallDown(all)
    expect((await errorOf(() => all.verify(undefined, 'new'))).cause).toMatchObject({ kind: 'down' })
  })
})

describe('an endpoint without room for all', () => {
  const GRACE = { is: 'grace', left: 0.9 } as const
  const STRANGER = { is: 'new', source: undefined } as const

  /** Calls take 100 ms; ten are in flight, and so many more tokens wait. */
  async function limited(waiting: number, urgency: Urgency = GRACE): Promise<{ all: Set; end: () => void }> {
    const all = await known()
    for (let n = 0; n < 15; n += 1) {
      const answer = late()
      all.says(answer.promise)
      const verdict = all.verify(undefined, `warm ${n}`)
      await all.clock.advance(100)
      answer.come(active())
      await verdict
    }
    await all.clock.advance(60_000)
    const end = all.queues()
    for (let n = 0; n < waiting; n += 1)
      all.endpoint.inquire(`w${n}`, `w${n}`, { urgency, deadline: Infinity }).answer.catch(() => undefined)
    await all.clock.advance(21)
    expect([all.endpoint.status.state, all.positives.peek(all.at().digest)]).toMatchObject(['limited', {}])
    return { all, end }
  }

  test('a token in grace waits where its turn comes soon', async () => {
    const { all, end } = await limited(5)
    expect(all.verifier.now(all.at())).toBeUndefined()
    const verdict = all.verify()
    end()
    expect(await verdict).toMatchObject({ source: 'live', stale: false })
  }) // design §9.3

  test('a token in grace is served at once where its turn does not come in time', async () => {
    const { all } = await limited(100)
    expect(all.verifier.now(all.at())).toMatchObject({ source: 'cache', stale: true })
    expect(all.endpoint.status.queued.grace).toBe(101)
  }) // design §9.3

  test('a flood of new tokens makes nobody serve stale', async () => {
    const { all, end } = await limited(200, STRANGER)
    expect(all.verifier.now(all.at())).toBeUndefined()
    const verdict = all.verify()
    end()
    expect(await verdict).toMatchObject({ source: 'live', stale: false })
  }) // design §9.3
})

describe('an entry past its grace', () => {
  test('it waits for one second like a new token', async () => {
    const all = await known()
    await all.clock.advance(360_000)
    all.says(late().promise)
    const reason = reasonOf(() => all.verify())
    await all.clock.advance(999)
    expect(await Promise.race([reason, Promise.resolve('waiting')])).toBe('waiting')
    await all.clock.advance(1)
    expect(await reason).toBe('introspection_unavailable')
  }) // IN-45

  test('it is good again with the next answer', async () => {
    const all = await known()
    await all.clock.advance(360_000)
    expect((await all.verify()).source).toBe('live')
  })
})

describe('expiry', () => {
  test('an entry is refused at its exp, fresh as it is', async () => {
    const all = await known({}, active({ exp: START + 5 }))
    await all.clock.advance(4_999)
    expect(all.verifier.now(all.at())).toMatchObject({ stale: false })
    await all.clock.advance(1)
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_expired')
  }) // IN-27

  test('grace never reaches beyond exp, and the answer is 401', async () => {
    const all = await known({}, active({ exp: START + 100 }))
    all.says('server_error')
    await all.clock.advance(99_999)
    expect((await all.verify()).stale).toBe(true)
    await all.clock.advance(1)
    const error = await errorOf(() => all.verify())
    expect([error.reason, error.status]).toEqual(['token_expired', 401])
  }) // IN-27, NG-97

  test('while fresh an expired token is refused without a call; after that the authority is asked again', async () => {
    const all = await known({}, active({ exp: START + 5 }))
    await all.clock.advance(5_000)
    expect([await reasonOf(() => all.verify()), all.asked.length]).toEqual(['token_expired', 1])
    expect([all.positives.entries, all.negatives.entries]).toEqual([1, 0])
    await all.clock.advance(55_000)
    all.says(active({ exp: START + 3_600 }))
    expect([(await all.verify()).source, all.asked.length]).toEqual(['live', 2])
  }) // IN-13, IN-27

  test('in an outage an expired token stays expired, grace over or not', async () => {
    const all = await known({}, active({ exp: START + 5 }))
    all.says('server_error')
    for (const passed of [60_000, 60_000, 600_000, 3_600_000]) {
      await all.clock.advance(passed)
      const error = await errorOf(() => all.verify())
      expect([error.reason, error.status]).toEqual(['token_expired', 401])
    }
  }) // IN-27, NG-97

  test('a wall clock that is set back gives an expired token no second life', async () => {
    const all = await known({}, active({ exp: START + 30 }))
    await all.clock.advance(31_000)
    all.clock.jump(-30_000)
    all.says('server_error')
    const error = await errorOf(() => all.verify())
    expect([error.reason, error.status]).toEqual(['introspection_unavailable', 503])
  }) // NG-97

  test('an entry that expires during the wait is not served stale', async () => {
    const all = await known({}, active({ exp: START + 60.1 }))
    await all.clock.advance(60_000)
    all.says(late().promise)
    const reason = reasonOf(() => all.verify())
    await all.clock.advance(250)
    expect(await reason).toBe('token_expired')
  }) // IN-27

  test('an active answer past its exp is refused', async () => {
    const all = setUp()
    all.says(active({ exp: START }))
    expect(await reasonOf(() => all.verify())).toBe('token_expired')
  }) // IN-13

  test('no skew is granted to the exp of an answer', async () => {
    const all = setUp()
    all.says(active({ exp: START + 1 }))
    await all.verify()
    await all.clock.advance(1_000)
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_expired')
  }) // IN-27

  test('a token that begins later than the skew allows is refused', async () => {
    const all = setUp()
    all.says(active({ nbf: START + 31 }))
    expect(await reasonOf(() => all.verify())).toBe('token_not_yet_valid')
  }) // IN-13
})

describe('what an answer says', () => {
  test.each([
    ['required', AUDIENCE, 'accepted'],
    ['required', 'https://other.example/', 'audience_wrong'],
    ['required', undefined, 'audience_missing'],
    ['ifPresent', AUDIENCE, 'accepted'],
    ['ifPresent', 'https://other.example/', 'audience_wrong'],
    ['ifPresent', undefined, 'accepted'],
    ['off', 'https://other.example/', 'accepted'],
    ['off', undefined, 'accepted'],
  ] as const)('with audience policy %s, aud %s is %s', async (audiencePolicy, aud, outcome) => {
    const all = setUp({}, { audiencePolicy })
    all.says(active({ aud }))
    const result = await all.verify().then(
      () => 'accepted',
      (error: AuthError) => error.reason,
    )
    expect(result).toBe(outcome)
  }) // IN-15, CH-09

  test('one of several audiences is enough', async () => {
    const all = setUp()
    all.says(active({ aud: ['x', AUDIENCE] }))
    expect((await all.verify()).source).toBe('live')
  }) // IN-15

  test('another issuer in the answer is refused', async () => {
    const all = setUp()
    all.says(active({ iss: 'https://other.example' }))
    expect(await reasonOf(() => all.verify())).toBe('issuer_wrong')
  }) // IN-14, NG-102

  test.each(['Bearer', 'bearer', 'DPoP', 'access_token'])('token_type %s is one of an access token', async (type) => {
    const all = setUp()
    all.says(active({ token_type: type }))
    expect((await all.verify()).source).toBe('live')
  }) // IN-16

  test.each(['refresh_token', 'id_token', 'N_A', '', 7])('token_type %o is none of an access token', async (type) => {
    const all = setUp()
    all.says(active({ token_type: type }))
    expect(await reasonOf(() => all.verify())).toBe('token_kind_wrong')
  }) // IN-16

  test.each([
    [{ token_use: 'access' }, 'accepted'],
    [{ token_use: 'id' }, 'token_kind_wrong'],
    [{}, 'token_kind_wrong'],
  ])('with a required claim, %o is %s', async (claims, outcome) => {
    const all = setUp({}, { requiredClaims: { token_use: 'access' } })
    all.says(active(claims))
    const result = await all.verify().then(
      () => 'accepted',
      (error: AuthError) => error.reason,
    )
    expect(result).toBe(outcome)
  }) // IN-16

  test.each([{ token_use: 'refresh' }, { token_use: 'id' }, { typ: 'Refresh' }, { typ: 'Offline' }, { typ: 'ID' }])(
    'an answer that says %o is not one about an access token',
    async (claims) => {
      const all = setUp()
      all.says(active(claims))
      expect(await reasonOf(() => all.verify())).toBe('token_kind_wrong')
    },
  ) // IN-16

  test('it is judged again on every use', async () => {
    const all = await known({}, active({ nbf: START }))
    all.clock.jump(-31_000)
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_not_yet_valid')
  }) // IN-31
})

describe('an inactive token', () => {
  test('it is refused for 10 s without a call', async () => {
    const all = setUp()
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    await all.clock.advance(9_999)
    expect([await reasonOf(() => all.verify()), all.asked.length]).toEqual(['token_inactive', 1])
  }) // IN-34

  test('after 10 s it is asked about again, and may have become valid', async () => {
    const all = setUp()
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    await all.clock.advance(10_000)
    all.says(active())
    expect([(await all.verify()).source, all.negatives.entries]).toEqual(['live', 0])
  }) // IN-35

  test('while the authority is down it stays refused', async () => {
    const all = setUp()
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    await all.clock.advance(3_600_000)
    all.says('connect')
    expect(await reasonOf(() => all.verify())).toBe('token_inactive')
  }) // IN-46

  test('it does not take the place of a verified one', async () => {
    const all = await known()
    all.says(INACTIVE)
    for (let i = 0; i < 300; i += 1) await reasonOf(() => all.verify(undefined, `junk-${i}`))
    expect([all.verifier.now(all.at()), all.negatives.entries]).toMatchObject([{ source: 'cache' }, 100])
  }) // IN-34, NG-99
})

const ask = (all: Set, maxAge: number) => all.verifier.ask(all.at(), all.clock.monotonic() - maxAge)

describe('ask', () => {
  test('evidence that is new enough is evidence', async () => {
    const all = await known()
    await all.clock.advance(5_000)
    expect([await ask(all, 5_000), all.asked.length]).toMatchObject([{ source: 'cache', stale: false }, 1])
  }) // IN-26

  test('older evidence is renewed by one live call', async () => {
    const all = await known()
    await all.clock.advance(5_001)
    expect([await ask(all, 5_000), all.asked.length]).toMatchObject([{ source: 'live' }, 2])
  }) // IN-26

  test('a call that began late enough is joined', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    void all.verify()
    await all.clock.advance(500)
    const asked = ask(all, 500)
    answer.come(active())
    expect([(await asked).source, all.asked.length]).toEqual(['live', 1])
  }) // IN-36

  test('a call that began too early is not enough: the next one is waited for', async () => {
    const all = setUp()
    const early = late()
    all.says(early.promise)
    void all.verify()
    await all.clock.advance(500)
    const asked = ask(all, 0)
    await settled()
    all.says(active({ sub: 'newer' }))
    early.come(active({ sub: 'older' }))
    expect([(await asked).token.claims['sub'], all.asked.length]).toEqual(['newer', 2])
  }) // IN-26

  test('an early call that says inactive is enough', async () => {
    const all = setUp()
    const early = late()
    all.says(early.promise)
    void all.verify().catch(() => undefined)
    await all.clock.advance(500)
    const reason = reasonOf(() => ask(all, 0))
    await settled()
    early.come(INACTIVE)
    expect([await reason, all.asked.length]).toEqual(['token_inactive', 1])
  }) // IN-43

  test('both waits together take one second', async () => {
    const all = setUp()
    const early = late()
    all.says(early.promise)
    void all.verify().catch(() => undefined)
    await all.clock.advance(500)
    const reason = reasonOf(() => ask(all, 0))
    await all.clock.advance(400)
    all.says(late().promise)
    early.come(active())
    await all.clock.advance(599)
    expect(await Promise.race([reason, Promise.resolve('waiting')])).toBe('waiting')
    await all.clock.advance(1)
    expect(await reason).toBe('evidence_too_old')
  }) // IN-44

  test('known evidence does not stand in when the authority is in trouble', async () => {
    const all = await known()
    await all.clock.advance(10_000)
    all.says('server_error')
    const error = await errorOf(() => ask(all, 5_000))
    expect([error.reason, error.status]).toEqual(['evidence_too_old', 503])
  }) // IN-44

  test('a fresh refusal in the negative store does not answer for the authority', async () => {
    const all = setUp()
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    all.says(active())
    await all.clock.advance(1)
    expect((await ask(all, 0)).source).toBe('live')
  }) // IN-35
})

describe('forget', () => {
  test('a token is asked about again', async () => {
    const all = await known()
    all.verifier.forget(all.at().digest)
    await all.verify()
    expect(all.asked.length).toBe(2)
  }) // IN-41

  test('an inactive token is asked about again', async () => {
    const all = setUp()
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    all.verifier.forget(all.at().digest)
    all.says(active())
    expect((await all.verify()).source).toBe('live')
  }) // IN-41

  test('what a running call will answer is not kept', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    const verdict = all.verify()
    await settled()
    all.verifier.forget(all.at().digest)
    answer.come(active())
    await verdict
    expect(all.positives.entries).toBe(0)
  }) // IN-41, NG-98

  test('a request after it does not join the running call', async () => {
    const all = setUp()
    const answer = late()
    all.says(answer.promise)
    void all.verify()
    await settled()
    all.verifier.forget(all.at().digest)
    all.says(INACTIVE)
    expect([await reasonOf(() => all.verify()), all.asked.length]).toEqual(['token_inactive', 2])
  }) // IN-41

  test('an old active answer does not overwrite a newer inactive one', async () => {
    const all = setUp()
    const old = late()
    all.says(old.promise)
    void all.verify().catch(() => undefined)
    await settled()
    all.verifier.forget(all.at().digest)
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    old.come(active())
    await settled()
    expect([all.positives.entries, await reasonOf(() => all.verify())]).toEqual([0, 'token_inactive'])
  }) // NG-98

  test('whoever waits for an old active answer is refused by a newer inactive one', async () => {
    const all = setUp()
    const old = late()
    all.says(old.promise)
    const waiting = reasonOf(() => all.verify())
    await settled()
    all.verifier.forget(all.at().digest)
    all.says(INACTIVE)
    await reasonOf(() => all.verify())
    old.come(active())
    expect(await waiting).toBe('token_inactive')
  }) // rule 2

  test('an old active answer does not overwrite a newer active one', async () => {
    const all = setUp()
    const old = late()
    all.says(old.promise)
    void all.verify()
    await settled()
    all.verifier.forget(all.at().digest)
    await all.clock.advance(10)
    all.says(active({ sub: 'newer' }))
    await all.verify()
    old.come(active({ sub: 'older' }))
    await settled()
    expect(all.positives.peek(all.at().digest)?.claims['sub']).toBe('newer')
  }) // rule 2

  test('an old inactive answer ends what a newer one said', async () => {
    const all = setUp()
    const old = late()
    all.says(old.promise)
    void all.verify().catch(() => undefined)
    await settled()
    all.verifier.forget(all.at().digest)
    all.says(active())
    await all.verify()
    old.come(INACTIVE)
    await settled()
    expect(await reasonOf(() => all.verifier.now(all.at()))).toBe('token_inactive')
  }) // rule 2

  test('what still waits for its turn is asked afterwards, so it is kept', async () => {
    const all = setUp()
    const end = all.queues()
    const verdict = all.verify()
    all.verifier.forget(all.at().digest)
    end()
    await verdict
    expect([all.asked, all.positives.entries]).toEqual([['t'], 1])
  }) // IN-41
})

describe('close', () => {
  test('whoever waits for a turn gets 503 at once, and no timer stays', async () => {
    const all = await known()
    await all.clock.advance(360_000)
    all.queues()
    const errors = [
      errorOf(() => all.verify()),
      errorOf(() => all.verify(undefined, 'new')),
      errorOf(() => ask(all, 0)),
    ]
    await settled()
    all.endpoint.close()
    expect((await Promise.all(errors)).map(({ status }) => status)).toEqual([503, 503, 503])
    expect(all.clock.timers).toBe(0)
  }) // design §9.13
})
