import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  AuthError,
  type AuthContext,
  clientSecretBasic,
  createResourceServer,
  type Http,
  type IssuerOptions,
  type ResourceServer,
  type ResourceServerOptions,
} from '@holdfast/core'
import { AUDIENCE, ISSUER, ALGORITHMS, type Alg, type SigningKey, signingKey } from './tokens.ts'

/** An authorization server that answers at once: what a call costs is measured elsewhere. */
export interface Authority {
  readonly key: (alg: Alg) => SigningKey
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** Where those that fetch over the network find the keys. */
  readonly jwksUri: string
  /** A resource server that trusts it, with its metadata and keys loaded. */
  readonly resourceServer: (
    options?: Partial<ResourceServerOptions>,
    issuer?: Partial<IssuerOptions>,
  ) => Promise<ResourceServer>
  readonly close: () => Promise<void>
}

/** An introspecting resource server differs in its issuer's options. */
export const INTROSPECTING: Partial<IssuerOptions> = {
  introspection: { client: clientSecretBasic('api', 'a secret of the benchmark') },
}

export async function authority(): Promise<Authority> {
  const keys = new Map(ALGORITHMS.map((alg) => [alg, signingKey(alg)]))
  const jwks = { keys: [...keys.values()].map(({ jwk }) => jwk) }
  const open: ResourceServer[] = []
  const listening = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(jwks))
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  const { port } = listening.address() as AddressInfo
  return {
    key: (alg) => keys.get(alg)!,
    jwks,
    jwksUri: `http://127.0.0.1:${port}/keys`,
    async resourceServer(options = {}, issuer = {}) {
      const server = createResourceServer({
        issuers: [{ issuer: ISSUER, jwt: { algorithms: ALGORITHMS }, ...issuer }],
        audience: AUDIENCE,
        ports: { http: answering(jwks) },
        ...options,
      } as ResourceServerOptions)
      open.push(server)
      await server.ready()
      return server
    },
    async close() {
      await Promise.all(open.map((server) => server.close()))
      listening.closeAllConnections()
      await new Promise((resolve) => listening.close(resolve))
    },
  }
}

/** The network of the resource server: metadata, keys, and an answer that calls any token active. */
function answering(jwks: object): Http {
  const metadata = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, introspection_endpoint: `${ISSUER}/introspect` }
  return {
    send: async ({ url }) => {
      const document = url.endsWith('/keys') ? jwks : url.endsWith('/introspect') ? active() : metadata
      const headers = { 'content-type': 'application/json' }
      return { status: 200, headers, body: Buffer.from(JSON.stringify(document)) }
    },
    close: async () => undefined,
  }
}

function active(): object {
  const now = Math.floor(Date.now() / 1_000)
  const says = { sub: 'user-1234567890', client_id: 'app-1', scope: 'orders:read orders:write profile' }
  return { active: true, iss: ISSUER, aud: AUDIENCE, ...says, iat: now, exp: now + 36_000 }
}

export const isAccepted =
  (source: 'live' | 'cache') =>
  (result: unknown): boolean =>
    !(result instanceof AuthError) && (result as AuthContext | undefined)?.evidence.source === source

export const isRefused =
  (...reasons: readonly string[]) =>
  (result: unknown): boolean =>
    result instanceof AuthError && reasons.includes(result.reason)
