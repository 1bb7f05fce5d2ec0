import { scope, type Store } from '@holdfast/core'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { inVirtualTime, until } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

verifies('NG-92', 'judges audience, scope and expiry anew on every use of a kept answer', async (face) => {
  const { as, get, handled, reasons } = await api(face, { routes: { '/admin': [scope('admin')] } })
  const token = as.opaque({ scope: 'user', expiresIn: '50s' })
  const foreign = as.opaque({ audience: 'https://other.example' })
  const early = as.opaque({ claims: { nbf: as.clock.wall() / 1_000 + 40 } })
  expect((await get('/', token)).status).toBe(200)
  expect((await get('/admin', token)).status).toBe(403)
  for (let again = 0; again < 3; again += 1) {
    expect((await get('/', foreign)).status).toBe(401)
    expect((await get('/', early)).status).toBe(401)
  }
  expect(as.calls.introspection).toBe(3)
  await as.clock.advance('11s') // the clock skew of 30 s counts for "nbf"
  expect((await get('/', early)).status).toBe(200)
  await as.clock.advance('39s')
  expect((await get('/', token)).status).toBe(401)
  expect(as.calls.introspection).toBe(3)
  expect(reasons().at(-1)).toBe('token_expired')
  expect(handled()).toBe(2)
})

verifies(['NG-93', 'NG-95'], 'never takes one token for another, however alike they are', async (face) => {
  const { as, get } = await api(face)
  const long = 'a'.repeat(8_000)
  const known = [`${long}1`, 'ab.c', 'AbC', 'a+b', 'a~b', 'a-b', 'tok', 'tok.en.x', 'x=', 'aGk', 'one', 'https']
  const alike = [
    `${long}2`,
    long,
    `${long}11`,
    `1${long}`,
    'a.bc',
    '.abc',
    'abc.',
    'abc',
    'ABC',
    'aBC',
    'a/b',
    'a_b',
    'a.b',
    'to',
    'tok=',
    'tok.',
    'tok.en',
    'tok.en.x=',
    'x',
    'x==',
    'aGk=',
    'ONE',
    'one.',
    'https.',
  ]
  for (const token of known) as.opaque({ token, sub: token.slice(-8) })
  for (const token of known) expect(JSON.parse((await get('/', token)).body).subject).toBe(token.slice(-8))
  for (const token of alike)
    expect([token.slice(0, 8), (await get('/', token)).status]).toEqual([token.slice(0, 8), 401])
  for (const token of known) expect(JSON.parse((await get('/', token)).body).subject).toBe(token.slice(-8))
  // Each spelling was asked about once, whatever the case of the scheme and the spaces before it.
  expect(as.calls.introspection).toBe(known.length + alike.length)
  expect((await get('/', ['authorization', `BEARER    ${known[0]}`])).status).toBe(200)
  expect(as.calls.introspection).toBe(known.length + alike.length)
})

verifies('NG-94', 'keys nothing by what a token says, and has no option to', async (face) => {
  const { as, get } = await api(face)
  const claims = { jti: 'same', sub: 'same', sid: 'same' }
  const [one, other] = [as.opaque({ claims, scope: 'a' }), as.opaque({ claims, scope: 'b' })]
  for (const [token, granted] of [
    [one, 'a'],
    [other, 'b'],
    [one, 'a'],
  ] as const) {
    expect(JSON.parse((await get('/', token)).body).scopes).toEqual([granted])
  }
  const jwts = [as.jwt({ claims, scope: 'a' }), as.jwt({ claims, scope: 'b' })]
  for (const [at, granted] of [
    [0, 'a'],
    [1, 'b'],
    [0, 'a'],
  ] as const) {
    expect(JSON.parse((await get('/', jwts[at])).body).scopes).toEqual([granted])
  }
  as.revoke(other)
  await as.clock.advance('61s')
  expect((await get('/', other)).status).toBe(401)
  expect((await get('/', one)).status).toBe(200)
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const wrong of ['key', 'keyOf', 'hash', 'by']) {
    expect(() => face.protect({ ...base, cache: { [wrong]: (token: string) => token.slice(0, 20) } })).toThrow(
      new RegExp(`unknown option "cache.${wrong}"`),
    )
    expect(() => face.protect({ ...base, cache: { introspected: { [wrong]: 'sub' } } })).toThrow(
      new RegExp(`unknown option "cache.introspected.${wrong}"`),
    )
  }
})

verifies(
  ['NG-96', 'XC-13'],
  'shares nothing between two servers, not even of one authorization server',
  async (face) => {
    const one = await api(face)
    const other = await api(face, { as: one.as })
    const { as } = one
    const [token, jwt, junk] = [as.opaque(), as.jwt(), 'junk']
    for (const { get } of [one, other]) {
      expect((await get('/', token)).status).toBe(200)
      expect((await get('/', jwt)).status).toBe(200)
      expect((await get('/', junk)).status).toBe(401)
    }
    expect(as.calls.counts).toEqual({ metadata: 2, keys: 2, introspection: 4 })
    await one.server.revoke({ sub: 'test-user' })
    await one.server.revoke({ token })
    expect((await one.get('/', token)).status).toBe(401)
    expect((await one.get('/', jwt)).status).toBe(401)
    expect((await other.get('/', token)).status).toBe(200)
    expect((await other.get('/', jwt)).status).toBe(200)
    await one.server.close()
    expect((await one.get('/', token)).status).toBe(503)
    expect((await other.get('/', token)).status).toBe(200)
    expect(one.server.status().counters).not.toEqual(other.server.status().counters)
  },
)

verifies(
  'NG-97',
  'uses no answer past the exp that it names, in an outage or after the clock was set back',
  async (face) => {
    const { as, get, reasons } = await api(face)
    const claims = { nbf: undefined } // would refuse it anyway
    const [token, long] = [as.opaque({ expiresIn: '90s', claims }), as.opaque({ claims })]
    expect((await get('/', token)).status).toBe(200)
    expect((await get('/', long)).status).toBe(200)
    as.outage()
    await as.clock.advance('89s')
    expect((await get('/', token)).status).toBe(200)
    await as.clock.advance('1s')
    expect((await get('/', token)).status).toBe(401)
    expect((await get('/', long)).status).toBe(200)
    as.clock.setWall(as.clock.wall() - 3_600_000)
    // The clock that never goes back says that it has ended, the other one that it has not: no evidence, and no verdict.
    expect((await inVirtualTime(as.clock, get('/', token))).status).toBe(503)
    expect((await get('/', long)).status).toBe(200)
    expect(reasons()).toEqual(['token_expired', 'introspection_unavailable'])
    await as.clock.advance('270s') // the grace does not begin anew either
    expect((await inVirtualTime(as.clock, get('/', long))).status).toBe(503)
  },
)

verifies('NG-98', 'lets a revocation win over the answer to a question that was asked before it', async (face) => {
  for (const order of [
    (token: string) => ({ token }),
    () => ({ sub: 'test-user' }),
    () => ({ clientId: 'test-client' }),
    () => ({ jti: 'the-jti' }),
    () => ({ sid: 'the-sid' }),
  ]) {
    const { as, server, get, handled } = await api(face)
    const token = as.opaque({ claims: { jti: 'the-jti', sid: 'the-sid' } })
    as.slow('500ms', 'introspection')
    const waiting = get('/', token)
    await until(() => as.calls.introspection === 1)
    await server.revoke(order(token))
    await as.clock.advance('500ms')
    expect([order(token), (await waiting).status]).toEqual([order(token), 401])
    // Nor does anything revive it: an active answer, time, an outage.
    as.recover('introspection')
    await as.clock.advance('61s')
    expect((await get('/', token)).status).toBe(401)
    as.outage()
    expect((await get('/', token)).status).toBe(401)
    expect(handled()).toBe(0)
  }
})

verifies('NG-98', 'lets no late answer overwrite a newer one', async (face) => {
  const { as, server, get } = await api(face)
  const token = as.opaque()
  as.respond('introspection', { body: { active: true, aud: AUDIENCE, exp: 4_000_000_000 }, times: 1 })
  as.slow('800ms', 'introspection')
  const first = get('/', token)
  await until(() => as.calls.introspection === 1)
  server.invalidate(token)
  as.revoke(token)
  as.slow(0, 'introspection')
  // The old call has its answer coming; the new one is asked after the token was called back, and is answered first.
  as.respond('introspection', { body: { active: false }, times: 1 })
  expect((await get('/', token)).status).toBe(401)
  as.respond('introspection', { body: { active: true, aud: AUDIENCE, exp: 4_000_000_000 } })
  await as.clock.advance('800ms')
  await first
  expect((await get('/', token)).status).toBe(401)
  expect(as.calls.introspection).toBe(2)
})

verifies(
  ['NG-99', 'LM-27'],
  'fills bounded memory of its own with junk, and forgets no good token for it',
  async (face) => {
    const { as, server, get, handled } = await api(face, {
      options: {
        cache: {
          introspected: { entries: 10 },
          jwts: { entries: 10 },
          negative: { entries: 20 },
          revocations: { entries: 10 },
        },
      },
    })
    const [token, jwt] = [as.opaque(), as.jwt()]
    const both = async (): Promise<void> => {
      expect((await get('/', token)).status).toBe(200)
      expect((await get('/', jwt)).status).toBe(200)
    }
    await both()
    await as.clock.advance('11s')
    await both() // in use for more than 10 s
    for (let index = 0; index < 60; index += 1) {
      expect((await get('/', `junk-${index}`)).status).toBe(401)
      expect((await get('/', as.jwt({ header: { kid: `kid-${index}` }, expiresIn: '-1h' }))).status).toBe(401)
      expect((await get('/', as.jwt({ claims: { iss: `https://issuer-${index}.test` } }))).status).toBe(401)
      expect((await get('/', as.opaque({ audience: `https://api-${index}.example` }))).status).toBe(401)
      expect((await get('/', as.jwt({ claims: { nonce: index } }))).status).toBe(200) // used once each
    }
    const { caches } = server.status()
    expect(caches.negative.entries).toBeLessThanOrEqual(20)
    expect(caches.introspected.entries).toBeLessThanOrEqual(10)
    expect(caches.jwts.entries).toBeLessThanOrEqual(10)
    const calls = as.calls.introspection
    as.outage()
    await both()
    expect(as.calls.introspection).toBe(calls)
    expect(handled()).toBe(6 + 60)
  },
)

verifies(
  'NG-100',
  'makes fewer calls for junk than it gets requests, and never more at a time than its limit',
  async (face) => {
    const { as, server, get, handled } = await api(face, {
      options: { resilience: { maxInFlight: 4, maxWaitingNew: 8 } },
    })
    await server.ready()
    for (let again = 0; again < 10; again += 1) expect((await get('/', 'the-same-junk')).status).toBe(401)
    expect(as.calls.introspection).toBe(1)
    for (const impossible of ['a b', '!', '"', 'a,b', 'x'.repeat(8_193)]) await get('/', impossible)
    expect(as.calls.introspection).toBe(1)

    as.hang('introspection')
    const flood = Array.from({ length: 40 }, (_, index) => get('/', `junk-${index}`))
    const statuses = await inVirtualTime(as.clock, Promise.all(flood))
    expect(statuses.map(({ status }) => status)).toEqual(flood.map(() => 503))
    // At most four under way at any time, of two seconds each: the rest was turned away, or left the queue unasked.
    expect(as.calls.introspection).toBeLessThanOrEqual(1 + 8)
    expect(handled()).toBe(0)
  },
)

verifies('NG-101', 'grants who slows the endpoint down the grace and no more', async (face) => {
  const { as, server, get } = await api(face)
  const [token, short, known] = [as.opaque(), as.opaque({ expiresIn: '120s' }), as.opaque({ sub: 'eve' })]
  for (const one of [token, short, known]) expect((await get('/', one)).status).toBe(200)
  for (const one of [token, short, known]) as.revoke(one)
  as.hang('introspection')
  await as.clock.advance('61s')
  const status = async (one: string): Promise<number> => (await inVirtualTime(as.clock, get('/', one))).status
  expect(await status(token)).toBe(200)
  await as.clock.advance('60s')
  expect(await status(short)).toBe(401)
  await server.revoke({ sub: 'eve' })
  expect(await status(known)).toBe(401)
  await as.clock.advance('240s')
  expect(await status(token)).toBe(503)
  as.recover('introspection')
  await as.clock.advance('10s')
  expect(await status(token)).toBe(401)
})

verifies('NG-101', 'ends the grace at once when the slow answer does come, and says no', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque()
  expect((await get('/', token)).status).toBe(200)
  as.revoke(token)
  await as.clock.advance('61s')
  as.slow('1800ms', 'introspection')
  const stale = await inVirtualTime(as.clock, get('/', token))
  expect([stale.status, JSON.parse(stale.body).stale]).toEqual([200, true])
  await as.clock.advance('2s')
  as.outage()
  expect((await get('/', token)).status).toBe(401)
})

function memory(): Store & { readonly kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    kept,
    load: async (name) => kept.get(name),
    save: async (name, value) => void kept.set(name, value),
  }
}

verifies('NG-107', 'revives no revoked token from a store that was put back', async (face) => {
  const store = memory()
  const options = { store, cache: { introspected: { persist: true } } }
  const first = await api(face, { options })
  const { as } = first
  const [token, other] = [as.opaque({ expiresIn: '12h' }), as.opaque({ sub: 'ada', expiresIn: '12h' })]
  expect((await first.get('/', token)).status).toBe(200)
  expect((await first.get('/', other)).status).toBe(200)
  await as.clock.advance('11s')
  const old = new Map(store.kept)
  expect((await first.server.revoke({ token })).durable).toBe(true)
  await first.server.close()
  // Somebody puts the answers of before the revocation back; the record of revocations is another one.
  for (const [name, value] of old) if (name.includes('answers')) store.kept.set(name, value)

  const second = await api(face, { as, options })
  as.outage('introspection')
  expect((await inVirtualTime(as.clock, second.get('/', token))).status).toBe(401)
  expect((await inVirtualTime(as.clock, second.get('/', other))).status).toBe(200)
  await second.server.close()

  // What was changed, or is no text at all as some clients of stores give it, is no answer.
  for (const forged of ['{"active":true}', '', 'null', Buffer.from('octets'), 7, { active: true }]) {
    for (const name of store.kept.keys()) if (name.includes('answers')) store.kept.set(name, forged as string)
    const later = await api(face, { as, options })
    expect([forged, (await inVirtualTime(as.clock, later.get('/', other))).status]).toEqual([forged, 503])
    await later.server.close()
  }
})

verifies('NG-108', 'makes one call for all who bring the same token', async (face) => {
  const { as, server, get } = await api(face)
  await server.ready()
  const token = as.opaque()
  as.slow('200ms', 'introspection')
  const crowd = await inVirtualTime(as.clock, Promise.all(Array.from({ length: 20 }, () => get('/', token))))
  expect(crowd.map(({ status }) => status)).toEqual(crowd.map(() => 200))
  expect(as.calls.introspection).toBe(1)
  // At the end of its freshness, too, and when the endpoint comes back.
  await as.clock.advance('61s')
  await inVirtualTime(as.clock, Promise.all(Array.from({ length: 20 }, () => get('/', token))))
  expect(as.calls.introspection).toBe(2)
})

verifies('NG-108', 'comes back from an outage slowly, and for those first that are in use', async (face) => {
  const { as, server, get } = await api(face, { options: { resilience: { maxInFlight: 100 } } })
  const tokens = Array.from({ length: 30 }, () => as.opaque())
  for (const token of tokens) expect((await get('/', token)).status).toBe(200)
  as.outage()
  await as.clock.advance('70s')
  for (const token of tokens) expect((await get('/', token)).status).toBe(200)
  await as.clock.advance('10s')
  as.calls.clear()
  await as.recover()
  as.slow('100ms', 'introspection')
  let most = 0
  for (let tenth = 0; tenth < 150; tenth += 1) {
    await as.clock.advance('100ms')
    most = Math.max(most, server.status().issuers[0]!.introspection!.inFlight)
  }
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(16)
  expect(as.calls.introspection).toBeLessThanOrEqual(30 + 5)
  expect(server.status().issuers[0]!.introspection!.state).toBe('healthy')
})
