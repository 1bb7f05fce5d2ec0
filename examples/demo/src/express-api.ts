import type { ResourceServer } from '@holdfast/core'
import { authOf, fresh, guard, protect, readiness, resourceMetadata, scope } from '@holdfast/express'
import express, { type Express } from 'express'

export function expressApi(server: ResourceServer): Express {
  const app = express()
  app.use(resourceMetadata(server))
  app.get('/readyz', readiness(server))

  app.use(protect(server))
  app.get('/orders', guard(scope('orders:read')), (req, res) => {
    res.json({ orders: ['a book'], for: authOf(req).clientId, evidence: authOf(req).evidence })
  })
  app.post('/orders', guard(scope('orders:write')), (req, res) => {
    res.status(201).json({ order: 'a lamp', evidence: authOf(req).evidence })
  })
  // Money goes out: what the authorization server said 5 s ago at most. (oidc-provider says it of opaque tokens only.)
  app.post('/refunds', guard(scope('refunds:write'), fresh('5s')), (req, res) => {
    res.json({ refunded: 'a book', evidence: authOf(req).evidence })
  })
  return app
}
