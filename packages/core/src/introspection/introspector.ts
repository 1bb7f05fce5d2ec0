import { TracelessError } from '../traceless-error.ts'
import type { Claims } from '../verify/claims.ts'

/** What an authorization server says of a token (RFC 7662 §2.2). */
export type Answer =
  | {
      readonly is: 'active'
      readonly claims: Claims
      /** Milliseconds for which the answer allows its own reuse, when it is explicit about them. */
      readonly freshFor: number | undefined
      /** Set where the answer counts for those who asked, and is not kept. */
      readonly once?: boolean
    }
  | { readonly is: 'inactive' }

/**
 * Why no verdict came. `misconfigured` (the endpoint rejects our credentials) and `credentials_failed` (we could not make
 * any) are our own mistakes. `overloaded`, `down`, `closed`, `credentials_failed` and `no_endpoint` (the metadata cannot
 * be had, or does not name it) mean that nothing was sent, or that there was no room to look at what came. Where signed
 * answers are demanded (RFC 9701) one may be `unsigned`, `undecryptable`, signed by nobody who counts (`signature`),
 * another issuer's or for somebody else (`foreign`), or made too long ago (`outdated`); and the keys to tell may be
 * missing (`keys_unavailable`). Everything else is the endpoint's trouble, or one token's.
 */
export type TroubleKind =
  | 'misconfigured'
  | 'throttled'
  | 'server_error'
  | 'unexpected_status'
  | 'malformed'
  | 'unsigned'
  | 'undecryptable'
  | 'signature'
  | 'foreign'
  | 'outdated'
  | 'keys_unavailable'
  | 'timeout'
  | 'connect'
  | 'dns'
  | 'address_denied'
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
export class Trouble extends TracelessError {
  override readonly name = 'Trouble'
  readonly kind: TroubleKind
  /** Milliseconds that the endpoint asked to be left alone. */
  readonly pause: number

  constructor(kind: TroubleKind, options: { cause?: unknown; pause?: number } = {}) {
    super(kind, { cause: options.cause })
    this.kind = kind
    this.pause = options.pause ?? 0
  }

  static of(this: void, error: unknown): Trouble {
    return error instanceof Trouble ? error : new Trouble('protocol', { cause: error })
  }
}

export interface IntrospectionRequest {
  readonly token: string
  /** Called when the endpoint is known and the request goes out: from then on it is the endpoint that lets us wait. */
  readonly sent?: (() => void) | undefined
}

/** What follows from a kind of trouble. */
interface TroubleFacts {
  /**
   * Whose it is, as far as the kind can tell. `nobody`: nothing was learnt of the endpoint. `token`: perhaps only
   * this token's. `us`: our credentials are rejected, or again only this token.
   */
  readonly whose: 'nobody' | 'endpoint' | 'token' | 'us'
  /** Whether nothing speaks against a second try: the connection failed. */
  readonly retriable: boolean
  /** Whether `onlineWhenHealthy` may go by the signature alone: the endpoint fails, and it is not our own doing. */
  readonly fallsBack: boolean
}

const fact = (whose: TroubleFacts['whose'], ...also: ('retriable' | 'fallsBack')[]): TroubleFacts =>
  Object.freeze({ whose, retriable: also.includes('retriable'), fallsBack: also.includes('fallsBack') })

export const TROUBLES: Readonly<Record<TroubleKind, TroubleFacts>> = {
  connect: fact('endpoint', 'retriable', 'fallsBack'),
  reset: fact('endpoint', 'retriable', 'fallsBack'),
  timeout: fact('endpoint', 'fallsBack'),
  dns: fact('endpoint', 'fallsBack'),
  address_denied: fact('endpoint'),
  tls: fact('endpoint', 'fallsBack'),
  throttled: fact('endpoint', 'fallsBack'),
  server_error: fact('token', 'fallsBack'),
  unexpected_status: fact('token'),
  malformed: fact('token'),
  unsigned: fact('token'),
  undecryptable: fact('token'),
  signature: fact('token'),
  foreign: fact('token'),
  outdated: fact('token'),
  keys_unavailable: fact('nobody'),
  too_large: fact('token'),
  protocol: fact('token'),
  misconfigured: fact('us'),
  down: fact('nobody', 'fallsBack'),
  no_endpoint: fact('nobody'),
  credentials_failed: fact('nobody'),
  overloaded: fact('nobody'),
  closed: fact('nobody'),
}

/** Asks the authority about one token. */
export interface Introspector {
  /** @throws {Trouble} when there is no verdict. */
  introspect(request: IntrospectionRequest): Promise<Answer>
}
