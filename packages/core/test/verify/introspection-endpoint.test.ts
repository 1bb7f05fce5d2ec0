import { describe, expect, test } from 'vitest'
import { NegativeCache } from '../../src/cache/negative-cache.ts'
import { RecencyCache } from '../../src/cache/recency-cache.ts'
import { Tally } from '../../src/counters.ts'
import { AuthError, orThrow } from '../../src/errors.ts'
import { Checks } from '../../src/explain/checks.ts'
import type { IntrospectionEndpoint } from '../../src/introspection/endpoint.ts'
import { Inquiry, type Want } from '../../src/introspection/inquiry.ts'
import { type Answer, Trouble, type TroubleKind } from '../../src/introspection/introspector.ts'
import { instantOf } from '../../src/ports/clock.ts'
import { Caller } from '../../src/request.ts'
import type { Claims } from '../../src/verify/claims.ts'
import type { EvidenceTerms } from '../../src/verify/evidence-terms.ts'
import { type CallReport, IntrospectionVerifier } from '../../src/verify/introspection.ts'
import type { VerifiedToken } from '../../src/verify/verified-token.ts'
import type { Presented, Verifier } from '../../src/verify/verifier.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled, START } from '../support/manual-clock.ts'
import { errorOf, reasonOf } from '../support/refusals.ts'
import { presented } from '../support/tokens.ts'

const ISSUER = 'https://as.example'
const AUDIENCE = 'https://api.example/'
const TERMS: EvidenceTerms = { fresh: 60_000, grace: 300_000, wait: 1_000, graceWait: 250 }

const active = (
  claims: Claims = {},
  more: { readonly freshFor?: number | undefined; readonly once?: true } = {},
): Answer => ({
  is: 'active',
  claims: { active: true, aud: AUDIENCE, ...claims },
  freshFor: undefined,
  ...more,
})

/** A verifier in front of an endpoint that does nothing but note what it is asked, and answers by hand. */
function setUp(terms: Partial<EvidenceTerms> = {}, random = 0, owner?: Verifier) {
  const clock = new ManualClock()
  const wants: Want[] = []
  const pressed: Want[] = []
  const inquiries: Inquiry[] = []
  const reports: CallReport[] = []
  const endpoint = {
    hasRoom: true,
    outOfReach: false,
    expectedWait: 0,
    usualDuration: 0,
    late: 0,
    cameLate: () => void (endpoint.late += 1),
    coalesced: () => undefined,
    press: (_: Inquiry, want: Want) => void pressed.push(want),
    inquire: (token: string, id: string, want: Want) => {
      const inquiry = new Inquiry(id, token, want, clock.monotonic())
      wants.push(want)
      inquiries.push(inquiry)
      return inquiry
    },
  }
  const positives = new RecencyCache<VerifiedToken>({ entries: 100, bytes: 1_000_000 }, clock)
  const negatives = new NegativeCache(100, 10_000, clock)
  const verifier = new IntrospectionVerifier(
    {
      rules: { issuer: ISSUER, audience: [AUDIENCE], audiencePolicy: 'required', skew: 30, requiredClaims: {} },
      terms: { ...TERMS, ...terms },
      scopeSource: ['permissions'],
      tally: new Tally('opaque'),
      endpoint: endpoint as unknown as IntrospectionEndpoint,
      positives,
      negatives,
      clock,
      random: chance(random),
      report: (report) => void reports.push(report),
    },
    owner,
  )
  const at = (more: Partial<Presented> = {}): Presented => ({ ...presented('t', clock), ...more })
  const sends = (inquiry = inquiries.at(-1)!): Inquiry => {
    inquiry.startedAt = instantOf(clock)
    inquiry.waitedIn = 'quiet'
    inquiry.sent = true
    return inquiry
  }
  return {
    clock,
    wants,
    pressed,
    inquiries,
    reports,
    endpoint,
    positives,
    negatives,
    verifier,
    at,
    sends,
    answers: (answer: Answer = active()) => sends().resolve(answer),
    fails: (kind: TroubleKind, pause = 0) => sends().reject(new Trouble(kind, { pause })),
    /** Verifies the token by one call that answers at once. */
    know: async (answer?: Answer) => {
      const verdict = verifier.verify(at())
      sends().resolve(answer ?? active())
      return (await verdict).token
    },
  }
}

type Set = ReturnType<typeof setUp>
const detailsOf = async (run: () => unknown): Promise<object> => {
  const error = await errorOf(run)
  const { issuer, detail, retryAfter, cause } = AuthError.detailsOf(error)
  return { reason: error.reason, issuer, detail, retryAfter, kind: (cause as Trouble | undefined)?.kind }
}

const nobodyAsks = (): Caller =>
  new Caller({
    get source(): string {
      return expect.unreachable('the source was asked for')
    },
  })

describe('how urgent a question is', () => {
  test('a token never seen is new, from where it came, for as long as a request waits', async () => {
    const all = setUp()
    void all.verifier.verify(all.at({ caller: new Caller({ source: '192.0.2.7' }) })).catch(() => undefined)
    expect(all.wants).toEqual([
      { urgency: { is: 'new', source: '192.0.2.7' }, deadline: all.clock.monotonic() + 1_000 },
    ])
  }) // design §9.3

  test('where nobody tells sources apart there is none', () => {
    const all = setUp()
    void all.verifier.verify(all.at()).catch(() => undefined)
    expect(all.wants).toMatchObject([{ urgency: { is: 'new', source: undefined } }])
  })

  test('a known token is in grace by the part that is left, until it is over; nobody asks where it came from', async () => {
    const all = setUp()
    await all.know()
    await all.clock.advance(60_000)
    void all.verifier.verify(all.at({ caller: nobodyAsks() })).catch(() => undefined)
    expect(all.wants[1]).toEqual({ urgency: { is: 'grace', left: 1 }, deadline: all.clock.monotonic() + 300_000 })
    all.fails('timeout')
    await all.clock.advance(75_000)
    void all.verifier.verify(all.at({ caller: nobodyAsks() })).catch(() => undefined)
    expect(all.wants[2]).toEqual({ urgency: { is: 'grace', left: 0.75 }, deadline: all.clock.monotonic() + 225_000 })
    all.fails('timeout')
    await settled()
  }) // design §9.3

  test('a fresh one asked about ahead has all of it left', async () => {
    const all = setUp()
    await all.know()
    await all.clock.advance(50_000)
    all.verifier.now(all.at())
    expect(all.wants[1]).toEqual({ urgency: { is: 'grace', left: 1 }, deadline: all.clock.monotonic() + 310_000 })
  }) // R23

  test('one past its grace blocks its caller', async () => {
    const all = setUp()
    await all.know()
    await all.clock.advance(360_000)
    void all.verifier.verify(all.at()).catch(() => undefined)
    expect(all.wants[1]).toEqual({ urgency: { is: 'blocked' }, deadline: all.clock.monotonic() + 1_000 })
  }) // design §9.3

  test('so does whoever asks for fresh evidence, and whoever joins moves it up', async () => {
    const all = setUp()
    void all.verifier.verify(all.at()).catch(() => undefined)
    void all.verifier.ask(all.at(), 0).catch(() => undefined)
    expect([all.wants.length, all.pressed]).toEqual([
      1,
      [{ urgency: { is: 'blocked' }, deadline: all.clock.monotonic() + 1_000 }],
    ])
  }) // IN-36, IN-44
})

describe('a call', () => {
  test('one that was turned away is not joined: the next request gets one of its own', async () => {
    const all = setUp()
    const first = reasonOf(() => all.verifier.verify(all.at()))
    all.inquiries[0]!.reject(new Trouble('overloaded'))
    const second = all.verifier.verify(all.at())
    expect([all.inquiries.length, all.pressed]).toEqual([2, []])
    expect(await first).toBe('overloaded')
    all.answers()
    expect((await second).source).toBe('live')
    expect(all.reports).toEqual([{ is: 'call', class: 'quiet', waited: 0, result: 'active', duration: 0 }])
  })

  test('the end of one that was let go takes nothing from the next', async () => {
    const all = setUp()
    const first = all.verifier.verify(all.at())
    all.sends()
    all.verifier.forget(all.at().digest)
    const second = all.verifier.verify(all.at())
    all.inquiries[0]!.resolve(active())
    await first
    const third = all.verifier.verify(all.at())
    expect(all.inquiries.length).toBe(2)
    all.answers()
    expect((await third).token).toBe((await second).token)
  }) // IN-36, IN-41

  test('is reported with what came of it, and only if it began', async () => {
    const all = setUp()
    const verdict = reasonOf(() => all.verifier.verify(all.at()))
    all.sends()
    await all.clock.advance(40)
    all.inquiries[0]!.reject(new Trouble('reset'))
    expect(await verdict).toBe('introspection_unavailable')
    expect(all.reports).toEqual([
      { is: 'call', class: 'quiet', waited: 0, result: 'trouble', duration: 40, trouble: new Trouble('reset') },
    ])
  }) // XC-08

  test('inactive is said of it without a listener, too', async () => {
    const all = setUp()
    const reason = reasonOf(() => all.verifier.verify(all.at()))
    all.answers({ is: 'inactive' })
    expect(await reason).toBe('token_inactive')
    expect(all.reports).toEqual([{ is: 'call', class: 'quiet', waited: 0, result: 'inactive', duration: 0 }])
  })

  test('an answer came late only where somebody had waited for it in vain', async () => {
    const all = setUp()
    await all.know()
    await all.clock.advance(50_000)
    all.verifier.now(all.at())
    all.answers()
    await settled()
    expect(all.endpoint.late).toBe(0)
    await all.clock.advance(400_000)
    const left = reasonOf(() => all.verifier.verify(all.at()))
    all.sends()
    await all.clock.advance(1_000)
    await left
    all.inquiries.at(-1)!.reject(new Trouble('reset'))
    await settled()
    expect(all.endpoint.late).toBe(0)
    const again = reasonOf(() => all.verifier.verify(all.at()))
    all.sends()
    await all.clock.advance(1_000)
    await again
    all.answers()
    await settled()
    expect(all.endpoint.late).toBe(1)
  }) // IN-37

  test('of two that wait one may leave, and then the answer is not late', async () => {
    const all = setUp()
    const leaving = new AbortController()
    const left = reasonOf(() => all.verifier.verify(all.at({ caller: new Caller(leaving) })))
    const stays = all.verifier.verify(all.at())
    leaving.abort()
    await left
    all.answers()
    await stays
    expect(all.endpoint.late).toBe(0)
  }) // IN-36, IN-37

  test('an answer for once is used, not kept, and ends what was kept', async () => {
    const all = setUp()
    expect((await all.know(active({}, { once: true }))).by).toBe('introspection')
    expect(all.positives.entries).toBe(0)
    await all.know()
    expect(all.positives.entries).toBe(1)
    await all.clock.advance(60_000)
    expect((await all.know(active({ sub: 'newer' }, { once: true }))).claims['sub']).toBe('newer')
    expect(all.positives.entries).toBe(0)
  }) // IN-33

  test('what is learnt is the issuer’s, in the name of who speaks for it, read as configured', async () => {
    const owner = {} as Verifier
    const all = setUp({}, 0, owner)
    const token = await all.know(active({ permissions: ['a'] }, { freshFor: 5_000 }))
    expect(token).toMatchObject({ issuer: ISSUER, by: 'introspection', key: undefined, freshFor: 5_000 })
    expect([token.verifier, token.scopes, token.digest]).toEqual([owner, ['a'], all.at().digest])
    expect((await setUp().know()).freshFor).toBeUndefined()
  })

  test('what is learnt of a token that is refused is kept, and refused again without a call', async () => {
    const owner = {} as Verifier
    const all = setUp({}, 0, owner)
    const refused = reasonOf(() => all.verifier.verify(all.at()))
    all.answers(active({ aud: 'https://other.example/' }))
    expect(await refused).toBe('audience_wrong')
    const kept = all.positives.peek(all.at().digest)!
    expect([kept.issuer, kept.by, kept.verifier]).toEqual([ISSUER, 'introspection', owner])
    expect(await reasonOf(() => all.verifier.verify(all.at()))).toBe('audience_wrong')
    expect(all.wants.length).toBe(1)
  }) // IN-15, IN-31

  test('what is at hand is not asked for', async () => {
    const all = setUp()
    await all.know()
    expect([(await all.verifier.verify(all.at())).source, all.wants.length]).toEqual(['cache', 1])
  }) // IN-26

  test('a verifier that is no part of another speaks for itself', async () => {
    const all = setUp()
    expect((await all.know()).verifier).toBe(all.verifier)
  })

  test.each([
    [0, undefined, 43_200],
    [0.5, undefined, 48_000],
    [0.5, 10_000, 8_000],
    [0.5, 90_000, 48_000],
  ])('with chance %d and max-age %o it is asked about ahead after %d ms', async (random, freshFor, after) => {
    expect((await setUp({}, random).know(active({}, { freshFor }))).aheadAfter).toBeCloseTo(after, 6)
  }) // R23
})

describe('asking ahead', () => {
  test('begins at the very age that was chosen', async () => {
    const all = setUp({}, 0.5)
    await all.know()
    await all.clock.advance(47_999)
    all.verifier.now(all.at())
    expect(all.wants.length).toBe(1)
    await all.clock.advance(1)
    all.verifier.now(all.at())
    expect(all.wants.length).toBe(2)
  }) // R23

  test('does not happen without room, nor while the token is asked about', async () => {
    const all = setUp()
    await all.know()
    await all.clock.advance(50_000)
    all.endpoint.hasRoom = false
    all.verifier.now(all.at())
    expect(all.wants.length).toBe(1)
    all.endpoint.hasRoom = true
    all.verifier.now(all.at())
    all.verifier.now(all.at())
    expect([all.wants.length, all.pressed]).toEqual([2, []])
  }) // R23
})

async function inGrace(): Promise<Set> {
  const all = setUp()
  await all.know()
  await all.clock.advance(60_000)
  return all
}

describe('a token in grace', () => {
  test.each([
    [true, 0, 0, true],
    [false, 250, 0, false],
    [false, 251, 0, true],
    [false, 300, 100, false],
    [false, 301, 100, true],
    [false, 1_000, 900, false],
    [false, 1_001, 900, true],
  ])('out of reach %o, a turn in %d ms, calls of %d ms: served at once %o', async (out, wait, usual, served) => {
    const all = await inGrace()
    Object.assign(all.endpoint, { outOfReach: out, expectedWait: wait, usualDuration: usual })
    expect(orThrow(all.verifier.now(all.at()))?.stale).toBe(served || undefined)
    expect(all.wants.length).toBe(served ? 2 : 1)
  }) // design §9.3

  test('what is served is reported with its age', async () => {
    const all = await inGrace()
    await all.clock.advance(5_000)
    all.endpoint.outOfReach = true
    all.verifier.now(all.at())
    expect(all.reports.filter(({ is }) => is === 'stale')).toEqual([{ is: 'stale', age: 65_000 }])
  }) // XC-08

  test('past its grace it is not served, however far the endpoint', async () => {
    const all = await inGrace()
    await all.clock.advance(300_000)
    all.endpoint.outOfReach = true
    expect([all.verifier.now(all.at()), all.wants.length]).toEqual([undefined, 1])
  }) // IN-42
})

describe('what a client is told', () => {
  test.each([
    [0, 1],
    [0.5, 3],
    [0.999, 5],
  ])('with chance %d it may come back after %d s', async (random, retryAfter) => {
    const all = setUp({}, random)
    const details = detailsOf(() => all.verifier.verify(all.at()))
    all.fails('connect')
    expect(await details).toEqual({
      reason: 'introspection_unavailable',
      issuer: ISSUER,
      detail: undefined,
      retryAfter,
      kind: 'connect',
    })
  }) // HT-19

  test.each([
    [17_001, 18],
    [2_000, 3],
  ])('a pause of %d ms is told where it is longer', async (pause, retryAfter) => {
    const all = setUp({}, 0.5)
    const details = detailsOf(() => all.verifier.verify(all.at()))
    all.fails('throttled', pause)
    expect(await details).toMatchObject({ retryAfter })
  }) // IN-51

  test.each([
    ['queued', {}, 'overloaded', 'overloaded'],
    ['begun, without a place to go', { begun: true }, 'introspection_unavailable', 'no_endpoint'],
    ['sent', { begun: true, sent: true }, 'introspection_unavailable', 'timeout'],
  ])(
    'of a call that is %s when the wait is over',
    async (_, state: { begun?: boolean; sent?: boolean }, reason, kind) => {
      const all = setUp()
      const details = detailsOf(() => all.verifier.verify(all.at()))
      if (state.begun) all.inquiries[0]!.startedAt = instantOf(all.clock)
      if (state.sent) all.inquiries[0]!.sent = true
      await all.clock.advance(1_000)
      expect(await details).toMatchObject({ reason, kind })
    },
  ) // IN-49

  test('a refusal names its issuer, and what was wrong', async () => {
    const all = setUp()
    const details = detailsOf(() => all.verifier.verify(all.at()))
    all.answers(active({ token_type: 'refresh_token' }))
    expect(await details).toMatchObject({
      reason: 'token_kind_wrong',
      issuer: ISSUER,
      detail: '"token_type" is not one of an access token',
    })
    all.negatives.add(all.at().digest)
    all.verifier.forget(all.at().digest)
    all.negatives.add(all.at().digest)
    expect(await detailsOf(() => all.verifier.now(all.at()))).toMatchObject({
      reason: 'token_inactive',
      issuer: ISSUER,
    })
  })
})

describe('fresh evidence', () => {
  test('kept evidence counts from the moment that is asked for, while it is fresh', async () => {
    const all = setUp()
    await all.know()
    const since = all.clock.monotonic()
    expect(await all.verifier.ask(all.at(), since)).toMatchObject({ source: 'cache', stale: false })
    await all.clock.advance(60_000)
    void all.verifier.ask(all.at(), since).catch(() => undefined)
    expect(all.wants.length).toBe(2)
  }) // IN-26

  test('kept evidence that has expired is refused, not renewed', async () => {
    const all = setUp()
    await all.know(active({ exp: START + 5 }))
    const since = all.clock.monotonic()
    await all.clock.advance(5_000)
    expect(await reasonOf(() => all.verifier.ask(all.at(), since))).toBe('token_expired')
  }) // IN-27

  test.each([
    ['connect', 'evidence_too_old'],
    ['overloaded', 'overloaded'],
    ['misconfigured', 'introspection_misconfigured'],
  ] as const)('of a call that ends with %s it is said: %s', async (kind, reason) => {
    const all = setUp()
    const details = detailsOf(() => all.verifier.ask(all.at(), all.clock.monotonic()))
    all.fails(kind)
    expect(await details).toMatchObject({ reason, kind, issuer: ISSUER })
    expect(all.wants.length).toBe(1)
  }) // IN-44

  test('trouble of a call that began too early is followed by another call', async () => {
    const all = setUp()
    void all.verifier.verify(all.at()).catch(() => undefined)
    const early = all.sends()
    await all.clock.advance(100)
    const asked = all.verifier.ask(all.at(), all.clock.monotonic())
    early.reject(new Trouble('reset'))
    await settled()
    expect(all.wants.length).toBe(2)
    all.answers()
    expect((await asked).source).toBe('live')
  }) // IN-26

  test('a call that began and has not answered in time is no trouble of the queue', async () => {
    const all = setUp()
    const details = detailsOf(() => all.verifier.ask(all.at(), all.clock.monotonic()))
    all.sends()
    await all.clock.advance(1_000)
    expect(await details).toMatchObject({ reason: 'evidence_too_old', kind: undefined })
  }) // IN-44

  test('where two calls began too early nobody asks a third time', async () => {
    const all = setUp()
    const since = all.clock.monotonic() + 500
    const details = detailsOf(() => all.verifier.ask(all.at(), since))
    all.answers()
    await settled()
    all.answers()
    expect(await details).toMatchObject({ reason: 'evidence_too_old', kind: undefined })
    expect(all.wants.length).toBe(2)
  }) // IN-44
})

async function explain(all: Set) {
  const checks = new Checks()
  const found = await all.verifier.explain(all.at(), checks)
  return { found: found !== undefined, first: checks.all[0], count: checks.all.length, refused: checks.refused }
}

describe('explained', () => {
  test('a token that was never seen is unknown', async () => {
    expect(await explain(setUp())).toEqual({
      found: false,
      first: {
        reason: 'token_inactive',
        outcome: 'unknown',
        detail: 'no answer is at hand; a request would ask the authorization server',
      },
      count: 1,
      refused: false,
    })
  })

  test('one that was called inactive has failed', async () => {
    const all = setUp()
    all.negatives.add(all.at().digest)
    expect(await explain(all)).toEqual({
      found: false,
      first: {
        reason: 'token_inactive',
        outcome: 'failed',
        detail: 'the authorization server called it inactive',
      },
      count: 1,
      refused: true,
    })
  })

  test('a known one is judged by every rule, while its answer counts', async () => {
    const all = setUp()
    await all.know(active({ exp: START + 3_600 }))
    expect(await explain(all)).toEqual({
      found: true,
      first: { reason: 'token_inactive', outcome: 'passed' },
      count: 7,
      refused: false,
    })
    await all.clock.advance(359_999)
    expect((await explain(all)).first?.outcome).toBe('passed')
    await all.clock.advance(1)
    expect((await explain(all)).first?.outcome).toBe('unknown')
    expect(all.wants.length).toBe(1)
  })
})

describe('a wall clock that is set back', () => {
  test.each([
    [30_000, -1, undefined],
    [29_999, -1, 'cache'],
    [30_000, 0, 'token_expired'],
  ])('after %d ms of a life of 30 s, by %d s: %s', async (passed, jump, outcome) => {
    const all = setUp()
    await all.know(active({ exp: START + 30 }))
    await all.clock.advance(passed)
    all.clock.jump(jump * 1_000)
    const judged = async (): Promise<unknown> => orThrow(all.verifier.now(all.at()))?.source
    expect(await judged().catch((error: AuthError) => error.reason)).toBe(outcome)
  }) // NG-97
})
