import {
  AuthError,
  type AuthContext,
  clientSecretBasic,
  createResourceServer,
  type ResourceServer,
} from '@holdfast/core'
import { AUDIENCE, ISSUER } from '../micro/tokens.ts'
import { sessionOfUser } from './claims.ts'
import { OpaqueTokens } from './opaque-tokens.ts'

/** A server that knows so many opaque tokens, and nothing of others. */
export interface CachedTokens {
  readonly server: ResourceServer
  readonly tokens: OpaqueTokens
  /** Brings the tokens, so that the server has asked about each. */
  readonly fill: () => Promise<void>
}

/** Fewer than an endpoint is asked at once before it has answered. */
const IN_FLIGHT = 8

export function cachedTokens(count: number): CachedTokens {
  let asked = 0
  const send = async (): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: sessionOfUser((asked += 1)),
  })
  const tokens = new OpaqueTokens(count)
  const server = createResourceServer({
    issuers: [
      {
        issuer: ISSUER,
        jwt: false,
        introspection: { client: clientSecretBasic('api', 'a secret'), endpoint: `${ISSUER}/introspect` },
      },
    ],
    audience: AUDIENCE,
    resilience: { fresh: '1h' },
    cache: { introspected: { entries: count, bytes: Math.max(2 ** 20, count * 4_096) } },
    ports: { http: { send, close: async () => undefined } },
  })

  async function fill(): Promise<void> {
    let next = 0
    const bring = async (): Promise<void> => {
      while (next < count) await server.authenticate(tokens.request(next++))
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, bring))
    for (let n = 0; n < 1_000; n += 1) expectKnown(server, tokens, Math.floor((n * count) / 1_000))
  }
  return { server, tokens, fill }
}

export const isKnown = (result: unknown): boolean =>
  !(result instanceof AuthError) && (result as AuthContext | undefined)?.evidence.source === 'cache'

function expectKnown(server: ResourceServer, tokens: OpaqueTokens, n: number): void {
  if (!isKnown(server.tryAuthenticate(tokens.request(n)))) throw new Error(`token ${n} is not in the cache`)
}
