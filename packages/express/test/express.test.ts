import type { AddressInfo } from 'node:net'
import { createServer, type RequestListener } from 'node:http'
import {
  AuthError,
  authOf,
  createResourceServer,
  guard,
  maybeAuthOf,
  protect,
  type ResourceServer,
  scope,
} from '@holdfast/express'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import express5, { type Express, type NextFunction, type Request, type Response } from 'express'
import express4 from 'express4'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

/** For a request without credentials. */
const CHALLENGES =
  'Bearer realm="https://api.example.com", DPoP realm="https://api.example.com", algs="ES256 Ed25519 PS256 RS256"'

const FRAMEWORKS = [
  { name: 'Express 4', express: express4 as unknown as typeof express5 },
  { name: 'Express 5', express: express5 },
]

describe.each(FRAMEWORKS)('$name', ({ express }) => {
  let as: TestAuthorizationServer
  let server: ResourceServer
  let app: Express
  let ends: (() => Promise<unknown>)[]

  beforeEach(async () => {
    vi.spyOn(console, 'error').mockReturnValue() // outside of tests Express prints what nobody handled
    as = await testAuthorizationServer({ audience: 'https://api.example.com', listen: true })
    server = createResourceServer(as.options())
    app = express()
    app.set('env', 'test')
    ends = [() => server.close(), () => as.close()]
  })

  afterEach(async () => {
    await Promise.all(ends.map((end) => end()))
  })

  async function listening(): Promise<(path: string, token?: string, init?: RequestInit) => ReturnType<typeof fetch>> {
    const http = createServer(app as RequestListener)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    ends.push(async () => {
      http.closeAllConnections()
      return new Promise((resolve) => http.close(resolve))
    })
    const { port } = http.address() as AddressInfo
    return (path, token, init) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        ...init,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      })
  }

  it("protects the route it stands on when an earlier one is left by next('route')", async () => {
    app.get('/x', (_req: Request, _res: Response, next: NextFunction) => next('route'), unreached)
    app.get('/x', protect(server, scope('a')), (req, res) => void res.send(authOf(req).scopes.join(' ')))
    const get = await listening()
    expect((await get('/x')).status).toBe(401)
    expect(await (await get('/x', as.opaque({ scope: 'a b' }))).text()).toBe('a b')
  })

  it("lets a handler leave its route by next('route') after a guard, and does not guard the next one", async () => {
    app.use(protect(server))
    app.get('/x', guard(scope('a')), (_req: Request, _res: Response, next: NextFunction) => next('route'))
    app.get('/x', (req, res) => void res.send(authOf(req).subject))
    const get = await listening()
    expect((await get('/x', as.opaque({ scope: 'b' }))).status).toBe(403)
    expect(await (await get('/x', as.opaque({ scope: 'a', sub: 'alice' }))).text()).toBe('alice')
  })

  it("does not take a refusal for next('router'): what stands after the router is not reached", async () => {
    const router = express.Router()
    router.use(protect(server, { onRefusal: 'next' }))
    app.use('/api', router)
    app.use(unreached)
    const get = await listening()
    expect((await get('/api/x')).status).toBe(401)
  })

  it('takes no token from query or body, also where they are parsed', async () => {
    app.use(express.urlencoded({ extended: false }), protect(server), unreached)
    const get = await listening()
    const token = as.opaque()
    const body = new URLSearchParams({ access_token: token })
    expect((await get(`/x?access_token=${token}`)).status).toBe(401)
    expect((await get('/x', undefined, { method: 'POST', body })).status).toBe(401)
  })

  it('answers in production what it answers in development', async () => {
    app.set('env', 'production')
    app.use(protect(server, { onRefusal: 'next' }), unreached)
    const get = await listening()
    const { status, headers } = await get('/x')
    expect([status, headers.get('www-authenticate')]).toEqual([401, CHALLENGES])
  })

  it('lets error handlers tell its errors from others, and what they answer goes out', async () => {
    app.use(protect(server, { onRefusal: 'next' }), unreached)
    app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
      if (!(error instanceof AuthError)) return next(error)
      res.status(error.status).set(error.headers).json({ title: error.code })
    })
    const get = await listening()
    const refused = await get('/x', 'never-issued')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await refused.json()).toEqual({ title: 'invalid_token' })
  })

  it.each(['before', 'during'])('goes on when the response is over %s the wait', async (when) => {
    const seen: unknown[] = []
    const done = new Promise<void>((resolve) => {
      app.use((_req: Request, res: Response, next: NextFunction) => {
        if (when === 'before') res.once('close', () => next())
        res.status(202).end()
        if (when === 'during') next()
      })
      app.use(protect(server), (req: Request) => {
        seen.push(authOf(req).subject)
        resolve()
      })
    })
    const get = await listening()
    await server.ready()
    as.slow(100)
    expect((await get('/x', as.opaque({ sub: 'alice' }))).status).toBe(202)
    await done
    expect(seen).toEqual(['alice'])
  })

  it('tells error handlers when the context cannot be shown, also after a wait', async () => {
    app.use(protect(server, { attach: 'ip' }), unreached)
    const get = await listening()
    const token = as.opaque()
    expect([(await get('/x', token)).status, (await get('/x', token)).status]).toEqual([500, 500])
  })

  it('says what is missing when a handler asks for auth that is not there', async () => {
    const said: string[] = []
    for (const [path, ask] of Object.entries({ '/auth': authOf, '/maybe': maybeAuthOf })) {
      app.get(path, (req, res) => {
        try {
          ask(req)
        } catch (error) {
          said.push((error as Error).message)
        }
        res.end()
      })
    }
    const get = await listening()
    await get('/auth')
    await get('/maybe')
    expect(said).toEqual([
      expect.stringContaining('protect() did not run before'),
      expect.stringContaining('protect() did not run before'),
    ])
  })
})

function unreached(): never {
  throw new Error('a handler was reached that must not be')
}
