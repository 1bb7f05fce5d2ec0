import { describe, expect, test } from 'vitest'
import type { KeyFault, VerificationKey } from '../../src/keys/jwk.ts'
import { EMPTY_KEY_SET, type KeySet, MAX_KEYS, parseKeySet, select, succeed } from '../../src/keys/key-set.ts'
import { parseJsonObject } from '../../src/syntax/json.ts'
import { type Algorithm, DEFAULT_ALGORITHMS } from '../../src/verify/algorithms.ts'
import { jwkFor } from '../support/jwt.ts'

function read(
  document: unknown,
  allowed: readonly Algorithm[] = DEFAULT_ALGORITHMS,
): {
  set: KeySet | undefined
  faults: KeyFault[]
} {
  const faults: KeyFault[] = []
  const set = parseKeySet(parseJsonObject(Buffer.from(JSON.stringify(document)))!, allowed, (why) => faults.push(why))
  return { set, faults }
}

const setOf = (...jwks: readonly object[]): KeySet => read({ keys: jwks }).set!
const rs = (kid?: string, name?: string, extra: object = {}): object => jwkFor('RS256', { kid, ...extra }, name)
const es = (kid?: string, name?: string, extra: object = {}): object => jwkFor('ES256', { kid, ...extra }, name)
const ed = (kid?: string, name?: string): object => jwkFor('Ed25519', { kid }, name)
const identity = (key: VerificationKey): string => `${key.kid} ${key.algorithm}`

/** The positions of the keys that are selected, or why none is. */
const found = (set: KeySet, algorithm: string, kid?: string): unknown => {
  const selection = select(set, { algorithm, kid })
  return selection.is === 'found' ? selection.keys.map((key) => set.keys.indexOf(key)) : selection.is
}

describe('parseKeySet', () => {
  test('reads the keys of a set', () => {
    const { set, faults } = read({ keys: [rs('a'), es('b')], foo: 1 })
    expect(set?.keys.map(identity)).toEqual(['a RS256', 'b ES256'])
    expect(faults).toEqual([]) // JK-02
  })

  test.each([[{}], [{ keys: {} }], [{ keys: 'x' }], [{ keys: null }], [{ Keys: [] }], [rs('a')]])(
    'takes %j for no key set',
    (document) => {
      expect(read(document).set).toBeUndefined() // JK-01
    },
  )

  test('takes an empty set for a set', () => {
    expect(read({ keys: [] }).set?.keys).toEqual([])
  })

  test('does not look for keys among inherited members', () => {
    expect(read(JSON.parse('{"__proto__":{"keys":[]}}')).set).toBeUndefined() // NG-34
  })

  test('skips and reports what is wrong, and keeps what is good', () => {
    const bad = [
      { kty: 'XYZ' },
      { kty: 'oct', k: 'AAAA' },
      { ...rs('p'), d: 'AA' },
      { ...rs('w'), e: 'AQ' },
      { ...rs('u'), use: 'enc' },
      null,
      1,
      'x',
      [],
      {},
    ]
    const { set, faults } = read({ keys: [...bad, es('good')] })
    expect(set?.keys.map(identity)).toEqual(['good ES256'])
    expect(faults).toEqual([
      'not_allowed',
      'symmetric',
      'private',
      'weak',
      'unusable',
      'unusable',
      'unusable',
      'unusable',
      'unusable',
      'not_allowed',
    ]) // JK-03, JK-06, JK-18, JK-19
  })

  test('reads a hundred keys and refuses a document of more', () => {
    expect(read({ keys: Array.from({ length: MAX_KEYS }, () => es('a')) }).set).toBeDefined()
    expect(read({ keys: Array.from({ length: MAX_KEYS + 1 }, () => es('a')) }).set).toBeUndefined() // JK-36
  })

  test('takes a key that is listed twice for one key', () => {
    expect(setOf(es('a'), rs('b'), es('a'), es('a', 'second')).keys.map(identity)).toEqual([
      'a ES256',
      'b RS256',
      'a ES256',
    ])
  })
})

describe('select', () => {
  test('finds the key that the kid names', () => {
    expect(found(setOf(es('a'), es('b', 'second')), 'ES256', 'b')).toEqual([1]) // JK-09
  })

  test.each(['A', 'a ', ' a', 'a\u0301', 'aa', 'constructor', '__proto__'])('does not find kid a by %j', (kid) => {
    expect(found(setOf(es('a'), es('b', 'second')), 'ES256', kid)).toBe('unknown') // JK-09, NG-12
  })

  test('does not find a key by the normal form of its kid', () => {
    expect(found(setOf(es('\u00e9'), es('b', 'second')), 'ES256', 'e\u0301')).toBe('unknown') // JK-09, JW-08
  })

  test('finds nothing in an empty set', () => {
    expect(found(EMPTY_KEY_SET, 'ES256', 'a')).toBe('unknown')
    expect(found(EMPTY_KEY_SET, 'ES256')).toBe('unknown')
  })

  test('says unfit where the kid names a key for another algorithm', () => {
    expect(found(setOf(es('a')), 'RS256', 'a')).toBe('unfit')
    expect(found(setOf(rs('a')), 'PS256', 'a')).toBe('unfit') // JW-12, JK-08, NG-06
  })

  test('does not know a key that is no point of its curve', () => {
    const { x } = jwkFor('ES256', {}, 'second')
    expect(found(setOf({ ...es('a'), x }), 'ES256', 'a')).toBe('unknown') // JK-15
  })

  test('takes a set of one signing key beside another for a set of two: a kid must then be named', () => {
    const { kid: _, ...nameless } = es('a') as Record<string, unknown>
    expect(found(setOf(nameless), 'ES256', 'b')).toEqual([0]) // JK-12
    expect(found(setOf(nameless, { ...rs('c'), use: 'enc' }), 'ES256', 'b')).toBe('unknown')
  })

  test('finds the only key that fits a token without kid', () => {
    expect(found(setOf(rs('a'), es('b'), ed('c')), 'ES256')).toEqual([1]) // JK-11
  })

  test('tries each that fits, at most four, where that is asked for', () => {
    const set = setOf(es('a'), rs('b'), es('c', 'second'))
    const hint = { algorithm: 'ES256', kid: undefined }
    const selection = select(set, hint, 'try')
    expect(selection.is === 'found' && selection.keys.map(({ kid }) => kid)).toEqual(['a', 'c'])
    expect(select(set, hint)).toEqual({ is: 'ambiguous' })
    expect(select(set, { ...hint, algorithm: 'ES384' }, 'try')).toEqual({ is: 'unfit' })
    const many = setOf(...['1', '2', '3', '4', '5'].map((kid) => es(kid)))
    const four = select(many, hint, 'try')
    expect(four.is === 'found' && four.keys.map(({ kid }) => kid)).toEqual(['1', '2', '3', '4'])
  }) // JK-11

  test('says ambiguous where two keys fit a token without kid', () => {
    expect(found(setOf(rs('a'), rs('b', 'second')), 'RS256')).toBe('ambiguous') // JK-11
  })

  test('says unfit where no key fits a token without kid', () => {
    expect(found(setOf(rs('a'), es('b')), 'Ed25519')).toBe('unfit') // JK-11
  })

  test('finds the only key of a set, if it has no kid, for any kid', () => {
    expect(found(setOf(es()), 'ES256', 'anything')).toEqual([0]) // JK-12
  })

  test('does not take a key without kid for the one that is named, where the set has two', () => {
    expect(found(setOf(es(), rs('b')), 'ES256', 'a')).toBe('unknown') // JK-12
  })

  test('does not take the only key of a set for the one that is named, if it has another kid', () => {
    expect(found(setOf(es('b')), 'ES256', 'a')).toBe('unknown') // JK-12
  })

  test('tells keys with one kid apart by algorithm', () => {
    const set = setOf(rs('a'), es('a'), ed('a'))
    expect(found(set, 'RS256', 'a')).toEqual([0])
    expect(found(set, 'ES256', 'a')).toEqual([1])
    expect(found(set, 'EdDSA', 'a')).toEqual([2]) // JK-13, CH-05
  })

  test('gives every key that shares kid and algorithm', () => {
    expect(found(setOf(es('a'), es('a', 'second')), 'ES256', 'a')).toEqual([0, 1]) // JK-13
  })

  test('gives at most four of them', () => {
    const names = ['first', 'second', 'third', 'fourth', 'fifth']
    expect(found(setOf(...names.map((name) => es('a', name))), 'ES256', 'a')).toEqual([0, 1, 2, 3]) // LM-09, JK-13
  })

  test('finds EdDSA for a key of Ed25519', () => {
    expect(found(setOf(ed('a')), 'EdDSA', 'a')).toEqual([0]) // JW-27
  })

  test('imports no key that the token does not need', () => {
    const set = setOf(rs('a'), es('b'))
    const untouched = Object.defineProperty(set.keys[0]!, 'material', { get: () => expect.unreachable('imported') })
    expect(select(set, { algorithm: 'ES256', kid: 'b' }).is).toBe('found')
    expect(untouched.kid).toBe('a') // JK-39
  })
})

describe('succeed', () => {
  test('keeps the key objects that stay, and with them their imported material', () => {
    const first = setOf(es('a'), rs('b'))
    const material = first.keys[0]!.material
    const next = succeed(first, setOf(rs('b'), es('a')))
    expect(next.keys).toEqual([first.keys[1], first.keys[0]])
    expect(next.keys[1]!.material).toBe(material) // JK-39
  })

  test('retires no key that stays', () => {
    const first = setOf(es('a'))
    succeed(first, setOf(es('a'), rs('b')))
    expect(first.keys[0]!.retired).toBe(false)
  })

  test('takes the first set as it is', () => {
    const first = setOf(es('a'))
    expect(succeed(undefined, first).keys).toEqual(first.keys)
  })

  test('retires a key that left', () => {
    const first = setOf(es('a'), rs('b'))
    const next = succeed(first, setOf(rs('b')))
    expect(next.keys.map(identity)).toEqual(['b RS256'])
    expect(first.keys.map((key) => key.retired)).toEqual([true, false]) // JK-35
  })

  test('retires every key when the next set is empty', () => {
    const first = setOf(es('a'), rs('b'))
    succeed(first, setOf())
    expect(first.keys.map((key) => key.retired)).toEqual([true, true]) // JK-34
  })

  test('retires a key whose material changed under the same kid', () => {
    const first = setOf(es('a'))
    const next = succeed(first, setOf(es('a', 'second')))
    expect([first.keys[0]!.retired, next.keys[0]!.retired]).toEqual([true, false])
    expect(next.keys[0]).not.toBe(first.keys[0])
  })

  test('retires a key whose algorithm changed under the same kid', () => {
    const first = setOf(rs('a', 'first', { alg: 'RS256' }))
    succeed(first, setOf(rs('a', 'first', { alg: 'PS256' })))
    expect(first.keys[0]!.retired).toBe(true) // JW-13
  })

  test('retires a key that comes back under another kid', () => {
    const first = setOf(es('a'))
    succeed(first, setOf(es('b')))
    expect(first.keys[0]!.retired).toBe(true)
  })

  test('gives a retired key that returns a new object, which is not retired', () => {
    const first = setOf(es('a'))
    const without = succeed(first, setOf(rs('b')))
    const again = succeed(without, setOf(es('a'), rs('b')))
    expect(again.keys[0]!.retired).toBe(false)
    expect(first.keys[0]!.retired).toBe(true)
  })

  test('retires every object for a key that was listed twice', () => {
    const twice = { keys: [setOf(es('a')).keys[0]!, setOf(es('a')).keys[0]!], single: false }
    succeed(twice, setOf(rs('b')))
    expect(twice.keys.map((key) => key.retired)).toEqual([true, true]) // JK-35
  })

  test('leaves no object behind when a key that was listed twice is listed once', () => {
    const first = succeed(undefined, setOf(es('a'), es('a')))
    const next = succeed(first, setOf(es('a')))
    for (const key of first.keys) expect(key.retired).toBe(!next.keys.includes(key))
  })
})
