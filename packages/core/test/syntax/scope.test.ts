import { describe, expect, test } from 'vitest'
import { isScopeToken, parseScope } from '../../src/syntax/scope.ts'

describe('isScopeToken', () => {
  test.each(['a', '!', '#', '[', ']', '~', 'orders:read', 'https://api.example/read'])('takes %s', (text) => {
    expect(isScopeToken(text)).toBe(true) // BT-11
  })

  test.each(['', ' ', 'a b', 'a"b', 'a\\b', 'ä', 'a\tb', 'a\n', '\u007f', 'a\u00a0b', 1, null, undefined, ['a']])(
    'refuses %j',
    (value) => {
      expect(isScopeToken(value)).toBe(false) // BT-11
    },
  )
})

describe('parseScope', () => {
  test.each([
    ['', []],
    [' ', []],
    ['a', ['a']],
    ['b a', ['b', 'a']],
    ['  a   b ', ['a', 'b']],
  ])('splits %j at spaces', (text, tokens) => {
    expect(parseScope(text)).toEqual(tokens)
  })

  test('takes an array of scope tokens', () => {
    expect(parseScope(['a', 'b:c'])).toEqual(['a', 'b:c'])
  })

  test.each([[['a b']], [['']], [['a', 1]], [[null]], [[['a']]], [1], [true], [null], [undefined], [{ a: 1 }]])(
    'refuses %j',
    (value) => {
      expect(parseScope(value)).toBeUndefined()
    },
  )

  test.each(['a\tb', 'a\nb', 'a\u00a0b', 'a"b', 'a\\b', 'ä b'])('refuses %j: only a space separates', (text) => {
    expect(parseScope(text)).toBeUndefined()
  })
})
