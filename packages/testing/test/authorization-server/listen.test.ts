import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createResourceServer, fresh, type ResourceServer, scope } from '@holdfast/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type TestAuthorizationServer, testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'
let as: TestAuthorizationServer
let server: ResourceServer
let troubles: unknown[]
const open: (() => unknown)[] = []

function resourceServer(resilience: Parameters<TestAuthorizationServer['options']>[0] = {}): ResourceServer {
  const observed = createResourceServer(
    as.options({
      ...resilience,
      observe: (event) => void ('trouble' in event && event.trouble !== undefined && troubles.push(event.trouble)),
    }),
  )
  open.push(() => observed.close())
  return observed
}

beforeEach(async () => {
  troubles = []
  as = await testAuthorizationServer({ audience, listen: true })
  server = resourceServer()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
  await as.close()
})

describe('with listen', () => {
  it('is an issuer on loopback', () => {
    expect(as.issuer).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('verifies both kinds of token over real sockets', async () => {
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'valid' })
    expect(as.calls.counts).toEqual({ metadata: 1, keys: 1, introspection: 1 })
  })

  it('answers any HTTP client', async () => {
    const metadata = await fetch(`${as.issuer}/.well-known/openid-configuration`)
    expect(await metadata.json()).toEqual(as.metadata)
    expect((await fetch(`${as.issuer}/elsewhere`)).status).toBe(404)
    expect((await fetch(`${as.issuer}/introspect`)).status).toBe(405)
    expect((await fetch(`${as.issuer}/introspect`, { method: 'POST' })).status).toBe(401)
  })

  it('lets an API live through an outage', async () => {
    const api = createServer((request, response) => {
      const guards = request.method === 'POST' ? [scope('refunds:write'), fresh('5s')] : [scope('orders:read')]
      server
        .authenticate(request)
        .then((auth) => server.authorize(auth, ...guards))
        .then(
          () => response.end('ok'),
          (error: unknown) => {
            const { status, headers, body } = server.answer(error)
            response.writeHead(status, { ...headers }).end(body)
          },
        )
    })
    const url = await listening(api)
    open.push(() => api.close())
    const token = as.opaque({ scope: 'orders:read refunds:write' })
    const call = async (method: string): Promise<number> =>
      (await fetch(url, { method, headers: { authorization: `Bearer ${token}` } })).status

    expect(await call('GET')).toBe(200)
    as.outage()
    as.clock.advance('2m')
    expect(await call('GET')).toBe(200)
    expect(await call('POST')).toBe(503)
    await as.recover()
    expect(await call('POST')).toBe(200)
  })

  it('refuses connections in an outage, and takes them again on the same port', async () => {
    await server.ready()
    as.outage()
    await expect(fetch(`${as.issuer}/jwks`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
    await as.recover()
    expect((await fetch(`${as.issuer}/jwks`)).status).toBe(200)
  })

  it('has core see an outage as refused connections', async () => {
    await server.ready()
    as.outage()
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['connect'])
  })

  it('can be reached again without being awaited', async () => {
    await server.ready()
    as.outage()
    as.recover()
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'valid' })
  })

  it.each(['outage', 'reset'] as const)('ends the connection without an answer: %s of one endpoint', async (fault) => {
    await server.ready()
    as[fault]('introspection')
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['reset'])
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
  })

  it.each(['hang', 'drip'] as const)('%ss until the request is ended', async (fault) => {
    const hasty = resourceServer({ resilience: { introspectionDeadline: '50ms' } })
    await hasty.ready()
    as[fault]('introspection')
    expect(await hasty.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    expect(troubles).toEqual(['timeout'])
  })

  it('answers slowly', async () => {
    const hasty = resourceServer({ resilience: { introspectionDeadline: '400ms' } })
    await hasty.ready()
    as.slow('5s', 'introspection')
    expect(await hasty.verify(as.opaque())).toMatchObject({ outcome: 'unavailable' })
    as.slow('5ms', 'introspection')
    expect(await hasty.verify(as.opaque())).toMatchObject({ outcome: 'valid' })
  })

  it('answers what it is told to', async () => {
    as.respond('keys', { status: 429, headers: { 'Retry-After': '7' }, body: 'slow down', contentType: 'text/plain' })
    const answer = await fetch(`${as.issuer}/jwks`)
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([429, '7', 'slow down'])
  })

  it('shuts the port when it is closed', async () => {
    await as.close()
    await as.recover()
    await as.close()
    await expect(fetch(`${as.issuer}/jwks`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  it('lets nobody choose its issuer', async () => {
    await expect(testAuthorizationServer({ audience, listen: true, issuer: 'https://as.test' })).rejects.toThrow(
      'exclude each other',
    )
  })
})

function listening(api: Server): Promise<string> {
  return new Promise((resolve) => {
    api.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(api.address() as AddressInfo).port}/`))
  })
}
