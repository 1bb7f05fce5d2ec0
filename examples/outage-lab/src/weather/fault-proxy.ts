import { setMaxListeners } from 'node:events'
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDoor } from '../door.ts'
import { type Endpoint, endpointAt } from '../names.ts'
import type { Fault } from './fault.ts'
import { passOn } from './pass-on.ts'
import { Turnstile } from './turnstile.ts'

/** What stands between one API and the authorization server. */
export interface FaultProxy {
  readonly url: string
  /** Calls that reached it since the start. One that is reset before its request is read is none. */
  readonly asked: Readonly<Record<Endpoint, number>>
  /** Calls that have no answer yet. */
  readonly waiting: number
  /** From now on this befalls every call. */
  suffer(fault: Fault): void
  close(): Promise<void>
}

/** Sockets to the authorization server, which is in this process and never short of them. */
const MAX_SOCKETS = 64

/** @param upstream The authorization server's address. */
export async function startFaultProxy(upstream: string): Promise<FaultProxy> {
  const behind = new URL(upstream)
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS })
  const turnstile = new Turnstile()
  const ending = new AbortController()
  setMaxListeners(0, ending.signal) // every call that is slow waits for it
  const asked: Record<Endpoint, number> = { introspection: 0, keys: 0, metadata: 0 }
  const open = new Set<ServerResponse>()
  let fault: Fault = { is: 'none' }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const endpoint = endpointAt(request.url ?? '')
    if (endpoint) asked[endpoint] += 1
    open.add(response)
    response.once('close', () => open.delete(response))
    if (fault.is === 'answer' && endpoint && fault.endpoints.includes(endpoint)) return canned(fault.body, response)
    if (fault.is === 'slow') await sleep(fault.by, undefined, { signal: ending.signal })
    if (!(await turnstile.turn())) return void response.destroy()
    // The turn of a caller who has left is lost all the same.
    if (!response.destroyed) passOn(behind, agent, request, response)
  }

  const door = await openDoor((request, response) => {
    answer(request, response).catch(() => response.destroy()) // the laboratory is closed
  })

  return {
    url: door.url,
    asked,
    get waiting() {
      return open.size
    },
    suffer(next) {
      fault = next
      door.shut(fault.is === 'reset')
      turnstile.pace(fault.is === 'capacity' ? fault.perSecond : Infinity)
    },
    async close() {
      ending.abort()
      turnstile.pace(Infinity)
      await door.close()
      agent.destroy()
    },
  }
}

function canned(body: object, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
