/** Who talks to whom in the laboratory. */

/** The APIs' identifier: what a token must carry in `aud`. */
export const AUDIENCE = 'https://api.example.com'

export const SCOPE = 'orders:read'

export interface ClientAccount {
  readonly id: string
  readonly secret: string
}

/** Whom the users' tokens are issued to. */
export const WEB_SHOP: ClientAccount = { id: 'web-shop', secret: 'web-shop-secret' }

/** The APIs, when they ask about opaque tokens. */
export const ORDERS_API: ClientAccount = { id: 'orders-api', secret: 'introspection-secret' }

/** Where the authorization server has its endpoints. */
export const PATHS = {
  introspection: '/token/introspection',
  keys: '/jwks',
  metadata: '/.well-known/openid-configuration',
} as const

export type Endpoint = keyof typeof PATHS

/** The endpoint at a path, if one of the three is there. */
export function endpointAt(path: string): Endpoint | undefined {
  return (Object.keys(PATHS) as Endpoint[]).find((endpoint) => PATHS[endpoint] === path)
}
