import type { Adapter, ClientMetadata, Configuration, ResourceServer } from 'oidc-provider'
import { AUDIENCE, type ClientAccount, ORDERS_API, SCOPE, WEB_SHOP } from '../names.ts'
import type { SigningKey } from './signing-key.ts'

export type TokenFormat = 'jwt' | 'opaque'

/** One deployment of the authorization server. */
export interface Deployment {
  /** The first one signs; all are published. */
  readonly keys: readonly [SigningKey, ...SigningKey[]]
  /** The secret by which the APIs are known. */
  readonly apiSecret: string
  readonly store: new (model: string) => Adapter
}

const GRANT_LIFETIME_SECONDS = 86_400

/** Every function that `oidc-provider` would otherwise print a notice about is stated, so it has nothing to say. */
export function configuration({ keys, apiSecret, store }: Deployment): Configuration {
  return {
    adapter: store,
    jwks: { keys },
    cookies: { keys: ['no browser comes here'] },
    clients: [registered(WEB_SHOP), registered({ ...ORDERS_API, secret: apiSecret })],
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    ttl: {
      AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600,
      Grant: GRANT_LIFETIME_SECONDS,
    },
    features: {
      devInteractions: { enabled: false },
      introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === ORDERS_API.id },
    },
  }
}

/** What the authorization server issues tokens of each format for. @param lifetime In seconds. */
export function issuedFor(format: TokenFormat, kid: string, lifetime: number): ResourceServer {
  return {
    scope: SCOPE,
    audience: AUDIENCE,
    accessTokenTTL: lifetime,
    accessTokenFormat: format,
    jwt: { sign: { alg: 'ES256', kid } },
  }
}

function registered({ id, secret }: ClientAccount): ClientMetadata {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: [],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256', // the default is RS256, for which there is no key
  }
}
