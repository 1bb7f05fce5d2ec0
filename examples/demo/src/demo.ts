import {
  createResourceServer,
  type DpopOptions,
  type HoldfastEvent,
  type ResourceServer,
  type ResourceServerOptions,
} from '@holdfast/core'
import type { RequestListener } from 'node:http'
import type { ConnectionOptions, TlsOptions } from 'node:tls'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from './authorization-server.ts'
import { type Identity, selfSigned } from './certificates.ts'
import { type Client, createClient } from './client.ts'
import { createDpopClient, type DpopClient } from './dpop-client.ts'
import { expressApi } from './express-api.ts'
import { koaApi } from './koa-api.ts'
import { CALLER, CERTIFIED_CALLER, PROVING_CALLER } from './names.ts'
import { createOutlet } from './outlet.ts'
import { resourceServerOptions } from './resource-server.ts'

export interface Ports {
  readonly express: number
  readonly koa: number
  readonly authorizationServer: number
  readonly introspection: number
}

/** An authorization server, two APIs that trust it, and a client: all of them real, all on loopback. */
export interface Demo {
  readonly authorizationServer: AuthorizationServer
  readonly client: Client
  /** Has tokens that are bound to its certificate. */
  readonly certifiedClient: Client
  /** Have tokens that are bound to a key: the one whose they are, and another. */
  readonly provingClient: DpopClient
  readonly otherProvingClient: DpopClient
  /** Connections over TLS: of the client with such tokens, of one with another certificate, of one with none. */
  readonly connections: Readonly<Record<'certified' | 'other' | 'anonymous', ConnectionOptions>>
  readonly express: Api
  readonly koa: Api
  close(): Promise<void>
}

export interface Api {
  readonly name: string
  readonly url: string
  /** The same over TLS, which asks for a certificate. */
  readonly secureUrl: string
  /** The preferred port, where something else has it. */
  readonly takenPort: number | undefined
}

export interface DemoOptions {
  /** Ports to use if they are free. Default: any. */
  readonly ports?: Ports
  /** Hears of every request that reaches the authorization server. */
  readonly onRequest?: NonNullable<AuthorizationServerOptions['onRequest']>
  /** Hears what both APIs do. Default: advice about likely mistakes becomes a warning of the process. */
  readonly observe?: (event: HoldfastEvent) => void
}

export async function startDemo({ ports, onRequest, observe }: DemoOptions = {}): Promise<Demo> {
  const [own, certified, other] = await Promise.all([selfSigned('api'), selfSigned('web-bank'), selfSigned('other')])
  // Who shows no certificate, or one that nobody signed, is welcome: a token that is bound to one will tell.
  const tls = { ...own, requestCert: true, rejectUnauthorized: false }
  const connected = (identity?: Identity): ConnectionOptions => ({ ca: own.cert, ...identity })
  const authorizationServer = await startAuthorizationServer({
    tls,
    ...(ports && { ports: { main: ports.authorizationServer, introspection: ports.introspection } }),
    ...(onRequest && { onRequest }),
  })
  const options = { ...resourceServerOptions(authorizationServer), ...(observe && { observe }) }
  const express = await startApi('Express', options, expressApi, tls, ports?.express)
  const koa = await startApi('Koa', options, koaListener, tls, ports?.koa)
  const connections = { certified: connected(certified), other: connected(other), anonymous: connected() }

  return {
    authorizationServer,
    client: createClient(authorizationServer.issuer, CALLER),
    certifiedClient: createClient(authorizationServer.secure!.url, CERTIFIED_CALLER, connections.certified),
    provingClient: createDpopClient(authorizationServer.issuer, PROVING_CALLER),
    otherProvingClient: createDpopClient(authorizationServer.issuer, PROVING_CALLER),
    connections,
    express,
    koa,
    async close() {
      await Promise.all([express.stop(), koa.stop()])
      await authorizationServer.close()
    },
  }
}

async function startApi(
  name: string,
  options: ResourceServerOptions,
  build: (server: ResourceServer) => RequestListener,
  tls: TlsOptions,
  port?: number,
): Promise<Api & { stop(): Promise<void> }> {
  const current: { handle: RequestListener } = { handle: () => undefined }
  const listener: RequestListener = (request, response) => current.handle(request, response)
  const outlet = await createOutlet(listener, port)
  const secure = await createOutlet(listener, 0, tls)
  // Proofs name the URL that the client asks. A deployment knows its own; here the ports are known by now.
  const dpop = { ...(options.dpop as DpopOptions), publicUrl: [outlet.url, secure.url] }
  const server = createResourceServer({ ...options, dpop })
  current.handle = build(server)
  await server.ready() // optional: the first request would fetch the keys, too
  const stop = async (): Promise<void> => {
    await Promise.all([outlet.unplug(), secure.unplug()])
    await server.close()
  }
  const { url, takenPort } = outlet
  return { name, url, secureUrl: secure.url, takenPort, stop }
}

function koaListener(server: ResourceServer): RequestListener {
  const callback = koaApi(server).callback()
  return (request, response) => void callback(request, response)
}
