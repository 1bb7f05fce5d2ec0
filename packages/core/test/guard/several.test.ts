import { describe, expect, test } from 'vitest'
import type { AuthContext } from '../../src/context.ts'
import { AuthError, type Refusal } from '../../src/errors.ts'
import { errorOf, firstRefusal } from '../../src/guard/authorize.ts'
import { every, some } from '../../src/guard/combine.ts'
import type { Guard } from '../../src/guard/guard.ts'
import { login } from '../../src/guard/login.ts'
import { scope } from '../../src/guard/scope.ts'

const AT = { now: 1_800_000_000 }
/** As much of a token's context as these guards read: no scope, no login. */
const auth = { issuer: 'https://as.example', claims: {}, hasScope: () => false } as unknown as AuthContext
const yes: Guard = () => true
const no: Guard = () => ({ reason: 'custom' })
const refusingLater: Guard = async () => ({ reason: 'claim_refused' as const })
const missing: Refusal = { reason: 'scope_missing', scopes: ['x'] }
const thrown = new TypeError('thrown')
const throwing: Guard = () => {
  throw thrown
}

/** A guard that says yes, at once or later, and how often it was asked. */
function counting(later = false): { readonly guard: Guard; readonly asked: () => number } {
  let asked = 0
  const guard = (): true | Promise<boolean> => {
    asked += 1
    return later ? Promise.resolve(true) : true
  }
  return { guard, asked: () => asked }
}

const detailsOf = (refusal: Refusal, ...guards: Guard[]) => {
  const error = errorOf(refusal, auth, guards, AT)
  return { reason: error.reason, ...AuthError.detailsOf(error) }
}

describe('guards after one that waits', () => {
  test('all of them are asked, each once', async () => {
    const [first, second, third] = [counting(true), counting(true), counting()]
    expect(await firstRefusal(auth, [first.guard, second.guard, third.guard], AT)).toBeUndefined()
    expect([first.asked(), second.asked(), third.asked()]).toEqual([1, 1, 1])
  })

  test('the next of them may refuse, whatever the last one says', async () => {
    expect(await firstRefusal(auth, [async () => true, no, yes], AT)).toEqual({ reason: 'custom' })
  })

  test('what waits may refuse, and then nobody else is asked', async () => {
    const later = counting()
    expect(await firstRefusal(auth, [refusingLater, later.guard], AT)).toEqual({ reason: 'claim_refused' })
    expect(later.asked()).toBe(0)
  })

  test('one that throws is our mistake, too', async () => {
    await expect(firstRefusal(auth, [async () => true, throwing], AT)).rejects.toMatchObject({
      reason: 'guard_failed',
      cause: thrown,
    })
  }) // SG-14
})

test('what a guard threw is kept as the cause, for a debugger', () => {
  expect(() => firstRefusal(auth, [throwing], AT)).toThrow(
    expect.objectContaining({ reason: 'guard_failed', cause: thrown }),
  )
}) // SG-14

describe('what combined guards need', () => {
  test('it may be asked again where all of them are of this library', () => {
    const { needs } = every(scope('a'), login({ acr: 'gold' }))
    expect(needs).toEqual({ scopes: ['a'], pure: true })
    expect(Object.isFrozen(needs)).toBe(true)
  }) // SG-07

  test('it may not where one of them is not', () => {
    expect(every(scope('a'), yes).needs).toEqual({ scopes: ['a'] })
    expect(some(yes, scope('a')).needs).toEqual({ scopes: [] })
  }) // SG-07

  test('a custom guard is not asked a second time, alone or combined', () => {
    const [alone, combined] = [counting(), counting()]
    detailsOf(missing, scope('a'), alone.guard, every(scope('b'), combined.guard))
    expect([alone.asked(), combined.asked()]).toEqual([0, 0])
  })

  test('a combination of this library is asked for what it lacks', () => {
    const guards = [scope('a'), every(scope('b'), scope('c')), some(login({ acr: 'gold' }), scope('d'))]
    expect(detailsOf(missing, ...guards)).toMatchObject({
      reason: 'login_insufficient',
      acrValues: ['gold'],
      scopes: ['a', 'b', 'c'],
    })
  }) // SU-06, SG-07

  test('every says yes where all of them do, at once or later', async () => {
    expect(every(yes, yes)(auth, AT)).toBe(true)
    expect(await every(yes, async () => true)(auth, AT)).toBe(true)
    expect(every(yes, no)(auth, AT)).toEqual({ reason: 'custom' })
  }) // SG-06

  test('every and some hand on what a guard throws, and are not disturbed by what came before', () => {
    for (const combine of [every, some]) expect(() => combine(yes, throwing)(auth, AT)).toThrow(thrown)
  }) // SG-14
})

describe('the error for a refusal', () => {
  test('where no guard says which scopes it needs, those of the refusal are named', () => {
    expect(detailsOf(missing, () => missing)).toMatchObject({ reason: 'scope_missing', scopes: ['x'] })
  }) // SG-07

  test('a refusal for another reason names its issuer and nothing to ask for', () => {
    expect(detailsOf({ reason: 'claim_refused', detail: 'claim "tenant"', scopes: ['x'] }, scope('a'))).toEqual({
      reason: 'claim_refused',
      issuer: 'https://as.example',
      detail: 'claim "tenant"',
    })
  }) // SG-07
})
