import assert from 'node:assert/strict'
import { expect, test } from 'vitest'
import { keyOf } from '../../src/cache/digest.ts'
import { DigestTable, RESERVED } from '../../src/cache/digest-table.ts'

const key = (n: number): string => keyOf(`token-${n}`)

test('finds what was added, and nothing else, while entries come and go', () => {
  const table = new DigestTable(700, 0)
  const places = new Map<number, number>()
  let random = 1
  for (let turn = 0; turn < 10_000; turn += 1) {
    random = Math.imul(random, 1_103_515_245) + 12_345
    const n = (random >>> 8) % 1_500
    const place = places.get(n)
    assert.equal(table.find(key(n)), place ?? 0)
    if (place !== undefined) {
      assert.equal(table.keyAt(place), key(n))
      table.remove(place)
      places.delete(n)
    } else if (places.size < 700) places.set(n, table.add(key(n)))
  }
  expect(new Set(places.values()).size).toBe(places.size)
  expect(Math.min(...places.values())).toBeGreaterThanOrEqual(RESERVED)
  expect(Math.max(...places.values())).toBeLessThan(700 + RESERVED)
})

test('grows by doubling, up to its bound', () => {
  const table = new DigestTable(100, 1)
  const places = new Set<number>()
  for (let n = 0; n < 100; n += 1) {
    const place = table.add(key(n))
    table.numbers[table.numbersAt(place)] = n
    places.add(table.words.length / table.record)
  }
  expect([...places]).toEqual([32, 64, 100 + RESERVED])
  for (let n = 0; n < 100; n += 1) expect(table.numbers[table.numbersAt(table.find(key(n)))]).toBe(n)
})

test('tells keys apart by every octet', () => {
  const table = new DigestTable(100, 0)
  const place = table.add(key(1))
  for (let at = 0; at < 32; at += 1) {
    const octet = String.fromCharCode(key(1).charCodeAt(at) ^ 0x80)
    expect(table.find(key(1).slice(0, at) + octet + key(1).slice(at + 1))).toBe(0)
  }
  expect(table.find(key(1))).toBe(place)
})

test('takes no key of another length', () => {
  const table = new DigestTable(100, 0)
  expect(() => table.add('short')).toThrow(TypeError)
})
