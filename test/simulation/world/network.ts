import { type Http, HttpError, type HttpErrorKind, type HttpRequest, type HttpResponse } from '@holdfast/core'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Trace } from '../engine/trace.ts'
import type { AuthorizationServer, Exchange } from './authorization-server.ts'
import type { Endpoint } from './faults.ts'
import type { Token, Tokens } from './tokens.ts'

export interface NetworkParts {
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly tokens: Tokens
  /** Every authorization server that can be reached. */
  readonly servers: readonly AuthorizationServer[]
  /** Milliseconds there and back. */
  readonly roundTrip: number
}

/** What went over one replica's wire. */
export interface Traffic {
  /** Introspection requests sent. */
  calls: number
  /** Of these, still without an answer and wanted. */
  inFlight: number
}

/** The core's network port for one replica: no socket, no time but the scheduler's. */
export class Network implements Http {
  readonly traffic: Traffic = { calls: 0, inFlight: 0 }
  readonly #parts: NetworkParts
  readonly #replica: number

  constructor(replica: number, parts: NetworkParts) {
    this.#replica = replica
    this.#parts = parts
  }

  send(request: HttpRequest): Promise<HttpResponse> {
    const { servers } = this.#parts
    for (const server of servers) {
      const endpoint = server.endpointAt(request.url)
      if (endpoint) return this.#exchange(request, server, endpoint)
    }
    return Promise.reject(new HttpError('dns'))
  }

  /** It is the run's network: a server that closes does not take it down. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  #exchange(request: HttpRequest, server: AuthorizationServer, endpoint: Endpoint): Promise<HttpResponse> {
    const { scheduler, trace, tokens } = this.#parts
    const isIntrospection = endpoint === 'introspection'
    const token = isIntrospection ? tokens.get(tokenIn(request.body)) : undefined
    const fault = server.weather[endpoint]?.()
    if (isIntrospection) this.traffic.calls += 1
    trace.add(scheduler.monotonic(), 'sent', this.#replica, token?.number ?? 0, endpoint)

    return new Promise((resolve, reject) => {
      if (request.signal.aborted) return reject(new HttpError('timeout'))
      if (isIntrospection) this.traffic.inFlight += 1
      const exchange = { endpoint, token, fault, replica: this.#replica, open: true, answered }
      const end = (): void => {
        exchange.open = false
        request.signal.removeEventListener('abort', abort)
        if (isIntrospection) this.traffic.inFlight -= 1
      }
      const fail = (kind: HttpErrorKind, reusedSocket = false): void => {
        if (!exchange.open) return
        end()
        trace.add(scheduler.monotonic(), 'failed', this.#replica, token?.number ?? 0, kind)
        reject(new HttpError(kind, { reusedSocket }))
      }
      const abort = (): void => fail('timeout')
      request.signal.addEventListener('abort', abort)

      const halfWay = this.#parts.roundTrip / 2
      const arrive = (response: HttpResponse | undefined, saysActive: boolean | undefined): void => {
        if (!exchange.open) return
        if (!response) return fail('reset')
        if (response.body.length > request.maxBytes) return fail('too_large')
        end()
        if (saysActive) server.work.useful += 1
        if (token && saysActive !== undefined) this.#learn(token, saysActive)
        trace.add(scheduler.monotonic(), 'delivered', this.#replica, token?.number ?? 0)
        resolve(response)
      }
      function answered(response: HttpResponse | undefined, saysActive: boolean | undefined): void {
        scheduler.after(halfWay, () => arrive(response, saysActive))
      }
      if (fault?.is === 'silent') return
      if (fault?.is === 'broken') scheduler.after(2 * halfWay, () => fail(fault.kind, fault.reusedSocket))
      else scheduler.after(halfWay, () => server.receive(exchange satisfies Exchange))
    })
  }

  /** Remembers what this replica has been told of a token. */
  #learn(token: Token, active: boolean): void {
    const bit = 1 << this.#replica
    if (active) token.knownTo |= bit
    token.deniedTo = active ? token.deniedTo & ~bit : token.deniedTo | bit
  }
}

/** The token that a request body asks about; simulated ones need no decoding. */
function tokenIn(body = ''): string {
  const start = body.startsWith('token=') ? 6 : body.indexOf('&token=') + 7
  const end = body.indexOf('&', start)
  return body.slice(start, end === -1 ? undefined : end)
}
