import { ConfigError, createResourceServer, type Guard, login, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { parseChallenges, withDpop } from '../challenges.ts'
import { rawGet, sendRaw } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const SPLIT = 'x\r\nX-Evil: 1\r\n\r\n<script>'
const INJECTED = 'x", error="ok'

/** What a guard of the application could be made to say. */
const says = (text: string): Guard =>
  ((): unknown => ({
    reason: 'login_insufficient',
    detail: text,
    scopes: [text, 'good'],
    acrValues: [text, 'gold'],
    maxAge: text,
  })) as unknown as Guard

const lacks =
  (text: string): Guard =>
  (): never =>
    ({ reason: 'scope_missing', scopes: [text] }) as never

verifies('NG-67', 'lets no text begin a header line', async (face) => {
  const { as, get, send, reasons } = await api(face, {
    routes: { '/says': [says(SPLIT)], '/lacks': [lacks(SPLIT)], '/orders': [scope('orders:read')] },
  })
  const tokens = [
    as.jwt({ header: { kid: SPLIT } }),
    as.jwt({ header: { alg: SPLIT } }),
    as.jwt({ header: { typ: SPLIT } }),
    as.jwt({ header: { crit: [SPLIT], [SPLIT]: 1 } }),
    as.jwt({ claims: { iss: SPLIT } }),
    as.jwt({ claims: { aud: SPLIT } }),
    as.jwt({ claims: { cnf: { jkt: SPLIT } } }),
    as.jwt({ claims: { [SPLIT]: 1, exp: 1 } }),
    as.jwt({ claims: { scope: SPLIT } }),
  ]
  for (const token of tokens) {
    const reply = await get('/', token)
    expect(reply.status).toBe(401)
    expect(reply.headers['x-evil']).toBeUndefined()
    expect(reply.lines('www-authenticate').join('')).not.toMatch(/evil|<script>/i)
  }
  const token = as.jwt({ claims: { sub: SPLIT, client_id: SPLIT, acr: SPLIT, jti: SPLIT } })
  for (const [path, status, challenge] of [
    [
      '/says',
      401,
      'error="insufficient_user_authentication", error_description="This request needs a stronger or more recent authentication", acr_values="gold"',
    ],
    [
      '/lacks',
      403,
      'error="insufficient_scope", error_description="The access token lacks a scope that this request needs"',
    ],
    [
      '/orders',
      403,
      'error="insufficient_scope", error_description="The access token lacks a scope that this request needs", scope="orders:read"',
    ],
  ] as const) {
    const reply = await get(path, token)
    const bearer = `Bearer realm="https://api.example.com", ${challenge}`
    const expected = challenge.includes('invalid_token') ? withDpop(bearer) : bearer
    expect([path, reply.status, reply.lines('www-authenticate')]).toEqual([path, status, [expected]])
    expect(reply.headers['x-evil']).toBeUndefined()
  }
  const bent = await send('GET', '/%0d%0aX-Evil:1', ['User-Agent', 'x\ty'])
  expect([bent.status, bent.headers['x-evil']]).toEqual([401, undefined])
  expect(reasons()).not.toContain('internal_error')
})

verifies('NG-67', 'refuses configuration that would split a header', async (face) => {
  const base = { issuer: 'https://as.example', audience: 'https://api.example' }
  for (const text of [SPLIT, 'é', '\u0000', '\u007f']) {
    expect(() => face.protect({ ...base, challenge: { realm: text } })).toThrow(ConfigError)
  }
  for (const text of [SPLIT, INJECTED, 'a\\', 'é', '\u0000', '\u007f']) {
    expect(() => face.protect(base, { challenge: { scope: text } })).toThrow(ConfigError)
    expect(() => scope(text)).toThrow(ConfigError)
    expect(() => login({ acr: text })).toThrow(ConfigError)
    expect(() => face.protect({ ...base, resource: `https://api.example/?${text}` })).toThrow(ConfigError)
    expect(() => face.protect({ ...base, resource: `https://api.example/${text}` })).toThrow(ConfigError)
  }
  // An audience may be any text, and then the realm is what of it can stand there.
  const server = createResourceServer({ issuer: 'https://as.example', audience: SPLIT })
  const [challenge] = [server.answer(await server.authenticate({ rawHeaders: [] }).catch((error: unknown) => error))]
  expect(challenge?.headers['www-authenticate']).toBe('Bearer realm="xX-Evil: 1<script>"')
  await server.close()
})

verifies('NG-68', 'escapes what a realm may have and a quoted-string may not', async (face) => {
  for (const realm of [INJECTED, 'a\\', '\\"', '"', '\\']) {
    const { get } = await api(face, { options: { challenge: { realm } } })
    const [challenge = ''] = (await get('/')).lines('www-authenticate')
    expect(parametersOf(challenge)).toEqual(['realm'])
    expect(challenge).toBe(withDpop(`Bearer realm="${realm.replaceAll(/["\\]/g, '\\$&')}"`))
  }
})

verifies('NG-68', 'lets no text add a parameter to a challenge', async (face) => {
  const { as, get } = await api(face, { routes: { '/says': [says(INJECTED)], '/lacks': [lacks(INJECTED)] } })
  for (const token of [
    as.jwt({ header: { kid: INJECTED } }),
    as.jwt({ claims: { iss: INJECTED } }),
    as.jwt({ claims: { aud: INJECTED, sub: INJECTED } }),
    INJECTED,
    `${INJECTED}" x="`,
  ]) {
    const reply = await get('/', token)
    expect(reply.lines('www-authenticate')).toHaveLength(1)
    expect(parametersOf(reply.lines('www-authenticate')[0]!)).toEqual(['realm', 'error', 'error_description'])
  }
  const token = as.jwt({ claims: { acr: INJECTED } })
  const says1 = await get('/says', token)
  expect(parametersOf(says1.lines('www-authenticate')[0]!)).toEqual([
    'realm',
    'error',
    'error_description',
    'acr_values',
  ])
  const lacks1 = await get('/lacks', token)
  expect(parametersOf(lacks1.lines('www-authenticate')[0]!)).toEqual(['realm', 'error', 'error_description'])
})

/** The names in the first challenge; another has its own and no others. */
function parametersOf(challenge: string): readonly string[] {
  const [bearer, ...others] = parseChallenges(challenge)
  for (const other of others) expect(other.parameters.map(([name]) => name)).toEqual(['realm', 'algs'])
  return bearer!.parameters.map(([name]) => name)
}

const HOSTILE = [
  'a\r\nREFUSED by=nobody',
  'a\u001b[31mred\u001b[0m\u0007\b',
  '\u202edesrever\u2066\u2069\u200b',
  '"} {"type":"refused","reason":"closed"',
  '%s %d %j %o %n ${jndi:ldap://x} {{7*7}}',
  'x'.repeat(100_000),
]

const throwing: Guard = ({ claims }) => {
  throw new Error(`no such tenant: ${claims['x'] as string}\n    at ${claims['x'] as string}`)
}

const quoting: Guard = ({ subject, clientId, claims }) => ({
  reason: 'custom',
  detail: `${subject} ${clientId} ${claims['x'] as string}`,
})

verifies(['NG-69', 'XC-08'], 'writes what strangers say as one short line of printable characters', async (face) => {
  const { as, get, events } = await api(face, { routes: { '/quoting': [quoting], '/throwing': [throwing] } })
  for (const text of HOSTILE) {
    const short = text.slice(0, 500)
    const token = as.opaque({
      sub: text.slice(0, 2_000),
      claims: { client_id: text.slice(0, 2_000), x: text.slice(0, 2_000) },
    })
    expect((await get('/quoting', token)).status).toBe(403)
    expect((await get('/throwing', token)).status).toBe(500)
    for (const claims of [{ iss: short }, { aud: short }, { sub: short, exp: 1 }, { typ: short }, { scope: short }]) {
      await get('/', ['Authorization', `Bearer ${as.jwt({ claims })}`, 'User-Agent', 'x'])
    }
    await get('/', as.jwt({ header: { kid: short } }))
  }
  expect(events.length).toBeGreaterThan(40)
  for (const event of events) {
    for (const value of Object.values(event)) {
      expect(['string', 'number', 'boolean', 'undefined']).toContain(typeof value)
      expect(String(value)).toMatch(/^[\x20-\x7e]*$/)
      expect(String(value).length).toBeLessThanOrEqual(500)
    }
  }
  const told = JSON.stringify(events.map((event) => ({ ...event, detail: '' })))
  for (const part of ['REFUSED by', 'jndi', 'desrever', '[31m', 'xxxxxxxx']) expect(told).not.toContain(part)
  // What one error says in ever new words is still one mistake.
  expect(events.filter((event) => event.type === 'advice' && event.code === 'HOLDFAST_GUARD_FAILED')).toHaveLength(1)
  const details = events.flatMap((event) =>
    event.type === 'refused' && event.detail !== undefined ? [event.detail] : [],
  )
  expect(details).toContain('a??REFUSED by=nobody a??REFUSED by=nobody a??REFUSED by=nobody')
  expect(details.every((detail) => detail.length <= 200)).toBe(true)
})

const TEXTS: readonly (string | undefined)[] = [
  undefined,
  'The request carries its credentials in a malformed way',
  'The access token is malformed',
  'The access token expired',
  'The access token is not valid yet',
  'The access token is revoked or inactive',
  'The access token is not meant for this resource',
  'The access token is from an issuer that is not trusted here',
  'The signature of the access token could not be verified',
  'The access token is bound to a key that the request did not prove',
  'The access token lacks a scope that this request needs',
  'This request needs a stronger or more recent authentication',
]

verifies('NG-70', 'tells clients one of a fixed list of texts, and nothing of what was expected', async (face) => {
  const { as, get, origin } = await api(face, {
    options: { requiredClaims: { tenant: 'secret-tenant' } },
    routes: {
      '/orders': [scope('orders:read')],
      '/login': [login({ acr: 'gold', maxAge: '5m' })],
      '/custom': [() => ({ reason: 'custom', detail: 'secret-detail' })],
      '/throws': [
        () => {
          throw new Error('secret-error')
        },
      ],
    },
  })
  const tenant = { tenant: 'secret-tenant' }
  const good = as.jwt({ claims: tenant })
  as.opaque({ token: 'known', claims: tenant })
  const tokens: readonly (readonly [string, string])[] = [
    ['/', ''],
    ['/', 'a b'],
    ['/', '!'],
    ['/', `${good}AA`],
    ['/', good.slice(0, -2)],
    ['/', as.jwt({ expiresIn: '-1h', claims: tenant })],
    ['/', as.jwt({ claims: { ...tenant, nbf: 99_999_999_999 } })],
    ['/', as.jwt({ audience: 'https://other.example', claims: tenant })],
    ['/', as.jwt({ claims: { ...tenant, iss: 'https://other.example' } })],
    ['/', as.jwt({ claims: { tenant: 'other' } })],
    ['/', as.jwt({ header: { typ: 'JWT' }, claims: tenant })],
    ['/', as.jwt({ header: { kid: 'secret-kid' }, claims: tenant })],
    ['/', as.jwt({ alg: 'none', claims: tenant })],
    ['/', as.jwt({ claims: { ...tenant, cnf: { jkt: 'x' } } })],
    ['/', 'unknown'],
    ['/orders', good],
    ['/login', good],
    ['/custom', good],
    ['/throws', good],
  ]
  for (const [path, token] of tokens) {
    const reply = await get(path, token)
    expect([path, token, reply.status >= 400]).toEqual([path, token, true])
    const body = JSON.parse(reply.body) as { error?: string; error_description?: string }
    expect(Object.keys(body).filter((name) => !['error', 'error_description'].includes(name))).toEqual([])
    expect(TEXTS).toContain(body.error_description)
    // What a proof may be signed with is public, and has nothing to do with tokens.
    const wire = JSON.stringify([reply.headers, reply.body]).replaceAll(/algs=\\"[^"]*"/g, '')
    for (const secret of ['secret', 'as.test', 'node:', '.ts', 'ES256', 'es256', 'Error', 'jose']) {
      expect([path, wire.includes(secret)]).toEqual([path, false])
    }
  }
  as.outage()
  const out = await get('/', as.opaque({ claims: tenant }))
  expect([out.status, out.body, out.lines('www-authenticate')]).toEqual([503, '{"error":"unavailable"}', []])
  // A trace in development is the framework's; the error it would print says nothing.
  const raw = await sendRaw(origin, rawGet('/', 'Authorization: Bearer !'))
  expect(raw.body).not.toMatch(/at |\.ts/)
})
