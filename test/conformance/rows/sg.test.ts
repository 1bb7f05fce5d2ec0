import { anyScope, ConfigError, createResourceServer, type Guard, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const REALM = `realm="${AUDIENCE}"`
const LACKS = 'error_description="The access token lacks a scope that this request needs"'
const insufficient = (scopes: string): string =>
  `Bearer ${REALM}, error="insufficient_scope", ${LACKS}, scope="${scopes}"`

/** Scopes that a token has, what a guard asks for, and the status that becomes of it. */
type Case = readonly [granted: string | undefined, guard: Guard, status: 200 | 401 | 403]

/** Asks each case twice, as a JWT and as an opaque token: both kinds are read the same way. */
const judged = (cases: readonly Case[]): ((face: Parameters<typeof api>[0]) => Promise<void>) =>
  async function ask(face) {
    const paths = cases.map((_, index) => `/case-${index}`)
    const routes = Object.fromEntries(cases.map(([, guard], index) => [paths[index]!, [guard]]))
    const { as, get, handled } = await api(face, { routes })
    const statuses: (readonly number[])[] = []
    for (const [index, [granted]] of cases.entries()) {
      const claims = { scope: granted }
      const jwt = await get(paths[index]!, as.jwt({ claims }))
      const opaque = await get(paths[index]!, as.opaque({ claims }))
      statuses.push([jwt.status, opaque.status])
    }
    expect(statuses).toEqual(cases.map(([, , status]) => [status, status]))
    expect(handled()).toBe(2 * cases.filter(([, , status]) => status === 200).length)
  }

verifies(
  'SG-01',
  'order and repetition mean nothing, case does',
  judged([
    ['b a a', scope('a b'), 200],
    ['b a', scope('a', 'b', 'a'), 200],
    ['A', scope('a'), 403],
    ['a', scope('A'), 403],
  ]),
)

verifies(
  'SG-02',
  'nothing but an equal scope fits',
  judged([
    ['read', scope('read:all'), 403],
    ['read:all', scope('read'), 403],
    ['xread', scope('read'), 403],
    ['readx', scope('read'), 403],
    ['*', scope('read'), 403],
    ['read:*', scope('read:all'), 403],
    ['.*', scope('read'), 403],
    ['read', scope('*'), 403],
    ['read,write', scope('read'), 403],
    ['*', scope('*'), 200],
  ]),
)

verifies(
  'SG-03',
  'no scope and an empty one grant nothing',
  judged([
    [undefined, scope('a'), 403],
    ['', scope('a'), 403],
    ['   ', scope('a'), 403],
    [undefined, anyScope('a', 'b'), 403],
  ]),
)

verifies('SG-04', 'a scope of another type is malformed, and a list of scopes is a list of scopes', async (face) => {
  const { as, get, reasons } = await api(face, { routes: { '/a': [scope('a')] } })
  const wrong = [1, true, null, { a: true }, [1], ['a', 1], ['a b'], ['a', ''], [['a']]]
  for (const value of wrong) {
    const reply = await get('/a', as.jwt({ claims: { scope: value } }))
    expect(reply.status, JSON.stringify(value)).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
  }
  expect(reasons()).toEqual(wrong.map(() => 'claims_malformed'))
  expect((await get('/a', as.jwt({ claims: { scope: ['b', 'a'] } }))).status).toBe(200)
  expect((await get('/a', as.jwt({ claims: { scope: ['a,b'] } }))).status).toBe(403)
})

verifies('SG-04', 'scp is read where scope is missing, and other claims where they are named', async (face) => {
  const { as, get } = await api(face, { routes: { '/a': [scope('a')] } })
  const usual = [{ scp: ['a'] }, { scp: 'b a' }, { scope: 'b', scp: ['a'] }, { scp: 'b,a' }, { permissions: ['a'] }]
  const statuses = []
  for (const claims of usual) statuses.push((await get('/a', as.jwt({ claims }))).status)
  expect(statuses).toEqual([200, 200, 403, 403, 403])
  const other = await api(face, { routes: { '/a': [scope('a')] }, options: { scopeClaims: ['permissions'] } })
  expect((await other.get('/a', other.as.jwt({ claims: { permissions: ['a'] } }))).status).toBe(200)
  expect((await other.get('/a', other.as.jwt({ scope: 'a' }))).status).toBe(403)
})

verifies('SG-05', 'needless spaces are tolerated, and no other separator', async (face) => {
  const { as, get, reasons } = await api(face, { routes: { '/ab': [scope('a b')] } })
  for (const written of [' a  b ', 'a b ', '   b a']) {
    expect((await get('/ab', as.jwt({ scope: written }))).status, written).toBe(200)
    expect((await get('/ab', as.opaque({ scope: written }))).status, written).toBe(200)
  }
  const foreign = ['a\tb', 'a\nb', 'a\u00a0b', 'a b\0', 'a b "', 'a b \\', 'a b ä', 'a b \u007f']
  for (const written of foreign) {
    const reply = await get('/ab', as.jwt({ scope: written }))
    expect(reply.status, JSON.stringify(written)).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('error="invalid_token"')
  }
  expect(reasons()).toEqual(foreign.map(() => 'claims_malformed'))
})

verifies(['SG-07', 'MC-09'], 'one challenge names all that is needed, whatever the token has', async (face) => {
  const { as, get, handled } = await api(face, {
    routes: { '/abc': [scope('a b c')], '/two': [scope('a'), scope('b', 'c')] },
  })
  for (const granted of ['a', 'b a', '', 'z']) {
    for (const path of ['/abc', '/two']) {
      const reply = await get(path, as.jwt({ scope: granted }))
      expect(reply.status).toBe(403)
      expect(reply.headers['www-authenticate']).toBe(insufficient('a b c'))
    }
  }
  expect(handled()).toBe(0)
})

verifies('SG-08', 'alternatives advertise the first', async (face) => {
  const { as, get } = await api(face, { routes: { '/any': [anyScope('b', 'a')] } })
  const reply = await get('/any', as.jwt({ scope: 'c' }))
  expect(reply.status).toBe(403)
  expect(reply.headers['www-authenticate']).toBe(insufficient('b'))
  expect((await get('/any', as.jwt({ scope: 'a' }))).status).toBe(200)
})

verifies(['SG-09', 'MC-10'], 'a scope counts for what it includes, however many steps away', async (face) => {
  const scopeImplies = { admin: ['write'], write: ['read', 'list'] }
  const routes = {
    '/read': [scope('read')],
    '/write': [scope('write')],
    '/both': [scope('read', 'other')],
    '/any': [anyScope('x', 'list')],
  }
  const { as, get } = await api(face, { routes, options: { scopeImplies } })
  const statuses: Record<string, readonly number[]> = {}
  for (const granted of ['admin', 'write', 'read', 'list', 'ADMIN', 'administrator', 'admin other']) {
    const row: number[] = []
    for (const path of Object.keys(routes)) {
      row.push((await get(path, as.jwt({ scope: granted }))).status)
    }
    statuses[granted] = row
  }
  expect(statuses).toEqual({
    admin: [200, 200, 403, 200],
    write: [200, 200, 403, 200],
    read: [200, 403, 403, 403],
    list: [403, 403, 403, 200],
    ADMIN: [403, 403, 403, 403],
    administrator: [403, 403, 403, 403],
    'admin other': [200, 200, 200, 200],
  })
  expect((await get('/read', as.opaque({ scope: 'admin' }))).status).toBe(200)
  expect((await get('/write', as.opaque({ scope: 'read' }))).status).toBe(403)
  const reply = await get('/read', as.jwt({ scope: 'list' }))
  expect(reply.headers['www-authenticate']).toBe(insufficient('read'))
  const seen = await get('/', as.jwt({ scope: 'admin' }))
  expect(JSON.parse(seen.body)).toMatchObject({ scopes: ['admin'] })
})

const build = (scopeImplies: unknown) => () =>
  createResourceServer({ issuer: 'https://as.test', audience: AUDIENCE, scopeImplies } as never)

verifies('SG-09', 'a circle, and what is no scope, are refused when they are written', () => {
  const circles = [
    { a: ['a'] },
    { a: ['b'], b: ['a'] },
    { a: ['b'], b: ['c'], c: ['d'], d: ['b'] },
    { z: ['a'], a: ['b', 'c'], c: ['a'] },
  ]
  for (const circle of circles) {
    expect(build(circle), JSON.stringify(circle)).toThrow(ConfigError)
    expect(build(circle)).toThrow(/option "scopeImplies" goes in a circle at "[a-d]"/)
  }
  expect(build({ a: 'b' })).toThrow(`option "scopeImplies.a" is "b"; write a list of scopes, such as ['orders:read']`)
  for (const wrong of [
    [],
    ['a'],
    'a',
    1,
    null,
    { a: [] },
    { a: [1] },
    { a: ['b c'] },
    { 'a b': ['c'] },
    { '': ['c'] },
  ]) {
    expect(build(wrong), JSON.stringify(wrong)).toThrow(ConfigError)
    expect(build(wrong), JSON.stringify(wrong)).toThrow(/option "scopeImplies/)
  }
  // Two ways to the same scope are no circle, and members of every object are names like others.
  expect(build({ a: ['b', 'c'], b: ['d'], c: ['d'], constructor: ['toString'] })).not.toThrow()
})

verifies('SG-18', 'names of members that every object has are scopes like others', async (face) => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty']
  const routes = Object.fromEntries(names.map((name) => [`/${name}`, [scope(name)]]))
  // An empty map of implications has them by its prototype, too.
  const { as, get } = await api(face, { routes, options: { scopeImplies: { admin: ['a'] } } })
  for (const granted of [...names, 'a', 'admin']) {
    for (const needed of names) {
      const reply = await get(`/${needed}`, as.jwt({ scope: granted }))
      expect(reply.status, `${granted} for ${needed}`).toBe(granted === needed ? 200 : 403)
    }
  }
})

verifies(['SG-10', 'MC-11'], 'offline_access is refused wherever it would be asked for', (face) => {
  const options = { issuer: 'https://as.test', audience: AUDIENCE }
  expect(() => scope('offline_access')).toThrow(ConfigError)
  expect(() => scope('offline_access')).toThrow('scope(): "offline_access" asks for a refresh token')
  expect(() => scope('a', 'b offline_access')).toThrow(ConfigError)
  expect(() => anyScope('a', 'offline_access')).toThrow(ConfigError)
  expect(() => face.protect(options, { challenge: { scope: 'a offline_access' } })).toThrow(ConfigError)
  expect(() => face.protect(options, { challenge: { scope: 'a offline_access' } })).toThrow('challenge.scope')
  const resourceMetadata = { scopesSupported: ['a', 'offline_access'] }
  expect(() => face.protect({ ...options, resourceMetadata })).toThrow(ConfigError)
  expect(() => face.protect({ ...options, resourceMetadata })).toThrow('resourceMetadata.scopesSupported')
  // Case matters: it is another scope then.
  expect(() => scope('Offline_Access')).not.toThrow()
})
