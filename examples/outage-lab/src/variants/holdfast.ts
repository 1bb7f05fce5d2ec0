import type { RequestListener } from 'node:http'
import {
  type AuthContext,
  clientSecretBasic,
  createResourceServer,
  type Observer,
  type ResourceServer,
  type ServerStatus,
} from '@holdfast/core'
import { prometheus } from '@holdfast/prometheus'
import { Registry } from 'prom-client'
import { openDoor } from '../door.ts'
import { AUDIENCE, ORDERS_API, PATHS } from '../names.ts'
import { duration, type Terms } from '../terms.ts'
import type { FaultProxy } from '../weather/fault-proxy.ts'
import { both } from './observers.ts'
import type { LetIn, Variant } from './variant.ts'

export interface HoldfastOptions {
  readonly name: 'express' | 'koa'
  readonly issuer: string
  readonly proxy: FaultProxy
  readonly terms: Terms
  /** The application around the server. */
  readonly api: (server: ResourceServer, register: Registry) => RequestListener
  /** Hears what happens in it, beside its metrics. */
  readonly observer: Observer
}

/** An API protected by Holdfast. Everything that is not written here is the library's default. */
export async function startHoldfast({ name, issuer, proxy, terms, api, observer }: HoldfastOptions): Promise<Variant> {
  const register = new Registry()
  const server = createResourceServer({
    audience: AUDIENCE,
    issuers: [
      {
        issuer,
        metadataUrl: `${proxy.url}${PATHS.metadata}`, // leads to keys and introspection behind the same proxy
        introspection: { client: clientSecretBasic(ORDERS_API.id, ORDERS_API.secret) },
      },
    ],
    resilience: { fresh: duration(terms.fresh), grace: duration(terms.grace) },
    cache: { negative: { ttl: duration(terms.negative) } },
    observe: both(prometheus(register), observer),
    allowInsecureLoopback: true, // http on 127.0.0.1, for demonstrations only
  })
  await server.ready()
  const door = await openDoor(api(server, register))

  return {
    name,
    url: door.url,
    metrics: `${door.url}/metrics`,
    proxy,
    look: () => lookAt(server.status()),
    async revoke(sub) {
      await server.revoke({ sub })
    },
    async drill() {
      await server.drill({ issuer, for: duration(terms.drill) })
    },
    async close() {
      await door.close()
      await server.close()
    },
  }
}

export function letInBy({ evidence: { source, stale, checkedAt } }: AuthContext): LetIn {
  return { evidence: stale ? 'stale' : source, age: Math.max(0, Date.now() - checkedAt * 1_000) }
}

function lookAt({ issuers: [issuer], caches, counters }: ServerStatus): ReturnType<Variant['look']> {
  const { state, misconfigured, limit, inFlight, queued, lastTrouble } = issuer!.introspection!
  const { '1m': minute, '5m': five, '1h': hour } = issuer!.survivable
  return {
    accepted: issuer!.counters.accepted,
    refused: counters.refused,
    endpoint: {
      state,
      misconfigured,
      limit,
      inFlight,
      queued,
      lastTrouble: lastTrouble ?? null,
      held: { opaque: caches.introspected.entries, jwt: caches.jwts.entries },
    },
    survivable: { '1m': minute ?? null, '5m': five ?? null, '1h': hour ?? null },
  }
}
