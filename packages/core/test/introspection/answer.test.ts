import { describe, expect, test } from 'vitest'
import { keptMembers, parseAnswer, USUAL_READING } from '../../src/introspection/answer.ts'
import { json } from '../support/scripted-http.ts'

const read = (value: unknown, headers: Record<string, string> = {}) => parseAnswer(json(value, { headers }))

describe('active', () => {
  test('true is active', () => {
    expect(read({ active: true }).is).toBe('active')
  }) // IN-07, IN-12

  test('false is inactive, whatever else is said', () => {
    expect(read({ active: false, scope: 'admin', exp: 'never' })).toEqual({ is: 'inactive' })
  }) // IN-09

  test.each(['true', 'false', 1, 0, '0', null, [], [false], {}, undefined])('%o is neither', (active) => {
    expect(() => read({ active })).toThrow('malformed')
  }) // IN-07, IN-08, NG-91

  test('an answer that contradicts itself is none', () => {
    expect(() => read('{"active":true,"active":false}')).toThrow('malformed')
  }) // JW-07
})

describe('the document', () => {
  test.each(['', 'null', 'true', '[]', '[{"active":true}]', '{"active":true', '\uFEFF{"active":true}', '<html>'])(
    '%o is no answer',
    (text) => {
      expect(() => read(text)).toThrow('malformed')
    },
  ) // IN-10, NG-104

  test.each(['text/html', 'application/token-introspection+jwt', 'application/problem+json', 'text/json', ''])(
    'content type %o says nothing about the token',
    (type) => {
      expect(() => read({ active: true }, { 'content-type': type })).toThrow('malformed')
    },
  ) // IN-10

  test.each(['application/json; charset=utf-8', 'Application/Json', 'application/json ;x=y'])(
    'content type %o is JSON',
    (type) => {
      expect(read({ active: true }, { 'content-type': type }).is).toBe('active')
    },
  ) // IN-10
})

describe('members', () => {
  test.each([
    ['exp', '1'],
    ['exp', 1e15],
    ['iat', true],
    ['nbf', []],
    ['sub', {}],
    ['sub', 7],
    ['client_id', 1],
    ['iss', []],
    ['jti', 1],
    ['aud', {}],
    ['aud', ['a', 1]],
    ['scope', 7],
    ['scope', ['a b']],
    ['cnf', 'x'],
    ['acr', ['gold']],
    ['auth_time', '1'],
    ['amr', 'pwd'],
    ['username', 7],
    ['token_type', ['Bearer']],
  ])('%s: %o makes the answer unusable', (name, value) => {
    expect(() => read({ active: true, [name]: value })).toThrow('malformed')
  }) // IN-11, NG-103, NG-122

  test.each([
    ['exp', 1.5],
    ['aud', 'a'],
    ['aud', []],
    ['scope', ''],
    ['scope', ['a', 'b']],
  ])('%s: %o is tolerated', (name, value) => {
    expect(read({ active: true, [name]: value }).is).toBe('active')
  }) // IN-11, CH-26

  test('null says nothing', () => {
    expect(read({ active: true, sub: null, scope: null, exp: null })).toMatchObject({ claims: { active: true } })
    expect(read({ active: true, sub: null })).not.toHaveProperty('claims.sub')
  }) // IN-12

  test('exp 0 means that the token does not expire', () => {
    expect(read({ active: true, exp: 0, sub: 'a' })).not.toHaveProperty('claims.exp')
  }) // IN-28

  test('claims are frozen to their leaves', () => {
    const answer = read({ active: true, sub: null, act: { sub: 'x' } })
    const claims = answer.is === 'active' ? answer.claims : {}
    expect([Object.isFrozen(claims), Object.isFrozen(claims['act'])]).toEqual([true, true])
  }) // IN-40
})

describe('Cache-Control', () => {
  test.each([
    ['max-age=5', 5_000],
    ['private, max-age=5', 5_000],
    ['MAX-AGE=5', 5_000],
    ['max-age=0', 0],
    ['s-maxage=5', undefined],
    ['no-store', undefined],
    ['x-max-age=5', undefined],
    ['max-age=', undefined],
  ])('%s allows %o ms', (value, freshFor) => {
    expect(read({ active: true }, { 'cache-control': value })).toHaveProperty('freshFor', freshFor)
  }) // IN-32, IN-33
})

describe('what is configured', () => {
  const suffix = { ...USUAL_READING, structuredSuffix: true }
  test.each([
    ['application/x+json', 'active'],
    ['Application/Vnd.X.Y+JSON; v=1', 'active'],
    ['application/json', 'active'],
  ])('with structuredSuffix %s is %s', (type, expected) => {
    const response = json({ active: true }, { headers: { 'content-type': type } })
    expect(parseAnswer(response, suffix).is).toBe(expected)
  }) // IN-10

  test.each(['application/+json', 'text/x+json', 'application/x+json+y', 'application/a/b+json'])(
    'with structuredSuffix %s is none',
    (type) => {
      const response = json({ active: true }, { headers: { 'content-type': type } })
      expect(() => parseAnswer(response, suffix)).toThrow('malformed')
    },
  ) // IN-10

  test.each([
    ['no-store', true],
    ['private,No-Store', true],
    ['max-age=5, no-store', true],
    ['no-store-at-all', undefined],
    ['x=no-store', undefined],
    ['no-cache', undefined],
  ])('with honourNoStore %s is for once: %o', (value, once) => {
    const response = json({ active: true }, { headers: { 'cache-control': value } })
    const answer = parseAnswer(response, { ...USUAL_READING, honourNoStore: true })
    expect(answer.is === 'active' && answer.once).toBe(once)
    expect(parseAnswer(response)).not.toHaveProperty('once')
  }) // IN-33

  test('who acts, and what was granted in detail, is judged by', () => {
    const claims = {
      act: { sub: 'svc' },
      may_act: { sub: 'x' },
      authorization_details: [{ type: 'a' }],
      tenant: 'acme',
    }
    const { may_act: _, tenant: __, ...kept } = claims
    const reading = { ...USUAL_READING, kept: keptMembers() }
    expect(parseAnswer(json({ active: true, ...claims }), reading)).toMatchObject({ claims: { active: true, ...kept } })
    expect(parseAnswer(json({ active: true, ...claims }), reading)).not.toHaveProperty('claims.may_act')
  }) // IN-24, DE-05, RA-02

  test('what is picked is kept, and what is judged by, frozen', () => {
    const kept = keptMembers('tenant')
    const answer = parseAnswer(json({ active: true, exp: 9, tenant: 'a', email: 'b', cnf: { jkt: 'c' } }), {
      ...USUAL_READING,
      kept,
    })
    expect(answer).toMatchObject({ claims: { active: true, exp: 9, tenant: 'a', cnf: { jkt: 'c' } } })
    expect(answer).not.toHaveProperty('claims.email')
    expect(answer.is === 'active' && Object.isFrozen(answer.claims)).toBe(true)
  }) // IN-24

  test('what is not kept must be well-formed all the same', () => {
    const reading = { ...USUAL_READING, kept: keptMembers() }
    expect(() => parseAnswer(json({ active: true, username: 7 }), reading)).toThrow('malformed')
  }) // IN-11
})
