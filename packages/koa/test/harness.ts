import { parse } from 'node:querystring'
import { text as textOf } from 'node:stream/consumers'
import { authOf, guard, type KoaMiddleware, maybeAuthOf, protect, readiness, resourceMetadata } from '@holdfast/koa'
import type { AdapterHarness, ContractApp, ContractHandler, ContractStep, ProtectStep } from '@holdfast/testing'
import { Router } from '@koa/router'
import type { Context, Middleware, Next } from 'koa'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { overHttp1, overHttp2, type Serve } from './serve.ts'

/** Koa in both majors: what the contract's applications use is spelt the same. */
const FRAMEWORKS = { 'koa 2': Koa2 as unknown as typeof Koa3, 'koa 3': Koa3 }

export const harnesses: readonly AdapterHarness[] = harnessesOver(overHttp1)
/** The same on `node:http2`. */
export const http2Harnesses: readonly AdapterHarness[] = harnessesOver(overHttp2)

function harnessesOver(serve: Serve): readonly AdapterHarness[] {
  return Object.entries(FRAMEWORKS).map(([name, Koa]) => ({
    name,
    async start(contract) {
      const { steps, onError, trustProxy = false } = contract
      const app = new Koa({ proxy: trustProxy })
      app.silent = true
      if (onError) app.use(answering(onError))
      add(Koa, app, steps, '')
      const callback = app.callback()
      return serve((request, response) => void callback(request, response), contract)
    },
  }))
}

/** @param prefix What routers outside of this one have matched; Koa's leave the path as it is. */
function add(Koa: typeof Koa3, to: Koa3 | Router, steps: readonly ContractStep[], prefix: string): void {
  for (const step of steps) {
    const middleware = middlewareOf(step)
    if (middleware) use(to, middleware)
    else if (step.is === 'route' || step.is === 'readiness') {
      const router = to instanceof Router ? to : new Router()
      if (step.is === 'readiness') router.get('/readyz', readiness(step.server))
      else {
        const through = (step.through ?? []).map((one): Middleware => middlewareOf(one)!)
        router[METHODS[step.method]](step.path, ...through, handling(step.handle))
      }
      if (router !== to) use(to, router.routes() as Middleware)
    } else if (step.is === 'mount' && step.as === 'router') {
      const inner = new Router()
      add(Koa, inner, step.steps, prefix + step.path)
      if (to instanceof Router) to.use(step.path, inner.routes())
      else use(to, new Router().use(step.path, inner.routes()).routes() as Middleware)
    } else if (step.is === 'mount') {
      const inner = new Koa()
      add(Koa, inner, step.steps, '')
      if (to instanceof Router) to.all(`${step.path}/*rest`, mounted(prefix + step.path, inner))
      else to.use(mounted(prefix + step.path, inner))
    }
  }
}

function use(to: Koa3 | Router, middleware: Middleware): void {
  if (to instanceof Router) to.use(middleware)
  else to.use(middleware)
}

const METHODS = { GET: 'get', POST: 'post', OPTIONS: 'options', ALL: 'all' } as const

function middlewareOf(step: ContractStep): KoaMiddleware | undefined {
  switch (step.is) {
    case 'protect':
      return protecting(step)
    case 'guard':
      return guard(...step.guards)
    case 'headers':
      return (ctx, next) => {
        for (const [name, value] of Object.entries(step.headers)) ctx.set(name, value)
        return next()
      }
    case 'method':
      return (ctx, next) => {
        Object.assign(ctx, { method: step.method })
        return next()
      }
    case 'handler':
      return handling(step.handle) as unknown as KoaMiddleware
    case 'begin':
      return async (ctx, next) => {
        Object.assign(ctx, { respond: false })
        await new Promise((resolve) => ctx.res.writeHead(200).write(step.text, resolve))
        return next()
      }
    case 'form':
      return async (ctx, next) => {
        if (/^application\/x-www-form-urlencoded\b/i.test(ctx.req.headers['content-type'] ?? '')) {
          Object.assign(ctx.request, { body: parse(await textOf(ctx.req)) })
        }
        return next()
      }
    case 'resourceMetadata':
      return resourceMetadata(step.server)
    case 'readiness':
    case 'route':
    case 'mount':
      break
  }
  return undefined
}

const protecting = ({ server, options, guards = [] }: ProtectStep): KoaMiddleware =>
  options ? protect(server, options, ...guards) : protect(server, ...guards)

function handling(handle: ContractHandler): Middleware {
  return async (ctx) => {
    const { status, text } = await handle({
      auth: () => authOf(ctx),
      maybeAuth: () => maybeAuthOf(ctx),
      shown: (name) => (ctx.state as Record<string, unknown>)[name],
      body: ctx.req,
    })
    ctx.status = status
    ctx.body = text
  }
}

function answering(onError: NonNullable<ContractApp['onError']>): Middleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (error) {
      const { status, text } = onError(error)
      ctx.status = status
      ctx.body = text
    }
  }
}

/** What koa-mount does: an application inside another, with its path cut off. */
function mounted(prefix: string, app: Koa3): Middleware {
  return async (ctx, next) => {
    const { path } = ctx
    if (!`${path}/`.startsWith(`${prefix}/`)) {
      await next()
      return
    }
    const inside = path.slice(prefix.length) || '/'
    ctx.path = inside
    await run(app.middleware, ctx, async () => {
      ctx.path = path
      await next()
      ctx.path = inside
    })
    ctx.path = path
  }
}

function run(middleware: readonly Middleware[], ctx: Context, next: Next): Promise<unknown> {
  const [first, ...rest] = middleware
  return first ? Promise.resolve(first(ctx, () => run(rest, ctx, next))) : next()
}
