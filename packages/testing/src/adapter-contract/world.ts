import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { createResourceServer, type ResourceServer, type SharedServerOptions } from '@holdfast/core'
import {
  type TestAuthorizationServer,
  testAuthorizationServer,
} from '../authorization-server/test-authorization-server.ts'
import type { AdapterHarness, ContractApp, ContractHandler, ContractStep, RouteStep } from './app.ts'
import { type Received, send, type Sent } from './client.ts'

export const AUDIENCE = 'https://api.example.com'
export const REALM: string = `realm="${AUDIENCE}"`

/**
 * What a server that takes both schemes says, from its Bearer challenge: an error stands on the scheme in use, or on both
 * where that is not clear (RFC 9449 §7.2).
 */
export function withDpop(bearer: string, { isClear = true }: { readonly isClear?: boolean } = {}): string {
  const needs = bearer.slice(`Bearer ${REALM}`.length)
  return `${bearer}, DPoP ${REALM}, algs="ES256 Ed25519 PS256 RS256"${isClear && needs.includes('error=') ? '' : needs}`
}

/** Everything a case needs: an authorization server, resource servers that trust it, and applications around them. */
export interface World {
  readonly as: TestAuthorizationServer
  /** A resource server that trusts the authorization server. */
  readonly server: (options?: SharedServerOptions & { readonly audience?: string }) => ResourceServer
  readonly start: (app: ContractApp | readonly ContractStep[]) => Promise<Client>
  /** Keeps one connection, for one request after the other. */
  readonly connection: Agent
}

export interface Client {
  readonly origin: string
  readonly get: (path: string, headers?: readonly string[]) => Promise<Received>
  readonly send: (sent: Sent) => Promise<Received>
}

/** One case in a world of its own. Fails, too, when a promise was left to reject unheard. */
export async function inWorld(harness: AdapterHarness, work: (world: World) => Promise<void>): Promise<void> {
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  const connection = new Agent({ keepAlive: true, maxSockets: 1 })
  const ends: (() => Promise<unknown>)[] = []
  process.on('unhandledRejection', hear)
  try {
    const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
    ends.push(() => as.close())
    await work({
      as,
      connection,
      server(options = {}) {
        const server = createResourceServer({ ...as.options(), ...options })
        ends.push(() => server.close())
        return server
      },
      async start(app) {
        const running = await harness.start('steps' in app ? app : { steps: app })
        ends.push(() => running.close())
        const { origin } = running
        return {
          origin,
          get: (path, headers = []) => send(origin, { path, headers }),
          send: (sent) => send(origin, sent),
        }
      },
    })
  } finally {
    connection.destroy()
    for (const end of ends.toReversed()) await end()
    // Rejections nobody hears are told after the promise jobs of this turn.
    await setImmediate()
    process.off('unhandledRejection', hear)
  }
  assert.deepEqual(unheard, [], 'a promise rejected and nobody heard')
}

/** The route that most cases ask for; says who asks, or that nobody does. */
export function whoami(more: Partial<RouteStep> = {}): RouteStep {
  return { is: 'route', method: 'GET', path: '/whoami', handle: subject, ...more }
}

/** A route whose handler must not be reached. */
export function unreachable(more: Partial<RouteStep> = {}): RouteStep & { readonly calls: () => number } {
  let calls = 0
  const handle: ContractHandler = () => {
    calls += 1
    return { status: 200, text: 'reached' }
  }
  return { is: 'route', method: 'GET', path: '/whoami', handle, ...more, calls: () => calls }
}

export const subject: ContractHandler = ({ maybeAuth }) => ({ status: 200, text: maybeAuth()?.subject ?? 'nobody' })

/** What an adapter told about a request. */
export interface Told {
  readonly url: string | undefined
  readonly source: string | undefined
}

/** The same server, with a look at what adapters hand to it. */
export function watched(server: ResourceServer): { readonly server: ResourceServer; readonly told: readonly Told[] } {
  const told: Told[] = []
  const look: ResourceServer['tryAuthenticate'] = (request, needs) => {
    told.push({ url: request.url, source: request.source })
    return server.tryAuthenticate(request, needs)
  }
  const spy = new Proxy(server, {
    get(target, name) {
      if (name === 'tryAuthenticate') return look
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { server: spy, told }
}
