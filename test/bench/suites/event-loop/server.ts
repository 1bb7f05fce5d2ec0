import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerMessages } from '../../http/child.ts'
import { type Ending, measuring } from './delay.ts'
import { type Judges, judgesOf } from './judges.ts'
import { AT_ONCE, type Burst, type BurstServerMessage, type BurstSubject } from './messages.ts'

// The same in a server: requests come as its sockets become readable.

let judges: Judges | undefined
/** Where a token is among the others, by its end. */
let places: ReadonlyMap<string, number>
let subject: BurstSubject
let http: Server | undefined
let end: Ending
/** The first one. */
let trouble: unknown

/**
 * Bursts whose tokens are different, at least: one of 64 requests that is held up in the thread pool is passed by others,
 * and of 128 tokens it was the cached one when it came again.
 */
const DIFFERENT = 16

const endOf = (token: string): string => token.slice(-16)

/** @returns The port, and the tokens. */
async function start({ alg, bursts }: BurstServerMessage & { do: 'start' }): Promise<[number, readonly string[]]> {
  await judges?.close()
  judges = judgesOf(alg, Math.max(bursts, DIFFERENT) * AT_ONCE)
  places = new Map(judges.tokens.map((token, at) => [endOf(token), at]))
  http ??= await listening()
  return [(http.address() as AddressInfo).port, judges.tokens]
}

async function listening(): Promise<Server> {
  const server = createServer((request, response) => {
    const { rawHeaders, headers } = request
    const { holdfast, synchronous } = judges!
    const judged =
      subject === 'holdfast'
        ? holdfast({ method: 'GET', url: '/orders', rawHeaders })
        : synchronous(places.get(endOf(headers.authorization ?? '')) ?? -1)
    judged
      .catch((error: unknown) => void (trouble ??= error))
      .then(() => response.end('served'))
      .catch(() => response.destroy())
  })
  server.keepAliveTimeout = 600_000 // a connection waits while tokens are signed
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function account(count: number): Promise<Burst> {
  const burst = await end(count)
  if (trouble !== undefined) throw trouble as Error
  return burst
}

async function use(used: BurstSubject): Promise<void> {
  subject = used
  end = await measuring()
}

answerMessages((message: BurstServerMessage) => {
  if (message.do === 'start') return start(message)
  return message.do === 'use' ? use(message.subject) : account(message.count)
})
