import {
  type AuthContext,
  authOf,
  createResourceServer,
  guard,
  maybeAuthOf,
  protect,
  readiness,
  resourceMetadata,
  scope,
} from '@holdfast/koa'
import { scope as scopeOfCore } from '@holdfast/core'
import { Router } from '@koa/router'
import Koa3, { type Middleware as Middleware3 } from 'koa'
import Koa2, { type Middleware as Middleware2 } from 'koa2'
import { describe, expect, expectTypeOf, it } from 'vitest'

const server = createResourceServer({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })

describe('types', () => {
  it('fits the types of Koa 3 and of its router', () => {
    const app = new Koa3()
    const router = new Router()
    app
      .use(resourceMetadata(server))
      .use(protect(server))
      .use(guard(scope('a')))
    router.get('/readyz', readiness(server))
    router.use(protect(server))
    router.use('/api', protect(server, scope('a')))
    router.get('/x/:id', guard(scope('a')), (ctx) => {
      expectTypeOf(ctx.params['id']).toEqualTypeOf<string | undefined>()
      expectTypeOf(authOf(ctx)).toEqualTypeOf<AuthContext>()
      expectTypeOf(maybeAuthOf(ctx)).toEqualTypeOf<AuthContext | undefined>()
      ctx.body = authOf(ctx).subject
    })
    app.use(router.routes())
    const middleware: Middleware3[] = [protect(server, { optional: true }), guard(scope('a'))]
    expect(middleware).toHaveLength(2)
  })

  it('fits a state and a context of the application', () => {
    interface State {
      user: { name: string }
    }
    interface Context {
      db: string
    }
    const app = new Koa3<State, Context>()
    app.use(protect(server)).use(async (ctx, next) => {
      expectTypeOf(ctx.state.user.name).toEqualTypeOf<string>()
      expectTypeOf(ctx.db).toEqualTypeOf<string>()
      expectTypeOf(authOf(ctx)).toEqualTypeOf<AuthContext>()
      await next()
    })
    const router = new Router<State, Context>()
    router.get('/x', protect(server, scope('a')), (ctx) => {
      ctx.body = ctx.state.user.name
    })
  })

  it('fits the types of Koa 2', () => {
    const app = new Koa2()
    app
      .use(resourceMetadata(server))
      .use(protect(server))
      .use(guard(scope('a')))
    app.use((ctx) => {
      ctx.body = authOf(ctx).subject
    })
    const middleware: Middleware2[] = [protect(server, { onRefusal: 'next' }), guard(scope('a')), readiness(server)]
    expect(middleware).toHaveLength(3)
  })

  it('takes options, guards, or both in this order', () => {
    protect(server, { attach: 'user' }, scope('a'), ({ claims }) => claims['tenant'] === 'acme' || { reason: 'custom' })
    // @ts-expect-error a misspelt option
    expect(() => protect(server, { optinal: true })).toThrow('unknown option "optinal"')
    // @ts-expect-error options come before guards
    expect(() => protect(server, scope('a'), { optional: false })).toThrow('after the server come options, then guards')
    // @ts-expect-error the audience is not optional
    expect(() => protect({ issuer: 'https://login.example.com' })).toThrow('audience')
    // @ts-expect-error a guard is needed
    expect(() => guard()).toThrow('one or more guards')
    // @ts-expect-error a guard says true, or why not
    protect(server, () => false)
  })

  it('exports what the core exports, the same and no copy', () => {
    expect(scope).toBe(scopeOfCore)
  })

  it('names its middleware, and says which server it asks', () => {
    const middleware = protect(server)
    expect(middleware.server).toBe(server)
    expect([middleware.name, guard(scope('a')).name]).toEqual(['holdfastProtect', 'holdfastGuard'])
  })
})
