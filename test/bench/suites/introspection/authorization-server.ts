import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { answerMessages } from '../../http/child.ts'
import { AUDIENCE } from '../micro/tokens.ts'
import type { AuthorizationServerMessage, CallAccount } from './messages.ts'

// Calls every token active, and notes who asks. A client is known by its name in the credentials.

interface Client {
  calls: number
  readonly sockets: Set<object>
  /** By token: how often it was asked about, and the time from the first to the last. */
  readonly tokens: Map<string, { count: number; readonly first: number; last: number }>
}

let server: Server | undefined
let issuer = ''
let delay = 0
const clients = new Map<string, Client>()

async function start({ certificate }: AuthorizationServerMessage & { do: 'start' }): Promise<string> {
  server?.closeAllConnections()
  server?.close()
  server = certificate ? createTlsServer(certificate, listener) : createServer(listener)
  server.keepAliveTimeout = 30_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  issuer = certificate ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
  return issuer
}

const listener: RequestListener = (request, response) => {
  const { authorization = '' } = request.headers
  const [encoded = ''] = Buffer.from(authorization.slice('Basic '.length), 'base64').toString().split(':')
  const name = decodeURIComponent(encoded)
  let form = ''
  request.setEncoding('latin1')
  request.on('data', (part: string) => (form += part))
  request.on('end', () => {
    const token = /(?:^|&)token=([^&]*)/.exec(form)?.[1] ?? ''
    note(name, token, request.socket)
    const answer = (): void => {
      response.setHeader('content-type', 'application/json')
      response.end(active(token))
    }
    if (delay === 0) answer()
    else setTimeout(answer, delay)
  })
}

function note(name: string, token: string, socket: object): void {
  const client = clients.get(name) ?? { calls: 0, sockets: new Set<object>(), tokens: new Map() }
  clients.set(name, client)
  client.calls += 1
  client.sockets.add(socket)
  const now = performance.now()
  const known = client.tokens.get(token)
  if (!known) client.tokens.set(token, { count: 1, first: now, last: now })
  else {
    known.count += 1
    known.last = now
  }
}

function active(token: string): string {
  const now = Math.floor(Date.now() / 1_000)
  const says = { sub: `user-${token.slice(0, 8)}`, client_id: 'app-1', scope: 'orders:read orders:write profile' }
  return JSON.stringify({ active: true, iss: issuer, aud: AUDIENCE, ...says, iat: now, exp: now + 36_000 })
}

function account(name: string): CallAccount {
  const client = clients.get(name)
  const twice = [...(client?.tokens.values() ?? [])].filter(({ count }) => count > 1)
  const between = twice.reduce((sum, { count, first, last }) => sum + (last - first) / (count - 1), 0)
  return {
    calls: client?.calls ?? 0,
    sockets: client?.sockets.size ?? 0,
    minutesBetween: twice.length === 0 ? 0 : between / twice.length / 60_000,
  }
}

answerMessages((message: AuthorizationServerMessage) => {
  if (message.do === 'start') return start(message)
  if (message.do === 'account') return account(message.client)
  delay = message.millis
  clients.clear()
  return undefined
})
