/** Compiled by `augment.test.ts` in a program of its own: what it imports holds for the whole program. */
import type { AuthContext } from '@holdfast/koa'
// oxlint-disable-next-line import/no-unassigned-import
import '@holdfast/koa/augment'
import { protect, scope } from '@holdfast/koa'
import { Router } from '@koa/router'
import Koa from 'koa'

const app = new Koa()
const router = new Router()
app.use(protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }, scope('a')))
app.use((ctx) => {
  const auth: AuthContext | undefined = ctx.state.auth
  // @ts-expect-error it is `undefined` where protect did not run
  ctx.body = [ctx.state.auth.subject, auth?.subject]
})
router.get('/x/:id', (ctx) => {
  const scopes: readonly string[] | undefined = ctx.state.auth?.scopes
  ctx.body = scopes
})
