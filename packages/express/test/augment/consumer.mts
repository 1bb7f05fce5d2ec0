/** Compiled by `augment.test.ts` in a program of its own: what it imports holds for the whole program. */
import type { AuthContext } from '@holdfast/express'
// oxlint-disable-next-line import/no-unassigned-import
import '@holdfast/express/augment'
import { protect, scope } from '@holdfast/express'
import express from 'express'
import express4 from 'express4'

const app = express()
app.use(protect({ issuer: 'https://login.example.com', audience: 'https://api.example.com' }, scope('a')))
app.get('/x/:id', (req, res) => {
  const auth: AuthContext | undefined = req.auth
  // @ts-expect-error it is `undefined` where protect did not run
  res.json([req.auth.subject, auth?.subject])
})
express4().get('/x', (req, res) => {
  const scopes: readonly string[] | undefined = req.auth?.scopes
  res.json(scopes)
})
