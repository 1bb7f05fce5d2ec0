import { generateKeyPairSync } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { fresh } from '../src/guard/fresh.ts'
import { clientSecretBasic, unauthenticated } from '../src/introspection/client-authentication.ts'
import type { IssuerOptions } from '../src/options/issuer-options.ts'
import { inlineSignatures, type Signatures } from '../src/ports/signatures.ts'
import type { Store } from '../src/ports/store.ts'
import { deferred } from './support/deferred.ts'
import { publicJwk } from './support/jwks.ts'
import { settled, START } from './support/manual-clock.ts'
import { errorOf, reasonOf } from './support/refusals.ts'
import { failing, held, json, status } from './support/scripted-http.ts'
import { AUDIENCE, bearer, SECRET, world } from './support/world.ts'

const ISSUER = 'https://as.example'
const OPAQUE = 'opaque-token-0123456789'
const JWT_ONLY = [ISSUER]
const client = unauthenticated()

const mode = (how: 'online' | 'onlineWhenHealthy', more: Parameters<typeof world>[0] = {}) =>
  world(more, () => [
    { issuer: ISSUER, jwt: { mode: how }, introspection: { client: clientSecretBasic('me', SECRET) } },
  ])

const one = (issuer: Partial<IssuerOptions>, more: Parameters<typeof world>[0] = {}) =>
  world(more, () => [{ issuer: ISSUER, ...issuer }])

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The same token with the other signature that verifies: s and n - s are both good. */
function twinOf(token: string): string {
  const [header, payload, signature] = token.split('.')
  const octets = Buffer.from(signature!, 'base64url')
  const s = BigInt(`0x${octets.subarray(32).toString('hex')}`)
  const other = Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex')
  return `${header}.${payload}.${Buffer.concat([octets.subarray(0, 32), other]).toString('base64url')}`
}

const memory = (kept = new Map<string, string>()): Store => ({
  load: async (name) => kept.get(name),
  save: async (name, value) => void kept.set(name, value),
})

describe('the twin of an ECDSA signature', () => {
  test('it verifies, and is revoked with its token', async () => {
    const { server, as } = world({ issuers: JWT_ONLY })
    const token = as.jwt()
    expect((await server.authenticate(bearer(twinOf(token)))).subject).toBe('somebody')
    await server.revoke({ token })
    expect(await reasonOf(() => server.authenticate(bearer(twinOf(token))))).toBe('token_revoked')
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-47

  test('it is revoked with what the authority called inactive', async () => {
    const { server, as, clock } = mode('onlineWhenHealthy')
    const token = as.jwt()
    as.introspects({ active: false })
    await reasonOf(() => server.authenticate(bearer(token)))
    as.introspects(failing('connect'))
    await clock.advance(60_000)
    expect(await reasonOf(() => server.authenticate(bearer(twinOf(token))))).toBe('token_revoked')
  }) // IN-46, IN-47
})

describe('marks', () => {
  test('a token that a server with a clock ahead has issued is reached, for good', async () => {
    const { server, as, clock } = world({ issuers: JWT_ONLY })
    const token = as.jwt({ iat: START + 20, sid: 's' })
    await server.authenticate(bearer(token))
    await server.revoke({ sid: 's' })
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
    await clock.advance(300_000)
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // LM-25

  test('a long token is refused once there are marks, whomever they name, and so is one without iat', async () => {
    const { server, as } = one({ jwt: { profile: 'jwt' } })
    const token = as.jwt({ exp: START + 30 * 86_400 })
    const ageless = as.jwt({ iat: undefined, exp: START + 30 * 86_400 })
    await server.authenticate(bearer(ageless)) // AT-02
    await server.authenticate(bearer(token))
    await server.revoke({ sub: 'another' })
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('lifetime_too_long')
    expect(await reasonOf(() => server.authenticate(bearer(ageless)))).toBe('lifetime_too_long')
    await server.revoke({ sub: 'somebody' })
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // LM-25
})

describe('a store', () => {
  test('while it has not answered a token is not judged: 503, and who waits in vain may come again', async () => {
    const record = deferred<string | undefined>()
    const store: Store = {
      load: (name) => (name === 'revocations' ? record.promise : Promise.resolve(undefined)),
      save: async () => undefined,
    }
    const { server, as, clock } = world({ store, issuers: JWT_ONLY })
    const early = errorOf(() => server.authenticate(bearer(as.jwt())))
    await clock.advance(1_000)
    const { reason, status: code } = await early
    expect([reason, code]).toEqual(['store_unavailable', 503])
    record.resolve(undefined)
    await settled()
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
  }) // IN-47

  test('one that failed at the start leaves a token revoked earlier revoked, once it works', async () => {
    const store = memory()
    const first = world({ store, issuers: JWT_ONLY })
    const token = first.as.jwt()
    await first.server.revoke({ token })
    await first.server.close()
    let works = false
    const flaky: Store = {
      load: async (name) => {
        if (works) return store.load(name)
        throw new Error('no')
      },
      save: (name, value) => store.save(name, value),
    }
    const { server, clock } = world({ store: flaky, issuers: JWT_ONLY })
    expect(await server.revoke({ token: OPAQUE })).toEqual({ scope: 'process', durable: false })
    expect(server.status().caches.revocations.complete).toBe(false)
    works = true
    await clock.advance(60_000)
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
    await server.close()
    const third = world({ store }).server
    expect([
      await reasonOf(() => third.authenticate(bearer(token))),
      await reasonOf(() => third.authenticate(bearer(OPAQUE))),
    ]).toEqual(['token_revoked', 'token_revoked'])
  }) // IN-38, IN-47

  test('without the earlier record the signature does not stand in', async () => {
    const store: Store = { load: () => Promise.reject(new Error('no')), save: async () => undefined }
    const { server, as } = mode('onlineWhenHealthy', { store })
    as.introspects(failing('connect'))
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt())))).toBe('introspection_unavailable')
  }) // IN-47

  test('what the authority called inactive is refused by the next process, in an outage', async () => {
    const store = memory()
    const before = mode('onlineWhenHealthy', { store })
    const token = before.as.jwt()
    before.as.introspects({ active: false })
    await reasonOf(() => before.server.authenticate(bearer(token)))
    await before.server.close()
    const { server, as } = mode('onlineWhenHealthy', { store })
    as.introspects(failing('connect'))
    expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_revoked')
  }) // IN-46, IN-47

  test('kept keys reach their hard bound though the wall clock is set back', async () => {
    const store = memory()
    await world({ store, issuers: JWT_ONLY }).server.ready()
    await settled()
    const { server, as, clock } = world({ store, issuers: JWT_ONLY })
    as.down(failing('connect'))
    clock.jump(23.5 * 3_600_000)
    const later = as.jwt({ iat: START + 84_000, exp: START + 88_000 })
    expect((await server.authenticate(bearer(later))).subject).toBe('somebody')
    clock.jump(-23.5 * 3_600_000)
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
    await clock.advance(1_801_000)
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt({ exp: START + 7_200 }))))).toBe('keys_unavailable')
  }) // JK-25, XC-07
})

describe('onlineWhenHealthy', () => {
  test.each([
    ['wrong credentials', () => status(401), 'introspection_misconfigured'],
    ['an answer that is none', () => json({ active: 'true' }), 'introspection_unavailable'],
  ])('%s do not switch introspection off', async (_, reply, reason) => {
    const { server, as } = mode('onlineWhenHealthy')
    as.introspects(reply)
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt())))).toBe(reason)
  }) // IN-20, IN-43

  test('nor does a flood that fills our own queue', async () => {
    const { server, as, clock } = mode('onlineWhenHealthy')
    const slow = held()
    as.introspects(slow.reply)
    await server.ready()
    const outcomes = Promise.all(
      Array.from({ length: 300 }, () =>
        server.authenticate(bearer(as.jwt())).then(
          ({ evidence }) => (evidence.stale ? 'stale' : 'live'),
          (error: { reason: string }) => error.reason,
        ),
      ),
    )
    await clock.advance(1_000)
    const seen = await outcomes
    expect(seen).toContain('overloaded')
    expect(seen.filter((outcome) => outcome === 'stale').length).toBeLessThanOrEqual(slow.waiting)
  }) // IN-49

  test('an endpoint that asks for a pause is left alone, and the signature stands in', async () => {
    const { server, as, http, clock } = mode('onlineWhenHealthy')
    as.introspects(() => status(429, { 'retry-after': '20' }))
    for (let i = 0; i < 5; i += 1) {
      expect((await server.authenticate(bearer(as.jwt()))).evidence).toMatchObject({ by: 'signature', stale: true })
    }
    expect(http.to(as.urls.introspection).length).toBe(1)
    as.up()
    await clock.advance(20_000)
    expect((await server.authenticate(bearer(as.jwt()))).evidence).toMatchObject({ by: 'introspection', stale: false })
  }) // IN-51
})

describe('while the authority is asked', () => {
  test.each(['online', 'onlineWhenHealthy'] as const)('%s: a token that ends is refused', async (how) => {
    for (const answer of [json({ active: true, aud: AUDIENCE }), undefined]) {
      const { server, as, clock } = mode(how)
      await server.ready()
      const slow = held()
      as.introspects(slow.reply)
      // Ends half a second from now, the skew included.
      const token = as.jwt({ iat: START - 600, exp: START + 0.5 - 30 })
      const reason = reasonOf(() => server.authenticate(bearer(token)))
      await clock.advance(600)
      if (answer) slow.release(answer)
      await clock.advance(400)
      expect(['token_expired', ...(how === 'online' && !answer ? ['introspection_unavailable'] : [])]).toContain(
        await reason,
      )
    }
  }) // IN-27

  test('a token whose key leaves its set is refused, for fresh evidence, too', async () => {
    const { server, as, http, clock } = mode('online')
    await server.ready()
    const slow = held()
    as.introspects(slow.reply)
    const known = as.jwt()
    await clock.advance(470_000)
    http.on(as.urls.keys, json({ keys: [publicJwk('k2')] }))
    const reason = reasonOf(() => server.authenticate(bearer(known)))
    await settled()
    // An unknown kid makes the set be fetched again.
    await reasonOf(() => server.authenticate(bearer(as.jwt({}, { kid: 'k2' }))))
    slow.release(json({ active: true, aud: AUDIENCE }))
    expect(await reason).toBe('key_unknown')
  }) // JK-35
})

/** An authority whose set is known, and no longer current, with another key under the name of the one that signs. */
async function rotated(signatures?: Signatures) {
  const set = world({ issuers: JWT_ONLY }, undefined, signatures)
  const { http, as, server, clock } = set
  http.on(as.urls.keys, json({ keys: [publicJwk('k1')] }))
  await server.ready()
  await clock.advance(60_000)
  return { ...set, fetches: () => http.to(as.urls.keys).length }
}

describe('a key renewed under its name', () => {
  test('the first token by the new key is accepted', async () => {
    const { http, as, server, fetches } = await rotated()
    http.on(as.urls.keys, json({ keys: [as.jwk] }))
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
    expect(fetches()).toBe(2)
  }) // JK-35

  test('so are all that come while the set is fetched, by one fetch', async () => {
    const { http, as, server, fetches } = await rotated()
    const slow = held()
    http.on(as.urls.keys, slow.reply)
    const token = as.jwt()
    const first = [as.jwt(), token, token].map((text) => server.authenticate(bearer(text)))
    await settled()
    const later = [as.jwt(), token].map((text) => server.authenticate(bearer(text)))
    await settled()
    slow.release(json({ keys: [as.jwk] }))
    const subjects = (await Promise.all([...first, ...later])).map(({ subject }) => subject)
    expect([new Set(subjects), fetches()]).toEqual([new Set(['somebody']), 2])
  }) // JK-27, JK-35

  test('and those whose signature is still being held against the keys of before', async () => {
    let gate: Promise<void> | undefined
    const signatures: Signatures = {
      now: () => undefined,
      later: async (...check) => {
        await gate
        return inlineSignatures.now(...check)
      },
    }
    const { http, as, server, clock } = await rotated(signatures)
    const slow = held()
    http.on(as.urls.keys, slow.reply)
    const token = as.jwt()
    const first = server.authenticate(bearer(token))
    await settled()
    const pool = deferred<void>()
    gate = pool.promise
    const second = server.authenticate(bearer(token))
    await settled()
    slow.release(json({ keys: [as.jwk] }))
    await settled()
    const third = server.authenticate(bearer(token))
    await settled()
    gate = undefined
    pool.resolve()
    await clock.advance(1_000)
    expect((await Promise.all([first, second, third])).map(({ subject }) => subject)).toEqual([
      'somebody',
      'somebody',
      'somebody',
    ])
  }) // JK-35

  test('forged tokens cause one look in half a minute, and are 401', async () => {
    const { as, server, fetches, clock } = await rotated()
    for (let i = 0; i < 50; i += 1) {
      expect(await reasonOf(() => server.authenticate(bearer(as.jwt())))).toBe('signature_invalid')
      await clock.advance(500)
    }
    expect(fetches() - 1).toBeLessThanOrEqual(1)
  }) // JK-29

  test('in an outage longer than the set is fresh nobody can tell: 503', async () => {
    const { as, server, clock } = await rotated()
    as.down(failing('connect'))
    await clock.advance(3_600_000)
    const token = as.jwt({ iat: START + 3_600, exp: START + 4_200 })
    const error = await errorOf(() => server.authenticate(bearer(token)))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  }) // JK-33
})

describe('endpoints', () => {
  test('requests of different issuers and purposes go in lanes of their own', async () => {
    const { server, as, http } = world()
    await server.authenticate(bearer(as.jwt()))
    await server.authenticate(bearer(OPAQUE))
    const lanes = http.calls.map(({ url, lane }) => [url, lane])
    expect(Object.fromEntries(lanes)).toEqual({
      [as.urls.metadata]: `documents ${ISSUER}`,
      [as.urls.keys]: `documents ${ISSUER}`,
      [as.urls.introspection]: `introspection ${ISSUER}`,
    })
  }) // XC-22

  test('one that must not be called is refused when it is needed, and no reason to go without keys', async () => {
    const { server, as, http } = world()
    const document = { issuer: ISSUER, jwks_uri: as.urls.keys, introspection_endpoint: 'http://169.254.169.254/' }
    http.on(as.urls.metadata, json(document))
    expect((await server.authenticate(bearer(as.jwt()))).subject).toBe('somebody')
    expect((await errorOf(() => server.authenticate(bearer(OPAQUE)))).status).toBe(503)
    expect(http.to('http://169.254.169.254/')).toEqual([])
  }) // DI-10, DI-11, DI-27

  test('keys from one that must not be called are none', async () => {
    const { server, as, http } = world({ issuers: JWT_ONLY })
    http.on(as.urls.metadata, json({ issuer: ISSUER, jwks_uri: 'http://169.254.169.254/' }))
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt())))).toBe('keys_unavailable')
    expect(server.status().issuers[0]!.keys).toMatchObject({ lastTrouble: 'endpoint_refused' })
    expect(http.to('http://169.254.169.254/')).toEqual([])
  }) // DI-10, JK-21
})

describe('kinds of token', () => {
  test.each([{ token_use: 'refresh' }, { typ: 'Refresh' }, { typ: 'ID' }])(
    '%o is refused with advice',
    async (mark) => {
      const { server, as, events } = world()
      as.introspects({ active: true, aud: AUDIENCE, ...mark })
      expect(await reasonOf(() => server.authenticate(bearer(as.jwt(mark))))).toBe('token_kind_wrong')
      expect(await reasonOf(() => server.authenticate(bearer(OPAQUE)))).toBe('token_kind_wrong')
      expect(events.filter(({ type }) => type === 'advice')).toMatchObject([{ code: 'HOLDFAST_TOKEN_KIND' }])
    },
  ) // IN-16, AT-24

  test('the advice that it gives helps', async () => {
    const { server, as } = one({ jwt: { profile: 'jwt' }, requiredClaims: { typ: 'Bearer' } })
    expect((await server.authenticate(bearer(as.jwt({ typ: 'Bearer', nonce: 'n' })))).subject).toBe('somebody')
    expect(await reasonOf(() => server.authenticate(bearer(as.jwt({ nonce: 'n' }))))).toBe('token_kind_wrong')
  }) // AT-20, AT-24

  test('an encrypted token is asked about where all JWTs are', async () => {
    const jwe = `${Buffer.from('{"alg":"RSA-OAEP","enc":"A256GCM"}').toString('base64url')}.AAAA.AAAA.AAAA.AAAA`
    const { server, as, http } = one({ jwt: false, introspection: { client } })
    expect((await server.authenticate(bearer(jwe))).evidence.by).toBe('introspection')
    expect(http.to(as.urls.introspection)[0]!.form.get('token')).toBe(jwe)
    const other = world()
    expect(await reasonOf(() => other.server.authenticate(bearer(jwe)))).toBe('token_encrypted')
    expect(other.http.calls).toEqual([])
  }) // JW-36
})

describe('scopes of a JWT that is introspected, too', () => {
  const CASES: [string, Partial<IssuerOptions>, object, object, string[]][] = [
    ['scp for scp', {}, { scope: undefined, scp: ['a', 'b'] }, { scp: ['a'] }, ['a']],
    ['scp for scope', {}, { scope: 'a b' }, { scp: ['a', 'c'] }, ['a']],
    ['scope for scp', {}, { scope: undefined, scp: ['a', 'b'] }, { scope: 'b' }, ['b']],
    ['none at all', {}, { scope: 'a b' }, { scope: '' }, []],
    ['nothing said', {}, { scope: 'a b' }, {}, ['a', 'b']],
    ['a claim of ours', { scopeClaims: ['roles'] }, { roles: ['a', 'b'] }, { roles: ['b', 'c'] }, ['b']],
    ['nothing said of it', { scopeClaims: ['roles'] }, { roles: ['a', 'b'] }, { scope: 'x' }, ['a', 'b']],
  ]
  test.each(CASES)('an answer takes away and never adds: %s', async (_, more, claims, answer, scopes) => {
    const { server, as } = one({ jwt: { mode: 'online' }, introspection: { client }, ...more })
    as.introspects({ active: true, ...answer })
    const token = as.jwt(claims)
    expect((await server.authenticate(bearer(token))).scopes).toEqual(scopes)
    expect((await server.authenticate(bearer(token))).scopes).toEqual(scopes)
    const auth = await server.authenticate(bearer(token))
    expect((await server.authorize(auth, fresh('0s'))).scopes).toEqual(scopes)
  }) // SG-12
})

describe('verify', () => {
  test.each([undefined, null, 7, {}, ['a']])('%o is no token but a mistake of the caller', async (token) => {
    const { server } = world()
    await expect(server.verify(token as never)).rejects.toThrow(TypeError)
  }) // XC-02
})

describe('a token that is wrapped anew', () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const decryption = {
    keys: [{ key: pair.privateKey }],
    algorithms: ['RSA-OAEP-256'],
    encodings: ['A128GCM'],
  } as const
  const wrapped = (signed: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128GCM', cty: 'JWT' })
      .encrypt(pair.publicKey)

  test('again and again, once the authority called it inactive, pushes out no other revocation', async () => {
    const { server, as, clock, events } = one(
      { jwt: { mode: 'onlineWhenHealthy', decryption }, introspection: { client } },
      { cache: { revocations: { entries: 3 } } },
    )
    const revoked = as.jwt({ exp: START + 100 })
    await server.revoke({ token: revoked })
    as.introspects({ active: false })
    const signed = as.jwt()
    for (let round = 0; round < 3; round += 1) {
      expect(await reasonOf(async () => server.authenticate(bearer(await wrapped(signed))))).toBe('token_inactive')
    }
    expect(events.filter(({ type }) => type === 'revocation')).toMatchObject([{ result: 'recorded' }])
    expect(await reasonOf(() => server.authenticate(bearer(revoked)))).toBe('token_revoked')
    // Nor does the new wrapping revive it where the signature may stand in.
    as.introspects(failing('connect'))
    await clock.advance(60_000)
    expect(await reasonOf(async () => server.authenticate(bearer(await wrapped(signed))))).toBe('token_revoked')
  }) // NG-32, NG-98
})

test('a kind that is a promise says nothing, whatever becomes of it', async () => {
  const unhandled: unknown[] = []
  const hear = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', hear)
  try {
    const kind = (() => Promise.reject(new Error('the database is away'))) as unknown as () => undefined
    const { server, as } = one({ kind })
    expect((await server.authenticate(bearer(as.jwt()))).kind).toBe('unknown')
    await settled()
    await new Promise((resolve) => void setImmediate(resolve))
    expect(unhandled).toEqual([])
  } finally {
    process.off('unhandledRejection', hear)
  }
}) // NG-114

/** A request of which nobody may listen for the end. */
const unheard = (token: string) => ({
  ...bearer(token),
  get signal(): AbortSignal {
    return expect.unreachable('somebody listened for the end of the request')
  },
})

describe('the end of a request', () => {
  test('is listened for by what waits for another machine, and not for the arithmetic of a signature', async () => {
    const { server, as, http } = world({}, undefined, { ...inlineSignatures, now: () => undefined })
    await server.ready()
    expect((await server.authenticate(unheard(as.jwt()))).subject).toBe('somebody')
    http.on(as.urls.introspection, held().reply)
    const leaving = new AbortController()
    const left = reasonOf(() => server.authenticate(bearer(OPAQUE, { signal: leaving.signal })))
    leaving.abort()
    expect(await left).toBe('introspection_unavailable')
  })
})

/** How often each clock is read for a token that is known: a JWT, unless another is given. */
async function readsFor(token?: string): Promise<number[]> {
  const { server, clock, as } = one({ introspection: { client } })
  as.introspects({ active: true, aud: AUDIENCE, exp: START + 600 })
  const sent = bearer(token ?? as.jwt())
  await server.authenticate(sent)
  const reads = [vi.spyOn(clock, 'wall'), vi.spyOn(clock, 'monotonic')]
  expect(server.tryAuthenticate(sent)).toMatchObject({ evidence: { source: 'cache' } })
  return reads.map(({ mock }) => mock.calls.length)
}

test('a known token is judged at one moment', async () => {
  expect([await readsFor(), await readsFor(OPAQUE)]).toEqual([
    [1, 1],
    [1, 1],
  ])
})
