import { request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** Sends field lines exactly as given, repeated names included, which no fetch can do. */
export function send(origin: string, method: string, path: string, fields: readonly string[] = []): Promise<Reply> {
  const { host, port, hostname } = new URL(origin)
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: hostname, port, method, path, headers: ['Host', host, ...fields], agent: false })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() })
      })
    })
    outgoing.end()
  })
}
