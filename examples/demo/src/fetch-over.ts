import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { buffer } from 'node:stream/consumers'
import type { ConnectionOptions } from 'node:tls'

interface Init {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
  readonly signal: AbortSignal
}

/** What `fetch` does, over a connection with a certificate of the client's, which `fetch` cannot be told. */
export async function fetchOver(tls: ConnectionOptions, url: string, { body, ...init }: Init): Promise<Response> {
  const outgoing = request(url, { ...init, ...tls, agent: false })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const headers = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  )
  return new Response(await buffer(response), { status: response.statusCode!, headers })
}
