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
} from '@holdfast/express'
import { scope as scopeOfCore } from '@holdfast/core'
import express5, { type Request as Request5, type RequestHandler as RequestHandler5 } from 'express'
import express4, { type Request as Request4, type RequestHandler as RequestHandler4 } from 'express4'
import { describe, expect, expectTypeOf, it } from 'vitest'

const server = createResourceServer({ issuer: 'https://login.example.com', audience: 'https://api.example.com' })

describe('types', () => {
  it('fits the types of Express 5', () => {
    const app = express5()
    const router = express5.Router({ mergeParams: true })
    app.use(resourceMetadata(server))
    app.use('/api', protect(server), router)
    app.use(protect(server), guard(scope('a')))
    app.get('/readyz', readiness(server))
    app.get('/x/:id', guard(scope('a')), (req, res) => {
      expectTypeOf(req.params.id).toEqualTypeOf<string>()
      expectTypeOf(authOf(req)).toEqualTypeOf<AuthContext>()
      expectTypeOf(maybeAuthOf(req)).toEqualTypeOf<AuthContext | undefined>()
      // @ts-expect-error the main entry adds nothing to Express's request
      void req.auth
      res.json(authOf(req).subject)
    })
    router
      .route('/y/:name')
      .all(protect(server, scope('a')))
      .post(guard(scope('b')), (req, res) => {
        expectTypeOf(req.params.name).toEqualTypeOf<string>()
        res.json({})
      })
    const handler: RequestHandler5 = protect(server, { optional: true })
    const handlers: RequestHandler5[] = [handler, guard(scope('a'))]
    app.use(handlers)
    expectTypeOf<Request5>().toExtend<Parameters<typeof authOf>[0]>()
  })

  it('fits the types of Express 4', () => {
    const app = express4()
    const router = express4.Router()
    app.use(resourceMetadata(server))
    app.use('/api', protect(server), router)
    app.get('/readyz', readiness(server))
    app.get('/x/:id', guard(scope('a')), (req, res) => {
      expectTypeOf(req.params.id).toEqualTypeOf<string>()
      res.json(authOf(req).subject)
    })
    router
      .route('/y/:name')
      .all(protect(server))
      .post(guard(scope('b')), (req, res) => void res.json(req.params.name))
    const handlers: RequestHandler4[] = [protect(server, { onRefusal: 'next' }), guard(scope('a'))]
    app.use(handlers)
    expectTypeOf<Request4>().toExtend<Parameters<typeof authOf>[0]>()
  })

  it('takes options, guards, or both in this order', () => {
    protect(server, { attach: 'user' }, scope('a'), ({ claims }) => claims['tenant'] === 'acme' || { reason: 'custom' })
    protect(server, (auth) => auth.hasScope('a') || { reason: 'custom' })
    protect({ issuer: 'https://login.example.com', audience: 'https://other.example.com' }, scope('a'))
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
