import { request } from 'node:http'
import { request as requestOverTls } from 'node:https'
import type { ConnectionOptions } from 'node:tls'

export interface Reply {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** The values of every field line with this lower-case name. */
  readonly lines: (name: string) => readonly string[]
  readonly body: string
}

/**
 * Sends field lines exactly as given, repeated names included, which no fetch can do.
 *
 * @param tls For an https origin: whom to trust, and the client's certificate, where it has one.
 */
export function send(
  origin: string,
  method: string,
  path: string,
  fields: readonly string[] = [],
  body?: string | Uint8Array,
  tls: ConnectionOptions = {},
): Promise<Reply> {
  const { host, port, hostname, protocol } = new URL(origin)
  const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const headers = ['Host', host, ...fields, ...length]
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, method, path, headers, agent: false } as const
    const outgoing = protocol === 'https:' ? requestOverTls({ ...options, ...tls }) : request(options)
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode, rawHeaders } = response
        resolve({
          status: statusCode!,
          headers: response.headers,
          lines: (name) => rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === name),
          body: Buffer.concat(chunks).toString(),
        })
      })
    })
    outgoing.end(body)
  })
}
