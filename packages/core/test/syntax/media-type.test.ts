import { describe, expect, test } from 'vitest'
import { joseType } from '../../src/syntax/media-type.ts'

describe('joseType', () => {
  test.each([
    ['at+jwt', 'application/at+jwt'],
    ['AT+JWT', 'application/at+jwt'],
    ['application/AT+jwt', 'application/at+jwt'],
    ['Application/at+JWT', 'application/at+jwt'],
    ['text/at+jwt', 'text/at+jwt'],
    ['', 'application/'],
  ])('reads %j as %s', (value, type) => {
    expect(joseType(value)).toBe(type) // JW-34
  })
})
