import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import * as core from '@holdfast/core'
import { type AuthContext, claim, type Guard, rawTokenOf, scope } from '@holdfast/core'
import * as forExpress from '@holdfast/express'
import * as forKoa from '@holdfast/koa'
import { expect } from 'vitest'
import { MemoryStore } from '../../../packages/core/test/support/memory-store.ts'
import { keepAlive } from '../connection.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

/** What would be of use to a thief, or tell whose a token is. */
const partsOf = (token: string): readonly string[] => [token, ...token.split('.').slice(1)]
const shown = (...values: readonly unknown[]): string =>
  inspect(values, { depth: 12, maxArrayLength: null, maxStringLength: null })

const isAda: Guard = ({ subject }) => subject === 'ada' || { reason: 'custom' }
/** What a proxy says of a client that is elsewhere. */
const remote = (proto: string): readonly string[] => ['X-Forwarded-For', '203.0.113.7', 'X-Forwarded-Proto', proto]

verifies('BT-28', 'a connection remembers nothing: a token that expires is refused on it', async (face) => {
  const { as, origin } = await api(face)
  for (const kind of ['jwt', 'opaque'] as const) {
    const [short, long] = [as[kind]({ expiresIn: '2m' }), as[kind]({ expiresIn: '1h' })]
    const connection = keepAlive(origin)
    const before = [await connection.get(short), await connection.get(long), await connection.get(short)]
    as.clock.advance('3m')
    const after = [await connection.get(short), await connection.get(long), await connection.get('unheard-of')]
    connection.end()
    expect([...before, ...after].map(({ status }) => status)).toEqual([200, 200, 200, 401, 200, 401])
    expect(new Set([...before, ...after].map(({ port }) => port)).size).toBe(1)
  }
})

verifies('BT-28', 'audience, scope and policy are judged for every request', async (face) => {
  const { as, get } = await api(face, { routes: { '/orders': [scope('orders')], '/acme': [claim('tenant', 'acme')] } })
  const token = as.opaque({ scope: 'orders', claims: { tenant: 'initech' } })
  const statuses = []
  for (const path of ['/orders', '/acme', '/orders', '/']) statuses.push((await get(path, token)).status)
  expect(statuses).toEqual([200, 403, 200, 200])
})

verifies('BT-29', 'a token that is not meant for this resource is refused', async (face) => {
  const { as, get, handled, reasons } = await api(face)
  const others = [
    'https://other.example.com',
    `${AUDIENCE}/`,
    `${AUDIENCE}/v1`,
    AUDIENCE.toUpperCase(),
    AUDIENCE.slice(0, -1),
    `${AUDIENCE}.evil.example`,
    ' https://api.example.com',
  ]
  for (const audience of [...others, others]) {
    for (const token of [as.jwt({ audience }), as.opaque({ audience })]) {
      const reply = await get('/', token)
      expect([audience, reply.status, JSON.parse(reply.body)]).toEqual([
        audience,
        401,
        { error: 'invalid_token', error_description: 'The access token is not meant for this resource' },
      ])
    }
  }
  expect([handled(), new Set(reasons())]).toEqual([0, new Set(['audience_wrong'])])
  expect((await get('/', as.jwt({ audience: [...others, AUDIENCE] }))).status).toBe(200)
})

verifies('BT-30', 'a token that is not meant for this action gets 403, and no handler', async (face) => {
  const { as, get, handled } = await api(face, {
    routes: { '/orders': [scope('orders')], '/acme': [claim('tenant', 'acme')], '/own': [isAda] },
  })
  for (const path of ['/orders', '/acme', '/own']) {
    for (const token of [as.jwt({ sub: 'bob' }), as.opaque({ sub: 'bob' })]) {
      expect([path, (await get(path, token)).status]).toEqual([path, 403])
    }
  }
  expect(handled()).toBe(0)
  const fit = as.jwt({ sub: 'ada', scope: 'orders', claims: { tenant: 'acme' } })
  for (const path of ['/orders', '/acme', '/own']) expect((await get(path, fit)).status).toBe(200)
})

verifies('BT-31', 'no token is in an answer, an event, an error, a context or the status', async (face) => {
  const seen: unknown[] = []
  const keep: Guard = (auth) => {
    seen.push(auth, JSON.stringify(auth))
    return true
  }
  const { as, get, server, events } = await api(face, {
    routes: { '/kept': [keep] },
    protect: { onRefusal: 'next' },
    onError: (error) => {
      seen.push(error, (error as Error).cause, (error as Error).stack, JSON.stringify(error))
      return { status: 500, text: String(error) }
    },
  })
  const tokens = [
    as.jwt(),
    as.opaque(),
    as.jwt({ expiresIn: '-1m' }),
    as.jwt({ claims: { iss: 'https://evil.example' } }),
    `${as.jwt()}%`,
    'MARKER'.repeat(1_400),
    'never-issued-MARKER',
  ]
  const replies = []
  for (const token of tokens) replies.push(await get('/kept', token))
  as.outage()
  const later = [tokens[1]!, as.opaque(), 'another-never-issued']
  for (const token of later) replies.push(await get('/kept', token))
  expect(seen.length).toBeGreaterThan(20)
  const all = shown(replies, events, seen, server, server.status())
  for (const part of [...tokens, ...later].flatMap(partsOf).filter((one) => one.length > 8)) {
    expect([part, all.includes(part)]).toEqual([part, false])
  }
})

verifies('BT-32', 'a store gets digests and answers, and no token', async (face) => {
  const store = new MemoryStore()
  const { as, get, server } = await api(face, { options: { store, cache: { introspected: { persist: true } } } })
  const [opaque, inactive, jwt] = [as.opaque({ sub: 'ada-of-the-store' }), as.opaque(), as.jwt()]
  as.revoke(inactive)
  for (const token of [opaque, inactive, jwt]) await get('/', token)
  await server.revoke({ token: as.opaque({ token: 'revoked-by-us' }) })
  await server.revoke({ token: jwt })
  await server.close()
  const kept = JSON.stringify([...store.kept])
  expect(kept).toContain('ada-of-the-store')
  for (const part of [opaque, inactive, jwt, 'revoked-by-us'].flatMap(partsOf)) {
    expect([part, kept.includes(part)]).toEqual([part, false])
  }
})

verifies('BT-33', 'nothing forwards a token, and one function names the raw one', async (face) => {
  const named = new Set([core, forExpress, forKoa].flatMap((module) => Object.keys(module)))
  expect([...named].filter((name) => /token/i.test(name)).toSorted()).toEqual(['bearerToken', 'rawTokenOf'])
  expect([...named].filter((name) => /forward|proxy|upstream|fetch|agent|relay|exchange/i.test(name))).toEqual([])

  const contexts: AuthContext[] = []
  const keep: Guard = (auth) => {
    contexts.push(auth)
    return true
  }
  const { as, get } = await api(face, { routes: { '/kept': [keep] } })
  const token = as.jwt()
  expect((await get('/kept', token)).status).toBe(200)
  const auth = contexts[0]!
  expect(rawTokenOf(auth)).toBe(token)
  expect(() => rawTokenOf({ ...auth })).toThrow(TypeError)
  expect(Object.values(auth).filter((value) => value === token)).toEqual([])
  expect(shown(auth)).not.toContain(token.split('.')[2])
  // A JWT that is verified here is shown to nobody.
  expect(JSON.stringify(as.calls.all)).not.toContain(token.split('.')[1])
})

verifies('BT-34', 'requireHttps refuses plain http before the token is looked at', async (face) => {
  const { as, get, server, reasons, handled } = await api(face, { options: { requireHttps: true } })
  for (const credentials of [
    as.jwt(),
    'unheard-of',
    [],
    ['Authorization', 'Bearer a b'],
    ['Authorization', 'Basic a'],
  ]) {
    const reply = await get('/', credentials)
    expect([reply.status, JSON.parse(reply.body)]).toEqual([
      400,
      { error: 'invalid_request', error_description: 'The request did not come over https' },
    ])
    expect(reply.headers['www-authenticate']).toContain('error="invalid_request"')
  }
  // Nobody was told to believe a proxy.
  expect((await get('/', ['X-Forwarded-Proto', 'https', 'Authorization', `Bearer ${as.jwt()}`])).status).toBe(400)
  // A request that does not say how it came counts as plain.
  const silent = server.authenticate({ rawHeaders: ['authorization', `Bearer ${as.jwt()}`] })
  await expect(silent).rejects.toMatchObject({ reason: 'transport_insecure' })
  expect([new Set(reasons()), handled(), as.calls.total]).toEqual([new Set(['transport_insecure']), 0, 0])
  // What did not come in a request did not come over http.
  expect((await server.verify(as.jwt())).outcome).toBe('valid')
})

verifies('BT-34', 'a proxy is believed where the framework was told to', async (face) => {
  const { as, get, handled } = await api(face, { options: { requireHttps: true }, trustProxy: true })
  const token = ['Authorization', `Bearer ${as.jwt()}`]
  expect((await get('/', [...token, 'X-Forwarded-Proto', 'https'])).status).toBe(200)
  for (const proto of ['http', 'HTTPSX', 'ftp', '']) {
    expect([proto, (await get('/', [...token, 'X-Forwarded-Proto', proto])).status]).toEqual([proto, 400])
  }
  expect(handled()).toBe(1)
})

verifies('BT-34', 'visitors come over https, too', async (face) => {
  const routes = { '/orders': [scope('orders')] }
  const plan = { options: { requireHttps: true }, protect: { optional: true }, trustProxy: true, routes } as const
  const { get, handled } = await api(face, plan)
  expect((await get('/')).status).toBe(400)
  expect((await get('/', ['X-Forwarded-Proto', 'https'])).status).toBe(200)
  // A guard asks a visitor for credentials; how the request came has been judged before.
  expect((await get('/orders', ['X-Forwarded-Proto', 'https'])).status).toBe(401)
  expect(handled()).toBe(1)
})

verifies('BT-34', 'without requireHttps, plain http from another machine is advised against once', async (face) => {
  const advice = async (requireHttps?: boolean): Promise<readonly (string | undefined)[]> => {
    const options = requireHttps === undefined ? {} : { requireHttps }
    const { as, get, events } = await api(face, { options, trustProxy: true })
    const ask = async (fields: readonly string[]): Promise<void> => {
      expect((await get('/', [...fields, 'Authorization', `Bearer ${as.jwt()}`])).status).toBe(200)
    }
    await ask([])
    await ask(remote('https'))
    const before = events.filter(({ type }) => type === 'advice').length
    await ask(remote('http'))
    await ask(remote('http'))
    return [String(before), ...events.flatMap((event) => (event.type === 'advice' ? [event.code] : []))]
  }
  expect(await advice()).toEqual(['0', 'HOLDFAST_PLAIN_HTTP'])
  expect(await advice(false)).toEqual(['0'])
})

verifies('BT-40', 'the documentation says that the link behind a proxy must be protected', () => {
  const text = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8')
  expect(text).toMatch(
    /Where a proxy or load balancer ends TLS, the link from there to the application carries the same/,
  )
  expect(text).toMatch(/Protect it, too: TLS again/)
})
