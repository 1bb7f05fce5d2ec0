import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { AuthError, type Reason, REASONS, refused } from '../src/errors.ts'
import { fresh } from '../src/guard/fresh.ts'
import { scope } from '../src/guard/scope.ts'
import { HINTS } from '../src/hints.ts'
import { clientSecretBasic } from '../src/introspection/client-authentication.ts'
import { createResourceServer, type ResourceServer } from '../src/resource-server.ts'
import type { HoldfastEvent, ObservedServer, Observer } from '../src/ports/observer.ts'
import { errorOf, reasonOf } from './support/refusals.ts'
import { deferred } from './support/deferred.ts'
import { failing, json } from './support/scripted-http.ts'
import { AUDIENCE, authority, bearer, SECRET, world } from './support/world.ts'

const ISSUER = 'https://as.example'
const NONE = { live: 0, cache: 0, stale: 0 }
const OPAQUE = 'an-opaque-token'
const ACTIVE = json({ active: true, aud: AUDIENCE, sub: 'somebody' })

const ofType = <T extends HoldfastEvent['type']>(events: readonly HoldfastEvent[], type: T) =>
  events.filter((event): event is Extract<HoldfastEvent, { type: T }> => event.type === type)

const failingWith = (error: Error) => (): never => {
  throw error
}

/** As adapters send a request: at once, and where that takes waiting the same one again. */
async function sent(server: ResourceServer, token: string): Promise<unknown> {
  const request = bearer(token)
  return server.tryAuthenticate(request) ?? server.authenticate(request)
}

describe('counters', () => {
  test('of an issuer are by kind of token and evidence, and by reason', async () => {
    const { server, as, clock } = world()
    const jwt = as.jwt()
    await server.authenticate(bearer(jwt))
    for (let n = 0; n < 3; n += 1) server.tryAuthenticate(bearer(jwt))
    await server.authenticate(bearer(OPAQUE))
    server.tryAuthenticate(bearer(OPAQUE))
    as.down(failing('connect'))
    await clock.advance(100_000)
    const late = server.authenticate(bearer(OPAQUE))
    await clock.advance(1_000)
    await late
    await reasonOf(() => server.authenticate(bearer(as.jwt({ exp: 1 }))))
    await reasonOf(() => server.authenticate({ rawHeaders: [] }))
    const { issuers, counters } = server.status()
    expect(issuers[0]!.counters).toEqual({
      accepted: { jwt: { live: 1, cache: 3, stale: 0 }, opaque: { live: 1, cache: 1, stale: 1 } },
      refused: { token_expired: 1 },
    })
    expect(counters).toEqual({
      accepted: { live: 2, cache: 4, stale: 1 },
      refused: { token_expired: 1, credentials_missing: 1 },
    })
  })

  test('of two issuers are apart', async () => {
    const { server, as } = world({}, (http) => [ISSUER, authority(http, 'https://other.example').issuer])
    await server.authenticate(bearer(as.jwt()))
    const [one, other] = server.status().issuers
    expect(one!.counters.accepted.jwt.live).toBe(1)
    expect(other!.counters).toEqual({ accepted: { jwt: NONE, opaque: NONE }, refused: {} })
  })

  test('name no issuer that is not configured, whatever a guard throws', async () => {
    const { server, as } = world()
    const auth = await server.authenticate(bearer(as.jwt()))
    const guard = failingWith(new AuthError('custom', { issuer: 'https://made-up.example' }))
    expect(await reasonOf(async () => server.authorize(auth, guard))).toBe('custom')
    const status = server.status()
    expect(status.issuers.map(({ counters }) => counters.refused)).toEqual([{}])
    expect(status.counters.refused).toEqual({ custom: 1 })
  })

  test('of the caches tell what was found, what was not, and what left', async () => {
    const { server, as, clock } = world({ cache: { jwts: { entries: 3 } } })
    const tokens = Array.from({ length: 4 }, () => as.jwt())
    for (const token of tokens) await sent(server, token)
    server.tryAuthenticate(bearer(tokens[3]!))
    server.invalidate(tokens[3]!)
    await server.authenticate(bearer(OPAQUE))
    as.introspects({ active: false })
    await clock.advance(100_000)
    await reasonOf(() => server.authenticate(bearer(OPAQUE)))
    server.tryAuthenticate(bearer(OPAQUE))
    const { jwts, introspected, negative } = server.status().caches
    expect(jwts).toMatchObject({ entries: 2, hits: 1, misses: 4, evicted: { capacity: 1, expired: 0, dropped: 1 } })
    expect(introspected).toMatchObject({ hits: 0, misses: 3, evicted: { capacity: 0, expired: 0, dropped: 1 } })
    expect(negative).toEqual({ entries: 1, hits: 1, evicted: { capacity: 0 } })
  })

  test('an entry that is asked for after its token expired has expired', async () => {
    const { server, as, clock } = world()
    const token = as.jwt()
    await server.authenticate(bearer(token))
    await clock.advance(1_000_000)
    await reasonOf(() => server.authenticate(bearer(token)))
    expect(server.status().caches.jwts.evicted).toEqual({ capacity: 0, expired: 1, dropped: 0 })
  })

  test('of callers who wait for the same answer', async () => {
    const { server, as } = world()
    await server.ready()
    const reply = deferred<void>()
    as.introspects(async () => {
      await reply.promise
      return ACTIVE
    })
    const all = Array.from({ length: 3 }, () => server.authenticate(bearer(OPAQUE)))
    reply.resolve()
    await Promise.all(all)
    expect(server.status().issuers[0]!.introspection!.counters).toMatchObject({ calls: 1, coalesced: 2 })
  })

  test('of looks for a key that the set does not have', async () => {
    const { server, as, clock } = world()
    await server.authenticate(bearer(as.jwt()))
    await clock.advance(10_000)
    const unknown = (): Promise<string> => reasonOf(() => server.authenticate(bearer(as.jwt({}, { kid: 'other' }))))
    await Promise.all([unknown(), unknown()])
    expect(server.status().issuers[0]!.keys!.unknownKids).toEqual({ fetched: 1, joined: 1, limited: 0 })
    expect(server.status().issuers[0]!.counters.refused).toEqual({ key_unknown: 2 })
  })
})

describe('a status', () => {
  test('says for how long documents and answers count', async () => {
    const { server } = world({ resilience: { grace: '1m' } })
    expect(server.status().issuers[0]!.keys).toMatchObject({ freshFor: undefined, usableFor: 86_400_000 })
    const { issuers } = await server.ready()
    expect(issuers[0]!.keys).toMatchObject({ freshFor: 600_000, usableFor: 86_400_000 })
    expect(issuers[0]!.evidence).toEqual({ fresh: 60_000, usable: 120_000 })
  })

  test('has no bounds for answers where nobody is asked', () => {
    const { server } = world({}, () => [ISSUER])
    expect(server.status().issuers[0]!.evidence).toBeUndefined()
  })
})

describe('an observer', () => {
  test('gets to see the server it observes, until that is closed', async () => {
    const seen: [string, number, ObservedServer][] = []
    const note = (what: string) => (server: ObservedServer) =>
      void seen.push([what, server.status().counters.accepted.live, server])
    const observer: Observer = { on: () => undefined, attach: note('attach'), detach: note('detach') }
    const { server, as } = world({ observe: observer })
    await server.authenticate(bearer(as.jwt()))
    await server.close()
    expect(seen.map(([what, accepted]) => [what, accepted])).toEqual([
      ['attach', 0],
      ['detach', 1],
    ])
    expect(seen[0]![2]).toBe(seen[1]![2])
    expect(Object.keys(seen[0]![2])).toEqual(['status'])
  })

  test('is let go once those who waited for an answer have been refused, and counted', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const issuer = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    let atEnd: unknown
    const observer: Observer = {
      on: () => undefined,
      detach: (server) => (atEnd = server.status().counters.refused),
    }
    const introspection = { client: clientSecretBasic('me', SECRET), endpoint: `${issuer}/introspect` }
    const server = createResourceServer({
      issuers: [{ issuer, jwt: false, introspection }],
      audience: AUDIENCE,
      allowInsecureLoopback: true,
      observe: observer,
    })
    const connected = new Promise((resolve) => silent.once('request', resolve))
    const refusals = Array.from({ length: 5 }, (_, n) => reasonOf(() => server.authenticate(bearer(`${OPAQUE}-${n}`))))
    await connected
    await server.close()
    expect(atEnd).toEqual({ introspection_unavailable: 5 })
    await Promise.all(refusals)
    silent.closeAllConnections()
    silent.close()
  })

  test('whose methods fail is no reason to build nothing, or not to close', async () => {
    const mistake = failingWith(new Error('a mistake of the observer'))
    const { server, as } = world({ observe: { on: mistake, attach: mistake, detach: mistake } })
    expect((await server.authenticate(bearer(as.jwt()))).issuer).toBe(ISSUER)
    await server.close()
  })

  test('hears of verifications, and of no token that was known', async () => {
    const { server, as, clock, events } = world()
    await server.ready()
    const reply = deferred<void>()
    as.introspects(async () => {
      await reply.promise
      return ACTIVE
    })
    const waiting = server.authenticate(bearer(OPAQUE))
    await clock.advance(40)
    reply.resolve()
    await waiting
    const jwt = as.jwt()
    for (let n = 0; n < 3; n += 1) server.tryAuthenticate(bearer(jwt))
    expect(ofType(events, 'verified')).toEqual([
      { type: 'verified', issuer: ISSUER, kind: 'opaque', duration: 40 },
      { type: 'verified', issuer: ISSUER, kind: 'jwt', duration: 0 },
    ])
  })

  test('hears in which class an introspection waited, and for how long', async () => {
    const { server, as, clock, events } = world({ resilience: { maxInFlight: 1 } })
    await server.ready()
    const replies = [deferred<void>(), deferred<void>()]
    let asked = 0
    as.introspects(async () => {
      await replies[asked++]!.promise
      return ACTIVE
    })
    const both = ['one', 'two'].map((token) => server.authenticate(bearer(token, { source: '192.0.2.7' })))
    await clock.advance(30)
    replies[0]!.resolve()
    await clock.advance(20)
    replies[1]!.resolve()
    await Promise.all(both)
    expect(ofType(events, 'introspection')).toMatchObject([
      { class: 'quiet', waited: 0, duration: 30 },
      { class: 'busy', waited: 30, duration: 20 },
    ])
  })

  test('hears how long one waited that was never tried again', async () => {
    const { server, as, clock, events } = world()
    await server.ready()
    // Second tries are paid for by answers.
    for (let n = 0; n < 20; n += 1) await server.authenticate(bearer(`token-${n}`))
    await clock.advance(1_000)
    const auth = await server.authenticate(bearer('token-0'))
    as.introspects(failing('connect'))
    const refusal = reasonOf(async () => server.authorize(auth, fresh('0s')))
    await clock.advance(10)
    // Before its second try the endpoint is down.
    for (let n = 0; n < 6; n += 1) await reasonOf(() => server.authenticate(bearer(`other-${n}`)))
    await clock.advance(1_000)
    expect(await refusal).toBe('evidence_too_old')
    expect(ofType(events, 'introspection').at(-1)).toMatchObject({ class: 'blocked', waited: 0, trouble: 'connect' })
  })
})

describe('a refusal', () => {
  test.each([
    ['a JWT that was not known', 'token_expired', 'jwt', (as) => as.jwt({ exp: 1 })],
    ['what is nobody’s', 'issuer_unknown', undefined, (as) => as.jwt({ iss: 'https://else.example' })],
    ['an opaque token', 'token_inactive', 'opaque', () => OPAQUE],
  ] as [string, Reason, string | undefined, (as: ReturnType<typeof authority>) => string][])(
    'says which kind of token it was: %s',
    async (_, reason, kind, token) => {
      const { server, as, events } = world()
      as.introspects({ active: false })
      expect(await reasonOf(() => server.authenticate(bearer(token(as))))).toBe(reason)
      expect(ofType(events, 'refused')).toMatchObject([{ reason, kind }])
    },
  )

  test('says so of a known token, of a revoked one, and of what a guard refused', async () => {
    const { server, as, clock, events } = world()
    const [expires, revoked, lacks] = [as.jwt({ exp: 1_800_000_060 }), as.jwt({ sub: 'gone' }), as.jwt()]
    for (const token of [expires, revoked]) await server.authenticate(bearer(token))
    const auth = await server.authenticate(bearer(lacks))
    await reasonOf(async () => server.authorize(auth, scope('b')))
    await server.revoke({ sub: 'gone' })
    server.tryAuthenticate(bearer(revoked))
    await clock.advance(120_000)
    server.tryAuthenticate(bearer(expires))
    expect(ofType(events, 'refused').map(({ reason, kind }) => [reason, kind])).toEqual([
      ['scope_missing', 'jwt'],
      ['token_revoked', 'jwt'],
      ['token_expired', 'jwt'],
    ])
  })

  test('comes with what an operator should look at', async () => {
    const { server, http, as, clock, events } = world()
    http.on(as.urls.introspection, json({ error: 'invalid_client' }, { status: 401 }))
    const refusal = errorOf(() => server.authenticate(bearer(OPAQUE)))
    await clock.advance(5_000)
    expect((await refusal).reason).toBe('introspection_misconfigured')
    expect(ofType(events, 'refused').at(-1)!.hint).toContain('rejects our introspection credentials')
    expect(JSON.stringify((await refusal).headers)).not.toContain('credentials')
  })
})

describe('the hints', () => {
  test('have an entry for every reason, and no other', () => {
    expect(Object.keys(HINTS).toSorted()).toEqual(Object.keys(REASONS).toSorted())
  })

  test('name what can be looked at wherever a server cannot judge, or made a mistake', () => {
    const needed = (Object.keys(REASONS) as Reason[]).filter((reason) => refused(reason).status >= 500)
    expect(needed.filter((reason) => HINTS[reason] === undefined)).toEqual(['closed'])
  })
})

const signals = (events: readonly HoldfastEvent[]) => ofType(events, 'signal').map(({ signal }) => signal)

describe('signals', () => {
  test('forged signatures', async () => {
    const { server, as, events } = world()
    await server.authenticate(bearer(as.jwt()))
    for (let n = 0; n < 30; n += 1) {
      const [head, body, signature] = as.jwt().split('.') as [string, string, string]
      const forged = `${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
      await reasonOf(() => server.authenticate(bearer(forged)))
    }
    expect(signals(events)).toEqual(['signature_burst'])
  })

  test('a token that is used after it was revoked here, or by its authorization server', async () => {
    const { server, as, clock, events } = world()
    const revoked = as.jwt()
    await server.revoke({ token: revoked })
    for (let n = 0; n < 5; n += 1) await reasonOf(() => server.authenticate(bearer(revoked)))
    expect(ofType(events, 'signal')).toMatchObject([{ signal: 'use_after_revocation', issuer: undefined, count: 5 }])
    await server.authenticate(bearer(OPAQUE))
    as.introspects({ active: false })
    await clock.advance(100_000)
    await reasonOf(() => server.authenticate(bearer(OPAQUE)))
    await clock.advance(1)
    for (let n = 0; n < 5; n += 1) await reasonOf(() => server.authenticate(bearer(OPAQUE)))
    expect(ofType(events, 'signal').slice(1)).toMatchObject([{ signal: 'use_after_revocation', issuer: ISSUER }])
  })

  test('tokens that were never good are none', async () => {
    const { server, as, clock, events } = world()
    as.introspects({ active: false })
    for (let n = 0; n < 50; n += 1) {
      await clock.advance(1)
      await reasonOf(() => server.authenticate(bearer(OPAQUE)))
    }
    expect(signals(events)).toEqual([])
  })

  test('a token whose answers are not to be kept is no new one with each use', async () => {
    const introspection = { client: clientSecretBasic('me', SECRET), honourNoStore: true }
    const { server, as, clock, events } = world({}, () => [{ issuer: ISSUER, introspection }])
    const answer = { active: true, aud: AUDIENCE, client_id: 'app' }
    as.introspects(() => json(answer, { headers: { 'cache-control': 'no-store' } }))
    for (let n = 0; n < 150; n += 1) {
      await server.authenticate(bearer(OPAQUE))
      await clock.advance(2_400)
    }
    expect(signals(events)).toEqual([])
  })

  test('tokens of strangers', async () => {
    const { server, as, events } = world()
    for (let n = 0; n < 20; n += 1)
      await reasonOf(() => server.authenticate(bearer(as.jwt({ iss: `https://as-${n}.example` }))))
    expect(ofType(events, 'signal')).toMatchObject([{ signal: 'unknown_issuer', issuer: undefined, count: 20 }])
  })

  test('an authorization server that lost its data; what it calls inactive is refused all the same', async () => {
    const { server, as, clock, events } = world()
    const tokens = Array.from({ length: 12 }, (_, n) => `token-${n}`)
    for (const token of tokens) await server.authenticate(bearer(token))
    as.introspects({ active: false })
    await clock.advance(100_000)
    for (const token of tokens) {
      expect(await reasonOf(() => server.authenticate(bearer(token)))).toBe('token_inactive')
    }
    expect(ofType(events, 'signal')).toMatchObject([{ signal: 'inactive_surge', issuer: ISSUER, count: 10 }])
  })

  test('tokens that the authorization server calls inactive because they expired are none', async () => {
    const { server, as, clock, events } = world()
    const exp = clock.wall() / 1_000 + 90
    as.introspects({ active: true, aud: AUDIENCE, sub: 'somebody', exp })
    const tokens = Array.from({ length: 12 }, (_, n) => `token-${n}`)
    for (const token of tokens) await server.authenticate(bearer(token))
    as.introspects({ active: false })
    await clock.advance(100_000)
    for (const token of tokens) await reasonOf(() => server.authenticate(bearer(token)))
    expect(signals(events)).toEqual([])
  })

  test.each([
    ['a client that takes a new token for each call', 1, ['token_churn']],
    ['a client whose users come again', 2, []],
  ] as const)('%s', async (_, uses, expected) => {
    const { server, as, clock, events } = world()
    for (let n = 0; n < 110; n += 1) {
      const token = as.jwt({ exp: 1_800_001_000 })
      for (let use = 0; use < uses; use += 1) {
        await sent(server, token)
      }
      await clock.advance(2_800)
    }
    expect(signals(events)).toEqual(expected)
    expect(ofType(events, 'signal').every(({ issuer }) => issuer === ISSUER)).toBe(true)
  })

  test('cost nothing where nobody would hear them', async () => {
    const quiet = world({
      observe: undefined,
      issuers: [{ issuer: ISSUER, introspection: { client: clientSecretBasic('me', SECRET) } }],
    } as object)
    for (let n = 0; n < 30; n += 1) await reasonOf(() => quiet.server.authenticate(bearer(quiet.as.jwt({ iss: 'x' }))))
    expect(quiet.server.status().counters.refused).toEqual({ issuer_unknown: 30 })
  })
})
