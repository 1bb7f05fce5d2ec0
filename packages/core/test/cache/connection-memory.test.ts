import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { memoryOf } from '../../src/cache/connection-memory.ts'
import { keyOf } from '../../src/cache/digest.ts'

test('gives every token its key, remembered or not', () => {
  const memory = memoryOf(new Socket())!
  expect(memory.keyOf('one')).toBe(keyOf('one'))
  memory.remember('one', keyOf('one'))
  expect([memory.keyOf('one'), memory.keyOf('two')]).toEqual([keyOf('one'), keyOf('two')])
})

test('spares the digest of the token that came last, and of no other', () => {
  const memory = memoryOf(new Socket())!
  memory.remember('one', 'the key of one')
  memory.remember('two', 'the key of two')
  expect([memory.keyOf('two'), memory.keyOf('one')]).toEqual(['the key of two', keyOf('one')])
})

test('belongs to its connection', () => {
  const [one, other] = [new Socket(), new Socket()]
  expect(memoryOf(one)).toBe(memoryOf(one))
  expect(memoryOf(one)).not.toBe(memoryOf(other))
})

test.each([undefined, null, {}, 'socket', Object.create(null), new Proxy({}, {})])('is none for %o', (socket) => {
  expect(memoryOf(socket)).toBeUndefined()
})

test('shows no token to who prints the socket', async () => {
  const { inspect } = await import('node:util')
  const socket = new Socket()
  memoryOf(socket)!.remember('secret-token', keyOf('secret-token'))
  expect(inspect(socket, { depth: 9, showHidden: true })).not.toContain('secret-token')
})
