import { every, fresh, type Guard, login, scope, some } from '@holdfast/core'
import type { ContractStep } from '@holdfast/testing'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

verifies('NG-122', 'is satisfied by no acr and no auth_time of another type, or from the future', async (face) => {
  const { as, get, handled, reasons } = await api(face, {
    routes: { '/acr': [login({ acr: ['gold', 'silver'] })], '/recent': [login({ maxAge: '5m' })] },
  })
  const now = as.clock.wall() / 1_000
  for (const acr of ['gold silver', 'gold ', ' gold', 'GOLD', 'gol', 'goldd', '', 'go\u200bld', 'g\u043eld']) {
    for (const token of [as.jwt({ claims: { acr } }), as.opaque({ claims: { acr } })]) {
      const reply = await get('/acr', token)
      expect([acr, reply.status, reply.lines('www-authenticate')[0]?.includes('acr_values="gold silver"')]).toEqual([
        acr,
        401,
        true,
      ])
    }
  }
  expect(new Set(reasons())).toEqual(new Set(['login_insufficient']))
  const wrong = {
    acr: [['gold'], { gold: true }, 1, true, null],
    auth_time: [String(now), [now], true, {}, null],
  }
  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      const path = name === 'acr' ? '/acr' : '/recent'
      const reply = await get(path, as.jwt({ claims: { [name]: value } }))
      expect([name, value, reply.status]).toEqual([name, value, 401])
    }
  }
  for (const at of [now + 31, now + 3_600, now - 331, 0, -1, now * 1_000]) {
    expect([at, (await get('/recent', as.jwt({ claims: { auth_time: at } }))).status]).toEqual([at, 401])
    expect([at, (await get('/recent', as.opaque({ claims: { auth_time: at } }))).status >= 400]).toEqual([at, true])
  }
  expect(handled()).toBe(0)
  expect((await get('/acr', as.jwt({ claims: { acr: 'silver' } }))).status).toBe(200)
  for (const at of [now, now + 30, now - 330]) {
    expect([at, (await get('/recent', as.jwt({ claims: { auth_time: at } }))).status]).toEqual([at, 200])
  }
})

verifies('NG-123', 'takes exact, space-separated scope tokens, and nothing that resembles one', async (face) => {
  const { as, get, handled } = await api(face, { routes: { '/admin': [scope('admin')] } })
  const strings = [
    'user\nadmin',
    'user,admin',
    'user;admin',
    'user\tadmin',
    'user|admin',
    'user+admin',
    'user%20admin',
    'user\u00a0admin',
    'admin\u0000',
    '\u0000admin',
    'admin\n',
    'Admin',
    'admins',
    'adm',
    'admin:read',
    '"admin"',
    '\u0430dmin',
    'admi\u006e\u0301',
    'ad\u200bmin',
    '*',
    '.*',
    'admin*',
    '__proto__',
    'constructor',
    '',
    ' ',
  ]
  const others = [['user,admin'], ['user admin'], [['admin']], [{ admin: true }], { admin: true }, true, 1, [1], [null]]
  for (const value of [...strings, ...others]) {
    for (const token of [
      as.jwt({ claims: { scope: value } }),
      as.jwt({ claims: { scp: value } }),
      as.opaque({ claims: { scope: value } }),
    ]) {
      expect([value, (await get('/admin', token)).status >= 400]).toEqual([value, true])
    }
  }
  expect(handled()).toBe(0)
  expect((await get('/admin', as.jwt({ scope: 'user admin' }))).status).toBe(200)
  expect((await get('/admin', as.jwt({ scope: ' user  admin ' }))).status).toBe(200)
  expect((await get('/admin', as.opaque({ claims: { scope: ['user', 'admin'] } }))).status).toBe(200)
})

verifies('NG-123', 'reads a hundred thousand scopes once, and not at all where the token is too long', async (face) => {
  const { as, get, handled } = await api(face, { routes: { '/admin': [scope('admin')], '/last': [scope('z')] } })
  const many = Array.from({ length: 20_000 }, (_, index) => index.toString(36))
  const token = as.opaque({ scope: [...many, 'z'] })
  // More than the 64 KiB of an answer: trouble, and nobody is let in on it.
  expect((await get('/last', token)).status).toBe(503)
  const fewer = as.opaque({ scope: [...many.slice(0, 10_000), 'z'] })
  expect((await get('/last', fewer)).status).toBe(200)
  expect((await get('/admin', fewer)).status).toBe(403)
  expect((await get('/last', as.jwt({ scope: [...many.slice(0, 3_000), 'z'] }))).status).toBe(401)
  expect(as.calls.introspection).toBe(2)
  expect(handled()).toBe(1)
})

const open = (path: string): ContractStep => ({
  is: 'route',
  method: 'ALL',
  path,
  through: [{ is: 'guard', guards: [scope('admin')] }],
  handle: () => ({ status: 200, text: 'reached' }),
})

verifies('NG-124', 'refuses in a guard that is reached without protect, wherever it stands', async (face) => {
  const warned = process.listeners('warning')
  process.removeAllListeners('warning')
  const { as, get, send } = await api(face, {
    before: () => [
      open('/early'),
      { is: 'mount', path: '/router', as: 'router', steps: [open('/early')] },
      { is: 'mount', path: '/app', as: 'application', steps: [open('/early')] },
    ],
  })
  const token = as.jwt({ scope: 'admin' })
  const paths = ['/early', '/router/early', '/app/early']
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS']) {
      const reply = await send(method, path, ['Authorization', `Bearer ${token}`])
      expect([path, method, reply.status, reply.body.includes('reached')]).toEqual([path, method, 500, false])
    }
    expect([path, (await get(path)).status]).toEqual([path, 500])
  }
  for (const listener of warned) process.on('warning', listener)
})

verifies('NG-124', 'asks every guard of the way, of routers and of routes', async (face) => {
  const { as, send, handled } = await api(face, {
    before: (server) => [
      { is: 'protect', server },
      {
        is: 'mount',
        path: '/outer',
        as: 'router',
        steps: [
          { is: 'guard', guards: [scope('a')] },
          { is: 'mount', path: '/inner', as: 'router', steps: [{ is: 'guard', guards: [scope('b')] }, open('/x')] },
          open('/y'),
        ],
      },
    ],
  })
  const status = async (path: string, granted: string): Promise<number> =>
    (await send('GET', path, ['Authorization', `Bearer ${as.jwt({ scope: granted })}`])).status
  expect(await status('/outer/inner/x', 'b admin')).toBe(403)
  expect(await status('/outer/inner/x', 'a admin')).toBe(403)
  expect(await status('/outer/inner/x', 'a b')).toBe(403)
  expect(await status('/outer/y', 'b admin')).toBe(403)
  expect(await status('/outer/inner/x', 'a b admin')).toBe(200)
  expect(await status('/outer/y', 'a admin')).toBe(200)
  expect(handled()).toBe(0)
})

verifies('NG-124', 'lets no error handler of the application serve a refused request', async (face) => {
  const { as, get, handled } = await api(face, {
    protect: { onRefusal: 'next' },
    routes: { '/admin': [scope('admin')] },
    onError: (error) => ({ status: (error as { status?: number }).status ?? 500, text: 'handled elsewhere' }),
  })
  for (const [token, status] of [
    ['!', 401],
    [as.jwt(), 403],
  ] as const) {
    const reply = await get('/admin', token)
    expect([reply.status, reply.body]).toEqual([status, 'handled elsewhere'])
  }
  expect(handled()).toBe(0)
})

verifies('NG-125', 'asks the guard for every method that reaches it', async (face) => {
  const { as, send, handled } = await api(face, {
    routes: { '/admin': [scope('admin')] },
    before: (server) => [
      { is: 'protect', server },
      {
        is: 'route',
        method: 'GET',
        path: '/report',
        through: [{ is: 'guard', guards: [scope('admin')] }],
        handle: () => ({ status: 200, text: 'the report' }),
      },
    ],
  })
  const poor = ['Authorization', `Bearer ${as.jwt({ scope: 'user' })}`]
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'PROPFIND', 'REPORT', 'SEARCH']
  for (const method of methods) {
    expect([method, (await send(method, '/admin', poor)).status]).toEqual([method, 403])
    expect([method, (await send(method, '/admin')).status]).toEqual([method, 401])
  }
  // A route for GET answers HEAD, too: by the same guard, and without a body.
  const head = await send('HEAD', '/report', poor)
  expect([head.status, head.body]).toEqual([403, ''])
  expect((await send('GET', '/report', poor)).body).not.toContain('report')
  expect(handled()).toBe(0)
})

const later: Guard = async () => ({ reason: 'custom' })

const no: Guard = () => ({ reason: 'custom' })

const soon: Guard = async () => true

const yes: Guard = () => true

verifies('NG-125', 'combines guards without a way round any of them', async (face) => {
  const { as, get, handled } = await api(face, {
    routes: {
      '/every': [every(yes, soon, no)],
      '/every-later': [every(yes, later, soon)],
      '/some': [some(no, later)],
      '/nested': [some(every(yes, no), every(soon, later))],
      '/fresh': [every(fresh('1m'), no)],
      '/allowed': [some(no, every(yes, soon))],
    },
  })
  const token = as.opaque()
  for (const path of ['/every', '/every-later', '/some', '/nested', '/fresh']) {
    expect([path, (await get(path, token)).status]).toEqual([path, 403])
  }
  expect(handled()).toBe(0)
  expect((await get('/allowed', token)).status).toBe(200)
})
