import type { Claims } from '../verify/claims.ts'

/** What an authorization server says of a token (RFC 7662 §2.2). */
export type Answer =
  | {
      readonly is: 'active'
      readonly claims: Claims
      /** Milliseconds for which the answer allows its own reuse, when it is explicit about them. */
      readonly freshFor: number | undefined
    }
  | { readonly is: 'inactive' }

/**
 * Why no verdict came. `misconfigured` (the endpoint rejects our credentials) and `credentials_failed` (we could not make
 * any) are our own mistakes. `overloaded`, `down`, `closed`, `credentials_failed` and `no_endpoint` (the metadata cannot
 * be had, or does not name it) mean that nothing was sent. Everything else is the endpoint's trouble, or one token's.
 */
export type TroubleKind =
  | 'misconfigured'
  | 'throttled'
  | 'server_error'
  | 'unexpected_status'
  | 'malformed'
  | 'timeout'
  | 'connect'
  | 'dns'
  | 'tls'
  | 'reset'
  | 'too_large'
  | 'protocol'
  | 'no_endpoint'
  | 'credentials_failed'
  | 'overloaded'
  | 'down'
  | 'closed'

/** No verdict: nothing was learnt about the token. */
export class Trouble extends Error {
  override readonly name = 'Trouble'
  readonly kind: TroubleKind
  /** Milliseconds that the endpoint asked to be left alone. */
  readonly pause: number

  constructor(kind: TroubleKind, options: { cause?: unknown; pause?: number } = {}) {
    super(kind)
    this.kind = kind
    this.pause = options.pause ?? 0
    Object.defineProperty(this, 'cause', { value: options.cause, enumerable: false })
  }

  static of(this: void, error: unknown): Trouble {
    return error instanceof Trouble ? error : new Trouble('protocol', { cause: error })
  }
}

export interface IntrospectionRequest {
  readonly token: string
}

/** Kinds that say something of the endpoint's health; the others are our own doing, or some token's. */
const ENDPOINT_FAILURES: readonly TroubleKind[] = [
  'timeout',
  'connect',
  'dns',
  'tls',
  'reset',
  'server_error',
  'throttled',
  'down',
]

export function isEndpointFailure(trouble: Trouble): boolean {
  return ENDPOINT_FAILURES.includes(trouble.kind)
}

/** Asks the authority about one token. */
export interface Introspector {
  /** @throws {Trouble} when there is no verdict. */
  introspect(request: IntrospectionRequest): Promise<Answer>
}
