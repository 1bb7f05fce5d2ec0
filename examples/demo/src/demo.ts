import { createResourceServer, type HoldfastEvent, type ResourceServer } from '@holdfast/core'
import type { RequestListener } from 'node:http'
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from './authorization-server.ts'
import { type Client, createClient } from './client.ts'
import { expressApi } from './express-api.ts'
import { koaApi } from './koa-api.ts'
import { CALLER } from './names.ts'
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
  readonly express: Api
  readonly koa: Api
  close(): Promise<void>
}

export interface Api {
  readonly name: string
  readonly url: string
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
  const authorizationServer = await startAuthorizationServer({
    ...(ports && { ports: { main: ports.authorizationServer, introspection: ports.introspection } }),
    ...(onRequest && { onRequest }),
  })
  const options = { ...resourceServerOptions(authorizationServer), ...(observe && { observe }) }
  const express = await startApi('Express', createResourceServer(options), expressApi, ports?.express)
  const koa = await startApi('Koa', createResourceServer(options), (server) => listenerOf(koaApi(server)), ports?.koa)

  return {
    authorizationServer,
    client: createClient(authorizationServer.issuer, CALLER),
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
  server: ResourceServer,
  build: (server: ResourceServer) => RequestListener,
  port?: number,
): Promise<Api & { stop(): Promise<void> }> {
  await server.ready() // optional: the first request would fetch the keys, too
  const outlet = await createOutlet(build(server), port)
  const stop = async (): Promise<void> => {
    await outlet.unplug()
    await server.close()
  }
  const { url, takenPort } = outlet
  return { name, url, takenPort, stop }
}

function listenerOf(koa: ReturnType<typeof koaApi>): RequestListener {
  const callback = koa.callback()
  return (request, response) => void callback(request, response)
}
