import { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

/** A request as an HTTP parser might hand it on, and as none would. */
export interface Injected {
  readonly method: string
  readonly url: string
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[]
}

export interface Received {
  readonly status: number
  /** Lower-case names and values, line by line. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Collects what is written; no octet leaves the process. */
class Sink extends Duplex {
  readonly chunks: Buffer[] = []
  readonly remoteAddress = '127.0.0.1'

  override _read(): void {
    // A client that has said all it wants to say.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk)
    done()
  }
}

/** Hands a request to a listener without a server and without a socket. */
export function inject(listener: Listener, { method, url, rawHeaders }: Injected): Promise<Received> {
  return new Promise((resolve, reject) => {
    const sink = new Sink()
    const request = new IncomingMessage(sink as unknown as Socket)
    Object.assign(request, { method, url, httpVersion: '1.1', httpVersionMajor: 1, httpVersionMinor: 1 })
    request.rawHeaders = [...rawHeaders]
    request.push(null)
    const response = new ServerResponse(request)
    response.assignSocket(sink as unknown as Socket)
    response.on('finish', () => {
      // The last octets are with the sink one turn later.
      setImmediate(() => {
        sink.destroy()
        resolve(receivedFrom(Buffer.concat(sink.chunks).toString('latin1')))
      })
    })
    Promise.resolve(listener(request, response)).catch(reject)
  })
}

function receivedFrom(text: string): Received {
  const end = text.indexOf('\r\n\r\n')
  const [first, ...lines] = text.slice(0, end).split('\r\n')
  const fields = lines.map((line) => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 2)] as const
  })
  return { status: Number(first!.split(' ')[1]), fields, body: text.slice(end + 4) }
}
