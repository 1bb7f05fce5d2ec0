import { describe, expect, test } from 'vitest'
import { matchingUri, normalizedUri, pathOfTarget } from '../../src/syntax/http-uri.ts'

describe('a URI', () => {
  test.each([
    ['HTTPS://API.example:443/%7Eu/./a', 'https://api.example/~u/a'],
    ['https://api.example', 'https://api.example/'],
    ['https://api.example/a?b#c', 'https://api.example/a'],
    ['https://api.example/%2e%2E/a%2fb', 'https://api.example/a%2Fb'],
    ['http://[::1]:80/a', 'http://[::1]/a'],
    ['https://api.example/a|b', 'https://api.example/a|b'],
  ])('%s is normalized', (uri, normalized) => {
    expect(normalizedUri(uri)).toBe(normalized)
  })

  test.each([
    'https:api.example/a',
    String.raw`https://api.example\a`,
    'https://u@api.example/',
    'https://api.example/ a',
    'https://api.example/%zz',
    'https://api.exämple/',
    'ftp://api.example/a',
    '/a',
    '',
  ])('%s is none', (uri) => {
    expect(normalizedUri(uri)).toBeUndefined()
  })
})

test('a request target has a path, without its query', () => {
  const targets = ['/', '/a?b', '/a/b#c', 'http://evil.example/a?b', 'https://evil.example', '*', 'a', '', 'host:443']
  expect(targets.map(pathOfTarget)).toEqual(['/', '/a', '/a/b', '/a', '/', undefined, undefined, undefined, undefined])
})

describe('the URI of a request', () => {
  const bases = ['https://api.example', 'https://www.example/v1']

  test('is what is stated, under one of the base URLs', () => {
    expect(matchingUri('https://api.example/a', bases, '/a?b')).toBe('https://api.example/a')
    expect(matchingUri('HTTPS://www.example:443/v1/%61?x', bases, '/a')).toBe('https://www.example/v1/a')
    expect(matchingUri('https://api.example/a%2fb', bases, '/a%2Fb')).toBe('https://api.example/a%2Fb')
    expect(matchingUri('https://api.example/.well-known/x', bases, '/.well-known/x')).toBe(
      'https://api.example/.well-known/x',
    )
  })

  test('is the same however both are written', () => {
    for (const target of ['/a/../b', '/%62', '/./b', '/b']) {
      for (const stated of ['https://api.example/b', 'https://api.example/%62', 'https://api.example/x/../b']) {
        expect([target, stated, matchingUri(stated, bases, target)]).toEqual([target, stated, 'https://api.example/b'])
      }
    }
  })

  test('is no other', () => {
    for (const stated of ['https://www.example/a', 'https://api.example/a/', 'https://api.example/A', 'a', '']) {
      expect(matchingUri(stated, bases, '/a')).toBeUndefined()
    }
    expect(matchingUri('https://api.example/a', bases, undefined)).toBeUndefined()
    expect(matchingUri('https://api.example/%zz', bases, '/%zz')).toBeUndefined()
  })
})
