import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { clientSecretBasic, createResourceServer } from '@holdfast/core'
import { authOf, guard, protect, scope } from '@holdfast/express'
import { prometheus } from '@holdfast/prometheus'
import { type FaultProxy, faultProxy } from '@holdfast/testing'
import express from 'express'
import { Registry } from 'prom-client'

import type { AuthorizationServer } from '../../examples/demo/src/authorization-server.ts'
import { API, ORDERS_API } from '../../examples/demo/src/names.ts'

/** An Express API with `/metrics`, clients that call it all the time, and weather between it and introspection. */
export interface WatchedApi {
  /** Host and port. */
  readonly target: string
  readonly weather: FaultProxy
  /** The secret with which it introspects from now on. */
  setSecret(secret: string): void
  /** What one of the clients sends from now on; `undefined`: nothing. */
  setForgery(token: string | undefined): void
  close(): Promise<void>
}

const JWT = 'https://api.example.com/es256'
const OPAQUE = 'https://api.example.com/opaque'
const SCOPE = 'orders:read'
/** Milliseconds between two requests of a client. */
const EVERY = 100

export async function watchedApi(authority: AuthorizationServer): Promise<WatchedApi> {
  const weather = await faultProxy({ upstream: authority.introspection.url })
  const register = new Registry()
  let { secret } = ORDERS_API
  const server = createResourceServer({
    audience: API,
    issuers: [
      {
        issuer: authority.issuer,
        introspection: {
          client: clientSecretBasic(ORDERS_API.id, () => secret),
          endpoint: `${weather.url}/token/introspection`,
        },
      },
    ],
    // An outage is felt within seconds. A loaded machine is none: an answer that takes its time is waited for.
    resilience: { fresh: '1s', grace: '8s', wait: '5s', introspectionDeadline: '4s' },
    observe: prometheus(register, { buckets: { staleAge: [1, 2, 3, 4, 5, 6, 7, 7.5, 8, 8.5, 9, 10] } }),
    allowInsecureLoopback: true,
  })

  const app = express()
  app.get('/metrics', async (_req, res) => {
    res.type(register.contentType).send(await register.metrics())
  })
  app.use(protect(server))
  app.get('/orders', guard(scope(SCOPE)), (req, res) => {
    res.json({ for: authOf(req).clientId })
  })
  const listener = createServer(app).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const target = `127.0.0.1:${(listener.address() as AddressInfo).port}`

  const known = await Promise.all(([JWT, JWT, JWT, OPAQUE] as const).map((resource) => authority.mint(resource, SCOPE)))
  const clientele: { forgery: string | undefined; isOpen: boolean } = { forgery: undefined, isOpen: true }
  const call = async (token: string): Promise<void> => {
    const headers = { authorization: `Bearer ${token}` }
    await (await fetch(`http://${target}/orders`, { headers })).arrayBuffer()
  }
  /** One after the other, as one client does: so that nobody waits behind a slow answer, there are several. */
  async function client(next: () => Promise<string | undefined> | string | undefined): Promise<void> {
    while (clientele.isOpen) {
      const token = await next()
      if (token !== undefined) await call(token)
      await pause(EVERY)
    }
  }
  const clients = [
    ...known.map((token) => client(() => token)),
    client(() => authority.mint(OPAQUE, SCOPE)), // a new token for each call
    client(() => clientele.forgery),
  ]

  return {
    target,
    weather,
    setSecret(other) {
      secret = other
    },
    setForgery(token) {
      clientele.forgery = token
    },
    async close() {
      clientele.isOpen = false
      await Promise.all(clients)
      await server.close()
      listener.close()
      listener.closeAllConnections()
      await weather.close()
    },
  }
}
