import type { ResourceServer } from '@holdfast/core'
import { authOf, fresh, guard, protect, readiness, resourceMetadata, scope } from '@holdfast/koa'
import { Router } from '@koa/router'
import Koa from 'koa'

export function koaApi(server: ResourceServer): Koa {
  const open = new Router()
  open.get('/readyz', readiness(server))

  const router = new Router()
  router.get('/orders', guard(scope('orders:read')), (ctx) => {
    ctx.body = { orders: ['a book'], for: authOf(ctx).clientId, evidence: authOf(ctx).evidence }
  })
  router.post('/orders', guard(scope('orders:write')), (ctx) => {
    ctx.status = 201
    ctx.body = { order: 'a lamp', evidence: authOf(ctx).evidence }
  })
  // Money goes out: what the authorization server said 5 s ago at most. (oidc-provider says it of opaque tokens only.)
  router.post('/refunds', guard(scope('refunds:write'), fresh('5s')), (ctx) => {
    ctx.body = { refunded: 'a book', evidence: authOf(ctx).evidence }
  })

  const app = new Koa()
  app.use(resourceMetadata(server))
  app.use(open.routes())
  app.use(protect(server))
  app.use(router.routes())
  return app
}
