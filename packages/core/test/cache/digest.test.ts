import { expect, test } from 'vitest'
import { digestOf, revocationKeyOf } from '../../src/cache/digest.ts'

test('a digest is the whole SHA-256 of the whole token', () => {
  expect(digestOf('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
}) // IN-29

test('tokens that share all but the last character differ', () => {
  const start = 'a'.repeat(8_000)
  expect(digestOf(`${start}b`)).not.toBe(digestOf(`${start}c`))
}) // IN-29, NG-93

test('a JWT is revoked by what its signature covers, whatever the signature', () => {
  const key = revocationKeyOf('eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln')
  expect([
    revocationKeyOf('eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0.b3RoZXI'),
    digestOf('eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ4In0'),
  ]).toEqual([key, key])
  expect(revocationKeyOf('eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJ5In0.c2ln')).not.toBe(key)
}) // IN-47

test('an opaque token is revoked by all of its characters', () => {
  expect(['opaque', 'a.b', 'a.b.c.d.e'].map(revocationKeyOf)).toEqual(['opaque', 'a.b', 'a.b.c.d.e'].map(digestOf))
}) // IN-47
