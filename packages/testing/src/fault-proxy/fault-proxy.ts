import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Clock, systemClock } from '@holdfast/core'
import { single, whole } from '../authorization-server/listener.ts'
import { wireAnswer } from '../authorization-server/weather.ts'
import { door } from './door.ts'
import { meet } from './exchange.ts'
import { type Certificate, exchangeFaults, type Fault, type FaultScope, isConnectionFault } from './faults.ts'
import { renamed } from './metadata.ts'
import { passOn } from './upstream.ts'

export interface FaultProxyOptions {
  /** The origin of the server behind the proxy, such as `'http://127.0.0.1:8080'`. Plain http, on loopback. */
  readonly upstream: string
  /** What delays are counted by. Default: the machine's. Give it the resource server's, to move both at once. */
  readonly clock?: Clock
  /** Serves https with this certificate. Default: http. */
  readonly tls?: Certificate
  /**
   * Members that replace those of the metadata (any JSON object under `/.well-known/`), such as a `jwks_uri` at another
   * proxy. Endpoints that the metadata names at the upstream are named at this proxy in any case.
   */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** A request that came through the door. */
export interface ProxiedCall {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>
  /** Which connection it came by: counted from 1, in the order of their first requests. */
  readonly connection: number
  /** True once the server behind was asked. */
  readonly passedOn: boolean
  /** True once a whole answer has gone out. */
  readonly answered: boolean
}

/** A proxy in front of a real authorization server, on real sockets, that makes weather: for the port, or by path. */
export interface FaultProxy {
  /** The origin at which it listens: `http://127.0.0.1:PORT`, or https. Stays the same for as long as it lives. */
  readonly url: string
  /**
   * From now on this befalls connections, or requests in the scope; it replaces the fault that was there, and one
   * for a path wins over one for all. Await it for
   * faults of connections: a port takes a moment to be shut.
   *
   * @throws {TypeError} for a scope with a fault of connections, which know no path, and for `tls` without a certificate.
   */
  inject(fault: Fault, scope?: FaultScope): Promise<void>
  /** Fair weather, everywhere or on this path. Await it: after `refused` the port has to be opened again. */
  recover(path?: string): Promise<void>
  /** Connections that were taken. One that is refused is none: nothing came. */
  readonly connections: number
  /** Every request that came, oldest first. */
  readonly calls: readonly ProxiedCall[]
  /** Those to one path, without the query, oldest first. */
  callsTo(path: string): readonly ProxiedCall[]
  /**
   * Requests that wait for the clock, or for ever. While a client has as many under way, nothing more happens until time
   * moves.
   */
  readonly waiting: number
  /** Shuts the port and ends every connection. */
  close(): Promise<void>
}

/**
 * Puts a proxy with weather in front of a server.
 *
 * ```ts
 * const proxy = await faultProxy({ upstream: 'http://127.0.0.1:8080' })
 * await proxy.inject({ is: 'reset', when: 'answer' }, { path: '/introspect', times: 1 })
 * await proxy.inject({ is: 'refused' })
 * await proxy.recover()
 * ```
 */
export async function faultProxy({
  upstream,
  clock = systemClock,
  tls,
  metadata = {},
}: FaultProxyOptions): Promise<FaultProxy> {
  const behind = new URL(upstream)
  if (behind.protocol !== 'http:') throw new TypeError('option "upstream" is not an http origin')
  const weather = exchangeFaults()
  const calls: ProxiedCall[] = []
  const carried = new WeakMap<Socket, { readonly connection: number; answers: number }>()
  let carriers = 0
  const waiting = new Set<ServerResponse>()

  const entrance = await door(serve, tls)
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${entrance.port}`

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const known = carried.get(socket) ?? { connection: (carriers += 1), answers: 0 }
    carried.set(socket, known)
    const { method = '', url: path = '', headers } = request
    const { connection, answers } = known
    const call = { method, path, headers: single(headers), connection, passedOn: false, answered: false }
    calls.push(call)
    response.once('finish', () => {
      known.answers += 1
      call.answered = true
    })
    response.once('close', () => waiting.delete(response))
    const place = path.split('?', 1)[0]!
    const fault = entrance.fault?.is === 'black-hole' ? ({ is: 'silent' } as const) : weather.strike(place)
    meet(
      {
        response,
        clock,
        reused: answers > 0,
        reset: () => entrance.reset(socket),
        waits: () => void waiting.add(response),
        async passOn() {
          call.passedOn = true
          const answer = await passOn(behind, request)
          return answer && place.startsWith('/.well-known/')
            ? renamed(answer, { upstream: behind.origin, url, members: metadata })
            : answer
        },
      },
      fault,
    ).catch((mistake: unknown) => {
      // A test's own function failed, or did not get the document that it was written for.
      whole(wireAnswer({ status: 500, body: String(mistake), contentType: 'text/plain' }), response)
    })
  }

  async function recover(path?: string): Promise<void> {
    weather.clear(path)
    if (path === undefined) await entrance.strike(undefined)
  }

  return {
    url,
    async inject(fault, scope = {}) {
      if (!isConnectionFault(fault)) return weather.set(fault, scope)
      if (scope.path !== undefined || scope.times !== undefined)
        throw new TypeError(`fault "${fault.is}" befalls connections, which know no path and are not counted`)
      if (fault.is === 'tls' && !tls) throw new TypeError('fault "tls" needs a proxy with the option "tls"')
      await entrance.strike(fault)
    },
    recover,
    get connections() {
      return entrance.connections
    },
    get calls() {
      return [...calls]
    },
    callsTo: (path) => calls.filter((call) => call.path.split('?', 1)[0] === path),
    get waiting() {
      return waiting.size + entrance.mute
    },
    async close() {
      await entrance.strike({ is: 'refused' })
    },
  }
}
