import { describe, expect, test } from 'vitest'
import { type AuthContext, contextOf } from '../../src/context.ts'
import { ConfigError, type Refusal } from '../../src/errors.ts'
import { actor, noActor, type ActorTest } from '../../src/guard/actor.ts'
import type { Guard } from '../../src/guard/guard.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { ManualClock, START } from '../support/manual-clock.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const ISSUER = 'https://as.example'
const OTHER = 'https://other.example'
const clock = new ManualClock()

function context(claims: Claims): AuthContext {
  const token = verifiedToken(claims, clock, { issuer: ISSUER })
  return contextOf({ token, source: 'live', stale: false }, { by: 'none' }, presented('t', clock))
}

function says(guard: Guard, claims: Claims): string {
  const answer = guard(context(claims), { now: START })
  return answer === true ? 'yes' : `${(answer as Refusal).reason}: ${(answer as Refusal).detail}`
}

const by = (wanted: ActorTest, act: Claims): string => says(actor(wanted), { sub: 'ada', act })

const ANOTHER = 'claim_refused: another actor'

describe('actor()', () => {
  test('takes the current actor by name', () => {
    expect(by('svc', { sub: 'svc' })).toBe('yes')
    expect(by(['a', 'svc'], { sub: 'svc' })).toBe('yes')
    expect(by('svc', { sub: 'Svc' })).toBe(ANOTHER)
    expect(by('svc', {})).toBe(ANOTHER)
    expect(by('svc', { client_id: 'svc' })).toBe(ANOTHER)
    expect(says(actor('svc'), { sub: 'svc' })).toBe('claim_refused: no actor')
  }) // DE-06

  test('takes nobody who acted before', () => {
    const act = { sub: 'svc16', act: { sub: 'svc77' } }
    expect(by('svc16', act)).toBe('yes')
    expect(by('svc77', act)).toBe(ANOTHER)
  }) // DE-02

  test('compares issuer and subject together', () => {
    expect(by('svc', { iss: ISSUER, sub: 'svc' })).toBe('yes')
    expect(by('svc', { iss: OTHER, sub: 'svc' })).toBe(ANOTHER)
    expect(by({ issuer: OTHER, subject: 'svc' }, { iss: OTHER, sub: 'svc' })).toBe('yes')
    expect(by({ issuer: OTHER, subject: 'svc' }, { sub: 'svc' })).toBe(ANOTHER)
    expect(by({ issuer: ISSUER, subject: 'svc' }, { sub: 'svc' })).toBe('yes')
    expect(by({ issuer: ISSUER, subject: 'svc' }, { iss: `${ISSUER}/`, sub: 'svc' })).toBe(ANOTHER)
  }) // DE-07

  test('asks a predicate, which must say true', () => {
    const act = { sub: 'svc', client_id: 'bff' }
    expect(by(({ claims }) => claims['client_id'] === 'bff', act)).toBe('yes')
    expect(by(({ subject }) => subject === 'other', act)).toBe(ANOTHER)
    for (const said of [1, 'yes', undefined, Promise.resolve(true), Promise.reject(new Error('unheard'))])
      expect(by((() => said) as never, act)).toBe(ANOTHER)
  }) // DE-06

  test('takes nobody by may_act', () => {
    expect(says(actor('admin'), { sub: 'ada', may_act: { sub: 'admin' } })).toBe('claim_refused: no actor')
  }) // DE-04

  test.each([[[]], [''], [undefined], [null], [7], [{ subject: 'x' }], [{ issuer: '', subject: 'x' }], [['a', '']]])(
    'actor(%j) is refused when it is written',
    (wanted) => {
      expect(() => actor(wanted as never)).toThrow(ConfigError)
    },
  ) // XC-02

  test('names with further members are a mistake', () => {
    expect(() => actor({ issuer: ISSUER, subject: 'x', sub: 'y' } as never)).toThrow(ConfigError)
  })
})

test('noActor() refuses whoever acts, named or not', () => {
  expect(says(noActor(), { sub: 'ada' })).toBe('yes')
  expect(says(noActor(), { sub: 'ada', may_act: { sub: 'svc' } })).toBe('yes')
  for (const act of [{ sub: 'svc' }, {}, { sub: 'ada' }]) {
    expect(says(noActor(), { sub: 'ada', act })).toBe('claim_refused: an actor')
  }
}) // DE-04, DE-06

describe('a context', () => {
  test('tells the actor and the chain, latest first', () => {
    const act = { sub: 'a', act: { iss: OTHER, sub: 'b', act: { client_id: 'c' } } }
    const auth = context({ sub: 'ada', act })
    expect(auth.actorChain).toEqual([
      { issuer: ISSUER, subject: 'a', claims: act },
      { issuer: OTHER, subject: 'b', claims: act.act },
      { issuer: ISSUER, subject: undefined, claims: act.act.act },
    ])
    expect([auth.subject, auth.actor === auth.actorChain[0]]).toEqual(['ada', true])
    expect([auth.actorChain, ...auth.actorChain].every(Object.isFrozen)).toBe(true)
  }) // DE-01, DE-06

  test('has no actor where nobody acts', () => {
    const auth = context({ sub: 'ada', may_act: { sub: 'svc' } })
    expect([auth.actor, auth.actorChain]).toEqual([undefined, []])
  }) // DE-04

  test('is of the kind that its subject is, whoever acts', () => {
    expect(context({ sub: 'ada', client_id: 'app', auth_time: 1, act: { sub: 'app' } }).kind).toBe('user')
    expect(context({ sub: 'app', client_id: 'app', act: { sub: 'svc' } }).kind).toBe('client')
    // What the actor did, and when it logged in, is nothing of the subject.
    expect(context({ sub: 'ada', client_id: 'app', act: { sub: 'app', auth_time: 1, amr: ['pwd'] } }).kind).toBe(
      'unknown',
    )
  }) // DE-02
})
