import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Server as NetServer } from 'node:net'
import type { Clock } from '@holdfast/core'
import type { Visit, WireRequest } from './endpoints.ts'
import type { WireAnswer } from './weather.ts'

/** The server's door to real sockets, on 127.0.0.1. */
export interface Listener {
  readonly port: number
  /** Opens or shuts the door; shut, connections are refused. Resolves once it is so. Idempotent. */
  open(open: boolean): Promise<void>
}

/** @param receive Known only once the port is: it is asked for at each request. */
export async function listener(receive: () => (request: WireRequest) => Visit, clock: Clock): Promise<Listener> {
  const serve = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, response, receive(), clock)
  let server: Server | undefined = createServer(serve)
  await listening(server, 0)
  const { port } = server.address() as AddressInfo
  let opening: Promise<void> = Promise.resolve()

  return {
    port,
    open(open) {
      if (!open && server) {
        const closing = server
        server = undefined
        opening = new Promise((resolve) => closing.close(() => resolve()))
        closing.closeAllConnections()
      } else if (open && !server) {
        // A new one each time, because a closing server cannot listen again before its last socket is gone.
        server = createServer(serve)
        opening = listening(server, port)
      }
      return opening
    },
  }
}

/** Resolves when the server listens on 127.0.0.1. */
export function listening(server: NetServer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve()
    })
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  receive: (request: WireRequest) => Visit,
  clock: Clock,
): Promise<void> {
  const body = await bodyOf(request)
  if (body === undefined) return
  const { method = '', url: path = '', headers } = request
  const visit = receive({ method, path, headers: single(headers), body })
  const go = (): void => meet(visit, response, clock)
  if (visit.delay > 0) clock.after(visit.delay, go)
  else go()
}

function meet(visit: Visit, response: ServerResponse, clock: Clock): void {
  if (response.destroyed) return
  const fate = visit.fate()
  switch (fate.is) {
    case 'outage':
      return void response.destroy()
    case 'reset':
      return void response.socket?.resetAndDestroy()
    case 'hang':
      return
    case 'answer':
      return fate.every > 0 ? drip(fate.answer, fate.every, response, clock) : whole(fate.answer, response)
  }
}

export function whole({ status, headers, body }: WireAnswer, response: ServerResponse): void {
  response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
}

export function drip(
  { status, headers, body }: WireAnswer,
  every: number,
  response: ServerResponse,
  clock: Clock,
): void {
  response.writeHead(status, { ...headers, 'content-length': body.length })
  response.flushHeaders()
  const drop = (at: number): void => {
    if (response.destroyed) return
    if (at >= body.length) return void response.end()
    response.write(body.subarray(at, at + 1))
    clock.after(every, () => drop(at + 1))
  }
  drop(0)
}

/** The whole body, or `undefined` when the client went away. */
export async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString('utf8')
}

export function single(headers: IncomingMessage['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  )
}
