import { createSecretKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { open, seal } from '../../src/store/sealed.ts'

const [key, other] = [createSecretKey(Buffer.alloc(32, 1)), createSecretKey(Buffer.alloc(32, 2))]
const TEXT = 'the keys of ünïcode\n'

test('what is sealed opens under its name', () => {
  expect(open('keys', seal('keys', TEXT, key), [key])).toEqual({ text: TEXT, key })
  expect(open('keys', seal('keys', '', key), [key])?.text).toBe('')
})

test('the same text is never sealed the same way twice, and does not show', () => {
  const [one, two] = [seal('keys', TEXT, key), seal('keys', TEXT, key)]
  expect([one.equals(two), one.includes('ünïcode'), one.includes('keys')]).toEqual([false, false, false])
})

test('it opens under no other name and with no other key', () => {
  const sealed = seal('keys a', TEXT, key)
  expect([open('keys b', sealed, [key]), open('keys a', sealed, [other]), open('keys a', sealed, [])]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test('any of the keys opens it, and it is said which', () => {
  expect(open('keys', seal('keys', TEXT, other), [key, other])).toEqual({ text: TEXT, key: other })
})

test('no octet can be changed, left out, or added', () => {
  const sealed = seal('keys', 'short', key)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    expect(open('keys', changed, [key])).toBeUndefined()
    expect(open('keys', sealed.subarray(0, at), [key])).toBeUndefined()
  }
  expect(open('keys', Buffer.concat([sealed, Buffer.of(0)]), [key])).toBeUndefined()
})
