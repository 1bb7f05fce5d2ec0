import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { scopeImplications } from '../../src/options/scope-implications.ts'

const read = (value: unknown) => scopeImplications(value, 'scopeImplies')

describe('scopeImplications', () => {
  test('it is turned round, through any number of steps', () => {
    expect(read({ admin: ['write'], write: ['read', 'list'] })).toEqual(
      new Map([
        ['write', ['admin']],
        ['read', ['admin', 'write']],
        ['list', ['admin', 'write']],
      ]),
    )
  }) // SG-09

  test('two ways to a scope are no circle', () => {
    expect(read({ a: ['b', 'c'], b: ['d'], c: ['d'] }).get('d')).toEqual(['a', 'b', 'c'])
  }) // SG-09

  test('a chain as long as anybody likes holds', () => {
    const chain = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`s${index}`, [`s${index + 1}`]]))
    expect(read(chain).get('s300')).toHaveLength(300)
  }) // SG-09

  test.each([{ a: ['a'] }, { a: ['b'], b: ['a'] }, { z: ['a'], a: ['b'], b: ['c'], c: ['a'] }])(
    'the circle in %o is refused',
    (circle) => {
      expect(() => read(circle)).toThrow(ConfigError)
    },
  ) // SG-09

  test.each([null, [], 'a', { a: 'b' }, { a: [] }, { a: [7] }, { a: ['b c'] }, { 'a b': ['c'] }, { '': ['c'] }])(
    '%o is refused',
    (wrong) => {
      expect(() => read(wrong)).toThrow(ConfigError)
    },
  ) // SG-09

  test('a name that every object has is a name like others', () => {
    const implied = read(JSON.parse('{ "__proto__": ["toString"] }'))
    expect([...implied]).toEqual([['toString', ['__proto__']]])
  }) // SG-18
})
