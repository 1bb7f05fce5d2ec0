// An introspection endpoint that is gone for five minutes, over real HTTP, on a shifted clock: what callers notice.
import { Agent, createServer, request, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  clientSecretBasic,
  createResourceServer,
  type EndpointState,
  type Http,
  type ResourceServer,
  undiciHttp,
} from '@holdfast/core'
import { authOf, protect } from '@holdfast/express'
import { seededRandom, type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import express from 'express'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }) // a loaded machine takes its time; nothing here is timed

const KNOWN = 100

/** The network, with a look at the introspections that are under way. */
interface WatchedHttp extends Http {
  readonly inFlight: number
  /** Most of them at once since the last look. */
  mostInFlight: number
  /** The tokens in the order in which they were sent. Over several sockets they may arrive in another. */
  readonly asked: string[]
  /** Resolves when none is under way. */
  settled(): Promise<void>
}

function watchedHttp(inner: Http): WatchedHttp {
  const running = new Set<Promise<unknown>>()
  return {
    mostInFlight: 0,
    asked: [],
    get inFlight() {
      return running.size
    },
    send(outgoing) {
      if (!outgoing.url.endsWith('/introspect')) return inner.send(outgoing)
      this.asked.push(new URLSearchParams(outgoing.body).get('token')!)
      const exchange = inner.send(outgoing)
      const ended = exchange.catch(() => undefined).finally(() => running.delete(ended))
      running.add(ended)
      this.mostInFlight = Math.max(this.mostInFlight, running.size)
      return exchange
    },
    async settled() {
      while (running.size > 0) await Promise.all(running)
      await new Promise((resolve) => setImmediate(resolve)) // what they answered has been used
    },
    close: () => inner.close(),
  }
}

/** One request that came to the resource server, and whether it had to wait. */
interface Seen {
  readonly token: string
  readonly state: EndpointState
  readonly waited: boolean
}

/** The same server; every request leaves a note. */
function watchedServer(server: ResourceServer, seen: Seen[]): ResourceServer {
  const tryAuthenticate: ResourceServer['tryAuthenticate'] = (incoming, needs) => {
    const { state } = endpointOf(server)
    const tried = server.tryAuthenticate(incoming, needs)
    const at = incoming.rawHeaders.findIndex((name) => name.toLowerCase() === 'authorization')
    seen.push({ token: incoming.rawHeaders[at + 1]!.slice('Bearer '.length), state, waited: tried === undefined })
    return tried
  }
  return new Proxy(server, {
    get(target, name) {
      if (name === 'tryAuthenticate') return tryAuthenticate
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

const endpointOf = (server: ResourceServer): { state: EndpointState; calls: number } => {
  const { state, counters } = server.status().issuers[0]!.introspection!
  return { state, calls: counters.calls }
}

let as: TestAuthorizationServer
let http: WatchedHttp
let server: ResourceServer
let seen: Seen[]
let api: Server
let known: readonly string[]
let readSecret: () => string
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
const chance = seededRandom('outage')

interface Reply {
  readonly token: string
  readonly status: number
  readonly retryAfter: string | undefined
  readonly challenge: string | undefined
  readonly stale: boolean
}

async function get(token: string): Promise<Reply> {
  const { port } = api.address() as AddressInfo
  const headers = { authorization: `Bearer ${token}` }
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path: '/orders', agent, headers }, (message) => {
      message.resume().on('end', () => {
        const { 'retry-after': retryAfter, 'www-authenticate': challenge, 'x-stale': stale } = message.headers
        resolve({ token, status: message.statusCode!, retryAfter, challenge, stale: stale === 'true' })
      })
    })
    outgoing.on('error', reject).end()
  })
}

/** Of `KNOWN` tokens, the first one is used most (Zipf, 0.9). */
function popular(): string {
  const weights = known.map((_, rank) => 1 / (rank + 1) ** 0.9)
  let left = chance.next() * weights.reduce((sum, one) => sum + one, 0)
  const index = weights.findIndex((weight) => (left -= weight) < 0)
  return known[index === -1 ? known.length - 1 : index]!
}

/** Time passes; then these tokens come at once. What they started has ended when this returns. */
async function step(by: `${number}ms`, tokens: readonly string[]): Promise<readonly Reply[]> {
  await as.clock.advance(by)
  const replies = await Promise.all(tokens.map(get))
  await http.settled()
  return replies
}

/** Every known token is used once. */
async function warmUp(): Promise<void> {
  for (let from = 0; from < KNOWN; from += 10) {
    const replies = await step('1ms', known.slice(from, from + 10))
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
  }
}

beforeEach(async () => {
  as = await testAuthorizationServer({ audience: 'https://api.example.com', listen: true })
  http = watchedHttp(undiciHttp({ connections: 100, connectTimeout: 500 }))
  seen = []
  readSecret = () => as.client.secret
  server = createResourceServer({
    ...as.options({
      ports: { http },
      introspection: { client: clientSecretBasic(as.client.id, () => readSecret()) },
    }),
    observe: () => undefined,
  })
  const app = express()
  app.use(protect(watchedServer(server, seen)))
  app.get('/orders', (incoming, response) => {
    response.set('x-stale', String(authOf(incoming).evidence.stale)).end()
  })
  api = createServer(app as RequestListener)
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  known = Array.from({ length: KNOWN }, (_, n) => as.opaque({ sub: `user-${n}` }))
  await warmUp()
})
afterEach(async () => {
  agent.destroy()
  await new Promise((resolve) => api.close(resolve))
  await server.close()
  await as.close()
})

describe('introspection is gone for five minutes', () => {
  test('nobody who was known notices; when it is back, all is well within 15 s, and what was revoked is refused', async () => {
    const revoked = known[0]!
    as.outage('introspection')

    const outage: Reply[] = []
    let probesAtOnce = 0
    for (let second = 0; second < 300; second += 1) {
      const stranger = second % 10 === 0 ? [as.opaque()] : []
      const down = endpointOf(server).state === 'down'
      http.mostInFlight = 0
      outage.push(...(await step('1000ms', [popular(), popular(), popular(), ...stranger])))
      if (down) probesAtOnce = Math.max(probesAtOnce, http.mostInFlight)
      if (second === 150) as.revoke(revoked)
    }

    // Nobody who was known is turned away, and nobody at all is told that a token is bad.
    const ofKnown = outage.filter(({ token }) => known.includes(token))
    const ofStrangers = outage.filter(({ token }) => !known.includes(token))
    expect(ofKnown.length).toBe(900)
    expect(ofKnown.filter(({ status }) => status !== 200)).toEqual([])
    expect(ofKnown.filter(({ stale }) => stale).length).toBeGreaterThan(600)
    expect(ofStrangers.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 503))
    expect(ofStrangers.filter(({ challenge, retryAfter }) => challenge ?? !(Number(retryAfter) >= 1))).toEqual([])

    // While the endpoint is down nobody known waits for the network, and one probe at a time looks for it.
    const whenDown = seen.filter(({ token, state }) => state === 'down' && known.includes(token))
    expect(whenDown.length).toBeGreaterThan(600)
    expect(whenDown.filter(({ waited }) => waited)).toEqual([])
    expect(probesAtOnce).toBe(1)
    expect(endpointOf(server).state).toBe('down')

    // Back again.
    await as.recover('introspection')
    const afterwards: Reply[] = []
    let virtual = 0
    for (; virtual < 15_000 && endpointOf(server).state !== 'healthy'; virtual += 250) {
      afterwards.push(...(await step('250ms', [popular(), popular(), revoked])))
    }
    expect(endpointOf(server).state).toBe('healthy')
    expect(virtual).toBeLessThanOrEqual(15_000)
    expect(new Set(afterwards.filter(({ token }) => token !== revoked).map(({ status }) => status))).toEqual(
      new Set([200]),
    )
    expect(afterwards.findLast(({ token }) => token === revoked)).toMatchObject({ status: 401 })
    expect(await get(as.opaque())).toMatchObject({ status: 200 })
  }) // R19, R20, R22, scenario 1
})

test('when it comes back, what was used last is asked about first', async () => {
  as.outage('introspection')
  const order = known.slice(0, 30)
  for (let second = 0; second < 90; second += 1) await step('1000ms', [popular()])
  for (const token of order) await step('10ms', [token])
  expect(endpointOf(server).state).toBe('down')

  await as.recover('introspection')
  http.asked.length = 0
  for (let turn = 0; turn < 60 && http.asked.length < 20; turn += 1) await step('250ms', [])

  const first = http.asked.slice(1, 20) // before them, whoever was the probe
  const ranks = first.map((token) => order.indexOf(token))
  expect(ranks).toEqual(ranks.toSorted((one, other) => other - one))
  expect(ranks[0]).toBeGreaterThan(25)
}) // R22

test('an answer that comes after its caller has left is used all the same', async () => {
  const token = as.opaque()
  as.slow('1500ms', 'introspection')
  const reply = get(token)
  await expect.poll(() => as.calls.introspection).toBe(KNOWN + 1)
  await as.clock.advance('1100ms')
  expect(await reply).toMatchObject({ status: 503 })

  await as.clock.advance('500ms')
  await http.settled()
  expect(await get(token)).toMatchObject({ status: 200 })
  expect(as.calls.introspection).toBe(KNOWN + 1)
}) // rule 4

test('a pause that the server asks for is kept to, and handed on to those who get no answer', async () => {
  as.respond('introspection', { status: 429, headers: { 'retry-after': '20' }, times: 1 })
  await step('50000ms', [as.opaque()])
  const before = as.calls.introspection
  const replies = await step('15000ms', [known[3]!, as.opaque()])
  expect(replies).toMatchObject([
    { status: 200, stale: true },
    { status: 503, challenge: undefined },
  ])
  expect(Number(replies[1]!.retryAfter)).toBeGreaterThanOrEqual(3)
  expect(as.calls.introspection).toBe(before)

  expect(await step('5000ms', [as.opaque()])).toMatchObject([{ status: 200 }])
  expect(as.calls.introspection).toBeGreaterThan(before)
})

test('a secret that was rotated is read once more, and nobody notices', async () => {
  const rotated = 'rotated-secret'
  let reads = 0
  readSecret = () => ((reads += 1) === 1 ? 'test-secret' : rotated)
  as.setClientSecret(rotated)
  const before = as.calls.introspection
  expect(await step('1ms', [as.opaque()])).toMatchObject([{ status: 200 }])
  expect([as.calls.introspection - before, reads]).toEqual([2, 2])
  expect(server.status().issuers[0]!.introspection).toMatchObject({ state: 'healthy', misconfigured: false })
}) // R39
