import { expect, test } from 'vitest'
import { digestOf } from '../../src/cache/digest.ts'

test('a digest is the whole SHA-256 of the whole token', () => {
  expect(digestOf('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
}) // IN-29

test('tokens that share all but the last character differ', () => {
  const start = 'a'.repeat(8_000)
  expect(digestOf(`${start}b`)).not.toBe(digestOf(`${start}c`))
}) // IN-29, NG-93
