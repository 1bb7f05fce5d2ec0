import { createServer } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import {
  authOf,
  createResourceServer,
  guard,
  protect,
  resourceMetadata,
  type ResourceServer,
  scope,
} from '@holdfast/koa'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** For a request without credentials. */
const CHALLENGES =
  'Bearer realm="https://api.example.com", DPoP realm="https://api.example.com", algs="ES256 Ed25519 PS256 RS256"'

const FRAMEWORKS = [
  { name: 'Koa 2', Koa: Koa2 as unknown as typeof Koa3 },
  { name: 'Koa 3', Koa: Koa3 },
]

type Ask = (path: string, token?: string, method?: string, headers?: Record<string, string>) => ReturnType<typeof fetch>

describe.each(FRAMEWORKS)('$name', ({ Koa }) => {
  let as: TestAuthorizationServer
  let server: ResourceServer
  let app: Koa3
  let ends: (() => Promise<unknown>)[]

  beforeEach(async () => {
    as = await testAuthorizationServer({ audience: 'https://api.example.com', listen: true })
    server = createResourceServer(as.options())
    app = new Koa()
    app.silent = true
    ends = [() => server.close(), () => as.close()]
  })

  afterEach(async () => {
    await Promise.all(ends.map((end) => end()))
  })

  async function listening(outer = app): Promise<Ask> {
    const callback = outer.callback()
    const http = createServer((request, response) => void callback(request, response))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    ends.push(async () => {
      http.closeAllConnections()
      return new Promise((resolve) => http.close(resolve))
    })
    const { port } = http.address() as AddressInfo
    return (path, token, method = 'GET', headers = {}) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      })
  }

  it.each([
    ['no credentials', undefined, {}],
    ['a forged token', 'never-issued', { error: 'invalid_token' }],
  ])('writes past Koa where ctx.respond is false: %s', async (_, token, body) => {
    app.use((ctx, next) => {
      ctx.respond = false
      return next()
    })
    app.use(protect(server)).use(unreached)
    const get = await listening()
    const refused = await get('/x', token)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('realm="https://api.example.com"')
    expect(await refused.json()).toMatchObject(body)
  })

  it('answers a preflight past Koa, too', async () => {
    app.use((ctx, next) => {
      ctx.respond = false
      return next()
    })
    app.use(protect(server)).use(unreached)
    const ask = await listening()
    const { status, headers } = await ask('/x', undefined, 'OPTIONS', {
      origin: 'https://app.example.com',
      'access-control-request-method': 'POST',
    })
    expect([status, headers.get('cache-control'), headers.get('content-type')]).toEqual([204, 'no-store', null])
  })

  it('serves the metadata document past Koa, too', async () => {
    app.use((ctx, next) => {
      ctx.respond = false
      return next()
    })
    app.use(protect(server)).use(resourceMetadata(server)).use(unreached)
    const get = await listening()
    const document = await get('/.well-known/oauth-protected-resource')
    expect(document.status).toBe(200)
    expect(await document.json()).toMatchObject({ resource: 'https://api.example.com' })
  })

  it('shows middleware further out what it answered, and lets it change that', async () => {
    const seen: unknown[] = []
    app.use(async (ctx, next) => {
      await next()
      seen.push(ctx.status, ctx.body, ctx.response.get('www-authenticate'))
      ctx.body = { title: 'mine' }
    })
    app.use(protect(server)).use(unreached)
    const get = await listening()
    const refused = await get('/x')
    expect(seen).toEqual([401, '{}', CHALLENGES])
    expect([refused.status, await refused.json()]).toEqual([401, { title: 'mine' }])
  })

  it('throws nothing at error handling further out, unless onRefusal says next', async () => {
    const caught: unknown[] = []
    app.use(async (_ctx, next) => {
      try {
        await next()
      } catch (error) {
        caught.push(error)
        throw error
      }
    })
    const answering = protect(server)
    const handingOn = protect(server, { onRefusal: 'next' })
    app.use((ctx, next) => (ctx.path === '/next' ? handingOn(ctx, next) : answering(ctx, next))).use(unreached)
    const get = await listening()
    const statuses = [(await get('/x')).status, (await get('/next')).status]
    expect(statuses).toEqual([401, 401])
    expect(caught).toEqual([expect.objectContaining({ name: 'AuthError', status: 401 })])
  })

  it('adds no promise of its own where nothing waits', async () => {
    await server.ready()
    const token = as.jwt()
    const tick = Promise.resolve()
    let same: boolean | undefined
    const middleware = protect(server)
    app.use((ctx, next) => {
      const returned = middleware(ctx, () => tick)
      same = returned === tick
      return next()
    })
    app.use((ctx) => {
      ctx.body = authOf(ctx).subject
    })
    const get = await listening()
    await get('/x', token)
    expect(await (await get('/x', token)).text()).toBe('test-user')
    expect(same).toBe(true)
  })

  it('knows a request again in an application that is called back from another', async () => {
    const inner = new Koa()
    inner.silent = true
    inner.use(guard(scope('a'))).use((ctx) => {
      ctx.body = `${authOf(ctx).subject} ${String(ctx.state['auth'] === authOf(ctx))}`
    })
    const callback = inner.callback()
    app.use(protect(server)).use((ctx) => {
      ctx.respond = false
      return callback(ctx.req, ctx.res)
    })
    const get = await listening()
    expect((await get('/x', as.opaque({ scope: 'b' }))).status).toBe(403)
    expect(await (await get('/x', as.opaque({ scope: 'a', sub: 'alice' }))).text()).toBe('alice true')
  })

  it('says the same over HTTP/2', async () => {
    app.use(protect(server)).use((ctx) => {
      ctx.body = authOf(ctx).subject
    })
    const callback = app.callback()
    const http = http2.createServer((request, response) => void callback(request, response))
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const session = http2.connect(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
    ends.push(
      async () => new Promise<void>((resolve) => session.close(resolve)),
      async () => new Promise((resolve) => http.close(resolve)),
    )
    const get = async (headers: http2.OutgoingHttpHeaders): Promise<readonly [unknown, unknown, string]> => {
      const stream = session.request({ ':path': '/x', ...headers })
      const head = await new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once('response', resolve))
      let body = ''
      for await (const chunk of stream.setEncoding('utf8')) body += String(chunk)
      return [head[':status'], head['www-authenticate'], body]
    }
    expect(await get({})).toEqual([401, CHALLENGES, '{}'])
    expect(await get({ authorization: 'Bearer a b' })).toEqual([
      400,
      expect.stringContaining('invalid_request'),
      expect.anything(),
    ])
    expect(await get({ authorization: `Bearer ${as.opaque({ sub: 'alice' })}` })).toEqual([200, undefined, 'alice'])
  })
})

function unreached(): never {
  throw new Error('a handler was reached that must not be')
}
