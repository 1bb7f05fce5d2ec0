import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import { answerMessages } from '../../http/child.ts'
import { expressApp } from '../../http/express-subjects.ts'
import { times } from '../micro/tokens.ts'
import { type Ask, byFetch, byUndici, resourceServer } from './asking.ts'
import { expressSubjects } from './express-subjects.ts'
import type { AppMessage, CallCost, Endpoint } from './messages.ts'

// One process whose middleware is swapped by messages: two subjects then differ in nothing but themselves.

const IN_FLIGHT = 100
const CONNECTIONS = 16

let endpoint: Endpoint
let http: Server | undefined
let serve: RequestListener
let cpu: NodeJS.CpuUsage
let apps = new Map<string, RequestListener>()
let clients = new Map<string, Ask>()

/** Anew for every row: nobody has seen its tokens. @returns The port. */
async function start(asked: Endpoint): Promise<number> {
  http?.closeAllConnections()
  http?.close()
  endpoint = asked
  apps = new Map()
  clients = new Map()
  http = createServer((request, response) => serve(request, response))
  http.keepAliveTimeout = 600_000 // a connection waits while others have their passes
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return (http.address() as AddressInfo).port
}

function use(subject: string): void {
  const app = apps.get(subject) ?? expressApp(expressSubjects[subject]!(endpoint), undefined)
  apps.set(subject, app)
  serve = app
  cpu = process.cpuUsage()
}

function account(): number {
  const { user, system } = process.cpuUsage(cpu)
  return user + system
}

const asks: Readonly<Record<string, () => Ask>> = {
  holdfast() {
    // As many sockets as the others, and nobody is sent away; few tokens are kept, for none comes again.
    const resilience = { maxInFlight: CONNECTIONS, wait: '20s', introspectionDeadline: '20s' } as const
    const server = resourceServer(endpoint, 'holdfast', { resilience, cache: { introspected: { entries: 100 } } })
    return (token) => server.authenticate({ rawHeaders: ['Authorization', `Bearer ${token}`] })
  },
  undici: () => byUndici(endpoint, 'undici', CONNECTIONS),
  fetch: () => byFetch(endpoint, 'fetch'),
}

async function calls({ subject, count }: AppMessage & { do: 'calls' }): Promise<CallCost> {
  const ask = clients.get(subject) ?? asks[subject]!()
  clients.set(subject, ask)
  const tokens = times(count, () => randomBytes(32).toString('base64url'))
  let next = 0
  const one = async (): Promise<void> => {
    while (next < count) await ask(tokens[next++]!)
  }
  const before = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(times(IN_FLIGHT, one))
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: (user + system) / count, wallMicros: ((performance.now() - begun) * 1_000) / count }
}

answerMessages((message: AppMessage) => {
  if (message.do === 'start') return start(message.endpoint)
  if (message.do === 'use') return use(message.subject)
  return message.do === 'account' ? account() : calls(message)
})
