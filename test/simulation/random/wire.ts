import { type Http, HttpError, type HttpErrorKind, type HttpRequest, type HttpResponse } from '@holdfast/core'
import type { Chance } from '../engine/chance.ts'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Trace } from '../engine/trace.ts'
import type { Endpoint, Fault } from '../world/faults.ts'
import { CLEAR, type Phase } from './weather.ts'
import { claimsOf, ISSUER, type TrueToken, type Truth } from './truth.ts'

/** One exchange, as those who judge a run see it. */
export interface Exchange {
  readonly endpoint: Endpoint
  readonly token: TrueToken | undefined
  /** Monotonic and wall milliseconds. */
  readonly sentAt: number
  readonly sentWall: number
  /** Position among everything that was sent, delivered and ordered in a run. */
  readonly sentOrder: number
}

/** What an exchange came to. */
export type Ending =
  | { readonly is: 'answer'; readonly fault: Fault | undefined; readonly response: HttpResponse }
  | { readonly is: 'failed'; readonly kind: HttpErrorKind; readonly reusedSocket: boolean }
  /** The caller gave up: its deadline, or somebody's mistake. */
  | { readonly is: 'aborted' }

/** Hears of every exchange. */
export interface Listener {
  sent(exchange: Exchange): void
  ended(exchange: Exchange, ending: Ending): void
}

export interface WireParts {
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly truth: Truth
  readonly random: Chance
  readonly roundTrip: number
  readonly nextOrder: () => number
}

const JSON_TYPE = Object.freeze({ 'content-type': 'application/json' })

/** The authorization server and the way to it: honest, unless the weather says otherwise. */
export class Wire {
  phase: Phase = CLEAR
  readonly #parts: WireParts
  /** When the one queue of introspections is empty again. */
  #busyUntil = 0

  constructor(parts: WireParts) {
    this.#parts = parts
  }

  /** The network port of one process. What is under way when it closes ends. */
  port(listener: Listener, isAlive: () => boolean): Http {
    const closing = new Set<() => void>()
    return {
      send: (request) => this.#send(request, listener, isAlive, closing),
      close: async () => {
        for (const end of closing) end()
      },
    }
  }

  #send(
    request: HttpRequest,
    listener: Listener,
    isAlive: () => boolean,
    closing: Set<() => void>,
  ): Promise<HttpResponse> {
    const { scheduler, trace, truth, random, roundTrip, nextOrder } = this.#parts
    const endpoint = endpointAt(request.url)
    if (!endpoint) return Promise.reject(new HttpError('dns'))
    if (request.signal.aborted) return Promise.reject(new HttpError('aborted'))
    const token = endpoint === 'introspection' ? truth.get(tokenIn(request.body)) : undefined
    const sentAt = scheduler.monotonic()
    const exchange: Exchange = { endpoint, token, sentAt, sentWall: scheduler.wall(), sentOrder: nextOrder() }
    const weather = this.phase.faults[endpoint]
    const fault = weather && random.happens(weather.share) ? weather.draw() : undefined
    trace.add(sentAt, 'sent', token?.number ?? 0, exchange.sentOrder, `${endpoint} ${fault?.is ?? ''}`)
    listener.sent(exchange)

    return new Promise((resolve, reject) => {
      let open = true
      const end = (ending: Ending): void => {
        if (!open || !isAlive()) return
        open = false
        closing.delete(abort)
        request.signal.removeEventListener('abort', abort)
        trace.add(scheduler.monotonic(), 'delivered', token?.number ?? 0, exchange.sentOrder, ending.is)
        listener.ended(exchange, ending)
        if (ending.is === 'answer') resolve(ending.response)
        else if (ending.is === 'failed') reject(new HttpError(ending.kind, { reusedSocket: ending.reusedSocket }))
        else reject(new HttpError('aborted'))
      }
      const fail = (kind: HttpErrorKind, reusedSocket = false): void => end({ is: 'failed', kind, reusedSocket })
      const abort = (): void => end({ is: 'aborted' })
      closing.add(abort)
      request.signal.addEventListener('abort', abort)

      if (fault?.is === 'silent') return
      if (fault?.is === 'broken') {
        scheduler.after(fault.reusedSocket === true ? 0 : roundTrip, () => fail(fault.kind, fault.reusedSocket))
        return
      }
      scheduler.after(roundTrip / 2 + this.#work(endpoint, roundTrip / 2), () => {
        const response = this.#respond(exchange, fault)
        const late = fault?.is === 'slow' ? fault.by : 0
        scheduler.after(late + roundTrip / 2, () => {
          if (fault?.is === 'reset-after') fail('reset')
          else if (response.body.length > request.maxBytes) fail('too_large')
          else end({ is: 'answer', fault, response })
        })
      })
    })
  }

  /** Milliseconds from the arrival of a request to the end of the work on it. */
  #work(endpoint: Endpoint, from: number): number {
    if (endpoint !== 'introspection' || this.phase.work === 0) return 0
    const arrives = this.#parts.scheduler.monotonic() + from
    this.#busyUntil = Math.max(arrives, this.#busyUntil) + this.phase.work
    return this.#busyUntil - arrives
  }

  #respond({ endpoint, token }: Exchange, fault: Fault | undefined): HttpResponse {
    if (fault?.is === 'says') {
      const { status, body = '', headers } = fault
      return {
        status,
        headers: headers ?? {},
        body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      }
    }
    const { truth } = this.#parts
    if (endpoint === 'keys') return json(truth.keys.set())
    if (endpoint === 'metadata')
      return json({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks`, introspection_endpoint: `${ISSUER}/introspect` })
    return json(truth.isActive(token) && fault?.is !== 'denies' ? claimsOf(token) : { active: false })
  }
}

const json = (document: object): HttpResponse => ({
  status: 200,
  headers: JSON_TYPE,
  body: Buffer.from(JSON.stringify(document)),
})

function endpointAt(url: string): Endpoint | undefined {
  if (!url.startsWith(`${ISSUER}/`)) return undefined
  const path = url.slice(ISSUER.length)
  if (path === '/introspect') return 'introspection'
  if (path === '/jwks') return 'keys'
  return path.startsWith('/.well-known/') ? 'metadata' : undefined
}

const tokenIn = (body = ''): string => new URLSearchParams(body).get('token') ?? ''
