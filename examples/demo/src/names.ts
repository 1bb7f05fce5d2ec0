/** Who talks to whom in this demonstration. A deployment has all of it in configuration. */

/** The API's own identifier: what a token must carry in `aud`. */
export const API = 'https://api.example.com'

/** A client of the authorization server. */
export interface ClientAccount {
  readonly id: string
  readonly secret: string
}

/** Calls the API. */
export const CALLER: ClientAccount = { id: 'web-shop', secret: 'caller-secret' }
/** Calls the API, too, with tokens that are bound to the certificate of its TLS connection (RFC 8705). */
export const CERTIFIED_CALLER: ClientAccount = { id: 'web-bank', secret: 'certified-secret' }
/** Calls the API, too, with tokens that are bound to a key of its own (RFC 9449). */
export const PROVING_CALLER: ClientAccount = { id: 'web-app', secret: 'proving-secret' }
/** The API itself, when it asks about opaque tokens. */
export const ORDERS_API: ClientAccount = { id: 'orders-api', secret: 'introspection-secret' }

export const SCOPES = 'orders:read orders:write refunds:write'

export interface Issued {
  readonly audience: string
  readonly format: 'jwt' | 'opaque'
  readonly algorithm?: 'RS256' | 'ES256'
  /** Seconds. */
  readonly lifetime: number
}

/** Resource indicators (RFC 8707) that a client may ask a token for. */
export type Resource =
  | 'https://api.example.com'
  | 'https://api.example.com/es256'
  | 'https://api.example.com/opaque'
  | 'https://api.example.com/opaque/1s'
  | 'https://elsewhere.example.com'
  | 'https://elsewhere.example.com/opaque'

const ELSEWHERE = 'https://elsewhere.example.com'

/** What the authorization server issues for each. */
const RESOURCES: Readonly<Record<Resource, Issued>> = {
  'https://api.example.com': { audience: API, format: 'jwt', algorithm: 'RS256', lifetime: 600 },
  'https://api.example.com/es256': { audience: API, format: 'jwt', algorithm: 'ES256', lifetime: 600 },
  'https://api.example.com/opaque': { audience: API, format: 'opaque', lifetime: 600 },
  'https://api.example.com/opaque/1s': { audience: API, format: 'opaque', lifetime: 1 },
  'https://elsewhere.example.com': { audience: ELSEWHERE, format: 'jwt', algorithm: 'RS256', lifetime: 600 },
  'https://elsewhere.example.com/opaque': { audience: ELSEWHERE, format: 'opaque', lifetime: 600 },
}

export function issuedFor(resource: string): Issued | undefined {
  return Object.hasOwn(RESOURCES, resource) ? RESOURCES[resource as Resource] : undefined
}
