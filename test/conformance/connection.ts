import { Agent, request } from 'node:http'

/** Requests one after the other over one connection. `port`: the client's, the same for each. */
export interface Connection {
  readonly get: (token: string) => Promise<{ readonly status: number; readonly port: number | undefined }>
  readonly end: () => void
}

export function keepAlive(origin: string): Connection {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    get: (token) =>
      new Promise((resolve, reject) => {
        const outgoing = request(origin, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
          const port = response.socket.localPort
          response.resume().on('end', () => resolve({ status: response.statusCode!, port }))
        })
        outgoing.on('error', reject).end()
      }),
    end: () => agent.destroy(),
  }
}
