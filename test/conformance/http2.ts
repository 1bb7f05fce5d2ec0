import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Reply } from './http.ts'

/** One request over HTTP/2. A name that comes twice is for {@link sendFieldsTwice}: Node's client refuses to send it. */
export function sendHttp2(
  origin: string,
  method: string,
  path: string,
  fields: readonly string[] = [],
  body?: string | Uint8Array,
  tls: ConnectionOptions = {},
): Promise<Reply> {
  const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), fields[at + 1]!] as const] : []))
  const session = connect(origin, tls)
  return new Promise<Reply>((resolve, reject) => {
    const chunks: Buffer[] = []
    let headers: Reply['headers'] = {}
    session.on('error', reject)
    const stream = session.request({ ...Object.fromEntries(pairs), ':method': method, ':path': path })
    stream.on('error', reject)
    stream.on('response', (received) => (headers = received as Reply['headers']))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      resolve({
        status: Number(headers[':status']),
        headers,
        lines: (name) => [headers[name] ?? []].flat(),
        body: Buffer.concat(chunks).toString(),
      })
    })
    stream.end(body)
  }).finally(() => session.destroy())
}

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
const [HEADERS, SETTINGS] = [1, 4]
const END_OF_REQUEST = 0x5

/**
 * GET with field lines that no client sends, frame by frame (RFC 9113), and no compression (RFC 7541 §6.2.2). Resolves
 * once the head of the answer is there, to its status where that is 400, the one that is looked for.
 */
export function sendFieldsTwice(origin: string, path: string, fields: readonly string[]): Promise<400 | 'other'> {
  const { hostname, port, host } = new URL(origin)
  const all = [':method', 'GET', ':scheme', 'http', ':path', path, ':authority', host, ...fields]
  const block = Buffer.concat(all.map((text, at) => literal(text, at % 2 === 0)))
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(port), hostname, () => {
      socket.write(
        Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0), frame(HEADERS, END_OF_REQUEST, 1, block)]),
      )
    })
    let received = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      const head = framesOf(received).find(({ type }) => type === HEADERS)
      if (!head) return
      socket.destroy()
      resolve(head.payload[0] === STATUS_400 ? 400 : 'other')
    })
  })
}

/** RFC 7541 appendix A: the twelfth entry of the static table is `:status: 400`. */
const STATUS_400 = 0x80 | 12

function literal(text: string, isName: boolean): Buffer {
  const octets = Buffer.from(text)
  // The length has a prefix of seven bits; longer texts go on in the octets after it (RFC 7541 §5.1).
  const length = octets.length < 127 ? [octets.length] : [127, ...continued(octets.length - 127)]
  return Buffer.concat([Buffer.from(isName ? [0, ...length] : length), octets])
}

function continued(rest: number): readonly number[] {
  return rest < 128 ? [rest] : [(rest % 128) | 128, ...continued(Math.floor(rest / 128))]
}

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

function framesOf(octets: Buffer): readonly { readonly type: number; readonly payload: Buffer }[] {
  if (octets.length < 9) return []
  const end = 9 + octets.readUIntBE(0, 3)
  if (octets.length < end) return []
  return [{ type: octets.readUInt8(3), payload: octets.subarray(9, end) }, ...framesOf(octets.subarray(end))]
}
