import { describe, expect, test } from 'vitest'
import type { AuthContext } from '../../src/context.ts'
import { ConfigError, type Refusal } from '../../src/errors.ts'
import { refusalOf } from '../../src/guard/combine.ts'
import {
  anyScope,
  claim,
  clientOnly,
  entitlement,
  every,
  fresh,
  group,
  type Guard,
  login,
  role,
  scope,
  some,
  userOnly,
} from '../../src/index.ts'

/** What a caller without type checks may write. */
type Loose = (...args: readonly unknown[]) => unknown

const CHARACTERS = 'write printable ASCII without space, quote and backslash'
const REFRESH = 'asks for a refresh token and is no right at an API; leave it out (OpenID Connect Core §11)'
const NO_CLAIM = 'say what it must be: a text, number or boolean, a list of them, or a predicate'
const NO_NAME = 'claim(): the name of the claim is a non-empty string'
const NO_ACR = 'login(): an acr value is printable ASCII without space, quote and backslash'
const NO_TEXT = 'takes one or more non-empty texts'
const ONLY = "fresh(): the only option is { signature: 'counts' }"
const NO_GUARD = "takes guards, such as scope('orders:read'), one by one"
const NO_MIDDLEWARE = "takes guards, not middleware; write scope('orders:read') itself, or put the middleware beside it"

function messageOf(make: Loose, args: readonly unknown[]): string {
  try {
    make(...args)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'taken'
}

const middleware = (_request: unknown, _response: unknown, _next: unknown): void => undefined
const { holdfastProtect } = { holdfastProtect: (_context: unknown, _next: unknown): void => undefined }
const factories = { scope, anyScope, claim, role, group, entitlement, userOnly, clientOnly, login, fresh, every, some }

describe('a guard that is written wrong is refused in full', () => {
  test.each<[Loose, readonly unknown[], string]>([
    [scope as Loose, [], `scope(): "" is no scope; ${CHARACTERS}, such as scope('orders:read')`],
    [scope as Loose, ['a', 'b"'], `scope(): "b\\"" is no scope; ${CHARACTERS}, such as scope('orders:read')`],
    [scope as Loose, [7], `scope(): 7 is no scope; ${CHARACTERS}, such as scope('orders:read')`],
    [anyScope as Loose, ['a\\'], `anyScope(): "a\\\\" is no scope; ${CHARACTERS}, such as anyScope('orders:read')`],
    [scope as Loose, ['a offline_access'], `scope(): "offline_access" ${REFRESH}`],
    [anyScope as Loose, ['offline_access'], `anyScope(): "offline_access" ${REFRESH}`],
    [claim as Loose, ['', 'x'], NO_NAME],
    [claim as Loose, [7, 'x'], NO_NAME],
    [claim as Loose, ['tenant'], `claim('tenant'): ${NO_CLAIM}`],
    [claim as Loose, ['tenant', []], `claim('tenant'): ${NO_CLAIM}`],
    [claim as Loose, ['tenant', ['acme', null]], `claim('tenant'): ${NO_CLAIM}`],
    [claim as Loose, ['tenant', { is: 'acme' }], `claim('tenant'): ${NO_CLAIM}`],
    [role as Loose, [], `role(): ${NO_TEXT}, such as role('admin')`],
    [group as Loose, ['x', ''], `group(): ${NO_TEXT}, such as group('admin')`],
    [entitlement as Loose, [7], `entitlement(): ${NO_TEXT}, such as entitlement('admin')`],
    [login as Loose, [], "login(): say what is needed: { acr: 'gold' }, { maxAge: '5m' } or both"],
    [login as Loose, [null], "login(): say what is needed: { acr: 'gold' }, { maxAge: '5m' } or both"],
    [login as Loose, [{ acr: 'a', max_age: 5 }], 'login(): unknown option "max_age"; write { acr, maxAge, disclose }'],
    [login as Loose, [{ acr: [] }], NO_ACR],
    [login as Loose, [{ acr: ['gold', 'a b'] }], NO_ACR],
    [login as Loose, [{ maxAge: '1500ms' }], 'login(): "maxAge" is whole seconds, not 1500ms'],
    [login as Loose, [{ acr: 'gold', disclose: 'no' }], 'login(): "disclose" is true or false'],
    [fresh as Loose, ['5s', { signature: 'yes' }], ONLY],
    [fresh as Loose, ['5s', { signature: 'counts', allowStale: true }], ONLY],
    [every as Loose, [], 'every(): takes one or more guards'],
    [some as Loose, [], 'some(): takes one or more guards'],
    [every as Loose, [[scope('a')]], `every(): ${NO_GUARD}; it got a list`],
    [some as Loose, [scope('a'), 'b'], `some(): ${NO_GUARD}; it got string`],
    [every as Loose, [middleware], `every(): ${NO_MIDDLEWARE}`],
    [every as Loose, [holdfastProtect], `every(): ${NO_MIDDLEWARE}`],
  ])('%o(%j)', (make, args, message) => {
    expect(messageOf(make, args)).toBe(message)
  }) // XC-02

  test.each(Object.entries(factories))('%s is told that it is not called', (name, factory) => {
    expect(messageOf(every as Loose, [factory])).toBe(`every(): "${name}" is not called; write ${name}(…)`)
  }) // XC-02

  test('a guard may look at both the request and the time', () => {
    expect(messageOf(every as Loose, [(_auth: unknown, _at: unknown) => true])).toBe('taken')
  })
})

/** As much of a token's context as these guards read. */
const auth = { kind: 'unknown', claims: { tenant: 'other' }, hasScope: () => false } as unknown as AuthContext
const refusal = (guard: Guard): Refusal => guard(auth, { now: 0 }) as Refusal

describe('what operators hear of a refusal', () => {
  test.each([
    [claim('tenant', 'acme'), 'claim "tenant"'],
    [role('admin'), 'claim "roles"'],
    [group('staff'), 'claim "groups"'],
    [entitlement('export'), 'claim "entitlements"'],
    [userOnly(), "the token's kind: unknown"],
    [clientOnly(), "the token's kind: unknown"],
  ])('%#: what was looked at, and never a value', (guard, detail) => {
    expect(refusal(guard)).toEqual({ reason: 'claim_refused', detail })
  }) // XC-08

  test('a login in the future is named', () => {
    const ahead = { ...auth, claims: { auth_time: 100 } } as unknown as AuthContext
    expect(login({ maxAge: '5m' })(ahead, { now: 0 })).toEqual({
      reason: 'claims_malformed',
      detail: '"auth_time" lies in the future',
    })
  }) // SU-11

  test('fresh says what age would do, and whether a signature would', () => {
    expect(refusal(fresh('5s'))).toEqual({ reason: 'evidence_too_old', maxEvidenceAge: 5_000, signatureCounts: false })
    expect(refusal(fresh('5s', { signature: 'counts' }))).toMatchObject({ signatureCounts: true })
  }) // IN-26

  test('fresh without options is fresh without options, however that is written', () => {
    const guard = fresh('5s', null as never)
    expect(refusal(guard)).toMatchObject({ reason: 'evidence_too_old', signatureCounts: false })
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'object'],
    ['no', 'string'],
    [['no'], 'object'],
    [{ reason: ['scope_missing'] }, 'object'],
  ])('an answer %j that is neither yes nor a refusal is named by its type', (answer, type) => {
    expect(refusalOf(answer)).toEqual({
      reason: 'custom',
      detail: `the guard answered with a ${type}, not with true`,
    })
  }) // SG-14
})
