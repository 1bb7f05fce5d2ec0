import type { RequestListener } from 'node:http'
import { authOf, protect, readiness, type ResourceServer } from '@holdfast/express'
import type { Registry } from 'prom-client'
import { expressApi } from './express-api.ts'
import { letInBy } from './holdfast.ts'

export function holdfastExpress(server: ResourceServer, register: Registry): RequestListener {
  return expressApi({
    protect: protect(server),
    letInBy: (request) => letInBy(authOf(request)),
    open: {
      '/readyz': readiness(server),
      '/metrics': async (_request, response) => {
        response.type(register.contentType).send(await register.metrics())
      },
    },
  })
}
