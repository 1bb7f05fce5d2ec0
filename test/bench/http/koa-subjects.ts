import type { RequestListener } from 'node:http'
import { createResourceServer, protect } from '@holdfast/koa'
import jwksRsa from 'jwks-rsa'
import Koa, { type Middleware } from 'koa'
import koaJwt from 'koa-jwt'
import { awsJwtVerify, fastJwt, tokenOf } from './by-hand.ts'
import type { Stopwatch } from './inside.ts'
import type { Authority } from './messages.ts'

type Build = (authority: Authority) => Middleware | undefined | Promise<Middleware>

/** Middleware for Koa, each set up as its own documentation shows. `undefined`: none at all. */
export const koaSubjects: Readonly<Record<string, Build>> = {
  bare: () => undefined,
  'no-op': () => (_ctx, next) => next(),
  'no-op again': () => (_ctx, next) => next(),
  'reading the header': () => (ctx, next) => {
    tokenOf(ctx.req.headers.authorization)
    return next()
  },
  holdfast: ({ issuer, audience }) =>
    protect(createResourceServer({ issuer, audience, allowInsecureLoopback: true })) as Middleware,
  'koa-jwt': ({ issuer, audience, jwksUri }) => {
    const secret = jwksRsa.koaJwtSecret({ jwksUri, cache: true, rateLimit: true })
    return koaJwt({ secret, audience, issuer, algorithms: ['RS256'] })
  },
  'aws-jwt-verify': async (authority) => {
    const verify = await awsJwtVerify(authority)
    return async (ctx, next) => {
      try {
        ctx.state['auth'] = await verify(tokenOf(ctx.req.headers.authorization))
      } catch {
        ctx.status = 401
        return
      }
      await next()
    }
  },
  'fast-jwt': async (authority) => synchronous(await fastJwt(authority, { cached: false })),
  'fast-jwt cached': async (authority) => synchronous(await fastJwt(authority, { cached: true })),
}

function synchronous(verify: (token: string) => unknown): Middleware {
  return (ctx, next) => {
    try {
      ctx.state['auth'] = verify(tokenOf(ctx.req.headers.authorization))
    } catch {
      ctx.status = 401
      return undefined
    }
    return next()
  }
}

/** @param stopwatch Takes the time from the call of the middleware until it calls `next`. */
export function koaApp(middleware: Middleware | undefined, stopwatch: Stopwatch | undefined): RequestListener {
  const app = new Koa()
  app.silent = true
  if (middleware) app.use(stopwatch ? timed(middleware, stopwatch) : middleware)
  app.use((ctx) => {
    ctx.body = { served: true }
  })
  const callback = app.callback()
  return (request, response) => void callback(request, response)
}

function timed(middleware: Middleware, stopwatch: Stopwatch): Middleware {
  return (ctx, next) => {
    // Node makes `headers` when it is first asked for, which an application does in any case: nobody is charged for it.
    void ctx.req.headers
    const start = performance.now()
    const handOn = (): Promise<unknown> => {
      stopwatch.add((performance.now() - start) * 1_000)
      return next()
    }
    return middleware(ctx, handOn)
  }
}
