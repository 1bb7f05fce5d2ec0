import { describe, expect, test } from 'vitest'
import { parseAnswer } from '../../src/introspection/answer.ts'
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
  ])('%s: %o makes the answer unusable', (name, value) => {
    expect(() => read({ active: true, [name]: value })).toThrow('malformed')
  }) // IN-11, NG-103, NG-122

  test.each([
    ['exp', 1.5],
    ['aud', 'a'],
    ['aud', []],
    ['scope', ''],
    ['scope', ['a', 'b']],
    ['username', 7],
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
