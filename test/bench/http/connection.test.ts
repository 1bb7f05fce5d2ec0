import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Connection } from './connection.ts'

let server: Server | undefined
let sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets) socket.destroy()
  sockets = []
  server?.close()
})

/** Answers every request with these pieces, each in a write of its own. */
async function answering(...answers: readonly (readonly string[])[]): Promise<Connection> {
  let served = 0
  server = createServer((socket) => {
    sockets.push(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('data', () => {
      const [first, ...rest] = answers[served % answers.length]!
      served += 1
      socket.write(first!)
      for (const piece of rest) setImmediate(() => socket.write(piece))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const [connection] = await Promise.all([Connection.open(port), once(server, 'connection')])
  return connection
}

/** The statuses of so many answers. */
async function statuses(connection: Connection, count: number): Promise<number[]> {
  const seen: number[] = []
  const request = Buffer.from('GET / HTTP/1.1\r\n\r\n')
  try {
    await new Promise<void>((resolve, reject) => {
      connection.onLoss = reject
      connection.onAnswer = (status) => {
        seen.push(status)
        if (seen.length === count) resolve()
        else connection.send(request)
      }
      connection.send(request)
    })
  } finally {
    connection.end()
  }
  return seen
}

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

test('every answer is counted once', async () => {
  expect(await statuses(await answering([answer('200 OK', 'served')]), 5)).toEqual([200, 200, 200, 200, 200])
})

test('an answer may come in pieces', async () => {
  const whole = answer('200 OK', 'served')
  const connection = await answering([whole], [whole.slice(0, 10), whole.slice(10, 30), whole.slice(30)])
  expect(await statuses(connection, 4)).toEqual([200, 200, 200, 200])
})

test('a refusal is told from a good answer of the same length', async () => {
  const connection = await answering([answer('200 OK', 'served')], [answer('401 No', 'sorry!')])
  expect(await statuses(connection, 4)).toEqual([200, 401, 200, 401])
})

test('an answer without a length fails the run', async () => {
  const connection = await answering(['HTTP/1.1 200 OK\r\n\r\n'])
  await expect(statuses(connection, 1)).rejects.toThrow('without Content-Length')
})

test('a connection that is closed fails the run', async () => {
  const connection = await answering([answer('200 OK', 'served')])
  const lost = statuses(connection, Infinity)
  for (const socket of sockets) socket.destroy()
  await expect(lost).rejects.toThrow(/closed a connection|ECONNRESET/)
})
