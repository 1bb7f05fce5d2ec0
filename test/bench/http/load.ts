import process from 'node:process'
import { answerMessages } from './child.ts'
import { Connection } from './connection.ts'
import type { LoadMessage, LoadReport, Mix } from './messages.ts'

// Keeps every connection busy with requests made beforehand, so that it costs less than the server it asks.

/** Enough for the requests of one run. */
const MAX_TIMES = 262_144

const times = new Float64Array(MAX_TIMES)
/** How far each subject has come in the list of tokens: what is new must be new to it. */
const positions = new Map<string, number>()
let hot: Buffer
let many: readonly Buffer[]
let connections: readonly Connection[] = []

function requestOf(token: string): Buffer {
  return Buffer.from(
    'GET /orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n' +
      `Connection: keep-alive\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    'latin1',
  )
}

async function connect(port: number, count: number): Promise<void> {
  for (const connection of connections) connection.end()
  positions.clear()
  connections = await Promise.all(Array.from({ length: count }, () => Connection.open(port)))
}

/** The next request of a subject. */
function picker(subject: string, mix: Mix): () => Buffer {
  let sent = 0
  const fromMany = (): Buffer => {
    const at = positions.get(subject) ?? 0
    positions.set(subject, at + 1)
    return many[at % many.length]!
  }
  if (mix === 'hot') return () => hot
  if (mix === 'rotating') return fromMany
  return () => ((sent += 1) % 10 === 0 ? fromMany() : hot)
}

async function run({ subject, mix, length }: LoadMessage & { do: 'run' }): Promise<LoadReport> {
  const pick = picker(subject, mix)
  const cpu = process.cpuUsage()
  const start = performance.now()
  let count = 0
  let refused = 0
  const isOver = (elapsed: number): boolean =>
    (elapsed >= length.millis && count >= length.requests) || elapsed >= length.atMostMillis

  const busy = connections.map(
    (connection) =>
      new Promise<void>((resolve, reject) => {
        let sentAt = performance.now()
        connection.onAnswer = (status) => {
          const now = performance.now()
          times[count % MAX_TIMES] = now - sentAt
          count += 1
          if (status !== 200) refused += 1
          if (isOver(now - start)) resolve()
          else {
            sentAt = now
            connection.send(pick())
          }
        }
        connection.onLoss = reject
        connection.send(pick())
      }),
  )
  await Promise.all(busy)

  const elapsed = performance.now() - start
  const { user, system } = process.cpuUsage(cpu)
  const sorted = times.slice(0, Math.min(count, MAX_TIMES)).toSorted()
  return {
    requests: count,
    refused,
    millis: elapsed,
    p50Millis: sorted[Math.floor(sorted.length * 0.5)]!,
    p99Millis: sorted[Math.floor(sorted.length * 0.99)]!,
    cpuShare: (user + system) / 1_000 / elapsed,
  }
}

answerMessages((message: LoadMessage) => {
  if (message.do === 'connect') return connect(message.port, message.connections)
  if (message.do === 'run') return run(message)
  hot = requestOf(message.tokens[0]!)
  many = message.tokens.slice(1).map(requestOf)
  return undefined
})
