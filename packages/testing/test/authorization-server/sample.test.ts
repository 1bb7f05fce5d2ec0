import { type AuthContext, createResourceServer, fresh, type ResourceServer, scope } from '@holdfast/core'
import { expect, it } from 'vitest'
import { testAuthorizationServer } from '../../src/index.ts'

/** An application without a framework: two routes, and the status that each answers with. */
function buildApp(server: ResourceServer): (method: 'GET' | 'POST', token: string) => Promise<number> {
  const guards = { GET: [scope('orders:read')], POST: [scope('refunds:write'), fresh('5s')] }
  return async (method, token) => {
    try {
      const auth: AuthContext = await server.authenticate({ method, rawHeaders: ['authorization', `Bearer ${token}`] })
      await server.authorize(auth, ...guards[method])
      return 200
    } catch (error) {
      return server.answer(error).status
    }
  }
}

it('lets a test live through an outage in a few lines', async () => {
  const as = await testAuthorizationServer({ audience: 'https://api.example.com' })
  const request = buildApp(createResourceServer(as.options()))
  const token = as.opaque({ scope: 'orders:read refunds:write' })
  expect(await request('GET', token)).toBe(200) // verified live
  as.outage()
  as.clock.advance('2m')
  expect(await request('GET', token)).toBe(200) // known, within grace
  expect(await request('POST', token)).toBe(503) // this route asked for fresh evidence
})
