import { describe, expect, test } from 'vitest'
import { JSON_LIMITS, parseJsonObject } from '../../src/syntax/json.ts'

const parse = (text: string): unknown => parseJsonObject(Buffer.from(text))
const nested = (depth: number): string => '{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1)
const arrays = (depth: number): string => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`
const wide = (members: number): string =>
  `{${Array.from({ length: members }, (_, index) => `"m${index}":1`).join(',')}}`

describe('parseJsonObject', () => {
  test('reads an object with every kind of value', () => {
    const text = '{"a":[1,-2.5e1,true,false,null,"x\\n\\u00e9 : { } , \\" \\\\"],"b":{"a":{}},"":0}'
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test.each([
    ['at the top', '{"aud":"x","aud":"y"}'],
    ['with equal values', '{"aud":"x","aud":"x"}'],
    ['in a nested object', '{"cnf":{"jkt":"a","jkt":"b"}}'],
    ['in an object in an array', '{"keys":[{"n":"a","n":"b"}]}'],
    ['in an array in an array', '{"a":[[{"b":1,"b":2}]]}'],
    ['with an escaped letter', '{"aud":"x","\\u0061ud":"y"}'],
    ['with an escaped solidus', '{"a/b":1,"a\\/b":2}'],
    ['with an empty name', '{"":1,"":2}'],
    ['whose first value is an object', '{"a":{"b":1},"a":1}'],
    ['whose lost value contains as many members', '{"a":{"b":1},"a":{"c":1}}'],
    ['with the name __proto__', '{"__proto__":1,"__proto__":2}'],
    ['with names that are array indexes', '{"1":1,"1":2}'],
    ['with a surrogate pair spelled out', '{"😀":1,"\\ud83d\\ude00":2}'],
  ])('refuses a duplicate member %s', (_, text) => {
    expect(parse(text)).toBeUndefined() // JW-07, NG-33, CH-03
  })

  test.each([
    ['objects beside each other', '{"a":{"x":1},"b":{"x":1},"c":[{"x":1},{"x":1}]}'],
    ['letters that differ in case', '{"aud":1,"AUD":2}'],
    ['normal forms of one letter', '{"\u00e9":1,"e\u0301":2}'],
    ['text that looks like members', '{"a":"\\"b\\":1,\\"b\\":2","c":":::"}'],
    ['an escaped backslash before a quote', '{"a":"\\\\","b":":"}'],
  ])('does not take %s for a duplicate', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text)) // JW-08, NG-44
  })

  test('keeps __proto__ as data of its own', () => {
    const value = parse('{"__proto__":{"admin":true},"constructor":1,"hasOwnProperty":2}') as object
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor', 'hasOwnProperty'])
    expect((value as { admin?: unknown }).admin).toBeUndefined()
    expect(({} as { admin?: unknown }).admin).toBeUndefined() // JW-54, NG-34
  })

  test.each(['[]', '[{"a":1}]', 'null', 'true', '1', '"text"', '""'])('refuses %s, which is no object', (text) => {
    expect(parse(text)).toBeUndefined() // JW-06
  })

  test.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['text after the object', '{"a":1}x'],
    ['a second object', '{}{}'],
    ['a NUL after the object', '{}\u0000'],
    ['NaN', '{"exp":NaN}'],
    ['Infinity', '{"exp":Infinity}'],
    ['a comment', '{"a":1/* */}'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a bare name', '{a:1}'],
    ['a leading zero', '{"a":01}'],
    ['an unclosed object', '{"a":1'],
    ['an unclosed text', '{"a":"'],
    ['a raw newline in a text', '{"a":"\n"}'],
    ['a closing bracket too many', '{"a":1}}'],
    ['a form feed as white space', '{\f}'],
    ['a no-break space as white space', '{\u00a0}'],
  ])('refuses %s', (_, text) => {
    expect(parse(text)).toBeUndefined() // JW-06
  })

  test('takes the four white space characters of JSON around tokens', () => {
    expect(parse(' \t\r\n{ "a" : 1 }\n')).toEqual({ a: 1 })
  })

  test.each([
    ['a UTF-8 byte-order mark', Buffer.from('\ufeff{"a":1}')],
    ['UTF-16, little-endian', Buffer.from('{"a":1}', 'utf16le')],
    ['UTF-16 with a byte-order mark', Buffer.from('\ufeff{"a":1}', 'utf16le')],
    ['a byte 0xFF', Buffer.from('{"a":"\u00ff"}', 'latin1')],
    ['an overlong slash', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])],
    [
      'a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
    ['a sequence cut short', Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe2, 0x82]), Buffer.from('"}')])],
    [
      'a character above U+10FFFF',
      Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xf4, 0x90, 0x80, 0x80]), Buffer.from('"}')]),
    ],
  ])('refuses %s', (_, bytes) => {
    expect(parseJsonObject(bytes)).toBeUndefined() // JW-05, NG-43
  })

  test.each([
    ['{"ä€😀":1,"😀€ä":2}', 2],
    ['{"ä":":","€":"{[","😀":"]}"}', 3],
    ['{"ä\\"€":1,"b\\\\":{"😀":[{}]}}', 3],
  ])('counts the members of %s by its octets', (text, members) => {
    expect(parse(text)).toEqual(JSON.parse(text))
    expect(parseJsonObject(Buffer.from(text), { depth: 16, members: members - 1 })).toBeUndefined()
    expect(parse(`${text.slice(0, -1)},"ä":1,"ä":1}`)).toBeUndefined()
  })

  test('keeps an escaped lone surrogate as it is, equal to nothing else', () => {
    expect(parse('{"iss":"\\ud800"}')).toEqual({ iss: '\ud800' }) // NG-43
  })

  test('takes the greatest depth allowed', () => {
    expect(parse(nested(JSON_LIMITS.depth))).toBeDefined() // LM-03
  })

  test('refuses one level more than the greatest depth', () => {
    expect(parse(nested(JSON_LIMITS.depth + 1))).toBeUndefined() // LM-03, NG-45
  })

  test('counts arrays as depth', () => {
    expect(parse(arrays(JSON_LIMITS.depth - 1))).toBeDefined()
    expect(parse(arrays(JSON_LIMITS.depth))).toBeUndefined() // LM-03
  })

  test('does not count brackets in a text as depth', () => {
    expect(parse(`{"a":"${'[{'.repeat(100)}"}`)).toBeDefined()
  })

  test('takes the greatest number of members allowed', () => {
    expect(parse(wide(JSON_LIMITS.members))).toBeDefined() // LM-03
  })

  test('refuses one member more', () => {
    expect(parse(wide(JSON_LIMITS.members + 1))).toBeUndefined() // LM-03, NG-45
  })

  test('counts members at every depth together', () => {
    const text = `{"a":${wide(JSON_LIMITS.members)}}`
    expect(parse(text)).toBeUndefined() // LM-03
  })

  test('survives a hundred thousand brackets', () => {
    expect(parse('['.repeat(100_000))).toBeUndefined()
    expect(parse('{"a":'.repeat(100_000))).toBeUndefined() // NG-45
  })

  test('freezes to the leaves', () => {
    const value = parse('{"a":[{"b":{}}]}') as { a: [{ b: object }] }
    const parts = [value, value.a, value.a[0], value.a[0].b]
    expect(parts.every((part) => Object.isFrozen(part))).toBe(true) // JW-54
  })
})
