import { describe, expect, test } from 'vitest'
import { attributed, AuthError, orThrow, refused } from '../src/errors.ts'

const HEADERS = { 'cache-control': 'no-store' }

describe('completing an error in its place', () => {
  test('spares a second one', () => {
    const error = refused('token_expired', { detail: 'why' })
    expect(AuthError.complete(error, { scopes: ['a'] }, { ...HEADERS })).toBe(error)
    expect([error.headers, Object.isFrozen(error.headers)]).toEqual([HEADERS, true])
    expect(AuthError.detailsOf(error)).toEqual({ scopes: ['a'] })
  })

  test('happens once: who answers for it again gets another', () => {
    const error = AuthError.complete(refused('token_expired'), { scopes: ['a'] }, { ...HEADERS })
    const again = AuthError.complete(error, { scopes: ['b'] }, { 'retry-after': '1' })
    expect(again).not.toBe(error)
    expect([error.headers, again.headers]).toEqual([HEADERS, { 'retry-after': '1' }])
    expect([AuthError.detailsOf(error), AuthError.detailsOf(again)]).toEqual([{ scopes: ['a'] }, { scopes: ['b'] }])
  })

  test('leaves alone what an application made', () => {
    const error = new AuthError('custom', { detail: 'why' })
    const completed = AuthError.complete(error, { scopes: ['a'] }, { ...HEADERS })
    expect([completed === error, error.headers, AuthError.detailsOf(error)]).toEqual([false, {}, { detail: 'why' }])
    expect(completed.headers).toEqual(HEADERS)
  })
})

describe('an error', () => {
  test('keeps headers of its own', () => {
    const headers = { ...HEADERS }
    const error = new AuthError('custom', {}, headers)
    headers['cache-control'] = 'public'
    expect([error.headers, Object.isFrozen(error.headers)]).toEqual([HEADERS, true])
  })

  test('its stack is its name and code', () => {
    expect([new AuthError('credentials_missing').stack, new AuthError('token_expired').stack]).toEqual([
      'AuthError: none',
      'AuthError: invalid_token',
    ])
  })
})

describe('an issuer', () => {
  test('is named where the stage did not', () => {
    const error = attributed(refused('type_wrong', { detail: 'why', issuer: undefined }), 'https://as.example')
    expect(AuthError.detailsOf(error)).toEqual({ detail: 'why', issuer: 'https://as.example' })
  })

  test('is not replaced', () => {
    const error = refused('type_wrong', { issuer: 'https://as.example' })
    expect(attributed(error, 'https://other.example')).toBe(error)
  })

  test('is no business of other errors', () => {
    const error = new TypeError('x')
    expect(() => attributed(error, 'https://as.example')).toThrow(error)
  })
})

test('what was returned as a refusal is thrown', () => {
  const error = refused('token_expired')
  expect(orThrow('text')).toBe('text')
  expect(() => orThrow(error)).toThrow(error)
})
