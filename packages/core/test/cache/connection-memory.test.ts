import { Socket } from 'node:net'
import { inspect } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { lastOver, type Remembered, rememberOver } from '../../src/cache/connection-memory.ts'

const last = (token: string): Remembered => ({ token, digest: `the key of ${token}` })

/** It came, and came again. */
function rememberTwice(socket: unknown, one: Remembered): void {
  rememberOver(socket, { ...one })
  rememberOver(socket, one)
}

test('a connection remembers what came last, and came before', () => {
  const socket = new Socket()
  const [one, two] = [last('one'), last('two')]
  expect(lastOver(socket)).toBeUndefined()
  rememberOver(socket, one)
  expect(lastOver(socket)).toBeUndefined()
  rememberOver(socket, one)
  expect(lastOver(socket)).toBe(one)
  rememberOver(socket, two)
  expect(lastOver(socket)).toBeUndefined()
  rememberOver(socket, two)
  expect(lastOver(socket)).toBe(two)
})

test('another one knows nothing of it', () => {
  const one = last('one')
  rememberTwice(new Socket(), one)
  expect(lastOver(new Socket())).toBeUndefined()
})

test('it keeps no token alive', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const socket = new Socket()
  rememberTwice(socket, last('one'))
  await new Promise((resolve) => setImmediate(resolve))
  collect()
  expect(lastOver(socket)).toBeUndefined()
}) // NG-115

test('it shows no token to who prints the socket', () => {
  const socket = new Socket()
  const one = last('secret-token')
  rememberTwice(socket, one)
  expect(inspect(socket, { depth: 9 })).not.toContain(one.token)
})

test.each([undefined, null, {}, 'socket', Object.create(null), new Proxy({}, {})])('%o remembers nothing', (socket) => {
  rememberTwice(socket, last('one'))
  expect(lastOver(socket)).toBeUndefined()
})
