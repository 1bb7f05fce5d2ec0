import {
  anyScope,
  claim,
  clientOnly,
  ConfigError,
  entitlement,
  every,
  type Guard,
  group,
  login,
  type ResourceServer,
  role,
  scope,
  some,
  userOnly,
} from '@holdfast/core'
import type { ContractStep } from '@holdfast/testing'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const REALM = `realm="${AUDIENCE}"`
const DENIED = { status: 403, challenge: `Bearer ${REALM}`, body: '{"error":"access_denied"}' }

const says = (answer: unknown): Guard => (() => answer) as Guard
const yes: Guard = () => true
const no: Guard = () => ({ reason: 'custom' })
const later =
  (guard: Guard): Guard =>
  async (...given) =>
    guard(...given)

verifies('SG-06', 'guards ask for all, for any, for what a predicate accepts, and combine', async (face) => {
  const isAcme = claim('tenant', (tenant) => tenant === 'acme')
  const table: readonly (readonly [guards: readonly Guard[], status: number])[] = [
    [[yes, yes], 200],
    [[yes, no], 403],
    [[no, yes], 403],
    [[every(yes, yes)], 200],
    [[every(yes, no)], 403],
    [[every(no, yes)], 403],
    [[some(no, yes)], 200],
    [[some(yes, no)], 200],
    [[some(no, no)], 403],
    [[every(yes, some(no, every(yes, yes)))], 200],
    [[some(every(yes, no), every(no, yes))], 403],
    [[some(no, later(yes))], 200],
    [[every(yes, later(no))], 403],
    [[later(yes), later(yes)], 200],
    [[later(no), yes], 403],
    [[isAcme, anyScope('x', 'a')], 200],
    [[isAcme, scope('a', 'x')], 403],
    [[claim('tenant', ['initech', 'acme'])], 200],
    [[claim('tenant', 'initech')], 403],
    [[claim('absent', () => true)], 403],
  ]
  const routes = Object.fromEntries(table.map(([guards], index) => [`/case-${index}`, guards]))
  const { as, get, handled } = await api(face, { routes })
  const token = as.jwt({ scope: 'a', claims: { tenant: 'acme' } })
  const statuses = []
  for (const path of Object.keys(routes)) statuses.push((await get(path, token)).status)
  expect(statuses).toEqual(table.map(([, status]) => status))
  expect(handled()).toBe(table.filter(([, status]) => status === 200).length)
})

/** `protect(server, ...guards)` on a route. */
const protecting = (path: string, server: ResourceServer, ...guards: readonly Guard[]): ContractStep => ({
  is: 'route',
  method: 'ALL',
  path,
  through: [{ is: 'protect', server, guards }],
  handle: () => ({ status: 200, text: 'reached' }),
})

verifies(['SG-11', 'MC-07'], 'a request without credentials learns the scopes of the operation', async (face) => {
  const { get, reasons } = await api(face, {
    before: (server) => [
      protecting('/one', server, scope('a')),
      protecting('/more', server, scope('a'), anyScope('b', 'c'), every(scope('d'), login({ acr: 'gold' }))),
    ],
    protect: { challenge: { scope: 'read write' } },
  })
  const challenges = []
  for (const path of ['/one', '/more', '/']) challenges.push((await get(path)).headers['www-authenticate'])
  expect(challenges).toEqual([
    withDpop(`Bearer ${REALM}, scope="a"`),
    withDpop(`Bearer ${REALM}, scope="a b d"`),
    withDpop(`Bearer ${REALM}, scope="read write"`),
  ])
  expect(reasons()).toEqual(['credentials_missing', 'credentials_missing', 'credentials_missing'])
})

verifies('SG-12', 'guards judge a token that any cache knows, at every route and at every use', async (face) => {
  let seen = 0
  const odd: Guard = () => (seen += 1) % 2 === 1 || { reason: 'custom' }
  const { as, get } = await api(face, {
    routes: { '/read': [scope('read')], '/write': [scope('write')], '/odd': [odd] },
  })
  for (const token of [as.jwt({ scope: 'read' }), as.opaque({ scope: 'read' })]) {
    const statuses = []
    for (const path of ['/read', '/write', '/read', '/write']) statuses.push((await get(path, token)).status)
    expect(statuses).toEqual([200, 403, 200, 403])
    const turns = []
    for (const path of ['/odd', '/odd', '/odd', '/odd']) turns.push((await get(path, token)).status)
    expect(turns).toEqual([200, 403, 200, 403])
  }
  expect(as.calls.introspection).toBe(1)
})

verifies('SG-13', 'a guard that nothing has verified for lets nothing in', async (face) => {
  let reached = 0
  const { as, get } = await api(face, {
    before: () => [
      {
        is: 'route',
        method: 'ALL',
        path: '/open',
        through: [{ is: 'guard', guards: [yes] }],
        handle: () => ({ status: 200, text: String((reached += 1)) }),
      },
    ],
  })
  for (const credentials of [[], ['Authorization', `Bearer ${as.jwt()}`], ['Authorization', 'Bearer x']]) {
    const reply = await get('/open', credentials)
    expect([reply.status, reply.body]).toEqual([500, '{}'])
    expect(reply.lines('www-authenticate')).toEqual([])
  }
  expect(reached).toBe(0)
})

verifies('SG-14', 'a guard that fails answers 500, one that does not say yes 403', async (face) => {
  const answers: readonly unknown[] = [1, 'true', {}, [], null, undefined, 0, '', false, { reason: 'no such reason' }]
  const failing: readonly Guard[] = [
    () => {
      throw new Error('secret of the application')
    },
    () => Promise.reject(new Error('secret of the application')),
    () => Promise.reject(Object.create(null) as Error),
    some(yes, () => {
      throw new Error('secret of the application')
    }),
  ]
  const routes = Object.fromEntries([
    ...answers.map((answer, index) => [`/says-${index}`, [says(answer)]]),
    ...answers.map((answer, index) => [`/says-later-${index}`, [later(says(answer))]]),
    ...failing.map((guard, index) => [`/fails-${index}`, [guard]]),
  ]) as Record<string, readonly Guard[]>
  const { as, get, handled, reasons } = await api(face, { routes })
  const token = as.jwt()
  for (const path of Object.keys(routes)) {
    const { status, headers, body } = await get(path, token)
    if (path.startsWith('/fails'))
      expect([status, headers['www-authenticate'], body], path).toEqual([500, undefined, '{}'])
    else expect({ status, challenge: headers['www-authenticate'], body }, path).toEqual(DENIED)
  }
  expect(handled()).toBe(0)
  expect(new Set(reasons())).toEqual(new Set(['custom', 'guard_failed']))
})

verifies('SG-15', 'a bad token is a bad token, whatever scope it lacks', async (face) => {
  const { as, get, handled } = await api(face, { routes: { '/a': [scope('a'), login({ acr: 'gold' })] } })
  const bad = [
    as.jwt({ expiresIn: '-1m' }),
    as.jwt({ audience: 'https://other.example' }),
    as.jwt({ claims: { iss: 'https://evil.example' } }),
    `${as.jwt().slice(0, -4)}AAAA`,
    as.opaque({ audience: 'https://other.example' }),
    'no-such-token',
  ]
  for (const token of bad) {
    const reply = await get('/a', token)
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toMatch(
      /^Bearer realm="[^"]+", error="invalid_token", error_description="[^"]+", DPoP realm="[^"]+", algs="[^"]+"$/,
    )
  }
  expect(handled()).toBe(0)
})

verifies('SG-16', 'roles, groups and entitlements are read in their two shapes, and in no other', async (face) => {
  const guards = { roles: role('x', 'y'), groups: group('x', 'y'), entitlements: entitlement('x', 'y') }
  const routes = Object.fromEntries(Object.entries(guards).map(([name, guard]) => [`/${name}`, [guard]]))
  const { as, get } = await api(face, { routes })
  const good = [
    ['x', 'y'],
    ['y', 'z', 'x'],
    [{ value: 'x' }, { value: 'y', display: 'Why', primary: true }],
    [{ value: 'x' }, 'y'],
    [null, 1, 'x', 'y', ['z']],
  ]
  const bad = [
    undefined,
    'x y',
    'x',
    ['x'],
    [],
    ['x y'],
    ['X', 'Y'],
    [['x', 'y']],
    { x: true, y: true },
    { value: ['x', 'y'] },
    { 0: 'x', 1: 'y', length: 2 },
    [{ value: ['x'] }, { value: 'y' }],
    [{ display: 'x' }, { display: 'y' }],
    [{ type: 'x' }, 'y'],
  ]
  for (const [name, few] of [
    ['roles', 99],
    ['groups', 3],
    ['entitlements', 3],
  ] as const) {
    for (const value of good.slice(0, few)) {
      expect((await get(`/${name}`, as.jwt({ claims: { [name]: value } }))).status, JSON.stringify(value)).toBe(200)
    }
    for (const value of bad.slice(0, few)) {
      const { status, headers, body } = await get(`/${name}`, as.jwt({ claims: { [name]: value } }))
      expect({ status, challenge: headers['www-authenticate'], body }, JSON.stringify(value)).toEqual(DENIED)
    }
  }
  expect((await get('/roles', as.opaque({ claims: { roles: [{ value: 'x' }, 'y'] } }))).status).toBe(200)
  expect((await get('/roles', as.opaque({ claims: { roles: 'x y' } }))).status).toBe(403)
  // Another claim's values are no roles.
  expect((await get('/roles', as.jwt({ claims: { groups: ['x', 'y'] } }))).status).toBe(403)
  for (const wrong of [[], [''], [1], [undefined], [['x']], ['x', ''], ['x', 1]]) {
    expect(() => role(...(wrong as [string])), JSON.stringify(wrong)).toThrow(ConfigError)
    expect(() => group(...(wrong as [string]))).toThrow('group(): takes one or more non-empty texts')
    expect(() => entitlement(...(wrong as [string]))).toThrow(ConfigError)
  }
})

const KINDS = { '/user': [userOnly()], '/client': [clientOnly()] }

verifies(
  'SG-17',
  "a user's token is told from a client's by its marks, and refused where it has none, or both",
  async (face) => {
    const { as, get } = await api(face, { routes: KINDS })
    const table: readonly (readonly [claims: object, user: number, client: number])[] = [
      [{ sub: 'ada', client_id: 'shop', auth_time: 1_800_000_000 }, 200, 403],
      [{ sub: 'ada', client_id: 'shop', amr: ['pwd'] }, 200, 403],
      [{ sub: 'ada', client_id: 'shop', sid: 's' }, 200, 403],
      [{ sub: 'shop', client_id: 'shop' }, 403, 200],
      // Who says neither is neither, and so is a user who took the name of a client (RFC 9700 §4.15).
      [{ sub: 'ada', client_id: 'shop' }, 403, 403],
      [{ sub: 'shop', client_id: 'shop', auth_time: 1_800_000_000 }, 403, 403],
      [{ sub: 'Shop', client_id: 'shop' }, 403, 403],
    ]
    for (const [claims, user, client] of table) {
      for (const token of [as.jwt({ claims: { ...claims } }), as.opaque({ claims: { ...claims } })]) {
        const statuses = [(await get('/user', token)).status, (await get('/client', token)).status]
        expect(statuses, JSON.stringify(claims)).toEqual([user, client])
      }
    }
    const { status, headers, body } = await get('/user', as.jwt({ sub: 'shop', clientId: 'shop' }))
    expect({ status, challenge: headers['www-authenticate'], body }).toEqual(DENIED)
  },
)

function kind({ gty }: { readonly gty?: unknown }): unknown {
  if (gty === 'broken') throw new Error('broken')
  return gty === 'client-credentials' ? 'client' : gty === 'password' ? 'user' : gty
}

verifies('SG-17', 'what is configured tells them apart, and nothing else', async (face) => {
  const { as, get, reasons } = await api(face, { routes: KINDS, options: { kind: kind as never } })
  const table: readonly (readonly [claims: object, user: number, client: number])[] = [
    [{ sub: 'ada', gty: 'client-credentials', auth_time: 1_800_000_000 }, 403, 200],
    [{ sub: 'shop', client_id: 'shop', gty: 'password' }, 200, 403],
    [{ sub: 'shop', client_id: 'shop' }, 403, 403],
    [{ sub: 'ada', gty: 'admin', amr: ['pwd'] }, 403, 403],
    [{ sub: 'ada', gty: true }, 403, 403],
    [{ sub: 'ada', gty: 'broken' }, 500, 500],
  ]
  for (const [claims, user, client] of table) {
    const token = as.jwt({ claims: { ...claims } })
    const statuses = [(await get('/user', token)).status, (await get('/client', token)).status]
    expect(statuses, JSON.stringify(claims)).toEqual([user, client])
  }
  expect(reasons()).toEqual(expect.arrayContaining(['guard_failed', 'claim_refused']))
  expect(reasons()).not.toContain('internal_error')
  expect(() =>
    face.protect({ issuers: [{ issuer: 'https://as.test', kind: 'gty' as never }], audience: AUDIENCE }),
  ).toThrow(`option "issuers[0].kind" is "gty"; write a function of claims that returns 'user' or 'client'`)
})

verifies('SG-19', 'a 403 answers in the scheme that was used', async (face) => {
  const { as, get } = await api(face, { routes: { '/a': [scope('a')] } })
  for (const token of [as.jwt(), as.opaque()]) {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const reply = await get('/a', ['Authorization', `${scheme} ${token}`])
      expect(reply.status).toBe(403)
      expect(reply.lines('www-authenticate')).toEqual([
        `Bearer ${REALM}, error="insufficient_scope", error_description="The access token lacks a scope that this request needs", scope="a"`,
      ])
    }
  }
})

verifies('SG-20', 'what a handler does to the scopes is not seen by the next request', async (face) => {
  const attempts: string[] = []
  const attempt = (change: () => unknown): void => {
    try {
      change()
      attempts.push('changed')
    } catch (error) {
      attempts.push((error as Error).name)
    }
  }
  const { as, get } = await api(face, {
    handle: ({ auth }) => {
      const { scopes, claims, audience } = auth() as never as Record<'scopes' | 'audience', string[]> & {
        claims: Record<string, unknown>
      }
      const shown = JSON.stringify([scopes, claims['scope'], audience])
      attempt(() => scopes.push('admin'))
      attempt(() => (scopes.length = 0))
      attempt(() => (claims['scope'] = 'admin'))
      attempt(() => audience.push('x'))
      attempt(() => Object.assign(auth(), { hasScope: () => true }))
      return { status: 200, text: `${shown} ${auth().hasScope('admin')}` }
    },
  })
  for (const token of [as.jwt({ scope: 'read' }), as.opaque({ scope: 'read' })]) {
    const replies = [await get('/', token), await get('/', token), await get('/', token)]
    expect(replies.map(({ body }) => body)).toEqual(Array(3).fill(`[["read"],"read",["${AUDIENCE}"]] false`))
  }
  expect(attempts).toEqual(Array(30).fill('TypeError'))
})
