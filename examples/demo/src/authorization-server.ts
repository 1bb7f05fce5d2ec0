import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { TLSSocket, TlsOptions } from 'node:tls'
import type { ClientMetadata, Configuration, default as Provider, ResourceServer } from 'oidc-provider'
import { memoryStore } from './memory-store.ts'
import {
  CALLER,
  CERTIFIED_CALLER,
  type ClientAccount,
  issuedFor,
  ORDERS_API,
  PROVING_CALLER,
  type Resource,
  SCOPES,
} from './names.ts'
import { createOutlet, type Outlet } from './outlet.ts'
import { importOidcProvider } from './quiet-import.ts'
import { generateSigningKeys, type SigningKeys } from './signing-keys.ts'

export interface AuthorizationServerOptions {
  /** Ports to use if they are free. Default: any. */
  readonly ports?: { readonly main: number; readonly introspection: number }
  /** How it serves TLS, for clients with certificates. Default: it does not. */
  readonly tls?: TlsOptions
  /** Hears of every request that reaches the server, and may keep it waiting. */
  readonly onRequest?: (path: string) => void | Promise<void>
}

/** A real authorization server: `oidc-provider`, unmodified, on real sockets. */
export interface AuthorizationServer {
  readonly issuer: string
  readonly introspectionEndpoint: string
  /** Metadata, keys, token and revocation endpoints. */
  readonly main: Outlet
  /** The same over TLS, where that is served. */
  readonly secure: Outlet | undefined
  /** The introspection endpoint has an address of its own, as in many deployments, and can be unplugged alone. */
  readonly introspection: Outlet
  /** Publishes new keys and signs with them. The old ones stay published until they are withdrawn. */
  rotateKeys(): Promise<void>
  withdrawOldKeys(): void
  /** A token without a call to the token endpoint. */
  mint(resource: Resource, scope: string): Promise<string>
  /** A JWT as this server signed it two hours ago, good for one hour. */
  mintExpired(resource: Resource, scope: string): Promise<string>
  /** A login's ID token: same issuer, same key, and no access token. */
  mintIdToken(): Promise<string>
  close(): Promise<void>
}

export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<AuthorizationServer> {
  const { Provider: OidcProvider, errors } = await importOidcProvider()
  const store = memoryStore()
  let generation = 1
  let published: readonly SigningKeys[] = [await generateSigningKeys(generation)]

  // Both addresses lead to whichever provider is the current one.
  let provider: Provider
  let handler: RequestListener
  const listener: RequestListener = (request, response) => handler(request, response)
  const main = await createOutlet(listener, options.ports?.main)
  const introspection = await createOutlet(listener, options.ports?.introspection)
  const secure = options.tls && (await createOutlet(listener, 0, options.tls))
  const issuer = main.url

  const issue = (resource: string): ResourceServer => {
    const issued = issuedFor(resource)
    if (!issued) throw new errors.InvalidTarget()
    const { audience, format, lifetime, algorithm: alg = 'RS256' } = issued
    return {
      scope: SCOPES,
      audience,
      accessTokenTTL: lifetime,
      accessTokenFormat: format,
      jwt: { sign: { alg, kid: published[0]!.kid(alg) } },
    }
  }

  /** A deployment with other keys is a new configuration on the same store. */
  function deploy(keys: readonly SigningKeys[]): void {
    published = keys
    provider = new OidcProvider(issuer, configuration(keys, store, issue))
    provider.use(async ({ path }, next) => {
      await options.onRequest?.(path)
      await next()
    })
    const callback = provider.callback()
    handler = (request, response) => void callback(request, response)
  }
  deploy(published)

  const mint = async (resource: Resource, scope: string, times: object = {}): Promise<string> => {
    const client = await provider.Client.find(CALLER.id)
    const resourceServer = new provider.ResourceServer(resource, issue(resource))
    return new provider.ClientCredentials({ client: client!, scope, resourceServer, ...times }).save()
  }

  return {
    issuer,
    introspectionEndpoint: `${introspection.url}/token/introspection`,
    main,
    secure,
    introspection,
    async rotateKeys() {
      generation += 1
      deploy([await generateSigningKeys(generation), ...published])
    },
    withdrawOldKeys: () => deploy(published.slice(0, 1)),
    mint: (resource, scope) => mint(resource, scope),
    mintExpired(resource, scope) {
      const now = Math.floor(Date.now() / 1_000)
      return mint(resource, scope, { iat: now - 7_200, exp: now - 3_600 })
    },
    async mintIdToken() {
      const client = await provider.Client.find(CALLER.id)
      const token = new provider.IdToken({ sub: 'user-1' }, { client: client! })
      return Object.assign(token, { scope: 'openid' }).issue({ use: 'idtoken' })
    },
    async close() {
      await Promise.all([main.unplug(), secure?.unplug(), introspection.unplug()])
    },
  }
}

/** Every function that `oidc-provider` would otherwise print a notice about is stated, so it has nothing to say. */
function configuration(
  keys: readonly SigningKeys[],
  store: NonNullable<Configuration['adapter']>,
  issue: (resource: string) => ResourceServer,
): Configuration {
  return {
    adapter: store,
    jwks: { keys: keys.flatMap(({ jwks }) => jwks) as never },
    cookies: { keys: ['no browser comes here'] },
    clients: [
      registered(CALLER, ['client_credentials']),
      { ...registered(CERTIFIED_CALLER, ['client_credentials']), tls_client_certificate_bound_access_tokens: true },
      { ...registered(PROVING_CALLER, ['client_credentials']), dpop_bound_access_tokens: true },
      registered(ORDERS_API, []),
    ],
    ttl: {
      ClientCredentials: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? 600,
      IdToken: () => 600,
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: ({ req }) => (req.socket as Partial<TLSSocket>).getPeerX509Certificate?.(),
      },
      introspection: { enabled: true, allowedPolicy: (_ctx, client) => client.clientId === ORDERS_API.id },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_ctx, resource) => issue(resource) },
    },
  }
}

function registered({ id, secret }: ClientAccount, grantTypes: string[]): ClientMetadata {
  return { client_id: id, client_secret: secret, grant_types: grantTypes, redirect_uris: [], response_types: [] }
}
