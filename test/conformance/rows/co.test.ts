import { readFileSync } from 'node:fs'
import { scope } from '@holdfast/core'
import { expect } from 'vitest'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const PREFLIGHT = [
  'Origin',
  'https://app.example',
  'Access-Control-Request-Method',
  'GET',
  'Access-Control-Request-Headers',
  'authorization',
] as const
/** What CORS middleware of an application has set before a request is refused. */
const CORS = {
  'access-control-allow-origin': 'https://app.example',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'X-A',
  vary: 'Origin',
}
const deployment = readFileSync(new URL('../../../docs/deployment.md', import.meta.url), 'utf8')

verifies('CO-01', 'a preflight is not refused for lack of a token', async (face) => {
  const { send, handled, reasons } = await api(face, {
    routes: { '/orders': [scope('orders')] },
    protect: { challenge: { scope: 'a' } },
  })
  for (const path of ['/', '/orders', '/nowhere']) {
    const reply = await send('OPTIONS', path, PREFLIGHT)
    expect([path, reply.status, reply.body, reply.headers['www-authenticate']]).toEqual([path, 204, '', undefined])
  }
  expect([handled(), reasons()]).toEqual([0, []])
})

verifies('CO-01', 'with preflight "pass" a preflight gets to the handlers', async (face) => {
  const { send, handled } = await api(face, { protect: { preflight: 'pass' } })
  const reply = await send('OPTIONS', '/', PREFLIGHT)
  expect([reply.status, JSON.parse(reply.body), handled()]).toEqual([200, { anonymous: true }, 1])
  for (const [method, fields] of [
    ['OPTIONS', PREFLIGHT.slice(0, 2)],
    ['OPTIONS', PREFLIGHT.slice(2)],
    ['GET', PREFLIGHT],
    ['POST', PREFLIGHT],
    ['OPTIONS', [...PREFLIGHT, 'Authorization', 'Basic Zm9v']],
    ['OPTIONS', [...PREFLIGHT, 'Authorization', 'Bearer unheard-of']],
  ] as const) {
    expect([method, fields.length, (await send(method, '/', fields)).status]).toEqual([method, fields.length, 401])
  }
  expect(handled()).toBe(1)
})

verifies('CO-02', 'no answer of ours allows an origin anything', async (face) => {
  for (const preflight of ['answer', 'pass'] as const) {
    const { send } = await api(face, { protect: { preflight }, options: { cors: { expose: true } } })
    const reply = await send('OPTIONS', '/', PREFLIGHT)
    const allowed = Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))
    expect([preflight, allowed]).toEqual([preflight, []])
  }
})

verifies('CO-02', 'an application that answers preflights before is left to it', async (face) => {
  const { send } = await api(face, {
    before: () => [{ is: 'route', method: 'OPTIONS', path: '/', handle: () => ({ status: 200, text: 'mine' }) }],
  })
  const reply = await send('OPTIONS', '/', PREFLIGHT)
  expect([reply.status, reply.body]).toEqual([200, 'mine'])
})

verifies('CO-03', 'a preflight that is let through is nobody, and no guard lets it pass', async (face) => {
  const { send, handled } = await api(face, {
    protect: { preflight: 'pass' },
    routes: { '/orders': [scope('orders')], '/any': [() => true] },
    handle: ({ maybeAuth, auth }) => {
      expect(auth).toThrow('there is no auth on this request')
      return { status: 200, text: typeof maybeAuth() }
    },
  })
  const reply = await send('OPTIONS', '/', PREFLIGHT)
  expect([reply.status, reply.body, handled()]).toEqual([200, 'undefined', 1])
  for (const path of ['/orders', '/any']) {
    const guarded = await send('OPTIONS', path, PREFLIGHT)
    expect([path, guarded.status, guarded.body, handled()]).toEqual([path, 204, '', 1])
  }
})

verifies('CO-03', 'guards of protect itself answer it, too', async (face) => {
  const { server } = await api(face)
  let ran = 0
  const running = await face.harness.start({
    steps: [
      { is: 'protect', server, options: { preflight: 'pass' }, guards: [() => true] },
      { is: 'handler', handle: () => ({ status: 200, text: String((ran += 1)) }) },
    ],
  })
  const headers = { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET' }
  const { status } = await fetch(running.origin, { method: 'OPTIONS', headers })
  await running.close()
  expect([status, ran]).toEqual([204, 0])
})

verifies(['CO-04', 'CO-07'], 'the fields of a refusal are exposed by name, beside those that are', async (face) => {
  const ours = 'WWW-Authenticate, Retry-After'
  for (const [set, expected] of [
    [undefined, ours],
    ['X-A', `X-A, ${ours}`],
    ['X-A,X-B', `X-A, X-B, ${ours}`],
    ['*', `*, ${ours}`],
    ['retry-after, X-A', 'retry-after, X-A, WWW-Authenticate'],
    ['www-authenticate , Retry-After', 'www-authenticate, Retry-After'],
    ['', ours],
  ] as const) {
    const { as, get } = await api(face, {
      options: { cors: { expose: true } },
      before: () => (set === undefined ? [] : [{ is: 'headers', headers: { 'access-control-expose-headers': set } }]),
    })
    const refused = await get('/')
    expect([set, refused.status, refused.lines('access-control-expose-headers')]).toEqual([set, 401, [expected]])
    const good = await get('/', as.jwt())
    expect([good.status, good.headers['access-control-expose-headers']]).toEqual([200, set])
    as.outage()
    const unavailable = await get('/', as.opaque())
    expect([unavailable.status, unavailable.headers['access-control-expose-headers']]).toEqual([503, expected])
  }
})

verifies('CO-04', 'errors that are handed on carry it, and nothing is exposed unless configured', async (face) => {
  const seen: unknown[] = []
  const { get } = await api(face, {
    options: { cors: { expose: true } },
    protect: { onRefusal: 'next' },
    onError: (error) => {
      seen.push((error as { headers: object }).headers)
      return { status: 401, text: '' }
    },
  })
  await get('/')
  expect(seen).toMatchObject([{ 'access-control-expose-headers': 'WWW-Authenticate, Retry-After' }])

  const { as, send } = await api(face, PLAN)
  for (const row of ROWS.filter(({ expect: { status } }) => status >= 400)) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    expect([row.does, reply.headers['access-control-expose-headers']]).toEqual([row.does, undefined])
  }
})

verifies(['CO-05', 'CO-08'], 'CORS headers of the application stay as they are', async (face) => {
  const { as, send } = await api(face, { ...PLAN, before: () => [{ is: 'headers', headers: CORS }] })
  for (const row of ROWS.filter(({ path, method }) => path !== '/unprotected' && method === undefined)) {
    const { headers } = await send('GET', row.path ?? '/whoami', fieldsOf(row, as))
    for (const [name, value] of Object.entries(CORS))
      expect([row.does, name, headers[name]]).toEqual([row.does, name, value])
  }
  as.outage()
  const { status, headers } = await send('GET', '/whoami', ['Authorization', `Bearer ${as.opaque()}`])
  expect([status, headers]).toMatchObject([503, CORS])
})

verifies('CO-06', 'the documentation says what browsers must be told about Authorization', () => {
  expect(deployment).toMatch(/\*\*`Access-Control-Allow-Headers`\*\* must name `Authorization`: `\*` does not cover it/)
  expect(deployment).toContain('`Authorization, DPoP`')
  expect(deployment).toMatch(/\*\*`Access-Control-Expose-Headers`\*\* must name `WWW-Authenticate` and `Retry-After`/)
})

verifies('CO-08', 'no CORS header appears where the application sets none', async (face) => {
  const { as, send, get } = await api(face, { ...PLAN, options: { cors: { expose: true } } })
  const origin = ['Origin', 'https://app.example'] as const
  const replies = [await get('/whoami', [...origin, 'Authorization', `Bearer ${as.jwt()}`])]
  for (const row of ROWS.filter(({ expect: { status } }) => status !== 200)) {
    replies.push(
      await send(row.method ?? 'GET', row.path ?? '/whoami', [
        ...origin.slice(0, row.method ? 0 : 2),
        ...fieldsOf(row, as),
      ]),
    )
  }
  for (const { headers } of replies) {
    const allowed = Object.keys(headers).filter((name) => name.startsWith('access-control-allow'))
    expect(allowed).toEqual([])
  }
})

verifies('CO-09', 'the metadata document is readable for every origin', async (face) => {
  const { get, send } = await api(face, { before: (server) => [{ is: 'resourceMetadata', server }] })
  const path = '/.well-known/oauth-protected-resource'
  const reply = await get(path, ['Origin', 'https://app.example'])
  expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([200, '*'])
  expect(reply.headers['access-control-allow-credentials']).toBeUndefined()
  const preflight = await send('OPTIONS', path, PREFLIGHT)
  expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*'])
})
