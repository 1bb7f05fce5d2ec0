import type { Duration } from '@holdfast/core'
import { milliseconds } from '../duration.ts'
import type { Endpoint } from './calls.ts'

/** An answer that a test dictates. */
export interface CannedAnswer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Objects are sent as JSON. Default: nothing. */
  readonly body?: string | Uint8Array | object
  /** Default: `application/json` for an object, else `text/html`, as broken proxies answer. */
  readonly contentType?: string
  /** For so many requests; then the server answers itself again. Default: until `recover()`. */
  readonly times?: number
}

/** An answer as it goes out. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export type Fault =
  | { readonly is: 'outage' | 'reset' | 'hang' }
  /** Milliseconds between two octets. */
  | { readonly is: 'drip'; readonly every: number }
  | { readonly is: 'respond'; readonly answer: WireAnswer }

/** What stands between a request and its answer, by endpoint. */
export interface Weather {
  readonly set: (fault: Fault, endpoint?: Endpoint, times?: number) => void
  /** @param by Milliseconds, or a duration. */
  readonly slow: (by: number | Duration, endpoint?: Endpoint) => void
  readonly clear: (endpoint?: Endpoint) => void
  /** Milliseconds before an answer. */
  readonly delayOf: (endpoint: Endpoint) => number
  readonly faultOf: (endpoint: Endpoint) => Fault | undefined
  /** The fault that befalls one request. */
  readonly strike: (endpoint: Endpoint) => Fault | undefined
  /** True while no endpoint can be reached. */
  readonly blackout: boolean
}

const ENDPOINTS: readonly Endpoint[] = ['metadata', 'keys', 'introspection']
const over = (endpoint: Endpoint | undefined): readonly Endpoint[] => (endpoint === undefined ? ENDPOINTS : [endpoint])

export function weather(): Weather {
  const delays = new Map<Endpoint, number>()
  const faults = new Map<Endpoint, { readonly fault: Fault; left: number }>()
  return {
    set: (fault, endpoint, times = Infinity) =>
      over(endpoint).forEach((one) => faults.set(one, { fault, left: times })),
    slow: (by, endpoint) =>
      over(endpoint).forEach((one) => delays.set(one, typeof by === 'number' ? by : milliseconds(by))),
    clear: (endpoint) =>
      over(endpoint).forEach((one) => {
        delays.delete(one)
        faults.delete(one)
      }),
    delayOf: (endpoint) => delays.get(endpoint) ?? 0,
    faultOf: (endpoint) => faults.get(endpoint)?.fault,
    strike(endpoint) {
      const known = faults.get(endpoint)
      if (!known) return undefined
      known.left -= 1
      if (known.left <= 0) faults.delete(endpoint)
      return known.fault
    },
    get blackout() {
      return ENDPOINTS.every((endpoint) => faults.get(endpoint)?.fault.is === 'outage')
    },
  }
}

export function wireAnswer({ status = 200, headers = {}, body = '', contentType }: CannedAnswer): WireAnswer {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  return {
    status,
    headers: {
      'content-type': contentType ?? (raw ? 'text/html; charset=utf-8' : 'application/json'),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    },
    body: raw ? Buffer.from(body as string) : Buffer.from(JSON.stringify(body)),
  }
}
