import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'

/** A listener on loopback that can be unplugged: it closes, its sockets die, and later it is back on the same port. */
export interface Outlet {
  readonly url: string
  /** The preferred port, where something else has it. */
  readonly takenPort: number | undefined
  unplug(): Promise<void>
  plugIn(): Promise<void>
}

/**
 * @param preferredPort Taken if it is free, else any other.
 * @param tls Default: no TLS.
 */
export async function createOutlet(listener: RequestListener, preferredPort = 0, tls?: TlsOptions): Promise<Outlet> {
  const server = tls ? createSecureServer(tls, listener) : createServer(listener)
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  let takenPort: number | undefined
  await listen(preferredPort).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error
    takenPort = preferredPort
    await listen(0)
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    takenPort,
    async unplug() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
    async plugIn() {
      if (!server.listening) await listen(port)
    },
  }
}
