import type { HttpResponse } from '@holdfast/core'
import type { Scheduler } from '../engine/scheduler.ts'
import type { Trace } from '../engine/trace.ts'
import type { Endpoint, Fault, Weather } from './faults.ts'
import { SigningKeys } from './signing-keys.ts'
import { isActive, type Token, type Tokens } from './tokens.ts'

/** A request on the wire, seen from the server. */
export interface Exchange {
  readonly endpoint: Endpoint
  /** What is introspected. */
  readonly token: Token | undefined
  readonly fault: Fault | undefined
  readonly replica: number
  /** False once the caller has given up. */
  readonly open: boolean
  /** Called when the answer leaves the server, with what it says of the token: active, inactive, or nothing. */
  readonly answered: (response: HttpResponse | undefined, saysActive: boolean | undefined) => void
}

/** Work done by the introspection endpoint. */
export interface Work {
  /** Requests that were worked on to the end. */
  done: number
  /** Of these, answers about an active token that arrived while somebody still wanted them. */
  useful: number
  /** Of these, questions about what is no token, or no longer one. */
  inactive: number
}

const JSON_TYPE = Object.freeze({ 'content-type': 'application/json' })
const INACTIVE = Buffer.from('{"active":false}')

/**
 * An authorization server. Introspection requests stand in one queue, first come first served, and take `1 / capacity`
 * seconds each, whether or not the caller still waits; metadata and keys are answered at once.
 */
export class AuthorizationServer {
  readonly issuer: string
  readonly keys: SigningKeys
  readonly work: Work = { done: 0, useful: 0, inactive: 0 }
  /** What befalls requests, by endpoint. */
  readonly weather: Partial<Record<Endpoint, Weather | undefined>> = {}
  readonly #scheduler: Scheduler
  readonly #trace: Trace
  readonly #tokens: Tokens
  #queue: Exchange[] = []
  #head = 0
  #busy = false
  #capacity: number

  constructor(
    settings: { readonly issuer: string; readonly capacity: number; readonly seed: number | string },
    parts: { readonly scheduler: Scheduler; readonly trace: Trace; readonly tokens: Tokens },
  ) {
    this.issuer = settings.issuer
    this.#capacity = settings.capacity
    this.keys = new SigningKeys(settings.issuer, `${settings.seed}/keys`)
    this.#scheduler = parts.scheduler
    this.#trace = parts.trace
    this.#tokens = parts.tokens
  }

  /** Introspections per second; 0 stops work without losing the queue. */
  get capacity(): number {
    return this.#capacity
  }

  set capacity(perSecond: number) {
    this.#capacity = perSecond
    this.#trace.add(this.#scheduler.monotonic(), 'weather', 0, perSecond, 'capacity')
    this.#next()
  }

  /** Requests that wait or are worked on. */
  get queued(): number {
    return this.#queue.length - this.#head
  }

  /** Forgets the requests that wait, as a restart does. Their callers hear nothing. */
  dropQueue(): void {
    const working = this.#busy ? 1 : 0
    this.#queue.length = Math.min(this.#queue.length, this.#head + working)
  }

  /** The endpoint at an address; `undefined` for another server's. */
  endpointAt(url: string): Endpoint | undefined {
    if (!url.startsWith(`${this.issuer}/`)) return undefined
    const path = url.slice(this.issuer.length)
    if (path === '/introspect') return 'introspection'
    if (path === '/jwks') return 'keys'
    return path.startsWith('/.well-known/') ? 'metadata' : undefined
  }

  receive(exchange: Exchange): void {
    if (exchange.endpoint !== 'introspection') return this.#answer(exchange)
    this.#queue.push(exchange)
    this.#next()
  }

  #next(): void {
    if (this.#busy || this.#capacity <= 0 || this.#head === this.#queue.length) return
    this.#busy = true
    const exchange = this.#queue[this.#head]!
    this.#scheduler.after(1_000 / this.#capacity, () => {
      this.#head += 1
      // Most of the array is over: give it back before it grows without end.
      if (this.#head > 1_024 && this.#head * 2 > this.#queue.length) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      this.#busy = false
      this.work.done += 1
      this.#answer(exchange)
      this.#next()
    })
  }

  #answer(exchange: Exchange): void {
    const { fault, endpoint } = exchange
    const now = this.#scheduler.monotonic()
    const active = endpoint === 'introspection' && isActive(exchange.token, now)
    if (endpoint === 'introspection' && !active) this.work.inactive += 1
    this.#trace.add(now, 'served', exchange.replica, exchange.token?.number ?? 0)
    const breaks = fault?.is === 'reset-after'
    const says =
      endpoint !== 'introspection' || breaks || fault?.is === 'says' ? undefined : active && fault?.is !== 'denies'
    const response = breaks ? undefined : this.#response(exchange, says === true)
    const send = (): void => exchange.answered(response, says)
    if (fault?.is === 'slow') this.#scheduler.after(fault.by, send)
    else send()
  }

  #response({ endpoint, token, fault }: Exchange, active: boolean): HttpResponse {
    if (fault?.is === 'says') {
      const { status, body = '', headers } = fault
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return { status, headers: { ...JSON_TYPE, ...headers }, body: Buffer.from(text) }
    }
    if (endpoint === 'introspection') {
      const body = active ? this.#tokens.answerFor(token!) : INACTIVE
      return { status: 200, headers: JSON_TYPE, body }
    }
    const document = endpoint === 'keys' ? this.keys.set() : this.#metadata()
    return { status: 200, headers: JSON_TYPE, body: Buffer.from(JSON.stringify(document)) }
  }

  #metadata(): object {
    const { issuer } = this
    return { issuer, jwks_uri: `${issuer}/jwks`, introspection_endpoint: `${issuer}/introspect` }
  }
}
