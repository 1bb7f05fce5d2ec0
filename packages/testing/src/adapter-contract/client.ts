import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface Sent {
  readonly method?: string
  readonly path: string
  /** Names and values in turn, so that a name can come twice. */
  readonly headers?: readonly string[]
  readonly body?: string | Buffer
  readonly agent?: Agent
}

export interface Received {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** The values of every field line with this name. */
  readonly lines: (name: string) => readonly string[]
  readonly body: string
  /** The client's port: equal for requests on one connection. */
  readonly port: number | undefined
}

/** One request over a real socket. */
export async function send(origin: string, sent: Sent): Promise<Received> {
  const { message } = await begin(origin, sent)
  const port = message.socket.localPort
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    lines: (name) =>
      message.rawHeaders.filter((_, at) => at % 2 === 1 && message.rawHeaders[at - 1]!.toLowerCase() === name),
    body: await text(message),
    port,
  }
}

/** The same, as soon as the head of the response is there. */
export function begin(
  origin: string,
  { method = 'GET', path, headers = [], body, agent = new Agent() }: Sent,
): Promise<{ message: IncomingMessage; request: ClientRequest }> {
  return new Promise((resolve, reject) => {
    const { host } = new URL(origin)
    const length = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))]
    const outgoing = request(origin + path, { method, headers: ['host', host, ...headers, ...length], agent })
    outgoing.on('response', (message) => resolve({ message, request: outgoing }))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

export const bearer = (token: string): readonly string[] => ['authorization', `Bearer ${token}`]
