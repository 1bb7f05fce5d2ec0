import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** An HTTP listener on loopback, with a hand on its connections. */
export interface Door {
  readonly url: string
  /** Shut, it resets every connection: those that are open at once, any other as soon as it is taken. */
  shut(isShut: boolean): void
  close(): Promise<void>
}

/**
 * @param port 0: any that is free.
 * @throws {Error} when the port is taken (`EADDRINUSE`).
 */
export async function openDoor(listener: RequestListener, port = 0): Promise<Door> {
  const server = createServer(listener)
  const sockets = new Set<Socket>()
  let isShut = false
  // The port stays ours while it is shut: another socket of this process could come to have it meanwhile.
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    if (isShut) socket.resetAndDestroy()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    shut(next) {
      isShut = next
      if (isShut) for (const socket of sockets) socket.resetAndDestroy()
    },
    async close() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
