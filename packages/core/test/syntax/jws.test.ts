import { memoryUsage } from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { parseJws, shapeOf } from '../../src/syntax/jws.ts'
import { b64, json } from '../support/jwt.ts'

const header = json({ alg: 'ES256', typ: 'at+jwt' })
const claims = json({ iss: 'https://as.example' })
const signature = b64(Buffer.alloc(64, 1))
const token = `${header}.${claims}.${signature}`

const padded = (octets: number): string => b64(`{"a":"${'x'.repeat(octets - 8)}"}`)

describe('parseJws', () => {
  test('takes a compact JWS apart', () => {
    const jwt = parseJws(token)!
    expect(jwt.header).toEqual({ alg: 'ES256', typ: 'at+jwt' })
    expect(jwt.claims).toEqual({ iss: 'https://as.example' })
    expect(jwt.signature).toEqual(Buffer.alloc(64, 1))
    expect(jwt.signed.toString()).toBe(`${header}.${claims}`)
  })

  test('takes an empty signature for what it is', () => {
    expect(parseJws(`${header}.${claims}.`)?.signature).toHaveLength(0)
  })

  test.each([
    ['no period', header],
    ['one period', `${header}.${claims}`],
    ['three periods', `${token}.x`],
    ['four periods', `${token}.x.y`],
    ['a leading period', `.${token}`],
    ['a trailing period', `${token}.`],
    ['nothing', ''],
    ['periods only', '..'],
  ])('refuses %s', (_, text) => {
    expect(parseJws(text)).toBeUndefined() // JW-01
  })

  test.each([
    ['header', 0],
    ['payload', 1],
    ['signature', 2],
  ])('refuses foreign characters, padding and line breaks in the %s', (_, segment) => {
    for (const stranger of ['=', ' ', '\n', '+', '/', '?', '\u0000', 'é']) {
      const segments = [header, claims, signature]
      segments[segment] += stranger
      expect([stranger, parseJws(segments.join('.'))]).toEqual([stranger, undefined]) // JW-02, JW-03, NG-17
    }
  })

  test('refuses the other spellings of the last signature character', () => {
    const last = signature.at(-1)!
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const others = Array.from(alphabet)
      .filter((one) => one !== last)
      .map((one) => `${token.slice(0, -1)}${one}`)
    const accepted = others.map((other) => parseJws(other)).filter((one) => one !== undefined)
    // 64 octets leave two significant bits in the last character: three other canonical values, all other octets.
    expect(accepted).toHaveLength(3)
    for (const { signature: octets } of accepted) expect(octets).not.toEqual(Buffer.alloc(64, 1)) // JW-04, NG-18
  })

  test.each([
    ['an array', '[]'],
    ['null', 'null'],
    ['a number', '1'],
    ['trailing text', '{"alg":"RS256"}x'],
    ['a duplicate member', '{"alg":"none","alg":"RS256"}'],
    ['an escaped duplicate', '{"alg":"none","\\u0061lg":"RS256"}'],
    ['nothing', ''],
    ['a byte-order mark', '\ufeff{}'],
  ])('refuses %s as header and as claims', (_, text) => {
    expect(parseJws(`${b64(text)}.${claims}.${signature}`)).toBeUndefined()
    expect(parseJws(`${header}.${b64(text)}.${signature}`)).toBeUndefined() // JW-05, JW-06, JW-07
  })

  test('refuses claims in UTF-16', () => {
    expect(parseJws(`${header}.${b64(Buffer.from('{"a":1}', 'utf16le'))}.${signature}`)).toBeUndefined() // JW-05
  })

  test('refuses the JSON serialization', () => {
    const flattened = JSON.stringify({ protected: header, payload: claims, signature })
    expect(parseJws(flattened)).toBeUndefined() // JW-02, NG-27
  })

  test('refuses a polyglot of the JSON and the compact serialization', () => {
    expect(parseJws(`{"protected":"${header}","x":".${claims}.${signature}"}`)).toBeUndefined() // NG-27
  })

  test('takes a header of 2,048 octets and none of 2,049', () => {
    expect(parseJws(`${padded(2_048)}.${claims}.${signature}`)).toBeDefined()
    expect(parseJws(`${padded(2_049)}.${claims}.${signature}`)).toBeUndefined() // LM-02, JW-60
  })

  test('gives the same verdict on a header seen before', () => {
    expect(parseJws(token)?.header).toEqual(parseJws(token)?.header)
    expect(parseJws(`${header}.x.${signature}`)).toBeUndefined()
  })

  test('tells headers apart that come by turns, broken ones among them', () => {
    const algorithmOf = (alg: string): unknown => parseJws(`${json({ alg })}.${claims}.${signature}`)?.header['alg']
    expect(['A', 'B', 'A', 'A'].map(algorithmOf)).toEqual(['A', 'B', 'A', 'A'])
    expect(parseJws(`${header}x.${claims}.${signature}`)).toBeUndefined()
    expect(parseJws(`${header.slice(0, -1)}.${claims}.${signature}`)).toBeUndefined()
    expect(['B', 'A'].map(algorithmOf)).toEqual(['B', 'A'])
  })

  test('gives a frozen header, which others get, too', () => {
    expect(Object.isFrozen(parseJws(token)!.header)).toBe(true) // JW-54
  })

  test('keeps no token in memory beside the header that it remembers', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const before = memoryUsage().heapUsed
    for (let i = 0; i < 100; i += 1) parseJws(`${json({ alg: 'ES256', i })}.${'A'.repeat(300_000)}.`)
    collect()
    expect(memoryUsage().heapUsed - before).toBeLessThan(9_000_000) // BT-31
  })

  test('makes nothing of eight million periods', () => {
    expect(parseJws('.'.repeat(8_000_000))).toBeUndefined() // NG-46
  })
})

describe('shapeOf', () => {
  test.each([
    ['a JWS', token, 'jws'],
    ['a JWS without signature', `${header}.${claims}.`, 'jws'],
    ['a JWS whose payload is none', `${header}.x.x`, 'jws'],
    ['a JWS with an oversized header', `${padded(4_096)}.${claims}.x`, 'jws'],
    ['a JWS with a header that names a member twice', `${b64('{"alg":1,"alg":2}')}.${claims}.x`, 'jws'],
    ['a JWS with white space before its header', `${b64('\n {"alg":"ES256"}')}.${claims}.x`, 'jws'],
    ['a JWE', `${json({ alg: 'dir', enc: 'A256GCM' })}..a.b.c`, 'jwe'],
    ['a random text', 'tGzv3JOkF0XG5Qx2TlKWIA', 'opaque'],
    ['nothing', '', 'opaque'],
    ['one period', `${header}.${claims}`, 'opaque'],
    ['three periods', `${token}.x`, 'opaque'],
    ['five periods', `${token}.x.y.z`, 'opaque'],
    ['two periods after no JSON', 'eeee.b.c', 'opaque'],
    ['two periods after a JSON array', `${b64('[1]')}.b.c`, 'opaque'],
    ['a prefix and two periods', `at.${header}.x`, 'opaque'],
    ['periods first', `..${header}`, 'opaque'],
  ])('tells %s by its structure', (_, text, shape) => {
    expect(shapeOf(text)).toBe(shape) // JW-36
  })

  test('does not go by length', () => {
    expect(shapeOf('e'.repeat(5_000))).toBe('opaque')
    expect(shapeOf(`${b64('{}')}..`)).toBe('jws')
  })
})
