import { createServer, type RequestListener, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { listening } from '../authorization-server/listener.ts'
import type { Certificate, ConnectionFault } from './faults.ts'

/** A port on 127.0.0.1 that can be struck as a whole. */
export interface Door {
  readonly port: number
  /** Connections that were taken so far. */
  readonly connections: number
  /** Open connections by which something came that is never answered. */
  readonly mute: number
  readonly fault: ConnectionFault | undefined
  /** Resets the connection of a request. */
  reset(socket: Socket): void
  /** Fair weather without a fault. Resolves once it is so. */
  strike(fault: ConnectionFault | undefined): Promise<void>
}

/** The record by which a server ends a handshake: a fatal alert, handshake_failure (RFC 8446 §6). */
const HANDSHAKE_FAILURE: Buffer = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])

export async function door(serve: RequestListener, tls: Certificate | undefined): Promise<Door> {
  const inner: HttpServer | TlsServer = tls ? createTlsServer({ ...tls }, serve) : createServer(serve)
  inner.keepAliveTimeout = 0 // sockets are closed by faults, not by a clock that no test can move
  inner.on('tlsClientError', () => undefined)
  const open = new Set<Socket>()
  const mute = new Set<Socket>()
  let connections = 0
  let fault: ConnectionFault | undefined

  function take(socket: Socket): void {
    connections += 1
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      open.delete(socket)
      mute.delete(socket)
    })
    if (fault?.is === 'black-hole') swallow(socket)
    else if (fault?.is === 'reset') socket.resetAndDestroy()
    else if (fault?.is === 'tls' && !fault.certificate) refuseHandshake(socket)
    else inner.emit('connection', socket)
  }

  function swallow(socket: Socket): void {
    socket.once('data', () => mute.add(socket)).once('end', () => socket.destroy())
  }

  let front = createTcpServer(take)
  await listening(front, 0)
  const { port } = front.address() as AddressInfo

  async function shut(): Promise<void> {
    const closed = new Promise<void>((resolve) => front.close(() => resolve()))
    for (const socket of open) socket.resetAndDestroy()
    await closed
  }

  async function strike(next: ConnectionFault | undefined): Promise<void> {
    const previous = fault
    fault = next
    if (tls) (inner as TlsServer).setSecureContext({ ...(next?.is === 'tls' ? (next.certificate ?? tls) : tls) })
    if (next?.is === 'refused') {
      if (front.listening) await shut()
      return
    }
    // In a black hole open connections stay open: it is their requests that vanish. Any other change ends them.
    if (next?.is !== 'black-hole' && (next || previous)) for (const socket of open) socket.resetAndDestroy()
    if (!front.listening) await listening((front = createTcpServer(take)), port)
  }

  let last: Promise<void> = Promise.resolve()
  return {
    port,
    get connections() {
      return connections
    },
    get mute() {
      return mute.size
    },
    get fault() {
      return fault
    },
    // What runs over TLS has no reset of its own: the connection below is found by its other end.
    reset({ remotePort }) {
      for (const socket of open) if (socket.remotePort === remotePort) socket.resetAndDestroy()
    },
    // One after the other: a port that is being shut cannot be opened yet.
    async strike(next) {
      const before = last
      const now = async (): Promise<void> => {
        await before
        await strike(next)
      }
      await (last = now())
    },
  }
}

/** The alert goes out once the client has spoken: data that nobody reads would turn the end into a reset. */
function refuseHandshake(socket: Socket): void {
  socket.once('data', () => socket.end(HANDSHAKE_FAILURE)).once('end', () => socket.destroy())
}
