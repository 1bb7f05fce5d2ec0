import type { Ending } from './ending.ts'
import { TracelessError } from '../traceless-error.ts'

/** A client certificate, and the authorities that a server certificate must chain to (PEM). */
export interface TlsIdentity {
  readonly cert?: string | Buffer | undefined
  readonly key?: string | Buffer | undefined
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly tls?: TlsIdentity | undefined
  /** Requests of different lanes share no socket: one issuer's hanging endpoint must not hold another's. */
  readonly lane: string
  /** A longer body is an error of kind `too_large`. */
  readonly maxBytes: number
  /**
   * Speaks to no loopback, private or link-local address, whatever name leads there: that is an error of kind
   * `address_denied`. Judged by the address that is connected to. Default false.
   */
  readonly denyPrivateNetworks?: boolean | undefined
  /** Ends the exchange wherever it is, a dripping body included. */
  readonly signal: AbortSignal
  /** The same for who can do without a signal. */
  readonly ending?: Ending | undefined
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names; repeated fields joined with `, `. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Buffer
}

/** The network: one exchange, never a redirect, never a retry. */
export interface Http {
  /** @throws {HttpError} when no complete answer came. */
  send(request: HttpRequest): Promise<HttpResponse>
  close(): Promise<void>
}

export type HttpErrorKind =
  | 'dns'
  | 'connect'
  | 'address_denied'
  | 'tls'
  | 'reset'
  | 'timeout'
  | 'aborted'
  | 'too_large'
  | 'protocol'

/** An exchange that gave no complete answer. The message is its kind; the cause stays with the debugger. */
export class HttpError extends TracelessError {
  override readonly name = 'HttpError'
  readonly kind: HttpErrorKind
  /** True when a kept-alive socket was closed before the first byte of the answer: safe to repeat at once. */
  readonly reusedSocket: boolean

  constructor(kind: HttpErrorKind, options: { cause?: unknown; reusedSocket?: boolean } = {}) {
    super(kind, { cause: options.cause })
    this.kind = kind
    this.reusedSocket = options.reusedSocket ?? false
  }
}
