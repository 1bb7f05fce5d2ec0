import { inspect } from 'node:util'
import { AuthError, clientSecretBasic, createResourceServer, type Guard, inlineSignatures, scope } from '@holdfast/core'
import { REASONS } from '#core/errors'
import { testAuthorizationServer, testNetwork } from '@holdfast/testing'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { api, AUDIENCE, type Plan } from '../world.ts'

const boom = (): never => {
  throw new Error('boom: secret-message')
}
const later = async (): Promise<never> => boom()

/** Every place at which somebody else's code runs while a request is judged. */
const BROKEN: Readonly<Record<string, Plan>> = {
  'the network throws': { options: { ports: { http: { send: boom, close: async () => undefined } } } },
  'the network rejects': { options: { ports: { http: { send: later, close: async () => undefined } } } },
  'the network rejects with nothing': {
    // oxlint-disable-next-line prefer-promise-reject-errors -- that is the point
    options: { ports: { http: { send: () => Promise.reject(undefined), close: async () => undefined } } },
  },
  'the network answers with nothing': {
    options: { ports: { http: { send: async () => undefined as never, close: async () => undefined } } },
  },
  'the network answers with no answer': {
    options: { ports: { http: { send: async () => ({}) as never, close: async () => undefined } } },
  },
  'the arithmetic throws': { options: { ports: { signatures: { now: boom, later: boom } } } },
  'the arithmetic rejects': { options: { ports: { signatures: { now: () => undefined, later: later } } } },
  'the secret throws': { options: { introspection: { client: clientSecretBasic('id', boom) } } },
  'the secret rejects': { options: { introspection: { client: clientSecretBasic('id', later) } } },
  'the rule for opaque tokens throws': {
    server: (as, observe) => {
      let built = false
      const test = (): true => (built ? boom() : true)
      const options = as.options({ accepts: { test, examples: ['example'] } })
      const server = createResourceServer({ ...options, observe })
      built = true
      return server
    },
  },
  'a guard throws': { routes: { '/': [boom] } },
  'a guard rejects': { routes: { '/': [later] } },
  'a guard returns itself': { routes: { '/': [(() => boom) as unknown as Guard] } },
  'the store throws': { options: { store: { load: boom, save: boom }, introspection: false } },
  'the store says nothing': {
    options: { store: { load: () => new Promise(() => undefined), save: boom }, introspection: false },
  },
}

/** What a JWT and an opaque token get; 200 where the part that fails has nothing to do with them. */
const SERVED: Readonly<Record<string, readonly [jwt: number, opaque: number]>> = {
  'the network throws': [503, 503],
  'the network rejects': [503, 503],
  'the network rejects with nothing': [503, 503],
  'the network answers with nothing': [503, 503],
  'the network answers with no answer': [503, 503],
  'the arithmetic throws': [500, 200],
  'the arithmetic rejects': [500, 200],
  'the secret throws': [200, 503],
  'the secret rejects': [200, 503],
  'the rule for opaque tokens throws': [200, 500],
  'a guard throws': [500, 500],
  'a guard rejects': [500, 500],
  'a guard returns itself': [403, 403],
  'the store throws': [200, 401],
  'the store says nothing': [503, 401],
}

verifies('XC-01', 'serves nobody when something fails', async (face) => {
  for (const [name, plan] of Object.entries(BROKEN)) {
    const { as, get, handled, reasons } = await api(face, plan)
    const tokens = [as.jwt(), as.opaque({ token: 'example' })]
    const statuses: number[] = []
    for (const token of tokens) {
      const reply = await inVirtualTime(as.clock, get('/', token))
      statuses.push(reply.status)
      expect([name, reply.body.includes('secret-message')]).toEqual([name, false])
    }
    expect([name, statuses]).toEqual([name, SERVED[name]])
    expect([name, handled()]).toEqual([name, statuses.filter((status) => status === 200).length])
    expect([name, reasons().every((reason) => Object.hasOwn(REASONS, reason))]).toEqual([name, true])
  }
})

verifies('XC-09', 'names one of a closed list of reasons, finer than what the client hears', async (face) => {
  const { as, get, reasons, events } = await api(face, { routes: { '/admin': [scope('admin')] } })
  const cases = [
    ['/', '!', 'token_malformed', 'malformed'],
    ['/', as.jwt({ header: { typ: 'JWT' } }), 'type_wrong', 'malformed'],
    ['/', as.jwt({ header: { crit: ['x'] } }), 'critical_unsupported', 'malformed'],
    ['/', as.jwt({ claims: { sub: undefined } }), 'claim_missing', 'malformed'],
    ['/', as.jwt({ claims: { events: {} } }), 'token_kind_wrong', 'malformed'],
    ['/', as.jwt({ alg: 'none' }), 'algorithm_not_allowed', 'signature'],
    ['/', as.jwt({ header: { kid: 'x' } }), 'key_unknown', 'signature'],
    ['/', `${as.jwt().slice(0, -86)}${'A'.repeat(86)}`, 'signature_invalid', 'signature'],
    ['/', as.jwt({ claims: { aud: undefined } }), 'audience_missing', 'not meant'],
    ['/', as.jwt({ audience: 'x' }), 'audience_wrong', 'not meant'],
    ['/', 'unknown', 'token_inactive', 'revoked'],
    ['/admin', as.jwt(), 'scope_missing', 'scope'],
  ] as const
  for (const [path, token, reason, words] of cases) {
    const reply = await get(path, token)
    expect([reason, reasons().at(-1)]).toEqual([reason, reason])
    expect(JSON.parse(reply.body).error_description).toContain(words)
    expect(JSON.stringify(reply.headers)).not.toContain(reason)
  }
  expect(reasons()).toHaveLength(cases.length)
  expect(reasons().every((reason) => Object.hasOwn(REASONS, reason))).toBe(true)
  const told = events.filter((event) => event.type === 'refused')
  expect(told.every(({ status }) => [400, 401, 403].includes(status))).toBe(true)
})

verifies('XC-10', 'gives the verdict that the core by itself gives', async (face) => {
  const { as, server, get } = await api(face)
  const beside = createResourceServer(as.options())
  for (const token of [
    as.jwt(),
    as.opaque(),
    as.jwt({ expiresIn: '-1h' }),
    as.jwt({ audience: 'x' }),
    as.opaque({ audience: 'x' }),
    'unknown',
    '!',
    'a b',
    '',
    'x'.repeat(8_193),
  ]) {
    const reply = await get('/', token)
    const verdict = await beside.verify(token)
    expect([token, verdict.outcome === 'valid']).toEqual([token, reply.status === 200])
    const request = { rawHeaders: ['Authorization', `Bearer ${token}`] }
    const outcome = await beside.authenticate(request).catch((error: unknown) => server.answer(error))
    const { status = 200, headers = {}, body } = outcome as { status?: number; headers?: object; body?: string }
    expect([status, body ?? reply.body]).toEqual([reply.status, reply.body])
    expect(reply.headers).toMatchObject({ ...headers })
  }
  await beside.close()
})

verifies(
  'XC-11',
  "hands its refusals to the application's own error handling only where that is asked for",
  async (face) => {
    const heard: unknown[] = []
    const onError: Plan['onError'] = (error) => {
      heard.push(error)
      const { status = 500, headers = {} } = error as { status?: number; headers?: Record<string, string> }
      return { status, text: headers['www-authenticate'] ?? 'none' }
    }
    const routes = { '/admin': [scope('admin')] }
    const answering = await api(face, { onError, routes })
    const refusals = [await answering.get('/'), await answering.get('/admin', answering.as.jwt())]
    expect(refusals.map(({ status }) => status)).toEqual([401, 403])
    expect(refusals.every((reply) => reply.lines('www-authenticate').length === 1)).toBe(true)
    expect(heard).toEqual([])

    const handing = await api(face, { onError, routes, protect: { onRefusal: 'next' } })
    const missing = await handing.get('/')
    expect([missing.status, missing.body]).toEqual([401, withDpop(`Bearer realm="${AUDIENCE}"`)])
    const lacking = await handing.get('/admin', handing.as.jwt())
    expect([lacking.status, lacking.body.includes('error="insufficient_scope"')]).toEqual([403, true])
    expect(heard.map((error) => error instanceof AuthError)).toEqual([true, true])
    expect(handing.handled()).toBe(0)
  },
)

verifies(
  'XC-11',
  'keeps its answer through middleware further out, and a second challenge beside its own',
  async (face) => {
    const { get } = await api(face, {
      before: () => [{ is: 'headers', headers: { 'X-Outer': 'yes', 'WWW-Authenticate': 'Basic realm="other"' } }],
    })
    const reply = await get('/')
    expect([reply.status, reply.headers['x-outer']]).toEqual([401, 'yes'])
    expect(reply.lines('www-authenticate').join(', ')).toBe(withDpop(`Basic realm="other", Bearer realm="${AUDIENCE}"`))
  },
)

const guarded = (path: string): NonNullable<ReturnType<NonNullable<Plan['before']>>>[number] => ({
  is: 'route',
  method: 'ALL',
  path,
  through: [{ is: 'guard', guards: [scope('admin')] }],
  handle: ({ auth }) => ({ status: 200, text: auth().subject ?? '' }),
})

verifies('XC-12', 'guards below mounts, and names the document from the root of the origin', async (face) => {
  const { as, get } = await api(face, {
    before: (server) => [
      {
        is: 'mount',
        path: '/a',
        as: 'application',
        steps: [
          { is: 'resourceMetadata', server },
          { is: 'protect', server },
          guarded('/x'),
          { is: 'mount', path: '/b', as: 'router', steps: [guarded('/x')] },
        ],
      },
      { is: 'resourceMetadata', server },
    ],
  })
  const document = `${AUDIENCE}/.well-known/oauth-protected-resource`
  for (const path of ['/a/x', '/a/b/x', '/a/b/x?y=/x']) {
    const missing = await get(path)
    expect([missing.status, missing.lines('www-authenticate')[0]?.includes(`resource_metadata="${document}"`)]).toEqual(
      [401, true],
    )
    expect((await get(path, as.jwt())).status).toBe(403)
    const granted = await get(path, as.jwt({ scope: 'admin', sub: 'ada' }))
    expect([granted.status, granted.body]).toEqual([200, 'ada'])
  }
  expect((await get('/.well-known/oauth-protected-resource')).status).toBe(200)
})

verifies(['XC-14', 'XC-18'], 'judges a request once, however often it meets the same server', async (face) => {
  const checks: unknown[] = []
  const signatures: typeof inlineSignatures = {
    now: (check) => {
      checks.push(check)
      return inlineSignatures.now(check)
    },
    later: boom,
  }
  const { as, server, get } = await api(face, {
    options: { ports: { signatures } },
    before: (same) => [
      { is: 'protect', server: same },
      { is: 'protect', server: same, guards: [scope('a')] },
    ],
    routes: { '/x': [scope('a')] },
  })
  const [token, opaque] = [as.jwt({ scope: 'a' }), as.opaque({ scope: 'a' })]
  expect((await get('/x', token)).status).toBe(200)
  expect(checks).toHaveLength(1)
  expect(server.status().counters.accepted).toEqual({ live: 1, cache: 0, stale: 0 })
  expect((await get('/x', opaque)).status).toBe(200)
  expect(as.calls.introspection).toBe(1)
  // Seen before: no arithmetic, no call.
  expect((await get('/x', token)).status).toBe(200)
  expect((await get('/x', opaque)).status).toBe(200)
  expect(checks).toHaveLength(1)
  expect(as.calls.introspection).toBe(1)
  expect(server.status().counters.accepted).toEqual({ live: 2, cache: 2, stale: 0 })
})

verifies('XC-14', 'takes no verdict of another server', async (face) => {
  const other = await testAuthorizationServer({ audience: AUDIENCE, issuer: 'https://other.test' })
  const strict = createResourceServer({ ...other.options(), observe: () => undefined })
  const { as, get, handled } = await api(face, { before: () => [{ is: 'protect', server: strict }] })
  expect((await get('/', as.jwt())).status).toBe(401)
  expect((await get('/', other.jwt())).status).toBe(401)
  expect(handled()).toBe(0)
  await strict.close()
})

verifies('XC-18', 'does one signature check for a new token, and none for one that says no by itself', async (face) => {
  let checks = 0
  const signatures: typeof inlineSignatures = {
    now: (check) => {
      checks += 1
      return inlineSignatures.now(check)
    },
    later: boom,
  }
  const { as, get } = await api(face, { options: { ports: { signatures } }, as: { algorithms: ['ES256', 'ES256'] } })
  const count = async (token: string): Promise<number> => {
    const before = checks
    await get('/', token)
    return checks - before
  }
  const token = as.jwt()
  expect(await count(token)).toBe(1)
  expect(await count(token)).toBe(0)
  for (const junk of [
    as.jwt({ expiresIn: '-1h' }),
    as.jwt({ audience: 'x' }),
    as.jwt({ header: { typ: 'x' } }),
    as.jwt({ alg: 'none' }),
    `${token}AA`,
    'opaque',
    '!',
  ]) {
    expect([junk, await count(junk)]).toEqual([junk, 0])
  }
})

verifies('XC-20', 'throws errors that say what happened, and print no secret', async (face) => {
  const { as, server } = await api(face)
  const token = as.jwt({ expiresIn: '-1h' })
  const error = (await server
    .authenticate({ rawHeaders: ['Authorization', `Bearer ${token}`] })
    .catch((thrown: unknown) => thrown)) as AuthError
  expect(error).toBeInstanceOf(AuthError)
  expect(error).toMatchObject({
    name: 'AuthError',
    message: 'invalid_token',
    reason: 'token_expired',
    code: 'invalid_token',
    status: 401,
    statusCode: 401,
    expose: true,
  })
  expect(error.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]*", error="invalid_token"/)
  expect(JSON.stringify(error)).toBe('{"code":"invalid_token","status":401}')
  as.outage()
  const unavailable = (await server
    .authenticate({ rawHeaders: ['Authorization', `Bearer ${as.opaque({ token: 'the-secret-token' })}`] })
    .catch((thrown: unknown) => thrown)) as AuthError
  expect([unavailable.status, unavailable.headers['retry-after']]).toEqual([503, expect.stringMatching(/^\d+$/)])
  for (const one of [error, unavailable]) {
    for (const shown of [inspect(one, { depth: 9, showHidden: true }), String(one), one.stack, JSON.stringify(one)]) {
      for (const secret of ['the-secret-token', token, token.split('.')[1]!, 'as.test', '/introspect']) {
        expect(shown).not.toContain(secret)
      }
    }
  }
})

verifies('XC-21', 'says who, how and how long, and makes nothing up', async (face) => {
  const { as, get } = await api(face, {
    handle: ({ auth }) => {
      const { issuer, subject, clientId, kind, audience, scopes, expiresAt, binding, evidence, claims } = auth()
      const frozen = [auth(), scopes, audience, evidence, claims].every((one) => Object.isFrozen(one))
      const shape = { issuer, subject, clientId, kind, audience, scopes, expiresAt, binding, evidence, frozen }
      return { status: 200, text: inspect({ ...shape, jti: claims['jti'] }, { breakLength: Infinity, sorted: true }) }
    },
  })
  const now = as.clock.wall() / 1_000
  const jwt = await get('/', as.jwt({ sub: 'ada', clientId: 'shop', scope: 'a b', claims: { jti: 'j' } }))
  expect(jwt.body).toBe(
    inspect(
      {
        issuer: 'https://as.test',
        subject: 'ada',
        clientId: 'shop',
        kind: 'unknown',
        audience: [AUDIENCE],
        scopes: ['a', 'b'],
        expiresAt: now + 3_600,
        binding: { by: 'none' },
        evidence: { by: 'signature', source: 'live', checkedAt: now, stale: false },
        frozen: true,
        jti: 'j',
      },
      { breakLength: Infinity, sorted: true },
    ),
  )
  const bare = {
    sub: undefined,
    client_id: undefined,
    username: undefined,
    exp: undefined,
    jti: undefined,
    nbf: undefined,
  }
  const opaque = await get('/', as.opaque({ claims: { ...bare, iss: undefined, iat: undefined } }))
  for (const absent of ['subject', 'clientId', 'expiresAt', 'jti'])
    expect(opaque.body).toContain(`${absent}: undefined`)
  expect(opaque.body).toContain(`issuer: 'https://as.test'`)
  expect(opaque.body).toContain('scopes: []')
})

verifies(['XC-22', 'XC-23'], 'shows a token to the one issuer that may judge it, and to no other', async (face) => {
  const one = await testAuthorizationServer({ audience: AUDIENCE, issuer: 'https://one.test', opaquePrefix: 'one_' })
  const other = await testAuthorizationServer({
    audience: AUDIENCE,
    issuer: 'https://other.test',
    opaquePrefix: 'other_',
    clock: one.clock,
  })
  const { get, reasons } = await api(face, {
    as: one,
    server: (_, observe) =>
      createResourceServer({
        audience: AUDIENCE,
        issuers: [
          one.issuerOptions({ jwt: { mode: 'online' } }),
          other.issuerOptions({ accepts: { test: (token) => /^(?:other_|both_)/.test(token), examples: ['other_'] } }),
        ],
        ports: { clock: one.clock, http: testNetwork(one, other) },
        observe,
      }),
  })
  const seen = (): readonly number[] => [one.calls.introspection, other.calls.introspection]
  expect((await get('/', one.opaque())).status).toBe(200)
  expect(seen()).toEqual([1, 0])
  expect((await get('/', other.opaque())).status).toBe(200)
  expect(seen()).toEqual([1, 1])
  expect((await get('/', 'one_unknown')).status).toBe(401)
  expect(seen()).toEqual([2, 1])
  expect((await get('/', one.jwt())).status).toBe(200)
  expect(seen()).toEqual([3, 1])
  expect((await get('/', other.jwt())).status).toBe(200)
  // Nobody's: no prefix that is known, another issuer's JWT, one that only resembles an issuer.
  for (const token of [
    'unknown',
    'ONE_x',
    'x_one_',
    one.jwt({ claims: { iss: 'https://evil.test' } }),
    one.jwt({ claims: { iss: 'https://one.test/' } }),
    one.jwt({ claims: { iss: ['https://one.test'] } }),
    one.jwt({ claims: { iss: undefined } }),
    one.jwt({ claims: { iss: other.issuer } }),
    other.jwt({ claims: { iss: one.issuer } }),
  ]) {
    expect([token, (await get('/', token)).status]).toEqual([token, 401])
  }
  expect(seen()).toEqual([3, 1])
  expect(new Set(reasons())).toEqual(new Set(['token_inactive', 'issuer_unknown', 'signature_invalid']))
})

const takes = (first: string): { test: (token: string) => boolean; examples: string[] } => ({
  test: (token) => token.startsWith(first) || token.startsWith('both'),
  examples: [`${first}1`],
})

verifies('XC-22', 'shows a token that two rules take to neither', async (face) => {
  const one = await testAuthorizationServer({ audience: AUDIENCE, issuer: 'https://one.test' })
  const other = await testAuthorizationServer({ audience: AUDIENCE, issuer: 'https://other.test', clock: one.clock })
  const { get, reasons } = await api(face, {
    as: one,
    server: (_, observe) =>
      createResourceServer({
        audience: AUDIENCE,
        issuers: [one.issuerOptions({ accepts: takes('a') }), other.issuerOptions({ accepts: takes('z') })],
        ports: { clock: one.clock, http: testNetwork(one, other) },
        observe,
      }),
  })
  one.opaque({ token: 'both-1' })
  expect((await get('/', 'both-1')).status).toBe(401)
  expect(reasons()).toEqual(['issuer_ambiguous'])
  expect([one.calls.introspection, other.calls.introspection]).toEqual([0, 0])
  const overlapping = { accepts: { prefix: 'a' }, introspection: { client: clientSecretBasic('a', 'b') } }
  expect(() =>
    face.protect({
      audience: AUDIENCE,
      issuers: [
        { issuer: 'https://one.test', ...overlapping },
        { issuer: 'https://other.test', ...overlapping, accepts: { prefix: 'ab' } },
      ],
    }),
  ).toThrow(/take the same opaque tokens/)
})
