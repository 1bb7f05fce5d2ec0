import {
  type CacheOptions,
  createResourceServer,
  type Guard,
  type HoldfastEvent,
  type Reason,
  type ResourceServer,
} from '@holdfast/core'
import type { ProtectOptions } from '@holdfast/core/adapter'
import {
  type ContractExchange,
  type ContractReply,
  type ContractStep,
  type OptionsOverrides,
  type TestAuthorizationServer,
  testAuthorizationServer,
  type TestAuthorizationServerOptions,
} from '@holdfast/testing'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import type { Face } from './faces.ts'
import { type Reply, send } from './http.ts'
import { sendHttp2 } from './http2.ts'

export const AUDIENCE = 'https://api.example.com'

/** Places are set aside beforehand, which costs more than most rows: a few will do, unless a row says otherwise. */
const SMALL: CacheOptions = {
  introspected: { entries: 500 },
  jwts: { entries: 500 },
  negative: { entries: 500 },
  revocations: { entries: 500 },
}

/** What a row wants to be different from the usual API. */
export interface Plan {
  /** The authorization server, or how it differs from the usual one, which lives in memory and in virtual time. */
  readonly as?: TestAuthorizationServer | Partial<TestAuthorizationServerOptions>
  /** What the resource server is told beside `as.options()`. */
  readonly options?: OptionsOverrides
  /** A resource server made by the row itself. */
  readonly server?: (as: TestAuthorizationServer, observe: (event: HoldfastEvent) => void) => ResourceServer
  readonly protect?: ProtectOptions
  /** On HTTP/2, for faces that run on it. Default: HTTP/1.1. */
  readonly http2?: boolean
  /** Over TLS. Default: without. */
  readonly tls?: TlsOptions
  /** Believe one proxy's `X-Forwarded-For` and `X-Forwarded-Proto`. Default false. */
  readonly trustProxy?: boolean
  /** Paths beside `/`, each with its guards. All answer any method. */
  readonly routes?: Readonly<Record<string, readonly Guard[]>>
  /** Steps before `protect`. */
  readonly before?: (server: ResourceServer) => readonly ContractStep[]
  readonly onError?: (error: unknown) => ContractReply
  readonly handle?: (exchange: ContractExchange) => ContractReply
}

/** A protected API behind one face, with the authorization server that it trusts. */
export interface Api {
  readonly as: TestAuthorizationServer
  readonly server: ResourceServer
  readonly origin: string
  readonly events: readonly HoldfastEvent[]
  /** Why requests were refused so far, in order. */
  readonly reasons: () => readonly Reason[]
  /** How often a handler has run. */
  readonly handled: () => number
  /** GET with a token, or with field lines; names and values in turn. `tls`: how the client connects. */
  readonly get: (path: string, credentials?: string | readonly string[], tls?: ConnectionOptions) => Promise<Reply>
  readonly send: (
    method: string,
    path: string,
    fields?: readonly string[],
    body?: string | Uint8Array,
    tls?: ConnectionOptions,
  ) => Promise<Reply>
}

let transcript: string[] = []

/** What clients could see of the refusals since the last call. */
export function takeTranscript(): readonly string[] {
  const taken = transcript
  transcript = []
  return taken
}

/** Starts an API for the running test, and ends it with the test. */
export async function api(face: Face, plan: Plan = {}): Promise<Api> {
  const opened = await openApi(face, plan)
  onTestFinished(() => opened.close())
  return opened
}

export async function openApi(face: Face, plan: Plan = {}): Promise<Api & { readonly close: () => Promise<void> }> {
  const as = isServer(plan.as) ? plan.as : await testAuthorizationServer({ audience: AUDIENCE, ...plan.as })
  const events: HoldfastEvent[] = []
  const observe = (event: HoldfastEvent): void => void events.push(event)
  const server =
    plan.server?.(as, observe) ?? createResourceServer({ cache: SMALL, ...as.options(plan.options), observe })
  let handled = 0
  const handle = (exchange: ContractExchange): ContractReply => {
    handled += 1
    return (plan.handle ?? report)(exchange)
  }
  const { harness, http2 } = face
  const running = await (plan.http2 ? http2! : harness).start({
    trustProxy: plan.trustProxy,
    tls: plan.tls,
    steps: [
      ...(plan.before?.(server) ?? []),
      { is: 'protect', server, options: plan.protect },
      ...Object.entries(plan.routes ?? {}).map(([path, guards]): ContractStep => ({
        is: 'route',
        method: 'ALL',
        path,
        through: guards.length > 0 ? [{ is: 'guard', guards: guards as readonly [Guard, ...Guard[]] }] : [],
        handle,
      })),
      { is: 'route', method: 'ALL', path: '/', handle },
    ],
    onError: plan.onError,
  })
  async function sent(
    method: string,
    path: string,
    fields: readonly string[] = [],
    body?: string | Uint8Array,
    tls?: ConnectionOptions,
  ): Promise<Reply> {
    const reply = await (plan.http2 ? sendHttp2 : send)(running.origin, method, path, fields, body, tls)
    if (reply.status >= 400) transcript.push(seenOf(reply))
    return reply
  }

  return {
    as,
    server,
    origin: running.origin,
    events,
    reasons: () => events.flatMap((event) => (event.type === 'refused' ? [event.reason] : [])),
    handled: () => handled,
    get: (path, credentials = [], tls) => {
      const fields = typeof credentials === 'string' ? ['Authorization', `Bearer ${credentials}`] : credentials
      return sent('GET', path, fields, undefined, tls)
    },
    send: sent,
    close: async () => {
      await running.close()
      await server.close()
      await as.close()
    },
  }
}

function isServer(given: Plan['as']): given is TestAuthorizationServer {
  return given !== undefined && 'calls' in given
}

/** Whose request it was, and how that is known. */
function report({ maybeAuth }: ContractExchange): ContractReply {
  const auth = maybeAuth()
  if (!auth) return { status: 200, text: JSON.stringify({ anonymous: true }) }
  const { subject, clientId, scopes, evidence } = auth
  return { status: 200, text: JSON.stringify({ subject, clientId, scopes, by: evidence.by, stale: evidence.stale }) }
}

/** Status, the fields that are ours, and the body; nothing that a framework adds or that the time of day changes. */
function seenOf({ status, headers, body }: Reply): string {
  const ours = ['www-authenticate', 'retry-after', 'cache-control'].map((name) => `${name}: ${String(headers[name])}`)
  return [String(status), ...ours, body].join('\n')
}
