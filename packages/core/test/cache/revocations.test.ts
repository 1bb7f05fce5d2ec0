import { describe, expect, test } from 'vitest'
import { revocationKeyOf } from '../../src/cache/digest.ts'
import { Revocations } from '../../src/cache/revocations.ts'
import type { Claims } from '../../src/verify/claims.ts'
import type { Provenance, VerifiedTokenFields } from '../../src/verify/verified-token.ts'
import { ManualClock, START } from '../support/manual-clock.ts'
import { verifiedToken } from '../support/tokens.ts'

const ISSUER = 'https://as.example'
const DAY = 86_400_000
/** By how much a JWT may outlive its `exp`. */
const SKEW = 300_000

function setUp(entries = 100, clock = new ManualClock()) {
  let overflows = 0
  const revocations = new Revocations({ entries, lifetime: DAY, skew: SKEW }, clock, () => void (overflows += 1))
  return {
    clock,
    revocations,
    judge: (claims: Claims, fields: Partial<VerifiedTokenFields & Provenance> = {}) =>
      revocations.judge(verifiedToken(claims, clock, fields)),
    get overflows() {
      return overflows
    },
  }
}

describe('tombstones', () => {
  test('a token is refused as long as it could live, skew included', async () => {
    const { clock, revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('a'), START + 3_600)
    await clock.advance(3_600_000 + SKEW - 1)
    expect(revocations.isTombstone('a')).toBe(true)
    await clock.advance(1)
    expect(revocations.isTombstone('a')).toBe(false)
  }) // IN-47

  test('a token that lives longer than a mark is refused to its end', async () => {
    const { clock, revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('a'), START + 7 * 86_400)
    await clock.advance(7 * DAY)
    expect(revocations.isTombstone('a')).toBe(true)
  }) // IN-47

  test('a token without exp is refused for a day', async () => {
    const { clock, revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('a'), undefined)
    await clock.advance(DAY)
    expect(revocations.isTombstone('a')).toBe(true)
    await clock.advance(SKEW)
    expect(revocations.isTombstone('a')).toBe(false)
  }) // IN-47

  test('a later order does not shorten an earlier one', async () => {
    const { clock, revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('a'), START + 7 * 86_400)
    revocations.addTombstone(revocationKeyOf('a'), undefined)
    await clock.advance(2 * DAY)
    expect(revocations.isTombstone('a')).toBe(true)
  }) // IN-47

  test('a tombstone refuses its token and no other', () => {
    const { revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('a'), undefined)
    expect([revocations.isTombstone('a'), revocations.isTombstone('b')]).toEqual([true, false])
  }) // IN-47
})

describe('marks', () => {
  test.each([
    ['sub', { sub: 'x' }],
    ['sid', { sid: 'x' }],
    ['jti', { jti: 'x' }],
    ['clientId', { client_id: 'x' }],
    ['clientId', { azp: 'x' }],
  ] as const)('a mark by %s refuses a token with %o', (kind, claims) => {
    const { revocations, judge } = setUp()
    revocations.addMark(kind, ISSUER, 'x')
    expect(judge({ ...claims, iat: START - 1 })).toBe('token_revoked')
  }) // LM-25

  test.each([
    ['sub', { sub: 'y', sid: 'x', jti: 'x', client_id: 'x' }],
    ['sid', { sub: 'x' }],
    ['jti', { jti: 'X' }],
    ['clientId', { client_id: 'y', azp: 'x' }],
    ['sub', { sub: ['x'] }],
  ] as const)('a mark by %s leaves alone a token with %o', (kind, claims) => {
    const { revocations, judge } = setUp()
    revocations.addMark(kind, ISSUER, 'x')
    expect(judge({ ...claims, iat: START - 1 })).toBeUndefined()
  }) // NG-117

  test('a mark is about one issuer', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x')
    expect(judge({ sub: 'x', iat: START - 1 }, { issuer: 'https://other.example' })).toBeUndefined()
  }) // NG-117

  test('tokens issued before are refused, tokens issued later are not', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x', START - 100)
    expect([judge({ sub: 'x', iat: START - 101 }), judge({ sub: 'x', iat: START - 100 })]).toEqual([
      'token_revoked',
      undefined,
    ])
  }) // LM-25

  test('without a time it is now, as a server whose clock is ahead by the skew tells it', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x')
    const issued = [START - 1, START, START + SKEW / 1_000 - 1, START + SKEW / 1_000]
    expect(issued.map((iat) => judge({ sub: 'x', iat }))).toEqual([
      'token_revoked',
      'token_revoked',
      'token_revoked',
      undefined,
    ])
  }) // LM-25

  test('a mark by jti names one token, whenever that was issued', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('jti', ISSUER, 'x', START - 1_000)
    expect([judge({ jti: 'x', iat: START }), judge({ jti: 'x', iat: START + 600 }), judge({ jti: 'x' })]).toEqual([
      'token_revoked',
      'token_revoked',
      'token_revoked',
    ])
  }) // LM-25

  test('an order with an earlier time does not take back one with a later time', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x', START)
    revocations.addMark('sub', ISSUER, 'x', START - 1_000)
    expect(judge({ sub: 'x', iat: START - 1 })).toBe('token_revoked')
  }) // IN-47

  test('a JWT that does not say when it was issued is refused', () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x')
    expect(judge({ sub: 'x' }, { by: 'signature' })).toBe('token_revoked')
  }) // LM-25

  test('an opaque token that does not say is cleared by the word of the authority after the mark', async () => {
    const { clock, revocations, judge } = setUp()
    const before = verifiedToken({ sub: 'x' }, clock)
    revocations.addMark('sub', ISSUER, 'x')
    expect(revocations.judge(before)).toBe('token_revoked')
    await clock.advance(1)
    expect(judge({ sub: 'x' })).toBeUndefined()
  }) // LM-25

  test('a mark lasts as long as the longest token could, skew included', async () => {
    const { clock, revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x')
    const claims = { sub: 'x', iat: START - 1 }
    await clock.advance(DAY + 2 * SKEW - 1)
    expect(judge(claims)).toBe('token_revoked')
    await clock.advance(1)
    expect(judge(claims)).toBeUndefined()
  }) // LM-25

  test('a mark for a time to come lasts as long after it', async () => {
    const { clock, revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x', START + 3_600)
    await clock.advance(DAY + 3_600_000)
    expect(judge({ sub: 'x', iat: START + 3_599 })).toBe('token_revoked')
  }) // LM-25

  test('once there are marks a token that outlives them is refused', () => {
    const { revocations, judge } = setUp()
    const long = { iat: START, exp: START + 86_401 }
    expect(judge(long)).toBeUndefined()
    revocations.addMark('sub', ISSUER, 'x')
    expect([judge(long), judge({ iat: START, exp: START + 86_400 })]).toEqual(['lifetime_too_long', undefined])
  }) // LM-25

  test("a JWT that does not say how long it lives is refused; an introspected token is the authority's to judge", () => {
    const { revocations, judge } = setUp()
    revocations.addMark('sub', ISSUER, 'x')
    expect(judge({ exp: START + 60 }, { by: 'signature' })).toBe('lifetime_too_long')
    expect(judge({ exp: START + 7 * 86_400 }, { by: 'introspection' })).toBeUndefined()
  }) // LM-25

  test('a long token that was marked is refused after its mark has ended, too', async () => {
    const { clock, revocations, judge } = setUp()
    const long = { sub: 'x', iat: START, exp: START + 30 * 86_400 }
    revocations.addMark('sub', ISSUER, 'x')
    expect(judge(long)).toBe('token_revoked')
    await clock.advance(2 * DAY)
    expect(judge(long)).toBe('lifetime_too_long')
  }) // LM-25

  test.each([
    ['sub', '"]', 'x'],
    ['sub', 'x', '","'],
    ['sub', 'a","b', 'c'],
  ] as const)('names cannot be confused, whatever they contain (%s %s %s)', (kind, issuer, value) => {
    const { revocations, judge } = setUp()
    revocations.addMark(kind, `${issuer}|${value}`, '')
    expect(judge({ sub: value, iat: START - 1 }, { issuer })).toBeUndefined()
  }) // NG-95
})

describe('overflow', () => {
  test('the tombstone that expires first goes, an event says so, and the record is incomplete', () => {
    const all = setUp(2)
    all.revocations.addTombstone(revocationKeyOf('long'), START + 3_600)
    all.revocations.addTombstone(revocationKeyOf('short'), START + 60)
    all.revocations.addTombstone(revocationKeyOf('middle'), START + 600)
    expect(['long', 'short', 'middle'].filter((token) => all.revocations.isTombstone(token))).toEqual([
      'long',
      'middle',
    ])
    expect([all.overflows, all.revocations.complete, all.revocations.entries]).toEqual([1, false, 2])
  }) // LM-25

  test('what has expired makes room without an event', async () => {
    const all = setUp(2)
    all.revocations.addTombstone(revocationKeyOf('a'), START + 60)
    all.revocations.addTombstone(revocationKeyOf('b'), START + 60)
    await all.clock.advance(60_000 + SKEW)
    all.revocations.addTombstone(revocationKeyOf('c'), START + 3_600)
    expect([all.overflows, all.revocations.complete, all.revocations.entries]).toEqual([0, true, 1])
  }) // LM-25

  test('marks are bounded on their own', () => {
    const all = setUp(2)
    for (const value of ['a', 'b', 'c']) all.revocations.addMark('sub', ISSUER, value)
    all.revocations.addTombstone(revocationKeyOf('a'), undefined)
    expect([all.overflows, all.revocations.entries]).toEqual([1, 3])
  }) // NG-99
})

describe('snapshots', () => {
  test('what was revoked is revoked after a restart', () => {
    const before = setUp()
    before.revocations.addTombstone(revocationKeyOf('a'), START + 60)
    before.revocations.addMark('sub', ISSUER, 'x')
    const after = setUp()
    expect(after.revocations.restore(before.revocations.serialize())).toBe(true)
    expect([after.revocations.isTombstone('a'), after.judge({ sub: 'x', iat: START - 1 })]).toEqual([
      true,
      'token_revoked',
    ])
  }) // IN-47

  test('an incomplete record stays incomplete after a restart', () => {
    const before = setUp(1)
    before.revocations.addTombstone(revocationKeyOf('a'), START + 60)
    before.revocations.addTombstone(revocationKeyOf('b'), START + 60)
    const after = setUp()
    after.revocations.restore(before.revocations.serialize())
    expect(after.revocations.complete).toBe(false)
  })

  test('what was revoked meanwhile is not taken back', () => {
    const before = setUp()
    before.revocations.addMark('sub', ISSUER, 'x', START - 1_000)
    before.revocations.addTombstone(revocationKeyOf('a'), START + 60)
    const after = setUp()
    after.revocations.addMark('sub', ISSUER, 'x', START)
    after.revocations.addTombstone(revocationKeyOf('a'), START + 3_600)
    after.revocations.restore(before.revocations.serialize())
    expect(after.judge({ sub: 'x', iat: START - 1 })).toBe('token_revoked')
    expect(JSON.parse(after.revocations.serialize())).toMatchObject({
      tombstones: [[revocationKeyOf('a'), (START + 3_600) * 1_000 + SKEW]],
    })
  }) // IN-47

  test('a larger record than fits is cut down to what lasts longest', () => {
    const before = setUp(100)
    for (let i = 0; i < 50; i += 1) before.revocations.addTombstone(revocationKeyOf(`t-${i}`), START + 60 * (i + 1))
    const after = setUp(10)
    after.revocations.restore(before.revocations.serialize())
    expect([after.revocations.entries, after.revocations.isTombstone('t-49'), after.revocations.complete]).toEqual([
      10,
      true,
      false,
    ])
  }) // NG-99

  test.each([
    'xx',
    'null',
    '{}',
    '{"complete":true,"tombstones":[["a"]],"marks":[]}',
    '{"complete":true,"tombstones":[],"marks":[["x",null]]}',
    '{"complete":true,"tombstones":[],"marks":[["x",{"before":"1","madeAt":1,"until":2}]]}',
  ])('%s is no record', (text) => {
    const { revocations } = setUp()
    expect([revocations.restore(text), revocations.entries, revocations.complete]).toEqual([false, 0, true])
  }) // IN-39

  test('a record holds no token', () => {
    const { revocations } = setUp()
    revocations.addTombstone(revocationKeyOf('opaque-LEAK'), undefined)
    expect(revocations.serialize()).not.toContain('LEAK')
    expect(JSON.parse(revocations.serialize())).toMatchObject({
      tombstones: [[revocationKeyOf('opaque-LEAK'), expect.any(Number)]],
    })
  }) // IN-24
})
