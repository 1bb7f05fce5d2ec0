import { type AuthContext, rawTokenOf } from './context.ts'
import type { ResourceServer } from './resource-server.ts'
import type { ServerState } from './status.ts'

export interface ReadinessAnswer {
  /** 200 while anything known can be judged, an outage notwithstanding; 503 while nothing can. */
  readonly status: 200 | 503
  readonly headers: Readonly<Record<string, string>>
  /** `{ state }`, and no more: probes are often public. */
  readonly body: string
  readonly state: ServerState
}

/** Whether traffic should be sent here, for readiness probes. Asking starts the loading of what is missing. */
export function readinessOf(server: ResourceServer): ReadinessAnswer {
  const { state } = server.status()
  // Before the first request nothing has been loaded, and a probe may be what the first request waits for.
  if (state === 'cold') void server.ready()
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status: state === 'cold' ? 503 : 200, headers, body: JSON.stringify({ state }), state }
}

/** What the Model Context Protocol SDK calls `AuthInfo`. */
export interface AuthInfo {
  readonly token: string
  readonly clientId: string
  readonly scopes: string[]
  readonly expiresAt?: number
  readonly extra: Record<string, unknown>
}

/** The same facts in the shape that the Model Context Protocol SDK hands to tools. */
export function toAuthInfo(auth: AuthContext): AuthInfo {
  const { clientId, scopes, expiresAt, issuer, subject, claims } = auth
  return {
    token: rawTokenOf(auth),
    clientId: clientId ?? '',
    scopes: [...scopes],
    ...(expiresAt === undefined ? {} : { expiresAt }),
    extra: { issuer, subject, claims },
  }
}
