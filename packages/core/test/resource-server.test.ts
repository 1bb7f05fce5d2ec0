import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { AuthError, ConfigError } from '../src/errors.ts'
import { claim } from '../src/guard/claim.ts'
import { fresh } from '../src/guard/fresh.ts'
import type { Guard } from '../src/guard/guard.ts'
import { login } from '../src/guard/login.ts'
import { scope } from '../src/guard/scope.ts'
import { bearerToken } from '../src/introspection/bearer-token.ts'
import { clientSecretBasic, unauthenticated } from '../src/introspection/client-authentication.ts'
import type { Store } from '../src/ports/store.ts'
import type { Revocation } from '../src/revoke.ts'
import { readinessOf, toAuthInfo } from '../src/probes.ts'
import { certificate } from './support/certificate.ts'
import { settled, START } from './support/manual-clock.ts'
import { errorOf, reasonOf } from './support/refusals.ts'
import { failing, held, json, status } from './support/scripted-http.ts'
import { AUDIENCE, authority, bearer, SECRET, world } from './support/world.ts'

/** Both challenges of a server, for a request whose scheme nobody knows. */
const withDpop = (one: string, needs = ''): string =>
  `${one}${needs}, ${one.replace('Bearer', 'DPoP')}, algs="ES256 Ed25519 PS256 RS256"${needs}`

const JWT_ONLY = ['https://as.example']
const OPAQUE = 'opaque-token-0123456789'

describe('both kinds of token', () => {
  test('a JWT is verified by its signature', async () => {
    const { server, as } = world()
    expect(await server.authenticate(bearer(as.jwt()))).toMatchObject({
      issuer: 'https://as.example',
      subject: 'somebody',
      clientId: 'app',
      scopes: ['a'],
      audience: [AUDIENCE],
      expiresAt: START + 600,
      binding: { by: 'none' },
      evidence: { by: 'signature', source: 'live', checkedAt: START, stale: false },
    })
  }) // XC-21

  test('an opaque token is verified by asking', async () => {
    const { server } = world()
    expect(await server.authenticate(bearer(OPAQUE))).toMatchObject({
      subject: 'somebody',
      clientId: undefined,
      expiresAt: undefined,
      evidence: { by: 'introspection', source: 'live', stale: false },
    })
  }) // XC-21, IN-12

  test('the second use comes from the cache, without waiting', async () => {
    const { server, as, http } = world()
    for (const token of [as.jwt(), OPAQUE]) {
      await server.authenticate(bearer(token))
      const before = http.calls.length
      expect(server.tryAuthenticate(bearer(token))).toMatchObject({ evidence: { source: 'cache', stale: false } })
      expect(http.calls.length).toBe(before)
    }
  })

  test('scopes are judged anew on every use', async () => {
    const { server } = world()
    const auth = await server.authenticate(bearer(OPAQUE))
    expect(server.authorize(auth, scope('a'))).toBe(auth)
    const again = await server.authenticate(bearer(OPAQUE))
    expect(await reasonOf(() => server.authorize(again, scope('b')))).toBe('scope_missing')
  }) // SG-12, IN-31

  test('a token bound to a key is refused as a bearer token', async () => {
    const { server, as } = world()
    as.introspects({ active: true, aud: AUDIENCE, cnf: { jkt: 'x' } })
    expect(await reasonOf(() => server.authenticate(bearer(OPAQUE)))).toBe('binding_unsupported')
  }) // IN-17

  test('token_type DPoP without a confirmation is refused', async () => {
    const { server, as } = world()
    as.introspects({ active: true, aud: AUDIENCE, token_type: 'DPoP' })
    expect(await reasonOf(() => server.authenticate(bearer(OPAQUE)))).toBe('binding_unsupported')
  }) // IN-18

  test('an invalid token is 401 whatever scope it lacks', async () => {
    const { server, as } = world()
    const error = await errorOf(() => server.authenticate(bearer(as.jwt({ exp: START - 100, scope: '' }))))
    expect([error.reason, error.status]).toEqual(['token_expired', 401])
  }) // SG-15, SU-12

  test('what a handler does to scopes changes nothing for the next request', async () => {
    const { server } = world()
    const auth = await server.authenticate(bearer(OPAQUE))
    expect(() => (auth.scopes as string[]).push('admin')).toThrow(TypeError)
    expect(() => ((auth.claims as Record<string, unknown>)['sub'] = 'x')).toThrow(TypeError)
    expect((await server.authenticate(bearer(OPAQUE))).scopes).toEqual(['a'])
  }) // SG-20, IN-40
})

const facts = (outcome: unknown): unknown =>
  outcome instanceof AuthError ? [outcome.reason, outcome.status, outcome.headers] : JSON.parse(JSON.stringify(outcome))

describe('trying at once and waiting come to the same', () => {
  const CASES: [string, (as: ReturnType<typeof authority>) => string][] = [
    ['a good JWT', (as) => as.jwt()],
    ['an expired one', (as) => as.jwt({ exp: START - 100 })],
    ['one for others', (as) => as.jwt({ aud: 'x' })],
    ['one of another issuer', (as) => as.jwt({ iss: 'https://other.example' })],
    ['one with another typ', (as) => as.jwt({}, { typ: 'JWT' })],
    ['one with another algorithm', (as) => as.jwt({}, { alg: 'none' })],
    ['a forged one', (as) => `${as.jwt().slice(0, -40)}${'A'.repeat(40)}`],
    ['one with a changed payload', (as) => as.jwt().replace(/\.[^.]+\./, `.${as.jwt({ sub: 'x' }).split('.')[1]}.`)],
    ['one that is bound', (as) => as.jwt({ cnf: { jkt: 'x' } })],
    ['a bad word', () => 'a b'],
  ]
  test.each(CASES)('%s', async (_, make) => {
    const { server, as } = world()
    await server.ready()
    const token = make(as)
    const tried = server.tryAuthenticate(bearer(token))
    const other = world().server
    await other.ready()
    const waited = await other.authenticate(bearer(token)).catch((error: AuthError) => error)
    expect(tried).toBeDefined()
    expect(facts(tried)).toEqual(facts(waited))
  }) // XC-10

  test('what takes waiting is undecided at once, and starts nothing', () => {
    const { server, as, http } = world()
    expect([server.tryAuthenticate(bearer(OPAQUE)), server.tryAuthenticate(bearer(as.jwt())), http.calls]).toEqual([
      undefined,
      undefined,
      [],
    ])
  })

  test('a request object that has come to stand for another request brings nothing of the one before', async () => {
    const { server, as } = world()
    const [one, other] = [as.jwt({ sub: 'one' }), as.jwt({ sub: 'other' })]
    const request = { method: 'GET', url: '/', rawHeaders: ['authorization', `Bearer ${one}`] }
    expect(server.tryAuthenticate(request)).toBeUndefined()
    request.rawHeaders = ['authorization', `Bearer ${other}`]
    expect(await server.authenticate(request)).toMatchObject({ subject: 'other' })
  })

  test('a 401 names the scopes that the operation needs', async () => {
    const { server } = world()
    const tried = server.tryAuthenticate({ rawHeaders: [] }, { scopes: ['a', 'b'] }) as AuthError
    const waited = await errorOf(() => server.authenticate({ rawHeaders: [] }, { scopes: ['a', 'b'] }))
    expect([tried.headers['www-authenticate'], waited.headers['www-authenticate']]).toEqual([
      withDpop('Bearer realm="https://api.example"', ', scope="a b"'),
      withDpop('Bearer realm="https://api.example"', ', scope="a b"'),
    ])
  }) // SG-11
})

function threeIssuers() {
  let all: ReturnType<typeof authority>[] = []
  const set = world({}, (http) => {
    all = ['https://a.example', 'https://b.example', 'https://c.example'].map((issuer) => authority(http, issuer))
    return [
      { issuer: 'https://a.example', introspection: { client: unauthenticated() }, accepts: { prefix: 'a_' } },
      {
        issuer: 'https://b.example',
        jwt: false,
        introspection: { client: bearerToken('b') },
        accepts: { prefix: 'b_' },
      },
      'https://c.example',
    ]
  })
  return { ...set, all, hosts: () => [...new Set(set.http.calls.map(({ url }) => new URL(url).host))] }
}

describe('several issuers', () => {
  test.each([
    ['a_0123456789', 'a.example'],
    ['b_0123456789', 'b.example'],
  ])('the opaque token %s is seen by %s and nobody else', async (token, host) => {
    const { server, hosts } = threeIssuers()
    expect((await server.authenticate(bearer(token))).issuer).toBe(`https://${host}`)
    expect(hosts()).toEqual([host])
  }) // XC-22, XC-23, DI-23

  test('an opaque token that no rule takes is seen by nobody', async () => {
    const { server, hosts } = threeIssuers()
    expect([await reasonOf(() => server.authenticate(bearer('c_0123456789'))), hosts()]).toEqual(['issuer_unknown', []])
  }) // XC-22

  test.each([0, 2])('a JWT is held against the keys of its issuer (%d)', async (index) => {
    const { server, all, hosts } = threeIssuers()
    const { issuer } = await server.authenticate(bearer(all[index]!.jwt()))
    expect([issuer, hosts()]).toEqual([all[index]!.issuer, [new URL(issuer).host]])
  }) // XC-22

  test('a JWT of an issuer whose JWTs are not verified here is asked about', async () => {
    const { server, all } = threeIssuers()
    expect((await server.authenticate(bearer(all[1]!.jwt()))).evidence.by).toBe('introspection')
  }) // XC-22

  test('ten thousand unknown issuers cause no call', async () => {
    const { server, as, http } = threeIssuers()
    for (let i = 0; i < 10_000; i += 100) {
      expect(await reasonOf(() => server.authenticate(bearer(as.jwt({ iss: `https://x${i}.example` }))))).toBe(
        'issuer_unknown',
      )
    }
    expect(http.calls).toEqual([])
  }) // DI-19

  test('an outage of one leaves the others alone', async () => {
    const { server, all } = threeIssuers()
    all[0]!.down(failing('connect'))
    expect(await reasonOf(() => server.authenticate(bearer(all[0]!.jwt())))).toBe('keys_unavailable')
    expect((await server.authenticate(bearer(all[2]!.jwt()))).subject).toBe('somebody')
    expect(server.status()).toMatchObject({ state: 'degraded', issuers: [{ state: 'cold' }, {}, { state: 'fresh' }] })
  })
})

describe('two servers', () => {
  test('what one knows the other does not', async () => {
    const one = world()
    const other = world()
    await one.server.authenticate(bearer(OPAQUE))
    expect(other.server.tryAuthenticate(bearer(OPAQUE))).toBeUndefined()
  }) // XC-13

  test('what one revokes the other takes', async () => {
    const one = world()
    const other = world()
    await one.server.revoke({ token: OPAQUE })
    expect((await other.server.authenticate(bearer(OPAQUE))).subject).toBe('somebody')
  }) // XC-13
})

describe('an endpoint that moves', () => {
  test('keys are fetched from where the metadata says now', async () => {
    const { server, as, http, clock } = world({ issuers: JWT_ONLY })
    await server.ready()
    http
      .on(as.urls.metadata, json({ issuer: as.issuer, jwks_uri: 'https://new.example/keys' }))
      .on('https://new.example/keys', json({ keys: [as.jwk] }))
      .on(as.urls.keys, status(410))
    await clock.advance(1_300_000)
    expect(http.calls.at(-1)!.url).toBe('https://new.example/keys')
    expect(server.status().state).toBe('fresh')
  }) // DI-20, DI-21

  test('a certificate client goes to its own endpoint', async () => {
    const { tlsClientAuth } = await import('../src/introspection/client-authentication.ts')
    const identity = await certificate('client')
    const { server, as, http } = world({}, () => [
      { issuer: 'https://as.example', introspection: { client: tlsClientAuth('me', identity) } },
    ])
    http
      .on(
        as.urls.metadata,
        json({
          issuer: as.issuer,
          introspection_endpoint: as.urls.introspection,
          mtls_endpoint_aliases: { introspection_endpoint: 'https://mtls.example/i' },
        }),
      )
      .on('https://mtls.example/i', json({ active: true, aud: AUDIENCE }))
    await server.authenticate(bearer(OPAQUE))
    expect([http.to(as.urls.introspection).length, http.to('https://mtls.example/i')[0]!.tls]).toEqual([0, identity])
  }) // CA-13
})

describe('an outage', () => {
  test('a known opaque token is served stale, said so and counted', async () => {
    const { server, as, clock, events } = world()
    await server.authenticate(bearer(OPAQUE))
    as.down(failing('connect'))
    await clock.advance(60_000)
    expect((await server.authenticate(bearer(OPAQUE))).evidence).toMatchObject({ source: 'cache', stale: true })
    expect([events.at(-1), server.status().counters.accepted.stale]).toEqual([
      { type: 'stale', issuer: as.issuer, age: 60_000 },
      1,
    ])
  }) // IN-42

  test('a cold start answers 503 and recovers by itself', async () => {
    const { server, as, clock } = world()
    as.down(failing('connect'))
    const error = await errorOf(() => server.authenticate(bearer(as.jwt())))
    expect([error.status, error.headers['retry-after'], error.headers['www-authenticate']]).toEqual([
      503,
      '1',
      undefined,
    ])
    as.up()
    await clock.advance(40_000)
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
  }) // JK-32, DI-26, HT-19

  test('an expired token is 401 while no key can be had', async () => {
    const { server, as, events } = world()
    as.down(failing('connect'))
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt({ exp: START - 100 }))))).toBe('token_expired')
    expect(events).toContainEqual(expect.objectContaining({ type: 'refused', unverified: true }))
  })

  test('a stale answer is judged by guards like any other', async () => {
    const { server, as, clock } = world()
    as.introspects({ active: true, aud: AUDIENCE, acr: 'gold', auth_time: START })
    await server.authenticate(bearer(OPAQUE))
    as.down(failing('connect'))
    await clock.advance(60_000)
    const auth = await server.authenticate(bearer(OPAQUE))
    expect(server.authorize(auth, login({ acr: 'gold', maxAge: '5m' }))).toBe(auth)
  }) // SU-08, SU-16, IN-19

  test('tokens that arrive while a client has gone are not waited for', async () => {
    const { server, as } = world()
    as.introspects(held().reply)
    const signal = AbortSignal.abort()
    expect(await reasonOf(() => server.authenticate(bearer(OPAQUE, { signal })))).toBe('introspection_unavailable')
  }) // XC-15
})

const wordyGuard: Guard = () => ({ reason: 'custom', detail: 'tenant\nof \u001b[31macme' })

describe('guards', () => {
  test('fresh evidence is asked for once, and the newer context goes on', async () => {
    const { server, as, clock, http } = world()
    await server.authenticate(bearer(OPAQUE))
    await clock.advance(10_000)
    const auth = await server.authenticate(bearer(OPAQUE))
    const newer = await server.authorize(auth, scope('a'), fresh('5s'))
    expect([newer.evidence.source, newer === auth, http.to(as.urls.introspection).length]).toEqual(['live', false, 2])
  }) // IN-26

  test('a JWT is introspected where fresh evidence is asked for', async () => {
    const { server, as } = world()
    const auth = await server.authenticate(bearer(as.jwt()))
    expect((await server.authorize(auth, fresh('5s'))).evidence.by).toBe('introspection')
  })

  test('newer evidence that takes a scope away takes it away', async () => {
    const { server, as, clock } = world()
    await server.authenticate(bearer(OPAQUE))
    await clock.advance(10_000)
    const auth = await server.authenticate(bearer(OPAQUE))
    as.introspects({ active: true, aud: AUDIENCE, scope: '' })
    expect(await reasonOf(() => server.authorize(auth, scope('a'), fresh('5s')))).toBe('scope_missing')
  }) // SG-12

  test('fresh evidence that cannot be had is 503', async () => {
    const { server, as, clock } = world()
    await server.authenticate(bearer(OPAQUE))
    await clock.advance(10_000)
    const auth = await server.authenticate(bearer(OPAQUE))
    as.down(failing('connect'))
    const refused = errorOf(() => server.authorize(auth, fresh('5s')))
    await clock.advance(250) // a blocked caller gets a second try
    const error = await refused
    expect([error.reason, error.status]).toEqual(['evidence_too_old', 503])
  }) // IN-44

  test('whoever leaves waits for no fresh evidence, known token or not', async () => {
    const { server, as, clock } = world()
    await server.authenticate(bearer(OPAQUE))
    await clock.advance(10_000)
    const leaving = new AbortController()
    const auth = await server.authenticate(bearer(OPAQUE, { signal: leaving.signal }))
    expect(auth.evidence.source).toBe('cache')
    const hung = held()
    as.introspects(hung.reply)
    const refusal = reasonOf(() => server.authorize(auth, fresh('5s')))
    leaving.abort()
    expect(await refusal).toBe('evidence_too_old')
  })

  test('fresh evidence where there is no introspection is our mistake', async () => {
    const { server, as } = world({ issuers: JWT_ONLY })
    const auth = await server.authenticate(bearer(as.jwt()))
    const error = await errorOf(() => server.authorize(auth, fresh('5s')))
    expect([error.reason, error.status]).toEqual(['fresh_unsupported', 500])
  })

  test('where a signature counts it is checked again', async () => {
    const { server, as, clock } = world({ issuers: JWT_ONLY })
    const token = as.jwt()
    await server.authenticate(bearer(token))
    await clock.advance(10_000)
    const auth = await server.authenticate(bearer(token))
    const newer = await server.authorize(auth, fresh('5s', { signature: 'counts' }))
    expect(newer.evidence).toMatchObject({ by: 'signature', source: 'live' })
  })

  test('a context that this library did not make gets no fresh evidence', async () => {
    const { server } = world()
    const auth = await server.authenticate(bearer(OPAQUE))
    expect(await reasonOf(() => server.authorize({ ...auth }, fresh('5s')))).toBe('guard_failed')
  }) // SG-13

  test.each([
    ['throws', () => expect.fail('hunter2')],
    ['rejects', () => Promise.reject(new Error('hunter2'))],
  ])('a guard that %s is our mistake', async (_, guard) => {
    const { server } = world()
    const auth = await server.authenticate(bearer(OPAQUE))
    const error = await errorOf(() => server.authorize(auth, guard))
    expect([error.reason, server.answer(error).body]).toEqual(['guard_failed', '{}'])
  }) // SG-14

  test('a custom refusal is 403 and its words stay with us', async () => {
    const { server, events } = world()
    const auth = await server.authenticate(bearer(OPAQUE))
    const error = await errorOf(() => server.authorize(auth, wordyGuard))
    expect([error.status, JSON.stringify(server.answer(error))]).toEqual([403, expect.not.stringContaining('acme')])
    expect(events.at(-1)).toMatchObject({ reason: 'custom', detail: 'tenant?of ?[31macme' })
  }) // XC-08
})

const memory = (kept = new Map<string, string>()): Store => ({
  load: async (name) => kept.get(name),
  save: async (name, value) => void kept.set(name, value),
})

describe('revoking', () => {
  test('a token is refused at once, and no answer revives it', async () => {
    const { server } = world()
    await server.authenticate(bearer(OPAQUE))
    expect(await server.revoke({ token: OPAQUE })).toEqual({ scope: 'process', durable: false })
    expect(await reasonOf(() => server.authenticate(bearer(OPAQUE)))).toBe('token_revoked')
  }) // IN-41, IN-47

  test('a token that was never seen is refused', async () => {
    const { server, as } = world()
    const token = as.jwt()
    await server.revoke({ token })
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-47

  test('a JWT that was never seen is refused as long as it lives, and for the skew after that', async () => {
    const { server, as, clock } = world({ issuers: JWT_ONLY, clockSkew: '300s' })
    const token = as.jwt({ exp: START + 3 * 86_400 })
    await server.revoke({ token })
    await clock.advance(3 * 86_400_000 + 299_000)
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-47

  test('a JWT is not good again between its exp and the skew', async () => {
    const { server, as, clock } = world({ issuers: JWT_ONLY })
    const token = as.jwt()
    await server.authenticate(bearer(token))
    await server.revoke({ token })
    await clock.advance(600_000)
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-47

  test('an answer that was under way does not let it in', async () => {
    const { server, as } = world()
    const slow = held()
    as.introspects(slow.reply)
    const reason = reasonOf(() => server.authenticate(bearer(OPAQUE)))
    await settled()
    await server.revoke({ token: OPAQUE })
    slow.release(json({ active: true, aud: AUDIENCE }))
    expect(await reason).toBe('token_revoked')
  }) // NG-98

  test.each([{ sub: 'somebody' }, { clientId: 'app' }, { jti: 'jti-1' }, { sid: 's' }])(
    'every token with %o is refused, known ones, too',
    async (mark) => {
      const { server, as, clock } = world()
      const token = as.jwt({ jti: 'jti-1', sid: 's' })
      await server.authenticate(bearer(token))
      await clock.advance(1_000)
      await server.revoke(mark)
      expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
    },
  ) // LM-25

  test('in an outage what is revoked stays refused', async () => {
    const { server, as, clock } = world()
    await server.authenticate(bearer(OPAQUE))
    await server.revoke({ token: OPAQUE })
    as.down(failing('connect'))
    await clock.advance(60_000)
    expect(await reasonOf(() => server.authenticate(bearer(OPAQUE)))).toBe('token_revoked')
  }) // IN-47

  test('invalidating asks again at the next use', async () => {
    const { server, as, http } = world()
    await server.authenticate(bearer(OPAQUE))
    server.invalidate(OPAQUE)
    await server.authenticate(bearer(OPAQUE))
    expect(http.to(as.urls.introspection).length).toBe(2)
  }) // IN-41

  test.each([
    [{}, 'exactly one of'],
    [{ token: 'a', sub: 'b' }, 'exactly one of'],
    [{ sub: 'a', sid: 'b' }, 'exactly one of'],
    [{ token: '' }, '"token" is a non-empty text'],
    [{ sub: 7 }, '"sub" is a non-empty text'],
    [{ sub: 'a', before: '1' }, '"before" is a time in seconds'],
    [{ sub: 'a', issuer: 'https://other.example' }, '"issuer" must be one of'],
    [{ subject: 'a' }, 'unknown member "subject"'],
  ])('the order %o is refused: %s', async (order, message) => {
    const { server } = world()
    await expect(server.revoke(order as Revocation)).rejects.toThrow(ConfigError)
    await expect(server.revoke(order as Revocation)).rejects.toThrow(message)
  }) // XC-02

  describe('with a store', () => {
    test('it outlives a restart', async () => {
      const store = memory()
      const before = world({ store })
      expect(await before.server.revoke({ token: OPAQUE })).toEqual({ scope: 'process', durable: true })
      expect(await reasonOf(() => world({ store }).server.authenticate(bearer(OPAQUE)))).toBe('token_revoked')
    }) // IN-47

    test('a second order keeps the first', async () => {
      const store = memory()
      await world({ store }).server.revoke({ token: OPAQUE })
      await world({ store }).server.revoke({ sub: 'x' })
      expect(await reasonOf(() => world({ store }).server.authenticate(bearer(OPAQUE)))).toBe('token_revoked')
    }) // IN-47

    test('nothing is decided at once before it has been read', async () => {
      const { server, as } = world({ store: memory(), issuers: JWT_ONLY })
      expect(server.tryAuthenticate({ rawHeaders: [] })).toBeUndefined()
      await server.ready()
      expect(server.tryAuthenticate(bearer(as.jwt()))).toMatchObject({ subject: 'somebody' })
    }) // IN-47

    test('a process that starts in an outage verifies with the keys it kept', async () => {
      const store = memory()
      await world({ store }).server.ready()
      await settled()
      const { server, as } = world({ store })
      as.down(failing('connect'))
      expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
    }) // JK-25

    test('keys that were kept too long are not used', async () => {
      const store = memory()
      await world({ store }).server.ready()
      await settled()
      const { server, as, clock } = world({ store })
      as.down(failing('connect'))
      clock.jump(86_400_000)
      expect(await reasonOf(() => server.authenticate(bearer(as.jwt({ exp: START + 90_000 }))))).toBe(
        'keys_unavailable',
      )
    }) // JK-25

    test('a store that fails is an event and no error', async () => {
      const broken: Store = { load: () => Promise.reject(new Error('no')), save: () => Promise.reject(new Error('no')) }
      const { server, as, events } = world({ store: broken })
      expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
      expect(await server.revoke({ token: OPAQUE })).toEqual({ scope: 'process', durable: false })
      expect(events).toContainEqual({ type: 'store_failed', operation: 'load' })
      expect(events).toContainEqual({ type: 'store_failed', operation: 'save' })
    }) // IN-38

    test('a store that never answers holds nobody up for long', async () => {
      const silent: Store = { load: () => new Promise(() => undefined), save: () => new Promise(() => undefined) }
      const { server, as, clock } = world({ store: silent })
      void server.ready()
      const early = errorOf(() => server.authenticate(bearer(as.jwt())))
      await clock.advance(5_000)
      const { reason, status: code, headers } = await early
      expect([reason, code, headers['retry-after']]).toEqual(['store_unavailable', 503, expect.any(String)])
      expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
    }) // IN-38
  })
})

const mode = (how: 'online' | 'onlineWhenHealthy', revocations = 10_000) =>
  world({ cache: { revocations: { entries: revocations } } }, () => [
    { issuer: 'https://as.example', jwt: { mode: how }, introspection: { client: unauthenticated() } },
  ])

describe('JWTs that are introspected, too', () => {
  test('a forged one causes no call', async () => {
    const { server, as, http } = mode('online')
    const forged = `${as.jwt().slice(0, -40)}${'A'.repeat(40)}`
    expect(await reasonOf(() => server.authenticate(bearer(forged)))).toBe('signature_invalid')
    expect(http.to(as.urls.introspection)).toEqual([])
  }) // IN-56

  test('an answer without an audience is enough: the signature covers one', async () => {
    const { server, as } = mode('online')
    as.introspects({ active: true })
    expect((await server.authenticate(bearer(as.jwt()))).audience).toEqual([AUDIENCE])
  }) // IN-15

  test('what is called inactive stays refused in an outage, long after', async () => {
    const { server, as, clock } = mode('onlineWhenHealthy')
    const token = as.jwt()
    as.introspects({ active: false })
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_inactive')
    as.introspects(failing('connect'))
    await clock.advance(60_000)
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-46, IN-47

  test('so does what was called inactive after everybody had left', async () => {
    const { server, as, clock } = mode('onlineWhenHealthy')
    const token = as.jwt()
    const slow = held()
    as.introspects(slow.reply)
    const early = server.authenticate(bearer(token))
    await clock.advance(1_000)
    expect((await early).evidence).toMatchObject({ by: 'signature', stale: true })
    slow.release(json({ active: false }))
    await settled()
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-37, IN-47

  test('once that knowledge overflowed the signature alone is not enough', async () => {
    const { server, as } = mode('onlineWhenHealthy', 1)
    as.introspects({ active: false })
    for (let i = 0; i < 2; i += 1) await reasonOf(() => server.authenticate(bearer(as.jwt())))
    as.introspects(failing('connect'))
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt())))).toBe('introspection_unavailable')
    expect(server.status().caches.revocations).toEqual({ entries: 1, complete: false })
  })
})

describe('verify', () => {
  test.each([
    ['good', 'valid'],
    ['expired', 'invalid'],
    ['undecided', 'unavailable'],
  ])('a token that is %s is %s', async (kind, outcome) => {
    const { server, as } = world()
    if (kind === 'undecided') as.down(failing('connect'))
    const token = as.jwt(kind === 'expired' ? { exp: START - 100 } : {})
    const result = await server.verify(token)
    expect(result).toMatchObject(
      {
        valid: { outcome, auth: { subject: 'somebody' } },
        invalid: { outcome, reason: 'token_expired' },
        unavailable: { outcome, reason: 'keys_unavailable', retryAfter: expect.any(Number) },
      }[outcome]!,
    )
  })

  test.each(['', ' ', 'a b', 'a\r\nb', 'é'])('%o is invalid', async (token) => {
    const { server } = world()
    expect((await server.verify(token)).outcome).toBe('invalid')
  })
})

describe('ready and status', () => {
  test('ready waits for metadata and keys', async () => {
    const { server } = world()
    expect(server.status().state).toBe('cold')
    expect(await server.ready()).toMatchObject({
      state: 'fresh',
      issuers: [{ issuer: 'https://as.example', keys: { kids: ['k1'], failures: 0 } }],
    })
  }) // JK-44

  test('ready does not reject in an outage', async () => {
    const { server, as } = world()
    as.down(failing('connect'))
    expect(await server.ready()).toMatchObject({ state: 'cold', issuers: [{ metadata: { lastTrouble: 'connect' } }] })
  }) // JK-44, DI-26

  test('ready waits no longer than it was told to', async () => {
    const { server, as, clock } = world()
    as.down(held().reply)
    const ready = server.ready({ timeout: '2s' })
    await clock.advance(2_000)
    expect((await ready).state).toBe('cold')
  })

  test('a failing refresh is degraded, and ready for traffic', async () => {
    const { server, as, clock } = world()
    await server.ready()
    as.down(() => status(500))
    await clock.advance(600_000)
    expect(readinessOf(server)).toMatchObject({ status: 200, state: 'degraded', body: '{"state":"degraded"}' })
  })

  test('nothing to judge by is not ready for traffic', () => {
    expect(readinessOf(world().server)).toEqual({
      status: 503,
      state: 'cold',
      body: '{"state":"cold"}',
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    })
  })

  test('keys at hand are ready for traffic while the endpoint of opaque tokens is not known', async () => {
    const { server, as, http } = world({}, () => [
      {
        issuer: 'https://as.example',
        jwt: { jwksUri: 'https://as.example/keys' },
        introspection: { client: unauthenticated() },
      },
    ])
    http.on(as.urls.metadata, status(500))
    expect((await server.ready()).state).toBe('degraded')
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
  })

  test('explicit endpoints need no metadata', async () => {
    const { server, as, http } = world({}, () => [
      {
        issuer: 'https://as.example',
        jwt: { jwksUri: 'https://as.example/keys' },
        introspection: { client: unauthenticated(), endpoint: 'https://as.example/introspect' },
      },
    ])
    expect((await server.ready()).state).toBe('fresh')
    expect(http.to(as.urls.metadata)).toEqual([])
  }) // DI-16

  test('everything that was accepted and refused is counted', async () => {
    const { server, as } = world()
    const token = as.jwt()
    await server.authenticate(bearer(token))
    await server.authenticate(bearer(token))
    await reasonOf(() => server.authenticate({ rawHeaders: [] }))
    expect(server.status().counters).toEqual({
      accepted: { live: 1, cache: 1, stale: 0 },
      refused: { credentials_missing: 1 },
    })
  })
})

describe('the metadata document', () => {
  test('it is named in challenges once something serves it', () => {
    const { server } = world()
    const challenge = (): unknown =>
      (server.tryAuthenticate({ rawHeaders: [] }) as AuthError).headers['www-authenticate']
    expect(challenge()).toBe(withDpop('Bearer realm="https://api.example"'))
    server.announceMetadata()
    expect([server.announcesMetadata, challenge()]).toEqual([
      true,
      withDpop(
        'Bearer realm="https://api.example"',
        ', resource_metadata="https://api.example/.well-known/oauth-protected-resource"',
      ),
    ])
  }) // RM-19, RM-21

  test('without a resource there is none to announce', () => {
    const { server } = world({ audience: 'api-1' })
    expect(server.metadata).toBeUndefined()
    expect(() => server.announceMetadata()).toThrow(/option "resource" is missing/)
  })
})

describe('closing', () => {
  test('from then on everything is 503', async () => {
    const { server, as, http, clock } = world()
    const token = as.jwt()
    await server.authenticate(bearer(token))
    await server.close()
    expect(server.tryAuthenticate(bearer(token))).toBeUndefined()
    const error = await errorOf(() => server.authenticate(bearer(token)))
    expect([error.reason, error.status, http.closed, clock.timers]).toEqual(['closed', 503, 1, 0])
  }) // XC-16

  test('who waits gets 503', async () => {
    const { server, as } = world()
    const slow = held()
    as.introspects(slow.reply)
    const reason = reasonOf(() => server.authenticate(bearer(OPAQUE)))
    await settled()
    await server.close()
    slow.release(json({ active: true, aud: AUDIENCE }))
    expect(await reason).toBe('closed')
  }) // XC-16

  test('closing twice is closing once', async () => {
    const { server, http } = world()
    await Promise.all([server.close(), server.close()])
    expect(http.closed).toBe(1)
  }) // XC-16
})

describe('events', () => {
  test('an observer that throws is nobody’s error', async () => {
    const { server } = world({
      observe: () => {
        throw new Error('no')
      },
    })
    expect((await server.authenticate(bearer(OPAQUE))).subject).toBe('somebody')
  }) // XC-01

  test('an observer that rejects is nobody’s error', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const { server } = world({ observe: (() => Promise.reject(new Error('no'))) as () => void })
    await server.authenticate(bearer(OPAQUE))
    await settled()
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  }) // XC-01

  test('advice is given once', async () => {
    const { server, as, events } = world()
    for (let i = 0; i < 3; i += 1) await reasonOf(() => server.authenticate(bearer(as.jwt({}, { typ: 'JWT' }))))
    expect(events.filter(({ type }) => type === 'advice')).toMatchObject([{ code: 'HOLDFAST_TYP', issuer: as.issuer }])
  }) // IN-54

  test('an observer cannot change an event', async () => {
    const { server, events } = world()
    await reasonOf(() => server.authenticate({ rawHeaders: [] }))
    expect(Object.isFrozen(events[0])).toBe(true)
  })
})

describe('what leaks', () => {
  const PERSON = 'person-4711@example.com'

  test('no token, secret, person or upstream message stands in any event, error or answer', async () => {
    const { server, as, events, clock, http } = world({}, () => [
      {
        issuer: 'https://as.example',
        introspection: { client: clientSecretBasic('me', () => Promise.resolve(SECRET)) },
      },
    ])
    const opaque = 'opaque-LEAK-0123456789'
    const tokens: string[] = [
      opaque,
      as.jwt({ sub: PERSON }),
      as.jwt({ sub: PERSON, exp: START - 100 }),
      as.jwt({ sub: PERSON, aud: 'x' }),
      as.jwt({ sub: PERSON, aud: 7 }),
      as.jwt({ sub: PERSON }, { typ: 'x\r\nSet-Cookie: a=1' }),
      as.jwt({ sub: PERSON }, { kid: 'LEAK-kid' }),
      `${as.jwt({ sub: PERSON }).slice(0, -40)}${'A'.repeat(40)}`,
      'LEAK b',
      'x'.repeat(9_000),
    ]
    const answers: (() => void)[] = [
      () => as.introspects({ active: true, aud: AUDIENCE, sub: PERSON, username: PERSON }),
      () => as.introspects({ active: false, sub: PERSON }),
      () => as.introspects({ active: 'true', sub: PERSON }),
      () => as.introspects(() => status(401, { 'www-authenticate': `LEAK ${SECRET}` })),
      () => as.introspects(() => json({ error: 'LEAK', error_description: SECRET }, { status: 500 })),
      () => as.introspects(failing('connect', { cause: new Error(`LEAK ${SECRET}`) })),
      () => as.down(failing('tls', { cause: new Error(`LEAK ${SECRET}`) })),
    ]
    const said: unknown[] = []
    for (const say of answers) {
      say()
      for (const token of tokens) {
        const auth = await server.authenticate(bearer(token)).catch((error: AuthError) => error)
        if (auth instanceof AuthError) said.push(auth, server.answer(auth))
        else {
          for (const guard of [scope('zzz'), claim('sub', 'nobody'), login({ acr: 'gold' }), fresh('0s')]) {
            const error = await Promise.resolve()
              .then(() => server.authorize(auth, guard))
              .catch((failure: AuthError) => failure)
            if (error instanceof AuthError) said.push(error, server.answer(error))
          }
        }
      }
      await clock.advance(400_000)
      http.calls.splice(0)
    }
    expect(said.length).toBeGreaterThan(60)
    const shown = [said, events, server, server.status()]
      .flat()
      .flatMap((one) => [
        inspect(one, { depth: 12, showHidden: true }),
        JSON.stringify(one),
        ...(one instanceof Error ? [one.message, one.stack, String(one)] : []),
      ])
      .join('\n')
    for (const secret of [SECRET, PERSON, 'LEAK', 'Set-Cookie', ...tokens]) expect(shown).not.toContain(secret)
    for (const token of tokens.slice(1, 8)) {
      for (const segment of token.split('.').slice(1)) expect(shown).not.toContain(segment)
    }
  }) // CA-17, IN-24, XC-08, XC-20, HT-06

  test('every refusal is one event that names its reason', async () => {
    const { server, as, events } = world()
    const reasons: string[] = []
    for (const request of [{ rawHeaders: [] }, bearer('a b'), bearer(as.jwt({ aud: 'x' }))]) {
      reasons.push(await reasonOf(() => server.authenticate(request)))
    }
    const told = events.flatMap((event) => (event.type === 'refused' ? [event.reason] : []))
    expect(told).toEqual(reasons)
  }) // XC-09

  test('a refusal names the issuer that judged', async () => {
    const { server, as, events } = world()
    await reasonOf(() => server.authenticate(bearer(as.jwt({}, { alg: 'none' }))))
    expect(events.at(-1)).toMatchObject({ type: 'refused', issuer: as.issuer })
  }) // XC-08

  test('a context shows no token when it is printed', async () => {
    const { server } = world()
    const auth = await server.authenticate(bearer('opaque-LEAK-0123456789'))
    expect(inspect(auth, { depth: 9, showHidden: true }) + JSON.stringify(auth)).not.toContain('LEAK')
    expect(toAuthInfo(auth).token).toBe('opaque-LEAK-0123456789')
  }) // CA-17
})
