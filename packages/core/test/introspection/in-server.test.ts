import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AuthError } from '../../src/errors.ts'
import { clientSecretBasic, tlsClientAuth } from '../../src/introspection/client-authentication.ts'
import type { HttpResponse } from '../../src/ports/http.ts'
import type { JwtMode } from '../../src/verify/introspected-jwt.ts'
import { certificate } from '../support/certificate.ts'
import { settled, START } from '../support/manual-clock.ts'
import { errorOf, reasonOf } from '../support/refusals.ts'
import { failing, held, json, status } from '../support/scripted-http.ts'
import { AUDIENCE, bearer, SECRET, world } from '../support/world.ts'

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const opaque = (n: number | string): string => `opaque-token-${n}`

function setUp(mode: JwtMode = 'offline') {
  const all = world({}, () => [
    { issuer: 'https://as.example', jwt: { mode }, introspection: { client: clientSecretBasic('me', SECRET) } },
  ])
  const { server, http, as, events } = all
  return {
    ...all,
    introspection: () => server.status().issuers[0]!.introspection!,
    calls: () => http.to(as.urls.introspection).length,
    endpointEvents: () => events.filter(({ type }) => type === 'endpoint'),
    advice: () => events.flatMap((event) => (event.type === 'advice' ? [event.code] : [])),
  }
}

type All = ReturnType<typeof setUp>

/** Ten known tokens, and then an endpoint that refuses connections for longer than 5 s. */
async function outage(mode?: JwtMode): Promise<All> {
  const all = setUp(mode)
  for (let n = 0; n < 10; n += 1) await all.server.authenticate(bearer(opaque(n)))
  await all.clock.advance(5_000)
  all.as.introspects(failing('connect'))
  for (let n = 0; n < 5; n += 1) await errorOf(() => all.server.authenticate(bearer(opaque(`x${n}`))))
  expect(all.introspection().state).toBe('down')
  return all
}

describe('an outage', () => {
  test('every change of the state is told, and the issuer is degraded', async () => {
    const { endpointEvents, server } = await outage()
    const more = { type: 'endpoint', issuer: 'https://as.example', misconfigured: false }
    expect(endpointEvents()).toEqual([
      { ...more, state: 'limited', previous: 'healthy' },
      { ...more, state: 'down', previous: 'limited' },
    ])
    expect(server.status().state).toBe('degraded')
  })

  test('where every call is swallowed it is known after three deadlines', async () => {
    const all = setUp()
    await all.server.authenticate(bearer(opaque('known')))
    all.as.introspects(held().reply)
    const begun = all.clock.monotonic()
    for (let n = 0; all.introspection().state !== 'down' && n < 1_000; n += 1) {
      void all.server.authenticate(bearer(opaque(n))).catch(() => undefined)
      await all.clock.advance(20)
    }
    expect(all.clock.monotonic() - begun).toBeLessThanOrEqual(6_100)
  })

  test('known tokens are served synchronously, new ones get 503 with Retry-After and no challenge', async () => {
    const { server, clock } = await outage()
    await clock.advance(60_000)
    for (let n = 0; n < 10; n += 1) {
      expect(server.tryAuthenticate(bearer(opaque(n)))).toMatchObject({ evidence: { source: 'cache', stale: true } })
    }
    const { status: code, headers } = server.answer(await errorOf(() => server.authenticate(bearer(opaque('new')))))
    expect([code, Number(headers['retry-after']) >= 1, headers['www-authenticate']]).toEqual([503, true, undefined])
  }) // R19, R20

  test('at most one probe at a time goes out, whatever comes in', async () => {
    const all = await outage()
    await all.clock.advance(60_000)
    const waiting = held()
    all.as.introspects(waiting.reply)
    const before = all.calls()
    for (let turn = 0; turn < 50; turn += 1) {
      for (let n = 0; n < 10; n += 1) all.server.tryAuthenticate(bearer(opaque(n)))
      void all.server.authenticate(bearer(opaque(`new-${turn}`))).catch(() => undefined)
      await all.clock.advance(20)
      expect(waiting.waiting).toBeLessThanOrEqual(1)
    }
    expect(all.calls() - before).toBe(1)
  })

  test('it ends by itself: healthy within 15 s, and what was revoked meanwhile is refused', async () => {
    const all = await outage()
    await all.clock.advance(240_000)
    const replies = (token: string): object =>
      token === opaque(3) ? { active: false } : { active: true, aud: AUDIENCE, sub: 'somebody' }
    for (let n = 0; n < 10; n += 1) all.server.tryAuthenticate(bearer(opaque(n)))
    all.as.introspects((request) => json(replies(new URLSearchParams(request.body).get('token')!)))
    for (let second = 0; second < 15; second += 1) {
      await all.clock.advance(1_000)
      for (let n = 0; n < 10; n += 1) all.server.tryAuthenticate(bearer(opaque(n)))
    }
    expect(all.introspection().state).toBe('healthy')
    expect(await reasonOf(() => all.server.authenticate(bearer(opaque(3))))).toBe('token_inactive')
    expect(all.server.tryAuthenticate(bearer(opaque(4)))).toMatchObject({ evidence: { stale: false } })
  }) // R22, rule 9

  test('onlineWhenHealthy a JWT goes by its signature, at once', async () => {
    const { server, as, calls } = await outage('onlineWhenHealthy')
    const before = calls()
    const auth = await server.authenticate(bearer(as.jwt()))
    expect([auth.evidence, calls()]).toMatchObject([{ by: 'signature', stale: true }, before])
  }) // R28

  test('online a JWT gets 503, at once', async () => {
    const { server, as, calls } = await outage('online')
    const before = calls()
    const error = await errorOf(() => server.authenticate(bearer(as.jwt())))
    expect([error.status, calls()]).toEqual([503, before])
  })
})

describe('credentials that are rejected', () => {
  test('it is told when it begins, with advice, even where nobody is refused', async () => {
    const { server, clock, as, endpointEvents, advice } = setUp()
    await server.authenticate(bearer(opaque(1)))
    await clock.advance(50_000)
    as.introspects(() => status(401))
    expect(server.tryAuthenticate(bearer(opaque(1)))).toMatchObject({ evidence: { stale: false } })
    await settled()
    expect(endpointEvents()).toMatchObject([{ state: 'healthy', previous: 'healthy', misconfigured: true }])
    expect(advice()).toEqual(['HOLDFAST_INTROSPECTION_CREDENTIALS'])
    expect(server.status().counters.refused).toEqual({})
  })

  test('advice is given once, the state every time', async () => {
    const { server, clock, as, endpointEvents, advice } = setUp()
    for (let turn = 0; turn < 3; turn += 1) {
      as.introspects(() => status(401))
      await clock.advance(60_000)
      await errorOf(() => server.authenticate(bearer(opaque(`bad-${turn}`))))
      as.up()
      await clock.advance(10_000)
      await server.authenticate(bearer(opaque(`good-${turn}`)))
    }
    expect(advice()).toEqual(['HOLDFAST_INTROSPECTION_CREDENTIALS'])
    expect(endpointEvents().map((event) => 'misconfigured' in event && event.misconfigured)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ])
  })

  test('a stranger’s odd token that a firewall rejects makes no noise about our credentials', async () => {
    const { server, as, endpointEvents, advice } = setUp()
    await server.authenticate(bearer(opaque(1)))
    as.introspects(() => status(403))
    const reason = await reasonOf(() => server.authenticate(bearer(opaque('odd'))))
    expect([reason, endpointEvents(), advice()]).toEqual(['introspection_unavailable', [], []])
  }) // design §9.2
})

describe('close', () => {
  test('whoever waits gets 503, whether in the queue, in flight or before a second try; no timer stays', async () => {
    const all = setUp()
    await all.server.authenticate(bearer(opaque('known')))
    await all.clock.advance(360_000)
    const waiting = held()
    all.as.introspects(waiting.reply)
    const errors = Array.from({ length: 20 }, (_, n) => errorOf(() => all.server.authenticate(bearer(opaque(n)))))
    await settled()
    expect(all.introspection()).toMatchObject({ inFlight: 10, queued: { busy: 10 } })
    const closed = all.server.close()
    waiting.fail(new Error('the pool is closed'))
    await closed
    expect((await Promise.all(errors)).map((error) => error.status)).toEqual(errors.map(() => 503))
    await settled()
    expect(all.clock.timers).toBe(0)
  }) // design §9.13

  test('afterwards nothing is asked', async () => {
    const { server, calls } = setUp()
    await server.close()
    expect([await reasonOf(() => server.authenticate(bearer(opaque(1)))), calls()]).toEqual(['closed', 0])
  })
})

test('no token, no secret and no address is in any event or status of an outage', async () => {
  const { server, events, clock } = await outage('onlineWhenHealthy')
  await clock.advance(60_000)
  server.tryAuthenticate(bearer(opaque(1)))
  const error = await errorOf(() => server.authenticate(bearer(opaque('new'))))
  const told = JSON.stringify([events, server.status(), error, AuthError.detailsOf(error), server.answer(error)])
  for (const secret of ['opaque-token', SECRET, '/introspect', String(START)]) expect(told).not.toContain(secret)
}) // IN-47

test('a certificate of ours that brings no authorities is shown only to whom those of the issuer vouch for', async () => {
  const [ours, theirs] = [await certificate('client'), await certificate('as.example')]
  const client = tlsClientAuth('me', { ...ours, ca: undefined })
  const { server, http, as } = world({}, () => [
    { issuer: 'https://as.example', tls: { ca: theirs.cert }, introspection: { client } },
  ])
  await server.authenticate(bearer(opaque(1)))
  expect(http.to(as.urls.introspection)[0]!.tls).toEqual({ ...ours, ca: [theirs.cert] })
}) // CA-12

describe('signed answers by a key that cannot be fetched', () => {
  const ISSUER = 'https://as.example'
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  function signedAnswer(kid: string, iat: number): HttpResponse {
    const content = { active: true, aud: AUDIENCE, sub: 'somebody' }
    const payload = { iss: ISSUER, aud: 'me', iat, token_introspection: content }
    const signed = `${encode({ alg: 'ES256', typ: 'token-introspection+jwt', kid })}.${encode(payload)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    const headers = { 'content-type': 'application/token-introspection+jwt' }
    return { status: 200, headers, body: Buffer.from(`${signed}.${signature.toString('base64url')}`) }
  }

  test('are not asked for again with every use, and the endpoint stays healthy', async () => {
    const introspection = { client: clientSecretBasic('me', SECRET), signed: { algorithm: 'ES256' } } as const
    const { server, http, as, clock } = world({}, () => [{ issuer: ISSUER, introspection }])
    let kid = 'k1'
    const jwk = (): object => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256' })
    const published = (): HttpResponse => json({ keys: [jwk()] })
    http.on(as.urls.keys, published)
    as.introspects(() => signedAnswer(kid, Math.floor(clock.wall() / 1_000)))
    await server.authenticate(bearer(opaque('known')))

    kid = 'k2'
    http.on(as.urls.keys, failing('connect'))
    await clock.advance(70_000)
    const before = http.to(as.urls.introspection).length
    for (let n = 0; n < 50; n += 1) {
      const waiting = server.authenticate(bearer(opaque('known')))
      await clock.advance(10)
      expect((await waiting).evidence.stale).toBe(true)
      expect(await reasonOf(() => server.authenticate(bearer(opaque('new'))))).toBe('introspection_unavailable')
    }
    expect(http.to(as.urls.introspection).length - before).toBe(2)
    expect(server.status().issuers[0]!.introspection).toMatchObject({
      state: 'healthy',
      lastTrouble: 'keys_unavailable',
    })

    http.on(as.urls.keys, published)
    await clock.advance(60_000)
    expect((await server.authenticate(bearer(opaque('new')))).evidence.source).toBe('live')
  }) // IN-62
})
