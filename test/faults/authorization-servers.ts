// The real authorization servers behind the proxies.
import { testAuthorizationServer, testClock } from '@holdfast/testing'
import { memoryStore } from '../../examples/demo/src/memory-store.ts'
import { createOutlet } from '../../examples/demo/src/outlet.ts'
import { importOidcProvider } from '../../examples/demo/src/quiet-import.ts'
import { generateSigningKeys } from '../../examples/demo/src/signing-keys.ts'
import type { Kind } from './cells.ts'

export const AUDIENCE = 'https://api.example.com'
const CLIENT = { id: 'orders-api', secret: 'introspection-secret' } as const

/** An authorization server in fair weather, at its own origin. */
export interface AuthorizationServer {
  readonly origin: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly paths: { readonly keys: string; readonly introspection: string }
  /** Begins to serve. Its issuer is the origin that clients know it by, unless it has one of its own. @returns The issuer. */
  serveAs(origin: string): string
  /** A token for an hour less than a day. */
  mint(kind: Kind): Promise<string>
  close(): Promise<void>
}

const LIFETIME_HOURS = 23

const { Provider } = await importOidcProvider()
const keys = await generateSigningKeys(1)

const issue = (format: 'jwt' | 'opaque') => ({
  scope: 'orders:read',
  audience: AUDIENCE,
  accessTokenTTL: LIFETIME_HOURS * 3_600,
  accessTokenFormat: format,
  jwt: { sign: { alg: 'ES256' as const, kid: keys.kid('ES256') } },
})

/** `oidc-provider`, unmodified. It introspects no JWT. */
export async function oidcProvider(): Promise<AuthorizationServer> {
  let provider: InstanceType<typeof Provider>
  let handle: ReturnType<typeof provider.callback>
  const outlet = await createOutlet((request, response) => void handle(request, response))
  return {
    origin: outlet.url,
    client: CLIENT,
    paths: { keys: '/jwks', introspection: '/token/introspection' },
    serveAs(origin) {
      provider = new Provider(origin, {
        adapter: memoryStore(),
        jwks: { keys: [...keys.jwks] },
        cookies: { keys: ['no browser comes here'] },
        clients: [
          {
            client_id: CLIENT.id,
            client_secret: CLIENT.secret,
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
          },
        ],
        ttl: { ClientCredentials: () => LIFETIME_HOURS * 3_600 },
        features: {
          devInteractions: { enabled: false },
          clientCredentials: { enabled: true },
          introspection: { enabled: true, allowedPolicy: () => true },
          resourceIndicators: { enabled: true, getResourceServerInfo: () => issue('opaque') },
        },
      })
      handle = provider.callback()
      return origin
    },
    async mint(kind) {
      const client = await provider.Client.find(CLIENT.id)
      const resourceServer = new provider.ResourceServer(AUDIENCE, issue(kind === 'JWT' ? 'jwt' : 'opaque'))
      return new provider.ClientCredentials({ client: client!, scope: 'orders:read', resourceServer }).save()
    },
    close: () => outlet.unplug(),
  }
}

/** The test authorization server, which introspects JWTs, too. Its own clock stands still. */
export async function testServer(): Promise<AuthorizationServer> {
  const clock = testClock({ start: Date.now() })
  const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true, clock })
  return {
    origin: as.issuer,
    client: as.client,
    paths: { keys: '/jwks', introspection: '/introspect' },
    serveAs: () => as.issuer,
    mint: async (kind) => as[kind === 'JWT' ? 'jwt' : 'opaque']({ expiresIn: `${LIFETIME_HOURS}h` }),
    close: () => as.close(),
  }
}
