import type { RequestListener } from 'node:http'
import { authOf, protect, readiness, type ResourceServer } from '@holdfast/koa'
import { Router } from '@koa/router'
import Koa from 'koa'
import type { Registry } from 'prom-client'
import { letInBy } from './holdfast.ts'

export function koaApi(server: ResourceServer, register: Registry): RequestListener {
  const open = new Router()
  open.get('/readyz', readiness(server))
  open.get('/metrics', async (ctx) => {
    ctx.type = register.contentType
    ctx.body = await register.metrics()
  })
  const router = new Router()
  router.get('/orders', (ctx) => {
    ctx.body = letInBy(authOf(ctx))
  })

  const app = new Koa({ proxy: true }) // as `trust proxy` of the Express API
  app.use(open.routes())
  app.use(protect(server))
  app.use(router.routes())
  const callback = app.callback()
  return (request, response) => void callback(request, response)
}
