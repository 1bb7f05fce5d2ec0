import { scope } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { send } from '../http.ts'
import { rawGet, sendRaw } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const OVERRIDES = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method'] as const

verifies('NG-71', 'goes by the method of the request, whatever a header says', async (face) => {
  const { as, send: sent, handled } = await api(face, { routes: { '/orders': [scope('orders:read')] } })
  const poor = ['Authorization', `Bearer ${as.jwt()}`]
  const preflight = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'POST']
  for (const name of OVERRIDES) {
    for (const method of ['OPTIONS', 'HEAD', 'GET', 'TRACE']) {
      // No request becomes a preflight, which needs no token, by saying that it is one.
      expect([name, (await sent('POST', '/orders', [name, method, ...preflight])).status]).toEqual([name, 401])
      expect([name, (await sent('POST', '/orders', [name, method, ...preflight, ...poor])).status]).toEqual([name, 403])
    }
    // Nor the other way round: the real preflight is answered, and no handler runs as if it were a POST.
    expect((await sent('OPTIONS', '/orders', [name, 'POST', ...preflight])).status).toBe(204)
  }
  expect(handled()).toBe(0)
})

verifies('NG-71', 'takes no method that the application itself put in its place for a preflight', async (face) => {
  const preflight = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'POST']
  const { send: sent, handled } = await api(face, { before: () => [{ is: 'method', method: 'DELETE' }] })
  expect((await sent('OPTIONS', '/', preflight)).status).toBe(401)
  expect(handled()).toBe(0)
})

verifies('NG-72', 'believes nothing that strangers say about host, scheme, address or certificate', async (face) => {
  const { as, origin, get, handled } = await api(face, {
    before: (server) => [{ is: 'resourceMetadata', server }],
    routes: { '/orders': [scope('orders:read')] },
  })
  const spoofed = [
    'X-Forwarded-Proto: http',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-Port: 81',
    'Forwarded: host=evil.example;proto=http;for=10.0.0.1',
    'X-Original-URL: /.well-known/oauth-protected-resource',
    'X-Rewrite-URL: /.well-known/oauth-protected-resource',
    'X-Real-IP: 10.0.0.1',
  ]
  const expected = withDpop(
    'Bearer realm="https://api.example.com", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
  )
  const reply = await sendRaw(origin, rawGet('/orders', ...spoofed))
  expect([reply.status, reply.lines('www-authenticate')]).toEqual([401, [expected]])
  const elsewhere = await sendRaw(origin, 'GET /orders HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
  expect([elsewhere.status, elsewhere.lines('www-authenticate')]).toEqual([401, [expected]])
  const document = await sendRaw(origin, rawGet('/.well-known/oauth-protected-resource', ...spoofed))
  expect(document.status).toBe(200)
  expect(document.body).not.toContain('evil')

  // A certificate in a header proves no binding, nor does a name of a user that a proxy would set.
  const certificate = ['Client-Cert', ':AAAA:', 'X-SSL-Client-Cert', 'AAAA', 'X-Forwarded-Client-Cert', 'Hash=AAAA']
  const bound = as.jwt({ scope: 'orders:read', claims: { cnf: { 'x5t#S256': 'AAAA' } } })
  expect((await get('/orders', ['Authorization', `Bearer ${bound}`, ...certificate])).status).toBe(401)
  expect((await get('/orders', ['X-Forwarded-User', 'root', 'Remote-User', 'root', ...certificate])).status).toBe(401)
  expect(handled()).toBe(0)
})

const SPELLINGS = [
  '/admin',
  '/admin/',
  '//admin',
  '/./admin',
  '/x/../admin',
  '/%2e/admin',
  '/x/%2e%2e/admin',
  '/%61dmin',
  '/adm%69n',
  '/%2fadmin',
  '/admin%2f',
  '/admin%00',
  '/admin%20',
  '/admin;jsessionid=1',
  '/admin;/',
  '/ADMIN',
  '/Admin/',
  '/admin?x',
  '/admin#x',
  '/admin%3fx',
  '/admin\\',
  '/.well-known/oauth-protected-resource/../../admin',
  '/.well-known/oauth-protected-resource#/admin',
  'http://localhost/admin',
  'http://evil.example/admin',
] as const

verifies('NG-73', 'lets no spelling of a path past a guard', async (face) => {
  const { as, origin } = await api(face, {
    before: (server) => [
      { is: 'resourceMetadata', server },
      { is: 'protect', server },
      {
        is: 'route',
        method: 'ALL',
        path: '/admin',
        through: [{ is: 'guard', guards: [scope('admin')] }],
        handle: () => ({ status: 200, text: 'the secret' }),
      },
    ],
  })
  const poor = ['Authorization', `Bearer ${as.jwt({ scope: 'user' })}`]
  for (const path of SPELLINGS) {
    for (const method of ['GET', 'POST', 'HEAD', 'PURGE']) {
      // Which spellings a framework takes for the route is its own affair: 403 by the guard, or another route, or none.
      const mine = await send(origin, method, path, poor)
      expect([path, method, [200, 403, 404].includes(mine.status)]).toEqual([path, method, true])
      expect([path, method, mine.body]).toEqual([path, method, expect.not.stringContaining('secret')])
      expect([path, method, (await send(origin, method, path)).status]).toEqual([path, method, 401])
    }
  }
  const rich = ['Authorization', `Bearer ${as.jwt({ scope: 'admin' })}`]
  expect((await send(origin, 'GET', '/admin', rich)).body).toBe('the secret')
})

verifies(['NG-73', 'XC-12'], 'serves the public document for its own path only', async (face) => {
  const { origin, handled } = await api(face, { before: (server) => [{ is: 'resourceMetadata', server }] })
  const well = '/.well-known/oauth-protected-resource'
  expect((await send(origin, 'GET', well)).status).toBe(200)
  for (const path of [
    `/${well}`,
    `${well}/`,
    `${well}/admin`,
    `${well};x`,
    `/x${well}`,
    well.toUpperCase(),
    `${well}%2f`,
  ]) {
    expect([path, (await send(origin, 'GET', path)).status]).toEqual([path, 401])
  }
  expect(handled()).toBe(0)
})
