import { request } from 'node:http'

export interface Reply {
  readonly status: number
  /** The `error` of the Bearer challenge; `none` for a challenge without one, `undefined` without a challenge. */
  readonly error: string | undefined
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Milliseconds after which a client gives up. */
const PATIENCE = 8_000

/** One request; `undefined` when no answer came in time. */
export function send(
  origin: string,
  method: string,
  path: string,
  fields: readonly string[],
  body?: string,
): Promise<Reply | undefined> {
  const { hostname, port, host } = new URL(origin)
  const length = body === undefined ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  return new Promise((resolve, reject) => {
    const outgoing = request({
      hostname,
      port,
      method,
      path,
      headers: ['Host', host, ...fields, ...length],
      agent: false,
    })
    const timer = setTimeout(() => {
      outgoing.destroy()
      resolve(undefined)
    }, PATIENCE)
    outgoing.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        clearTimeout(timer)
        const { headers } = response
        const challenge = headers['www-authenticate']
        const error = challenge === undefined ? undefined : (/\berror="([^"]*)"/.exec(challenge)?.[1] ?? 'none')
        resolve({ status: response.statusCode ?? 0, error, headers, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.end(body)
  })
}
