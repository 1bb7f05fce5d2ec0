import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeBase64url } from '../../src/syntax/base64url.ts'

describe('decodeBase64url', () => {
  test.each([0, 1, 2, 3, 4, 255])('decodes the canonical spelling of %i octets', (length) => {
    const bytes = Buffer.alloc(length, 0xfb)
    expect(decodeBase64url(bytes.toString('base64url'))).toEqual(bytes)
  })

  test.each([
    ['padding', 'YQ=='],
    ['one padding character', 'YWI='],
    ['padding on a full group', 'YWJj='],
    ['plus', 'YW+j'],
    ['slash', 'YW/j'],
    ['a space within', 'YW Jj'],
    ['a space after', 'YWJj '],
    ['a line feed after', 'YWJj\n'],
    ['a carriage return and line feed within', 'YW\r\nJj'],
    ['a tab', 'YW\tJj'],
    ['a NUL', 'YWJj\u0000'],
    ['a period', 'YW.Jj'],
    ['a question mark', 'YW?Jj'],
    ['a percent escape', 'YW%4Aj'],
    ['a character beyond ASCII', 'YWJjé'],
    ['a full-width letter', 'ＹWJj'],
  ])('refuses %s', (_, text) => {
    expect(decodeBase64url(text)).toBeUndefined() // JW-03, NG-17
  })

  test.each(['YR', 'YWJ', 'Yf', 'AB', 'AAB'])('refuses stray trailing bits in %s', (text) => {
    expect(decodeBase64url(text)).toBeUndefined() // JW-04, NG-18
  })

  test('takes exactly what encoding makes of octets', () => {
    const texts = fc.string({ unit: fc.constantFrom(...Array.from('AQgwBCEPYZaz019-_+/=. \u0141é')), maxLength: 9 })
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = Buffer.from(text, 'base64url')
        expect(decodeBase64url(text)).toEqual(bytes.toString('base64url') === text ? bytes : undefined)
      }),
      { numRuns: 20_000 },
    )
  })

  test.each(['A', 'YWJjZ'])('refuses %s, whose length no octets have', (text) => {
    expect(decodeBase64url(text)).toBeUndefined() // JW-04
  })
})
