import { describe, expect, test } from 'vitest'
import type { Duration } from '../../src/duration.ts'
import { type AuthContext, contextOf } from '../../src/context.ts'
import { AuthError, ConfigError, type Refusal } from '../../src/errors.ts'
import { errorOf, firstRefusal } from '../../src/guard/authorize.ts'
import { claim, type ClaimTest } from '../../src/guard/claim.ts'
import { every, some } from '../../src/guard/combine.ts'
import { detail } from '../../src/guard/detail.ts'
import { fresh, type FreshOptions } from '../../src/guard/fresh.ts'
import { type Guard, scopesNeeded } from '../../src/guard/guard.ts'
import { entitlement, group, role } from '../../src/guard/holds.ts'
import { clientOnly, userOnly } from '../../src/guard/kind.ts'
import { login, type LoginOptions } from '../../src/guard/login.ts'
import { anyScope, scope } from '../../src/guard/scope.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { ManualClock, START } from '../support/manual-clock.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const AT = { now: START }

function context(claims: Claims, { by = 'introspection', stale = false, age = 0 } = {}): AuthContext {
  const clock = new ManualClock()
  const since = { wall: clock.wall() - age, monotonic: clock.monotonic() - age }
  const token = verifiedToken(claims, clock, { by: by as 'introspection', since })
  return contextOf({ token, source: 'live', stale }, { by: 'none' }, presented('t', clock))
}

const says = (guard: Guard, claims: Claims): string => {
  const answer = guard(context(claims), AT)
  return answer === true ? 'yes' : (answer as Refusal).reason
}
const yes: Guard = () => true
const no: Guard = () => ({ reason: 'custom' })
const throwing: Guard = () => {
  throw new TypeError('x')
}
const rejecting: Guard = () => Promise.reject(new TypeError('x'))
const refusing: Guard = () => {
  throw new AuthError('claim_refused')
}
const answering = (answer: unknown): Guard => (() => answer) as Guard

describe('scope', () => {
  test.each([
    ['a', 'a', true],
    ['b a a', 'a b', true],
    ['a', 'a b', false],
    ['A', 'a', false],
    ['read', 'read:all', false],
    ['xread', 'read', false],
    ['*', 'read', false],
    ['', 'a', false],
    [' a  b ', 'a b', true],
    ['constructor', 'toString', false],
    ['__proto__', '__proto__', true],
  ])('a token with "%s" has "%s": %o', (granted, needed, outcome) => {
    expect(says(scope(needed), { scope: granted })).toBe(outcome ? 'yes' : 'scope_missing')
  }) // SG-01, SG-02, SG-03, SG-05, SG-18

  test('no scope claim means no scope', () => {
    expect(says(scope('a'), {})).toBe('scope_missing')
  }) // SG-03

  test('several arguments and one text mean the same', () => {
    expect(scope('a', 'b').needs).toEqual(scope('a b').needs)
  }) // SG-06

  test('the refusal names every scope that is needed', () => {
    expect(scope('a b c')(context({ scope: 'a' }), AT)).toMatchObject({ scopes: ['a', 'b', 'c'] })
  }) // SG-07

  test.each([
    [[]],
    [['']],
    [['a  b']],
    [['a"b']],
    [['a\\b']],
    [['offline_access']],
    [['a offline_access']],
    [['é']],
    [['a\nb']],
    [[7]],
    [[undefined]],
  ])('scope(%o) is refused when it is written', (scopes) => {
    expect(() => scope(...(scopes as unknown as [string]))).toThrow(ConfigError)
  }) // XC-02
})

describe('anyScope', () => {
  test.each([
    ['a', true],
    ['b', true],
    ['x b', true],
    ['c', false],
    ['', false],
  ])('a token with "%s" has one of a and b: %o', (granted, outcome) => {
    expect(says(anyScope('a', 'b'), { scope: granted })).toBe(outcome ? 'yes' : 'scope_missing')
  }) // SG-06

  test('it advertises the first', () => {
    const guard = anyScope('a', 'b')
    expect([guard.needs.scopes, guard(context({}), AT)]).toMatchObject([['a'], { scopes: ['a'] }])
  }) // SG-08

  test('nothing to choose from is refused when it is written', () => {
    expect(() => anyScope(...([] as unknown as [string]))).toThrow(/^anyScope\(\): /)
  }) // XC-02
})

describe('claim', () => {
  test.each([
    ['acme', 'acme', true],
    ['acme', 'Acme', false],
    ['acme', ['acme'], false],
    [['acme', 'initech'], 'initech', true],
    [['acme', 'initech'], 'other', false],
    [7, 7, true],
    [7, '7', false],
    [true, true, true],
    [true, 'true', false],
    [false, undefined, false],
    [(value: unknown) => value === 'acme', 'acme', true],
    [(value: unknown) => value === 'acme', 'other', false],
    [() => 1, 'acme', false],
    [() => Promise.resolve(true), 'acme', false],
    [() => Promise.reject(new Error('unheard')), 'acme', false], // vitest fails on a rejection that nobody hears
    [() => true, undefined, false],
  ])('wanted %o, found %o: %o', (test_, value, outcome) => {
    const guard = claim('tenant', test_ as ClaimTest)
    expect(says(guard, value === undefined ? {} : { tenant: value })).toBe(outcome ? 'yes' : 'claim_refused')
  }) // SG-06, SG-14

  test.each(['__proto__', 'constructor', 'toString'])('%s is no claim unless the token has it', (name) => {
    expect(
      says(
        claim(name, () => true),
        {},
      ),
    ).toBe('claim_refused')
  }) // SG-18

  test.each([
    ['', 'x'],
    [undefined, 'x'],
    ['tenant', undefined],
    ['tenant', []],
  ])('claim(%o, %o) is refused when it is written', (name, wanted) => {
    expect(() => claim(name as string, wanted as ClaimTest)).toThrow(ConfigError)
  }) // XC-02
})

describe('role, group, entitlement', () => {
  test.each([
    [['x', 'y'], true],
    [[{ value: 'x' }, { value: 'y' }], true],
    [[null, 7, { value: 'x' }, 'y'], true],
    [['x'], false],
    ['x y', false],
    [[{ value: ['x', 'y'] }], false],
    [{ x: true, y: true }, false],
    [undefined, false],
  ])('%o: %o', (held, outcome) => {
    const guards = { roles: role('x', 'y'), groups: group('x', 'y'), entitlements: entitlement('x', 'y') }
    for (const [name, guard] of Object.entries(guards)) {
      expect(says(guard, { [name]: held })).toBe(outcome ? 'yes' : 'claim_refused')
    }
  }) // SG-16

  test.each([[[]], [['']], [[7]], [['x', undefined]]])('role(%o) is refused when it is written', (names) => {
    for (const make of [role, group, entitlement]) expect(() => make(...(names as [string]))).toThrow(ConfigError)
  }) // SG-16
})

describe('userOnly, clientOnly', () => {
  test.each([
    [{ sub: 'ada', client_id: 'shop', auth_time: START }, 'user'],
    [{ sub: 'ada', amr: ['pwd'] }, 'user'],
    [{ sub: 'ada', sid: 's' }, 'user'],
    [{ sub: 'shop', client_id: 'shop' }, 'client'],
    [{ sub: 'shop', client_id: 'shop', sid: 's' }, 'unknown'],
    [{ sub: 'ada', client_id: 'shop' }, 'unknown'],
    [{}, 'unknown'],
  ] as const)('%o is of a %s', (claims, kind) => {
    expect(context(claims as Claims).kind).toBe(kind)
    expect(says(userOnly(), claims as Claims)).toBe(kind === 'user' ? 'yes' : 'claim_refused')
    expect(says(clientOnly(), claims as Claims)).toBe(kind === 'client' ? 'yes' : 'claim_refused')
  }) // SG-17
})

describe('login', () => {
  test.each([
    [{ acr: 'gold' }, { acr: 'gold' }, true],
    [{ acr: 'gold' }, { acr: 'platinum' }, false],
    [{ acr: 'gold' }, { acr: 'Gold' }, false],
    [{ acr: 'gold' }, {}, false],
    [{ acr: ['gold', 'silver'] }, { acr: 'silver' }, true],
    [{ acr: ['gold', 'silver'] }, { acr: 'gold silver' }, false],
    [{ maxAge: '300s' }, { auth_time: START - 300 }, true],
    [{ maxAge: '300s' }, { auth_time: START - 330 }, true],
    [{ maxAge: '300s' }, { auth_time: START - 331 }, false],
    [{ maxAge: '300s' }, {}, false],
    [{ maxAge: '300s' }, { auth_time: START + 30 }, true],
    [{ maxAge: '0s' }, { auth_time: START }, true],
    [{ acr: 'gold', maxAge: '5m' }, { acr: 'gold', auth_time: START }, true],
    [{ acr: 'gold', maxAge: '5m' }, { acr: 'gold' }, false],
    [{ acr: 'gold', maxAge: '5m' }, { auth_time: START }, false],
  ] as const)('wanted %o, found %o: %o', (options, claims, outcome) => {
    expect(says(login(options), claims)).toBe(outcome ? 'yes' : 'login_insufficient')
  }) // SU-01, SU-07, SU-09, SU-10, SU-11

  test('the tolerance is what the server allows clocks', () => {
    const at = { now: START, skew: 0 }
    const guard = login({ maxAge: '300s' })
    expect(guard(context({ auth_time: START - 300 }), at)).toBe(true)
    expect(guard(context({ auth_time: START - 301 }), at)).toMatchObject({ reason: 'login_insufficient' })
    expect(guard(context({ auth_time: START + 1 }), at)).toMatchObject({ reason: 'claims_malformed' })
  }) // SU-11

  test('a login in the future is malformed where its age matters, and only there', () => {
    expect(says(login({ maxAge: '300s' }), { auth_time: START + 31 })).toBe('claims_malformed')
    expect(says(login({ acr: 'gold' }), { acr: 'gold', auth_time: START + 31 })).toBe('yes')
  }) // SU-11

  test('the refusal keeps to itself what is needed where it is told to', () => {
    expect(login({ acr: 'gold', maxAge: '5m', disclose: false })(context({}), AT)).toEqual({
      reason: 'login_insufficient',
    })
  }) // SU-13

  test('the refusal says what is needed', () => {
    expect(login({ acr: ['gold', 'silver'], maxAge: '5m' })(context({}), AT)).toMatchObject({
      acrValues: ['gold', 'silver'],
      maxAge: 300,
    })
  }) // SU-03, SU-04, SU-05

  test.each([
    {},
    { acr: [] },
    { acr: '' },
    { acr: 'a"b' },
    { acr: 'a b' },
    { acr: 'é' },
    { maxAge: '1500ms' },
    { maxAge: '-1s' },
    { maxAge: 300 },
    { acr: 'gold', max_age: '5m' },
    { acr: 'gold', disclose: 'no' },
  ])('login(%o) is refused when it is written', (options) => {
    expect(() => login(options as unknown as LoginOptions)).toThrow(ConfigError)
  }) // SU-04, SU-14
})

describe('fresh', () => {
  test.each([
    ['live', { age: 0 }, {}, true],
    ['5 s old', { age: 5_000 }, {}, true],
    ['older', { age: 5_001 }, {}, false],
    ['stale', { age: 0, stale: true }, {}, false],
    ['a signature', { age: 0, by: 'signature' }, {}, false],
    ['a signature that counts', { age: 0, by: 'signature' }, { signature: 'counts' }, true],
    ['an old signature that would count', { age: 5_001, by: 'signature' }, { signature: 'counts' }, false],
  ] as const)('evidence that is %s is fresh within 5 s: %o', (_, evidence, options, outcome) => {
    const answer = fresh('5s', options)(context({}, evidence), AT)
    expect(answer === true ? 'yes' : answer.reason).toBe(outcome ? 'yes' : 'evidence_too_old')
  }) // IN-26, IN-44

  test('evidence that began after the arrival is fresh for 0 s', () => {
    expect(fresh('0s')(context({}, { age: 0 }), AT)).toBe(true)
  }) // IN-26

  test('a context that this library did not make is not fresh', () => {
    const forged = { ...context({}) } as AuthContext
    expect(fresh('1h')(forged, AT)).toMatchObject({ reason: 'evidence_too_old' })
  }) // SG-13

  test.each([
    ['5', {}],
    [5, {}],
    ['5s', { signature: 'yes' }],
    ['5s', { allowStale: true }],
  ])('fresh(%o, %o) is refused when it is written', (age, options) => {
    expect(() => fresh(age as Duration, options as FreshOptions)).toThrow(ConfigError)
  }) // XC-02
})

describe('every and some', () => {
  test.each([
    [every(yes, yes), 'yes'],
    [every(yes, no), 'custom'],
    [every(scope('a'), no), 'scope_missing'],
    [some(yes, no), 'yes'],
    [some(no, yes), 'yes'],
    [some(scope('a'), no), 'scope_missing'],
    [every(some(no, yes), yes), 'yes'],
    [some(every(no, yes), no), 'custom'],
    [every(answering(undefined)), 'custom'],
    [some(answering(1), answering({})), 'custom'],
  ])('%# says %s', (guard, outcome) => {
    expect(says(guard, {})).toBe(outcome)
  }) // SG-06, SG-14

  test.each([
    [every(yes, async () => true as const), true],
    [every(async () => ({ reason: 'custom' as const })), { reason: 'custom' }],
    [some(no, async () => true as const), true],
    [some(async () => ({ reason: 'claim_refused' as const }), no), { reason: 'claim_refused' }],
  ])('a guard that waits is waited for (%#)', async (guard, outcome) => {
    expect(await guard(context({}), AT)).toEqual(outcome)
  }) // SG-06

  test('some asks for newer evidence where that could mend it', () => {
    expect(says(some(no, fresh('5s')), {})).toBe('yes')
    const old = some(no, fresh('5s'))(context({}, { age: 6_000 }), AT)
    expect(old).toMatchObject({ reason: 'evidence_too_old', maxEvidenceAge: 5_000 })
  }) // IN-26

  test('every needs all scopes, some those of the first', () => {
    expect([every(scope('a'), scope('b a')).needs?.scopes, some(scope('a'), scope('b')).needs?.scopes]).toEqual([
      ['a', 'b'],
      ['a'],
    ])
  }) // SG-07, SG-08

  test('nobody is left behind when one guard throws and another rejects later', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const guard = every(
      () => Promise.reject(new Error('later')),
      () => {
        throw new Error('now')
      },
    )
    expect(() => guard(context({}), AT)).toThrow('now')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  }) // XC-15

  test.each([every, some])('without guards they are refused when they are written', (combine) => {
    expect(() => combine(...([] as unknown as [Guard]))).toThrow(/takes one or more guards/)
  }) // XC-02

  test.each([
    [undefined, "takes guards, such as scope('orders:read'), one by one; it got undefined"],
    [[yes], 'it got a list'],
    [scope, '"scope" is not called; write scope(…)'],
    [(_request: unknown, _response: unknown, _next: unknown) => true, 'takes guards, not middleware'],
  ])('what is no guard is refused when it is written, and said so: %o', (given, message) => {
    for (const combine of [every, some]) expect(() => combine(given as never)).toThrow(message)
  }) // XC-02
})

const first = (...guards: Guard[]) => firstRefusal(context({}), guards, AT)

describe('asking guards in turn', () => {
  test('all yes is no refusal, at once', () => {
    expect(first(yes, yes)).toBeUndefined()
  })

  test.each([undefined, null, false, 1, 'yes', {}, [], { reason: 'nonsense' }, { reason: 'toString' }, { reason: 7 }])(
    'a guard that answers %o has not said yes',
    (answer) => {
      expect(first(yes, answering(answer))).toMatchObject({ reason: 'custom' })
    },
  ) // SG-14

  test('the first refusal stands, and later guards are not asked', () => {
    let asked = 0
    const counting: Guard = () => {
      asked += 1
      return true
    }
    expect([first(no, counting), asked]).toMatchObject([{ reason: 'custom' }, 0])
  })

  test('a guard after one that waits is asked, too', async () => {
    expect(await first(async () => true, no)).toMatchObject({ reason: 'custom' })
  })

  test('a guard that throws is our mistake', () => {
    expect(() => first(throwing)).toThrow(expect.objectContaining({ reason: 'guard_failed', status: 500 }))
  }) // SG-14

  test('a guard that rejects is our mistake', async () => {
    await expect(first(rejecting)).rejects.toMatchObject({ reason: 'guard_failed', status: 500 })
  }) // SG-14

  test('a refusal that is thrown stays what it is', () => {
    expect(() => first(refusing)).toThrow(expect.objectContaining({ reason: 'claim_refused' }))
  })
})

const details = (refusal: Refusal, claims: Claims, ...guards: Guard[]) => {
  const error = errorOf(refusal, context(claims), guards, AT)
  return { reason: error.reason, ...AuthError.detailsOf(error) }
}

describe('the error for a refusal', () => {
  const missing: Refusal = { reason: 'scope_missing', scopes: ['a'] }
  const weak: Refusal = { reason: 'login_insufficient', acrValues: ['gold'], maxAge: 300 }

  test('it names the scopes of every guard of the operation', () => {
    expect(details(missing, {}, scope('a'), yes, scope('b c'))).toMatchObject({ scopes: ['a', 'b', 'c'] })
  }) // SG-07

  test('where a stronger login is lacking, too, that is asked for, with the scopes', () => {
    expect(details(missing, {}, scope('a'), login({ acr: 'gold', maxAge: '5m' }))).toMatchObject({
      reason: 'login_insufficient',
      acrValues: ['gold'],
      maxAge: 300,
      scopes: ['a'],
    })
  }) // SU-06, CH-13

  test('a login that is lacking names the scopes only if they are lacking', () => {
    const guards = [login({ acr: 'gold', maxAge: '5m' }), scope('a')]
    expect(details(weak, { scope: 'a' }, ...guards).scopes).toBeUndefined()
    expect(details(weak, {}, ...guards).scopes).toEqual(['a'])
  }) // SU-06

  test('a predicate that throws when it is asked for the challenge changes nothing', () => {
    const throws = claim('tenant', () => {
      throw new RangeError('a mistake')
    })
    const found = details(missing, { tenant: 'x' }, scope('a'), throws, login({ acr: 'gold' }))
    expect(found).toMatchObject({ reason: 'login_insufficient', scopes: ['a'], acrValues: ['gold'] })
  }) // SG-14

  test('details that are lacking name no scope, unless scopes or a login are lacking, too', () => {
    const lacking: Refusal = { reason: 'details_insufficient', detail: 'x' }
    const guards = [detail({ type: 'a' }), scope('a')]
    const found = details(lacking, { scope: 'a' }, ...guards)
    expect([found.reason, found.detail, found.scopes]).toEqual(['details_insufficient', 'x', undefined])
    expect(details(lacking, {}, ...guards)).toMatchObject({ reason: 'details_insufficient', scopes: ['a'] })
    expect(details(lacking, {}, ...guards, login({ acr: 'gold' }))).toMatchObject({ reason: 'login_insufficient' })
    expect(details(missing, {}, scope('a'), detail({ type: 'a' }))).toMatchObject({ reason: 'scope_missing' })
  }) // RA-10, RA-11

  test('a custom guard that waits is not asked a second time', () => {
    let asked = 0
    const counting: Guard = async () => {
      asked += 1
      return true
    }
    details(missing, {}, scope('a'), counting)
    expect(asked).toBe(0)
  })

  test('what a guard said is kept for operators', () => {
    expect(details({ reason: 'custom', detail: 'wrong tenant' }, {}, no)).toMatchObject({ detail: 'wrong tenant' })
  }) // XC-08
})

test('scopes that several guards need are named once each, in order', () => {
  expect(scopesNeeded([scope('b a'), yes, scope('a c')])).toEqual(['b', 'a', 'c'])
}) // SG-07
