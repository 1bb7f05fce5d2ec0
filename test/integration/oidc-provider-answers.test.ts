// A real authorization server over real sockets: signed and encrypted introspection answers (RFC 9701), authorization
// details (RFC 9396) and actors (RFC 8693) in tokens of both kinds.
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  actor,
  type AuthContext,
  clientSecretBasic,
  createResourceServer,
  detail,
  type HoldfastEvent,
  noActor,
  type ResourceServer,
  type SignedAnswerOptions,
} from '@holdfast/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { memoryStore } from '../../examples/demo/src/memory-store.ts'
import { importOidcProvider } from '../../examples/demo/src/quiet-import.ts'
import { generateSigningKeys } from '../../examples/demo/src/signing-keys.ts'

const API = 'https://api.example.com'
const ACCOUNTS = { type: 'account_information', actions: ['list_accounts'], locations: [API] }
const ours = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const published = { ...ours.publicKey.export({ format: 'jwk' }), kid: 'enc-1', use: 'enc', alg: 'RSA-OAEP-256' }
const decryption = {
  keys: { keys: [{ ...ours.privateKey.export({ format: 'jwk' }), kid: 'enc-1', use: 'enc' }] },
  algorithms: ['RSA-OAEP-256'],
  encodings: ['A128CBC-HS256'],
} as const

type OidcProvider = Awaited<ReturnType<typeof importOidcProvider>>['Provider']
type Configuration = NonNullable<ConstructorParameters<OidcProvider>[1]>
type ClientMetadata = NonNullable<Configuration['clients']>[number]
type ResourceIndicators = NonNullable<NonNullable<Configuration['features']>['resourceIndicators']>
type ResourceInfo = Awaited<ReturnType<NonNullable<ResourceIndicators['getResourceServerInfo']>>>

/** Resource servers as the authorization server knows them: one for each way of answering. */
const CLIENTS = {
  'rs-usual': {},
  'rs-es256': { introspection_signed_response_alg: 'ES256' },
  'rs-encrypted': {
    introspection_signed_response_alg: 'ES256',
    introspection_encrypted_response_alg: 'RSA-OAEP-256',
    introspection_encrypted_response_enc: 'A128CBC-HS256',
    jwks: { keys: [published] },
  },
} as const

let issuer: string
let listening: Server
const contentTypes: string[] = []

beforeAll(async () => {
  const { Provider } = await importOidcProvider()
  listening = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  issuer = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  const { jwks } = await generateSigningKeys(1)
  const provider = new Provider(issuer, {
    adapter: memoryStore(),
    jwks: { keys: jwks },
    cookies: { keys: ['no browser comes here'] },
    clients: ['app', ...Object.keys(CLIENTS)].map(registered),
    ttl: { ClientCredentials: () => 600 },
    extraTokenClaims: () => ({ act: { sub: 'orders-bff' } }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      encryption: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => issued(resource.slice(API.length + 1)),
      },
      ...({ richAuthorizationRequests: details } as object), // newer than the types
    },
  })
  const callback = provider.callback()
  listening.on('request', (request, response) => {
    response.once('finish', () => {
      if (request.url === '/token/introspection') contentTypes.push(String(response.getHeader('content-type')))
    })
    void callback(request, response)
  })
})
afterAll(() => {
  listening.close()
  listening.closeAllConnections()
})

/** Details are granted as they are asked for, and shown to every resource server. */
const details = {
  enabled: true,
  types: { account_information: { validate: () => undefined } },
  authorizationDetailsForGrantSource: () => undefined,
  authorizationDetailsForAccessToken: (ctx: { oidc: { params: { authorization_details: string } } }) =>
    JSON.parse(ctx.oidc.params.authorization_details) as unknown,
  authorizationDetailsForIntrospection: (_ctx: unknown, token: { rar: unknown }) => token.rar,
}

function issued(format: string): ResourceInfo {
  const info = { scope: 'orders:read', audience: API, accessTokenTTL: 600 }
  return format === 'jwt'
    ? { ...info, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
    : { ...info, accessTokenFormat: 'opaque' }
}

function registered(id: string): ClientMetadata {
  const caller = { grant_types: ['client_credentials'], authorization_details_types: ['account_information'] }
  const own: object = id === 'app' ? caller : { grant_types: [], ...CLIENTS[id as keyof typeof CLIENTS] }
  return { client_id: id, client_secret: 'secret', redirect_uris: [], response_types: [], ...own }
}

/** A token from the token endpoint. */
async function granted(format: 'jwt' | 'opaque' = 'opaque', asked: readonly object[] = [ACCOUNTS]): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('app:secret').toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: `${API}/${format}`,
      scope: 'orders:read',
      authorization_details: JSON.stringify(asked),
    }),
  })
  const body = await response.text()
  if (!response.ok) throw new Error(`the authorization server granted nothing: ${body}`)
  return (JSON.parse(body) as { access_token: string }).access_token
}

const servers: ResourceServer[] = []
afterEach(async () => {
  contentTypes.length = 0
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** A resource server that demands signed answers, and what it hears. */
function demanding(client: keyof typeof CLIENTS, signed: true | SignedAnswerOptions) {
  const events: HoldfastEvent[] = []
  const server = createResourceServer({
    audience: API,
    issuers: [{ issuer, introspection: { client: clientSecretBasic(client, 'secret'), signed } }],
    allowInsecureLoopback: true,
    observe: (event) => void events.push(event),
  })
  servers.push(server)
  const troubles = (): readonly unknown[] =>
    events.flatMap((event) => (event.type === 'introspection' ? (event.trouble ?? []) : []))
  return { server, troubles }
}

async function accepted(server: ResourceServer, token: string): Promise<AuthContext> {
  const result = await server.verify(token)
  if (result.outcome !== 'valid') throw new Error(`${result.outcome}: ${result.reason}`)
  return result.auth
}

describe('oidc-provider', () => {
  test.each([
    ['rs-usual', true],
    ['rs-es256', { algorithm: 'ES256' }],
    ['rs-encrypted', { algorithm: 'ES256', decryption: { ...decryption, required: true } }],
  ] as const)('signs its answers for %s, and they are taken', async (client, signed) => {
    const { server, troubles } = demanding(client, signed)
    const auth = await accepted(server, await granted())
    expect([auth.clientId, auth.scopes, auth.actor?.subject]).toEqual(['app', ['orders:read'], 'orders-bff'])
    expect(auth.authorizationDetails).toEqual([ACCOUNTS])
    expect(await server.verify('unknown-token')).toMatchObject({ outcome: 'invalid', reason: 'token_inactive' })
    expect(new Set(contentTypes)).toEqual(new Set(['application/token-introspection+jwt; charset=utf-8']))
    expect(troubles()).toEqual([])
  })

  test.each([
    ['another algorithm than expected', 'rs-es256', true, 'signature'],
    ['another audience than expected', 'rs-usual', { audience: 'rs-es256' }, 'foreign'],
    ['an encrypted answer that nobody can open', 'rs-encrypted', { algorithm: 'ES256' }, 'undecryptable'],
  ] as const)('%s is no verdict', async (_, client, signed, trouble) => {
    const { server, troubles } = demanding(client, signed)
    expect(await server.verify(await granted())).toMatchObject({
      outcome: 'unavailable',
      reason: 'introspection_unavailable',
    })
    expect(troubles()).toEqual([trouble])
  })

  test('what one answer said stays known while the server cannot be reached', async () => {
    const { server } = demanding('rs-encrypted', { algorithm: 'ES256', decryption })
    const token = await granted()
    await accepted(server, token)
    const asked = contentTypes.length
    expect((await accepted(server, token)).evidence).toMatchObject({ by: 'introspection', source: 'cache' })
    expect(contentTypes).toHaveLength(asked)
  })

  test.each(['jwt', 'opaque'] as const)(
    'puts details and actors into its tokens, and guards judge them: %s',
    async (format) => {
      const { server } = demanding('rs-es256', { algorithm: 'ES256' })
      const list = detail({ type: 'account_information', actions: ['list_accounts'] })
      const transfer = detail({ type: 'account_information', actions: ['transfer'] })
      const auth = await accepted(server, await granted(format))

      expect(await server.authorize(auth, list, actor('orders-bff'))).toBe(auth)
      expect(list.entries(auth)).toEqual([ACCOUNTS])
      expect(() => server.authorize(auth, transfer)).toThrow(
        expect.objectContaining({ status: 403, code: 'insufficient_scope' }),
      )
      expect(() => server.authorize(auth, noActor())).toThrow(expect.objectContaining({ code: 'access_denied' }))

      const elsewhere = await accepted(
        server,
        await granted(format, [{ ...ACCOUNTS, locations: ['https://other.example'] }]),
      )
      expect(() => server.authorize(elsewhere, list)).toThrow(
        expect.objectContaining({ reason: 'details_insufficient' }),
      )
    },
  )
})
