import { ConfigError, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { parseChallenge, withDpop } from '../challenges.ts'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const issuer = 'https://as.test'

verifies('HT-01', 'every 401 carries a challenge', async (face) => {
  const { as, get, send, reasons, handled } = await api(face, PLAN)
  const first = await get('/whoami')
  expect(first.status).toBe(401)
  expect(first.lines('www-authenticate')).toEqual([withDpop('Bearer realm="https://api.example.com"')])
  expect(reasons()).toEqual(['credentials_missing'])

  const refused = ROWS.filter((row) => row.expect.status === 401)
  expect(refused.length).toBeGreaterThan(25)
  for (const row of refused) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    const lines = reply.lines('www-authenticate')
    expect([row.does, reply.status, lines.length]).toEqual([row.does, 401, 1])
    expect(parseChallenge(lines[0]!).scheme).toBe('Bearer')
  }
  expect(handled()).toBe(0)
})

verifies('HT-01', 'a guard behind optional protection challenges, too', async (face) => {
  const { get, handled } = await api(face, { protect: { optional: true }, routes: { '/orders': [scope('orders')] } })
  const reply = await get('/orders')
  expect([reply.status, reply.lines('www-authenticate')]).toEqual([
    401,
    [withDpop(`Bearer realm="${AUDIENCE}", scope="orders"`)],
  ])
  expect(handled()).toBe(0)
})

verifies('HT-02', 'the scheme is recognized in any case', async (face) => {
  const { as, get } = await api(face)
  const token = as.jwt()
  for (const scheme of ['Bearer', 'bearer', 'BEARER', 'bEaReR']) {
    expect([scheme, (await get('/', ['Authorization', `${scheme} ${token}`])).status]).toEqual([scheme, 200])
  }
  // A scheme that only looks alike is another scheme.
  for (const scheme of ['Bearers', 'Beare', 'Вearer', 'BEARER:']) {
    const reply = await get('/', ['Authorization', Buffer.from(`${scheme} ${token}`).toString('latin1')])
    expect([scheme, reply.status, reply.body]).toEqual([scheme, 401, '{}'])
  }
})

verifies('HT-03', 'no challenge names a parameter twice, and none can be added', async (face) => {
  const base = { issuer, audience: AUDIENCE }
  for (const name of ['Realm', 'REALM', 'scope', 'error', 'parameters']) {
    expect(() => face.protect({ ...base, challenge: { realm: 'a', [name]: 'b' } })).toThrow(ConfigError)
  }
  expect(() => face.protect({ ...base, challenge: { realm: 'a', Realm: 'b' } as object })).toThrow(
    'unknown option "challenge.Realm"; did you mean "realm"?',
  )

  const { as, send } = await api(face, {
    ...PLAN,
    before: (server) => [{ is: 'resourceMetadata', server }],
    options: { challenge: { errorUri: 'https://docs.example.com/errors' } },
  })
  let most = 0
  for (const row of ROWS.filter(({ expect: { challenge } }) => challenge !== undefined)) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    const names = parseChallenge(reply.headers['www-authenticate'] as string).parameters.map(([one]) =>
      one.toLowerCase(),
    )
    expect([row.does, new Set(names).size]).toEqual([row.does, names.length])
    most = Math.max(most, names.length)
  }
  expect(most).toBeGreaterThanOrEqual(6)
})

verifies('HT-04', 'realm is a quoted-string, even where a token would do', async (face) => {
  const { get } = await api(face, { options: { challenge: { realm: 'api' } } })
  expect((await get('/')).headers['www-authenticate']).toBe(withDpop('Bearer realm="api"'))
})

verifies('HT-05', 'quote and backslash are escaped, and nothing else is', async (face) => {
  const realm = String.raw`a"b\c 'd' <e>, f=g`
  const { get } = await api(face, { options: { challenge: { realm } } })
  const line = (await get('/')).headers['www-authenticate'] as string
  expect(line).toBe(withDpop(String.raw`Bearer realm="a\"b\\c 'd' <e>, f=g"`))
  expect(parseChallenge(line).values['realm']).toBe(realm)
})

verifies('HT-05', 'the realm that is made of an audience is escaped, too', async (face) => {
  const { get } = await api(face, { as: { audience: String.raw`my "api" \é` } })
  const line = (await get('/')).headers['www-authenticate'] as string
  expect(parseChallenge(line).values['realm']).toBe(String.raw`my "api" \ `.trimEnd())
})

verifies('HT-08', 'a challenge has a line of its own', async (face) => {
  const { get } = await api(face, {
    before: () => [{ is: 'headers', headers: { 'WWW-Authenticate': 'Basic realm="legacy"' } }],
  })
  const { lines, headers } = await get('/')
  expect(lines('www-authenticate')).toEqual(['Basic realm="legacy"', withDpop(`Bearer realm="${AUDIENCE}"`)])
  // Joined, as intermediaries may do, they are the same two.
  expect(headers['www-authenticate']).toBe(withDpop(`Basic realm="legacy", Bearer realm="${AUDIENCE}"`))
})

verifies('HT-09', "the application's challenges stand before ours, whatever the refusal", async (face) => {
  const { as, get } = await api(face, {
    before: () => [{ is: 'headers', headers: { 'www-authenticate': 'Negotiate' } }],
    routes: { '/orders': [scope('orders')] },
  })
  for (const [path, token] of [
    ['/', undefined],
    ['/', as.jwt({ expiresIn: '-1m' })],
    ['/orders', as.jwt()],
  ] as const) {
    const lines = (await get(path, token ?? [])).lines('www-authenticate')
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['Negotiate', 'Bearer'])
  }
  // One scheme needs no option for its order; who writes one is told.
  const ordered = { issuer, audience: AUDIENCE, challengeOrder: ['DPoP', 'Bearer'] } as never
  expect(() => face.protect(ordered)).toThrow('unknown option "challengeOrder"')
})

verifies('HT-10', 'missing and unusable credentials get 401', async (face) => {
  const { as, get, handled } = await api(face)
  const revoked = as.opaque()
  as.revoke(revoked)
  for (const credentials of [
    [],
    ['Authorization', 'Basic Zm9v'],
    as.jwt({ expiresIn: '-1m' }),
    as.jwt({ audience: 'https://other.example' }),
    revoked,
    'unheard-of',
  ]) {
    expect((await get('/', credentials)).status).toBe(401)
  }
  expect(handled()).toBe(0)
})

verifies('HT-11', 'good credentials that do not suffice get 403', async (face) => {
  const { as, get, handled, reasons } = await api(face, { routes: { '/orders': [scope('orders')] } })
  expect((await get('/orders', as.jwt({ scope: 'other' }))).status).toBe(403)
  expect((await get('/orders', as.opaque({ scope: 'orders:read' }))).status).toBe(403)
  expect([handled(), reasons()]).toEqual([0, ['scope_missing', 'scope_missing']])
  expect((await get('/orders', as.jwt({ scope: 'orders' }))).status).toBe(200)
})

verifies('HT-12', 'a forbidden resource is 403, unless the application hides it', async (face) => {
  const routes = { '/orders': [scope('orders')] }
  const open = await api(face, { routes })
  expect((await open.get('/orders', open.as.jwt())).status).toBe(403)

  const heard: unknown[] = []
  const hidden = await api(face, {
    routes,
    protect: { onRefusal: 'next' },
    onError: (error) => {
      heard.push((error as { status: number }).status)
      return { status: 404, text: 'not found' }
    },
  })
  const reply = await hidden.get('/orders', hidden.as.jwt())
  expect([reply.status, reply.body, reply.headers['www-authenticate']]).toEqual([404, 'not found', undefined])
  expect([heard, hidden.handled(), hidden.reasons()]).toEqual([[403], 0, ['scope_missing']])
})
