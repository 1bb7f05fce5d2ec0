import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import {
  createSecureServer as createSecureHttp2Server,
  createServer as createHttp2Server,
  type Http2Session,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ContractApp, RunningApp } from '@holdfast/testing'

export type Serve = (listener: RequestListener, app: ContractApp) => Promise<RunningApp>

export const overHttp1: Serve = async (listener, { onUpgrade, tls }) => {
  const http = tls ? createHttpsServer(tls, listener) : createServer(listener)
  if (onUpgrade) http.on('upgrade', onUpgrade)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** HTTP/2. What Node gives to the listener is made to look like HTTP/1.1, as far as it goes. */
export const overHttp2: Serve = async (listener, { tls }) => {
  const sessions = new Set<Http2Session>()
  const http = tls ? createSecureHttp2Server(tls) : createHttp2Server()
  http.on('request', (request, response) => {
    listener(request as unknown as IncomingMessage, response as unknown as ServerResponse & { req: IncomingMessage })
  })
  http.on('session', (session) => void sessions.add(session))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    origin: `${tls ? 'https' : 'http'}://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: async () => {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}
