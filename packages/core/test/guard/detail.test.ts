import { describe, expect, test } from 'vitest'
import { type AuthContext, contextOf, contextRulesOf } from '../../src/context.ts'
import { ConfigError } from '../../src/errors.ts'
import { detail, type DetailNeeds } from '../../src/guard/detail.ts'
import { detailType } from '../../src/guard/detail-type.ts'
import type { AuthorizationDetail } from '../../src/verify/authorization-details.ts'
import { ManualClock, START } from '../support/manual-clock.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const AT = { now: START }
const ISSUER = 'https://as.example'
const API = 'https://api.example'
const RESOURCE = 'https://api.example/v1'
const clock = new ManualClock()

const rules = contextRulesOf({
  issuers: [{ issuer: ISSUER, audience: [API] }] as never,
  resources: [RESOURCE],
  scopeImpliedBy: undefined,
})

function context(details: readonly object[] | undefined): AuthContext {
  const claims = details === undefined ? {} : { authorization_details: details as never }
  const token = verifiedToken(claims, clock, { issuer: ISSUER })
  return contextOf({ token, source: 'live', stale: false }, { by: 'none' }, presented('t', clock), rules)
}

/** Whether an operation is allowed by these entries. */
function allowed(needs: DetailNeeds, ...details: readonly object[]): boolean {
  const answer = detail(needs)(context(details), AT)
  if (answer === true) return true
  expect(answer.reason).toBe('details_insufficient')
  return false
}

interface Payment extends AuthorizationDetail {
  readonly amount: number
}
const isPayment = (entry: AuthorizationDetail): entry is Payment => typeof entry['amount'] === 'number'
const payment = detailType('payment', { check: isPayment })

describe('one entry', () => {
  test('of the type is enough, and of another is not', () => {
    expect(allowed({ type: 'a' }, { type: 'a' })).toBe(true)
    expect(allowed({ type: 'a' }, { type: 'A' })).toBe(false)
    expect(allowed({ type: 'a' })).toBe(false)
    expect(detail({ type: 'a' })(context(undefined), AT)).toMatchObject({ reason: 'details_insufficient' })
  }) // RA-08, RA-12

  test('among several of its type', () => {
    const entries = [{ type: 'b' }, { type: 'a', actions: ['read'] }, { type: 'a', actions: ['write'] }]
    expect(allowed({ type: 'a', actions: ['write'] }, ...entries)).toBe(true)
  }) // RA-03

  test('must allow the whole operation: rights are not added up', () => {
    const entries = [
      { type: 'a', actions: ['read'], locations: ['x'] },
      { type: 'a', actions: ['write'], locations: ['y'] },
    ]
    expect(allowed({ type: 'a', actions: ['write'], locations: ['x'] }, ...entries)).toBe(false)
    expect(allowed({ type: 'a', actions: ['write'], locations: ['y'] }, ...entries)).toBe(true)
    expect(allowed({ type: 'a', actions: ['read', 'write'] }, ...entries)).toBe(false)
  }) // RA-04

  test('allows every combination of its fields', () => {
    const entry = { type: 'a', actions: ['r', 'w'], datatypes: ['x', 'y'], privileges: ['p'], identifier: 'i' }
    expect(allowed({ type: 'a', actions: ['w'], datatypes: ['y'] }, entry)).toBe(true)
    expect(
      allowed({ type: 'a', actions: ['w', 'r'], datatypes: ['y', 'x'], privileges: ['p'], identifier: 'i' }, entry),
    ).toBe(true)
    expect(allowed({ type: 'a', actions: ['w', 'd'] }, entry)).toBe(false)
    expect(allowed({ type: 'a', identifier: 'j' }, entry)).toBe(false)
    expect(allowed({ type: 'a', privileges: ['q'] }, entry)).toBe(false)
  }) // RA-05

  test.each([
    { actions: 'read' },
    { actions: ['read', 7] },
    { actions: {} },
    { actions: null },
    { actions: ['read'], identifier: 7 },
    { actions: ['read'], locations: 'https://api.example' },
    { actions: ['read'], datatypes: [null] },
    { actions: ['read'], privileges: false },
  ])('with a field of a wrong type allows nothing: %j', (fields) => {
    expect(allowed({ type: 'a', actions: ['read'] }, { type: 'a', ...fields })).toBe(false)
    expect(allowed({ type: 'a' }, { type: 'a', ...fields })).toBe(false)
  }) // RA-06

  test.each([
    ['Read', 'read'],
    ['read ', 'read'],
    ['re\u0301ad', 'r\u00e9ad'],
    ['read*', 'read'],
    ['*', 'read'],
  ])('is compared exactly: %j is not %j', (has, asked) => {
    expect(allowed({ type: 'a', actions: [asked] }, { type: 'a', actions: [has] })).toBe(false)
    expect(allowed({ type: 'a', identifier: asked }, { type: 'a', identifier: has })).toBe(false)
  }) // RA-08
})

describe('a field that an entry does not have', () => {
  const needs = [
    { actions: ['read'] },
    { locations: [API] },
    { datatypes: ['x'] },
    { privileges: ['p'] },
    { identifier: 'i' },
  ] as const

  test('allows nothing that is asked for', () => {
    for (const asked of needs) expect(allowed({ type: 'a', ...asked }, { type: 'a' })).toBe(false)
    expect(allowed({ type: 'a', actions: ['read'] }, { type: 'a', actions: [] })).toBe(false)
  }) // RA-07

  test('is no limit where the type says so', () => {
    const open = detailType('a', {
      unlimitedWithout: ['locations', 'actions', 'datatypes', 'privileges', 'identifier'],
    })
    for (const asked of needs) expect(allowed({ type: open, ...asked }, { type: 'a' })).toBe(true)
    expect(allowed({ type: open, actions: ['read'] }, { type: 'a', actions: ['write'] })).toBe(false)
    expect(allowed({ type: open, actions: ['read'] }, { type: 'a', actions: [] })).toBe(false)
  }) // RA-07
})

describe('locations', () => {
  test.each([
    [[API], true],
    [[RESOURCE], true],
    [['https://other.example', API], true],
    [['https://other.example'], false],
    [[`${API}/`], false],
    [[`${API}/accounts`], false],
    [['HTTPS://API.EXAMPLE'], false],
    [[], false],
  ])('%j is for us: %o', (locations, ours) => {
    expect(allowed({ type: 'a' }, { type: 'a', locations })).toBe(ours)
  }) // RA-09

  test('that a guard asks for are all needed, and no others', () => {
    const needs = { type: 'a', locations: ['https://pay.example/a', 'https://pay.example/b'] }
    expect(allowed(needs, { type: 'a', locations: needs.locations })).toBe(true)
    expect(allowed(needs, { type: 'a', locations: [API, 'https://pay.example/a'] })).toBe(false)
  }) // RA-05, RA-09

  test('of a context that no server made name nobody', () => {
    const foreign = { authorizationDetails: [{ type: 'a', locations: [API] }] } as unknown as AuthContext
    expect(detail({ type: 'a' })(foreign, AT)).toMatchObject({ reason: 'details_insufficient' })
    expect(detail({ type: 'a', locations: [API] })(foreign, AT)).toBe(true)
  })
})

describe('a type with a form', () => {
  test('an entry of another form allows nothing, and takes none from the next', () => {
    expect(allowed({ type: payment }, { type: 'payment' }, { type: 'payment', amount: '1' })).toBe(false)
    expect(allowed({ type: payment }, { type: 'payment' }, { type: 'payment', amount: 1 })).toBe(true)
    expect(allowed({ type: payment }, { type: 'other', amount: 1 })).toBe(false)
  }) // RA-12

  test.each([
    () => {
      throw new TypeError('unheard of')
    },
    () => 1,
    async () => true,
    async () => {
      throw new Error('unheard') // vitest fails on a rejection that nobody hears
    },
  ])('only true is a yes (%#)', (check) => {
    const odd = detailType('a', { check: check as never })
    expect(allowed({ type: odd }, { type: 'a' })).toBe(false)
  }) // RA-12

  test('what it proves is what "where" and the handler are given', () => {
    const small = detail({ type: payment, where: ({ amount }) => amount <= 100 })
    const auth = context([
      { type: 'payment', amount: 500 },
      { type: 'payment', amount: 50 },
      { type: 'payment', amount: 'a lot' },
      { type: 'payment', amount: 100 },
    ])
    expect(small(auth, AT)).toBe(true)
    expect(small.entries(auth).map(({ amount }) => amount)).toEqual([50, 100])
    expect(small(context([{ type: 'payment', amount: 500 }]), AT)).toMatchObject({ reason: 'details_insufficient' })
  })

  test('types of entries come from a check, never from a claim about them', () => {
    const loose = detailType('payment')
    // @ts-expect-error nothing proves that an entry is a payment
    detail({ type: 'payment', where: ({ amount }: Payment) => amount > 1 })
    // @ts-expect-error the same with a type whose form nobody checks
    detail({ type: loose, where: ({ amount }: Payment) => amount > 1 })
    const plain = detail({ type: 'payment', where: (entry) => entry['amount'] === 1 })
    const [first]: readonly AuthorizationDetail[] = plain.entries(context([{ type: 'payment', amount: 1 }]))
    expect(first?.type).toBe('payment')
  })
})

test('a predicate that throws is a mistake of ours, and one that says anything but true is a no', () => {
  const throws = detail({
    type: 'a',
    where: () => {
      throw new RangeError('x')
    },
  })
  expect(() => throws(context([{ type: 'a' }]), AT)).toThrow(RangeError)
  for (const said of [1, 'yes', undefined, Promise.resolve(true)]) {
    expect(allowed({ type: 'a', where: (() => said) as never }, { type: 'a' })).toBe(false)
  }
})

test('the refusal names the type, which is configuration, and nothing of the token', () => {
  expect(detail({ type: 'a', actions: ['x'] })(context([{ type: 'a', actions: ['secret'] }]), AT)).toEqual({
    reason: 'details_insufficient',
    detail: 'authorization details of type "a"',
  })
}) // RA-11

test('a list that is changed later changes no guard', () => {
  const actions = ['read']
  const guard = detail({ type: 'a', actions })
  actions[0] = 'write'
  expect(guard(context([{ type: 'a', actions: ['read'] }]), AT)).toBe(true)
})

describe('what is wrong is refused when it is written', () => {
  test.each([
    [undefined, /"type" is the name/],
    [{}, /"type" is the name/],
    [{ type: '' }, /"type" is the name/],
    [{ type: { type: 'a' } }, /what detailType\(\) returns/],
    [{ type: 'a', action: ['x'] }, /unknown option "action"; write \{ type, locations, actions/],
    [{ type: 'a', actions: 'x' }, /"actions" is a list/],
    [{ type: 'a', actions: [] }, /"actions" is a list/],
    [{ type: 'a', locations: [7] }, /"locations" is a list/],
    [{ type: 'a', actions: undefined }, /"actions" is a list/],
    [{ type: 'a', identifier: 7 }, /"identifier" is a non-empty text/],
    [{ type: 'a', identifier: '' }, /"identifier" is a non-empty text/],
    [{ type: 'a', identifier: undefined }, /"identifier" is a non-empty text/],
    [{ type: 'a', where: true }, /"where" is a function/],
    [{ type: 'a', where: undefined }, /"where" is a function/],
    [{ type: { type: 'a', has: () => true, unlimitedWithout: [] } }, /what detailType\(\) returns/],
  ])('detail(%j)', (needs, message) => {
    expect(() => detail(needs as never)).toThrow(ConfigError)
    expect(() => detail(needs as never)).toThrow(message)
  }) // XC-02

  test.each([
    [['']],
    [[7]],
    [['a', { check: true }]],
    [['a', { check: undefined }]],
    [['a', { unlimitedWithout: 'actions' }]],
    [['a', { unlimitedWithout: ['action'] }]],
    [['a', { checks: () => true }]],
  ])('detailType(...%j)', (written) => {
    expect(() => (detailType as (...all: unknown[]) => unknown)(...written)).toThrow(ConfigError)
  }) // XC-02
})
