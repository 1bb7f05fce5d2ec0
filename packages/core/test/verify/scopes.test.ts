import { describe, expect, test } from 'vitest'
import type { Claims } from '../../src/verify/claims.ts'
import type { ScopeSource } from '../../src/verify/scopes.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { verifiedToken } from '../support/tokens.ts'

const clock = new ManualClock()
const tokenWith = (claims: Claims, scopeSource?: ScopeSource) => verifiedToken(claims, clock, { scopeSource })

describe('the scopes of a token', () => {
  test.each<[Claims, ScopeSource, readonly string[]]>([
    [{ scope: 'a b a' }, undefined, ['a', 'b']],
    [{ scope: ' b  a ' }, undefined, ['b', 'a']],
    [{ scope: ['b', 'a'] }, undefined, ['b', 'a']],
    [{ scope: '["b","a"]' }, undefined, []],
    [{ scp: ['a', 'b'] }, undefined, ['a', 'b']],
    [{ scp: 'a  b' }, undefined, ['a', 'b']],
    [{ scope: 'a', scp: ['b'] }, undefined, ['a']],
    [{ scope: '', scp: ['b'] }, undefined, []],
    [{ scope: 'a"b' }, undefined, []],
    [{ permissions: ['a'] }, undefined, []],
    [{}, undefined, []],
    [{ scope: 'x', permissions: ['a'], roles: 'b a' }, ['permissions', 'roles'], ['a', 'b']],
    [{ scope: 'x', roles: 'b a' }, ['permissions', 'roles'], ['b', 'a']],
    [{ scope: 'x', roles: ['b'], permissions: 'a' }, ['permissions', 'roles'], ['a', 'b']],
    [{ scope: 'x' }, ['permissions'], []],
    [{ permissions: { a: true } }, ['permissions'], []],
    [{ permissions: ['a b'] }, ['permissions'], []],
    [{}, ['constructor'], []],
  ])('%j by %j: %j', (claims, source, scopes) => {
    // Twice: what was learnt from one token must not change what the next one says.
    for (const token of [tokenWith(claims, source), tokenWith({ ...claims }, source)]) {
      expect([token.scopes, [...token.scopeSet]]).toEqual([scopes, scopes])
      expect(Object.isFrozen(token.scopes)).toBe(true)
    }
  }) // SG-03, SG-18
})

const held = { scope: 'a b c', permissions: ['a', 'b'] }
const other = (claims: Claims) =>
  verifiedToken(claims, clock, { digest: 'other', since: { wall: 1, monotonic: 2 }, scopeSource: ['permissions'] })

describe('on the evidence of another token', () => {
  test.each<[Claims, readonly string[]]>([
    [{ scope: 'c a x' }, ['a', 'c']],
    [{ scope: '' }, []],
    [{ scp: ['b'] }, ['b']],
    [{ sub: 'somebody' }, ['a', 'b', 'c']],
    [{ permissions: ['a'] }, ['a', 'b', 'c']],
  ])('that says %j it has %j left', (claims, scopes) => {
    const narrowed = tokenWith(held).onEvidenceOf(verifiedToken(claims, clock), {})
    expect([narrowed.scopes, [...narrowed.scopeSet], Object.isFrozen(narrowed.scopes)]).toEqual([scopes, scopes, true])
  }) // IN-40

  test.each<[Claims, readonly string[]]>([
    [{ permissions: ['b', 'x'] }, ['b']],
    [{ permissions: [] }, []],
    [{ scope: 'b' }, ['a', 'b']],
  ])('that says %j where scopes are read from elsewhere it has %j left', (claims, scopes) => {
    expect(tokenWith(held, ['permissions']).onEvidenceOf(other(claims), {}).scopes).toEqual(scopes)
  }) // IN-40

  test('it stays the token that it was, with the claims given and the other one’s age', () => {
    const token = verifiedToken(held, clock, {
      by: 'signature',
      nested: 'n',
      digest: 'held',
      freshFor: 1,
      aheadAfter: 1,
    })
    const narrowed = token.onEvidenceOf(other({ sub: 'x' }), { sub: 'narrowed' })
    expect([narrowed.digest, narrowed.nested, narrowed.by]).toEqual(['held', 'n', 'introspection'])
    expect([narrowed.claims, narrowed.since]).toEqual([{ sub: 'narrowed' }, { wall: 1, monotonic: 2 }])
    expect([narrowed.verifier, narrowed.issuer, narrowed.key]).toEqual([token.verifier, token.issuer, token.key])
    expect([narrowed.freshFor, narrowed.aheadAfter, token.by]).toEqual([undefined, Infinity, 'signature'])
  }) // IN-40
})

describe('what is known of a token', () => {
  test('it takes room by its claims, and for what is inside an encrypted one', () => {
    const bytes = tokenWith({}).bytes
    expect(verifiedToken({}, clock, { nested: 'x' }).bytes - bytes).toBeGreaterThanOrEqual(64)
    expect(tokenWith({ name: 'x'.repeat(1_000) }).bytes - bytes).toBeGreaterThanOrEqual(1_000)
  })

  test('it is asked about ahead of time only where that is said', () => {
    expect([tokenWith({}).aheadAfter, verifiedToken({}, clock, { aheadAfter: 5 }).aheadAfter]).toEqual([Infinity, 5])
  })

  test('its audience is a list, however the claim is written, and cannot be changed', () => {
    expect([{ aud: 'x' }, { aud: ['x', 'y'] }, {}].map((claims) => tokenWith(claims).audience)).toEqual([
      ['x'],
      ['x', 'y'],
      [],
    ])
    expect([{ aud: 'x' }, {}].every((claims) => Object.isFrozen(tokenWith(claims).audience))).toBe(true)
  })
})
