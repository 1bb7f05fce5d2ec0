import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuthContext, claim, fresh, type Guard, login, type ResourceServer, scope } from '@holdfast/core'
import { createGate, createInnerGate, type Gate, maybeAuthOf, NodeRequest, writeAnswer } from '@holdfast/core/adapter'
import * as forExpress from '@holdfast/express'
import * as forKoa from '@holdfast/koa'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'

/** A way in to a resource server: the core by itself, or a framework with its adapter. */
export interface Face {
  readonly name: string
  start(server: ResourceServer): Promise<RunningFace>
}

export interface RunningFace {
  readonly origin: string
  close(): Promise<void>
}

/** The same small API behind every face: a path, and the guards in front of it. */
const ROUTES: Readonly<Record<string, readonly [Guard, ...Guard[]] | readonly []>> = {
  '/whoami': [],
  '/orders': [scope('orders:read', 'orders:list')],
  '/tenant': [claim('tenant', 'acme')],
  '/vault': [login({ acr: ['gold', 'platinum'], maxAge: '5m' })],
  '/both': [scope('vault:open'), login({ acr: 'gold' })],
  '/refunds': [fresh('0s')],
  '/broken': [
    () => {
      throw new Error('a guard of the application fails')
    },
  ],
  '/forgetful': [(() => undefined) as unknown as Guard],
}

/** What a handler answers: enough to see whose request it was and how that is known. */
function report(auth: AuthContext | undefined): object {
  if (!auth) return { anonymous: true }
  const { subject, clientId, scopes, evidence } = auth
  return { subject, clientId, scopes, by: evidence.by, stale: evidence.stale }
}

/** What an adapter is made of, and nothing else. */
const core: Face = {
  name: 'core',
  start(server) {
    const outer = createGate(server, [])
    const unprotected = [createInnerGate([scope('a')])]
    const gates = new Map(
      Object.entries(ROUTES).map(([path, guards]) => [
        path,
        guards.length > 0 ? [outer, createInnerGate(guards)] : [outer],
      ]),
    )
    return listen((request, response) => {
      const { pathname } = new URL(request.url!, 'http://localhost')
      void serve(pathname === '/unprotected' ? unprotected : gates.get(pathname)!, request, response)
    })
  },
}

async function serve(gates: readonly Gate[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const seen = new NodeRequest(request, response, request.url, () => request.socket.remoteAddress)
  for (const gate of gates) {
    const passage = await gate.enter(request, seen)
    if (passage.is === 'answer') return writeAnswer(response, passage.answer, request.method)
  }
  response.setHeader('content-type', 'application/json')
  response.end(request.method === 'HEAD' ? undefined : JSON.stringify(report(maybeAuthOf(request))))
}

/** Both majors have the same calls; the types of Express 4 stand for them. */
function express(name: string, framework: typeof express4): Face {
  return {
    name,
    start(server) {
      const app = framework()
      app.get('/unprotected', forExpress.guard(scope('a')), (_request, response) => void response.json({}))
      app.use(forExpress.protect(server))
      for (const [path, guards] of Object.entries(ROUTES)) {
        const inner = guards.length > 0 ? [forExpress.guard(...(guards as readonly [Guard]))] : []
        app.all(path, ...inner, (request, response) => void response.json(report(forExpress.maybeAuthOf(request))))
      }
      return listen(app)
    },
  }
}

function koa(name: string, Framework: typeof Koa3): Face {
  return {
    name,
    start(server) {
      const app = new Framework()
      app.silent = true
      const bare = forKoa.guard(scope('a'))
      app.use((ctx, next) => (ctx.path === '/unprotected' ? bare(ctx, next) : next()))
      app.use(forKoa.protect(server))
      for (const [path, guards] of Object.entries(ROUTES)) {
        const inner = guards.length > 0 ? forKoa.guard(...(guards as readonly [Guard])) : undefined
        if (inner) app.use((ctx, next) => (ctx.path === path ? inner(ctx, next) : next()))
      }
      app.use((ctx) => {
        ctx.body = report(forKoa.maybeAuthOf(ctx))
      })
      const callback = app.callback()
      return listen((request, response) => void callback(request, response))
    },
  }
}

async function listen(listener: RequestListener): Promise<RunningFace> {
  const http = createServer(listener)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    close: async () => {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

export const FACES: readonly Face[] = [
  core,
  express('Express 4', express4),
  express('Express 5', express5 as unknown as typeof express4),
  koa('Koa 2', Koa2 as unknown as typeof Koa3),
  koa('Koa 3', Koa3),
]
