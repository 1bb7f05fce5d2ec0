import { connect } from 'node:net'

export interface RawReply {
  readonly status: number
  /** Lower-case names; lines of one name in order. */
  readonly lines: (name: string) => readonly string[]
  readonly body: string
}

/** Sends octets as they are, which no HTTP client does, and reads the one answer. `latin1`: a character is an octet. */
export function sendRaw(origin: string, octets: string): Promise<RawReply> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(octets, 'latin1'))
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server that rejects octets unread resets the connection after its answer.
    socket.on('error', (error) => (chunks.length === 0 ? reject(error) : undefined))
    socket.on('close', () => resolve(parsed(Buffer.concat(chunks).toString('latin1'))))
  })
}

/** A GET with these field lines, that ends the connection. */
export function rawGet(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: localhost', ...fields, 'Connection: close', '', ''].join('\r\n')
}

function parsed(text: string): RawReply {
  const [head = '', ...rest] = text.split('\r\n\r\n')
  const [first = '', ...fields] = head.split('\r\n')
  return {
    status: Number(first.split(' ')[1]),
    lines: (name) =>
      fields.flatMap((field) => {
        const colon = field.indexOf(':')
        return field.slice(0, colon).toLowerCase() === name ? [field.slice(colon + 1).trim()] : []
      }),
    body: rest.join('\r\n\r\n'),
  }
}
