import type { Duration } from '@holdfast/core'
import { milliseconds } from '../duration.ts'
import type { CannedAnswer } from '../authorization-server/weather.ts'

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

/** What befalls connections, whatever they would have carried: the whole port is struck. */
export type ConnectionFault =
  /** The port is shut. */
  | { readonly is: 'refused' }
  /** Connections are taken, and nothing is ever answered; with `tls` not even a handshake. */
  | { readonly is: 'black-hole' }
  /** Connections are reset as soon as they are taken: no request is read. */
  | { readonly is: 'reset'; readonly when: 'connected' }
  /** Needs `tls`. Every handshake fails: by an alert, or for a client that checks whom it talks to by this certificate. */
  | { readonly is: 'tls'; readonly certificate?: Certificate }

/** What befalls a request. */
export type ExchangeFault =
  /** The connection is reset: `request` before the request is passed on, `answer` when it has been answered behind us. */
  | { readonly is: 'reset'; readonly when: 'request' | 'answer' }
  /** No answer ever comes. */
  | { readonly is: 'silent' }
  /** The answer comes so much later. */
  | { readonly is: 'slow'; readonly by: Duration }
  /** The answer's body comes octet by octet. Default `'1s'` between two. */
  | { readonly is: 'drip'; readonly every?: Duration }
  /** The answer's body breaks off in the middle, with the end of the connection. */
  | { readonly is: 'truncated' }
  /** The answer is filled up with white space, which JSON allows. Default 1 MiB. */
  | { readonly is: 'oversized'; readonly bytes?: number }
  /** The answer, changed: what is not said stays as it came. `json` gets the parsed body; where it throws, the answer is 500. */
  | {
      readonly is: 'altered'
      readonly status?: number
      readonly headers?: Readonly<Record<string, string>>
      // oxlint-disable-next-line typescript/no-explicit-any -- a test knows what its server answers
      readonly json?: (document: any) => unknown
    }
  /** This answer; nobody behind us is asked. */
  | { readonly is: 'answer'; readonly answer: CannedAnswer }
  /** A connection that has carried an answer is closed when the next request comes, as an idle one may be. */
  | { readonly is: 'idle-closed' }

export type Fault = ConnectionFault | ExchangeFault

/** Which requests a fault befalls. */
export interface FaultScope {
  /** Those to this path, without the query. Default: all. */
  readonly path?: string
  /** Only so many; then the weather is fair again. Default: all until `recover()`. */
  readonly times?: number
}

export function isConnectionFault(fault: Fault): fault is ConnectionFault {
  return fault.is === 'reset'
    ? fault.when === 'connected'
    : fault.is === 'refused' || fault.is === 'black-hole' || fault.is === 'tls'
}

/** Faults of requests, by path; the one for all paths under `undefined`. */
export interface ExchangeFaults {
  readonly set: (fault: ExchangeFault, scope: FaultScope) => void
  readonly clear: (path?: string) => void
  /** The fault that befalls one request. */
  readonly strike: (path: string) => ExchangeFault | undefined
}

export function exchangeFaults(): ExchangeFaults {
  const faults = new Map<string | undefined, { readonly fault: ExchangeFault; left: number }>()
  return {
    set(fault, { path, times = Infinity }) {
      // A mistake is told now, not to the first request.
      if (fault.is === 'slow') milliseconds(fault.by)
      if (fault.is === 'drip') milliseconds(fault.every ?? '1s')
      faults.set(path, { fault, left: times })
    },
    clear: (path) => void (path === undefined ? faults.clear() : faults.delete(path)),
    strike(path) {
      const place = faults.has(path) ? path : undefined
      const known = faults.get(place)
      if (!known) return undefined
      known.left -= 1
      if (known.left <= 0) faults.delete(place)
      return known.fault
    },
  }
}
