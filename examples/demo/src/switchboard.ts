import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AuthorizationServer } from './authorization-server.ts'
import { createOutlet, type Outlet } from './outlet.ts'

/** Lets whoever plays with the demonstration pull the plugs: `POST /unplug`, `/unplug-all`, `/plug-in`, `/rotate`. */
export function startSwitchboard(server: AuthorizationServer, port?: number): Promise<Outlet> {
  const switches: Readonly<Record<string, () => Promise<void>>> = {
    '/unplug': () => server.introspection.unplug(),
    '/unplug-all': () => server.close(),
    '/plug-in': async () => {
      await server.main.plugIn()
      await server.introspection.plugIn()
    },
    '/rotate': async () => {
      await server.rotateKeys()
      server.withdrawOldKeys()
    },
  }
  const listener = async ({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const turn = method === 'POST' && Object.hasOwn(switches, url) ? switches[url] : undefined
    try {
      await turn?.()
      response.writeHead(turn ? 200 : 404).end(turn ? 'done\n' : `POST one of ${Object.keys(switches).join(' ')}\n`)
    } catch (error) {
      response.writeHead(500).end(`${String(error)}\n`)
    }
  }
  return createOutlet((request, response) => void listener(request, response), port)
}
