import { describe, expect, test } from 'vitest'
import { clientSecretBasic } from '../../src/introspection/client-authentication.ts'
import type { IssuerOptions } from '../../src/options/issuer-options.ts'
import type { SharedServerOptions } from '../../src/options/options.ts'
import { fresh } from '../../src/guard/fresh.ts'
import { START } from '../support/manual-clock.ts'
import { failing, json } from '../support/scripted-http.ts'
import { authority, bearer, SECRET, world } from '../support/world.ts'

const client = clientSecretBasic('me', SECRET)

function setUp(options: SharedServerOptions = {}, issuer: Partial<IssuerOptions> = {}) {
  const setting = world({
    ...options,
    issuers: [{ issuer: 'https://as.example', introspection: { client }, ...issuer }],
  })
  const { server, clock } = setting
  const use = async (token: string, ...guards: Parameters<typeof fresh>[]) => {
    const request = bearer(token)
    const auth = server.tryAuthenticate(request) ?? (await server.authenticate(request))
    if (auth instanceof Error) throw auth
    return server.authorize(auth, ...guards.map((one) => fresh(...one)))
  }
  const survivable = () => server.status().issuers[0]!.survivable
  /** Past what a forecast keeps. */
  const later = (ms = 1_000) => clock.advance(ms)
  return { ...setting, use, survivable, later }
}

const ratios = (one: number | undefined, five = one, hour = one) => ({ '1m': one, '5m': five, '1h': hour })

describe('survivable', () => {
  test('says nothing while there are no requests, nor a minute after them', async () => {
    const { survivable, use, later, as } = setUp()
    expect(survivable()).toEqual(ratios(undefined))
    await use(as.jwt())
    await later()
    expect(survivable()['1m']).toBe(1)
    await later(60_000)
    expect(survivable()).toEqual(ratios(undefined))
  })

  test('weighs tokens by their requests', async () => {
    const { survivable, use, later, as } = setUp()
    for (let turn = 0; turn < 3; turn += 1) await use('opaque')
    await use(as.jwt({ exp: START + 7_200 }))
    await later()
    expect(survivable()).toEqual(ratios(1, 1, 0.25))
  })

  test('takes a token that came once for one that was made for one call', async () => {
    const { survivable, use, later } = setUp()
    await use('once')
    await use('again')
    await later()
    await use('again')
    await later()
    expect(survivable()['1m']).toBeCloseTo(2 / 3)
  })

  test('knows a token that came again after a while', async () => {
    const { survivable, use, later } = setUp()
    await use('kept')
    await later(20_000)
    await use('kept')
    await later()
    expect(survivable()['1m']).toBe(1)
  })

  test('weighs a sample of many requests like all of them', async () => {
    const { survivable, use, later, as } = setUp()
    await use('kept')
    for (let turn = 1; turn < 600; turn += 1) await use('kept')
    for (let turn = 0; turn < 200; turn += 1) await use(as.jwt({ exp: START + 20 }))
    await later()
    expect(survivable()['1m']).toBe(0.75)
  })

  test('counts no request that was refused', async () => {
    const { survivable, use, later, as } = setUp()
    await use('good')
    await use('good')
    as.introspects({ active: false })
    await expect(use('bad')).rejects.toMatchObject({ status: 401 })
    as.down(failing('connect'))
    await expect(use('unknown')).rejects.toMatchObject({ status: 503 })
    await later()
    expect(survivable()['1m']).toBe(1)
  })

  test('counts what fell out of the store as lost', async () => {
    const { survivable, use, later } = setUp({ cache: { introspected: { entries: 5 } } })
    for (let n = 0; n < 10; n += 1) {
      await use(`token-${n}`)
      await use(`token-${n}`)
    }
    await later()
    expect(survivable()['1m']).toBe(0.5)
  })

  test('needs no entry for a JWT: a key does', async () => {
    const { survivable, use, later, as } = setUp({ cache: { jwts: { entries: 2 } } })
    for (let n = 0; n < 10; n += 1) await use(as.jwt({ exp: START + 400 }))
    await later()
    expect(survivable()).toEqual(ratios(1, 1, 0))
  })

  test('counts JWTs as lost past the bound of the key set', async () => {
    const { survivable, use, later, as, clock } = setUp({ resilience: { keysHardBound: '2h' } })
    await use(as.jwt({ exp: START + 30_000 }))
    as.down(failing('connect'))
    await clock.advance(7_200_000 - 240_000)
    await use(as.jwt({ exp: START + 30_000 }))
    await later()
    expect(survivable()).toEqual(ratios(1, 0, 0))
  })

  test('counts JWTs as lost whose key is withdrawn', async () => {
    const { survivable, use, later, as, http } = setUp()
    await use(as.jwt({ exp: START + 30_000 }))
    await later(10_000)
    http.on(as.urls.keys, json({ keys: [{ ...as.jwk, kid: 'other' }] }))
    await use(as.jwt({ exp: START + 30_000 }, { kid: 'other' }))
    await later()
    expect(survivable()).toEqual(ratios(0.5))
  })

  test('asks an answer for a JWT that is always introspected, and none where the signature may stand in', async () => {
    const online = setUp({}, { jwt: { mode: 'online' } })
    const token = online.as.jwt({ exp: START + 7_200 })
    await online.use(token)
    await online.use(token)
    await online.use(online.as.jwt({ exp: START + 7_200 }))
    await online.later()
    expect(online.survivable()['1m']).toBeCloseTo(2 / 3)
    expect(online.survivable()['1h']).toBe(0)

    const either = setUp({}, { jwt: { mode: 'onlineWhenHealthy' } })
    await either.use(either.as.jwt({ exp: START + 7_200 }))
    await either.later()
    expect(either.survivable()).toEqual(ratios(1))
  })

  test('counts an introspected JWT no longer than it lives, nor than the answer says', async () => {
    const online = setUp({}, { jwt: { mode: 'online' } })
    const short = online.as.jwt({ exp: START + 20 })
    await online.use(short)
    await online.use(short)
    await online.later()
    expect(online.survivable()['1m']).toBe(0)

    // Its own end would count half a minute more, as clocks may differ.
    const either = setUp({}, { jwt: { mode: 'onlineWhenHealthy' } })
    either.as.introspects({ active: true, exp: START + 50 })
    await either.use(either.as.jwt({ exp: START + 7_200 }))
    await either.later()
    expect(either.survivable()['1m']).toBe(0)
  })

  test('counts what was revoked as lost', async () => {
    const { survivable, use, later, as, server } = setUp()
    await use(as.jwt({ sub: 'one', exp: START + 7_200 }))
    await use(as.jwt({ sub: 'other', exp: START + 7_200 }))
    await server.revoke({ sub: 'one' })
    await later()
    expect(survivable()).toEqual(ratios(0.5))

    const opaque = setUp()
    await opaque.use('token')
    await opaque.use('token')
    await opaque.later()
    expect(opaque.survivable()['1m']).toBe(1)
    await opaque.server.revoke({ sub: 'somebody' })
    await opaque.later()
    expect(opaque.survivable()['1m']).toBe(0)
  })

  test('counts a request as lost whose route asks for evidence newer than any will be', async () => {
    const { survivable, use, later } = setUp()
    await use('token')
    await use('token', ['5s'])
    await use('token', ['10m'])
    await later()
    // The third puts up with ten minutes, but with nothing stale.
    expect(survivable()).toEqual(ratios(1 / 3, 1 / 3, 0))
  })

  test('is told for every issuer, and for all of them together by their requests', async () => {
    const { server, as, clock } = world({}, (http) => {
      const other = authority(http, 'https://other.example')
      return [{ issuer: 'https://as.example', introspection: { client } }, { issuer: other.issuer }]
    })
    const request = bearer(as.jwt({ exp: START + 7_200 }))
    await server.authenticate(request)
    await clock.advance(1_000)
    const { issuers, survivable } = server.status()
    expect(issuers.map((one) => one.survivable)).toEqual([ratios(1), ratios(undefined)])
    expect(survivable).toEqual(ratios(1))
  })

  test('is made at most once in a second, whoever asks how often', async () => {
    const { survivable, use, later } = setUp()
    const first = survivable()
    await use('token')
    expect(survivable()).toBe(first)
    await later()
    expect(survivable()).not.toBe(first)
  })

  test('asks nobody, and changes nothing that is known', async () => {
    const { server, use, later, http } = setUp()
    await use('token')
    const calls = http.calls.length
    const { caches } = server.status()
    for (let turn = 0; turn < 3; turn += 1) await later()
    expect(server.status().caches).toEqual(caches)
    expect(http.calls).toHaveLength(calls)
  })
})

const until = (setting: ReturnType<typeof setUp>) => setting.server.status().issuers[0]!.judgedUntil

describe('judgedUntil', () => {
  test('is unknown while nothing is known', () => {
    expect(until(setUp())).toEqual({ jwt: undefined, opaque: undefined })
  })

  test('is the end of the key set, and of the answer that counts longest', async () => {
    const setting = setUp()
    await setting.use('first')
    await setting.later(10_000)
    await setting.use('second')
    await setting.use(setting.as.jwt())
    await setting.later()
    expect(until(setting)).toEqual({ jwt: START + 10 + 86_400, opaque: START + 10 + 360 })
    setting.as.down(failing('connect'))
    await setting.later(359_000)
    expect(until(setting).opaque).toBeUndefined()
  })

  test('is no later than the token of an answer', async () => {
    const setting = setUp()
    setting.as.introspects({ active: true, aud: 'https://api.example', exp: START + 30 })
    await setting.use('short')
    await setting.later()
    expect(until(setting).opaque).toBe(START + 30)
  })

  test('is over where the issuer withdrew every key', async () => {
    const { as, use, http, clock, server } = setUp()
    await use(as.jwt())
    http.on(as.urls.keys, json({ keys: [] }))
    await clock.advance(1_200_000)
    expect(server.status().issuers[0]).toMatchObject({ keys: { kids: [] }, judgedUntil: { jwt: undefined } })
  })

  test('has no end for pinned keys', () => {
    const { as } = setUp()
    expect(until(setUp({}, { jwt: { keys: { keys: [as.jwk] } } })).jwt).toBe(Infinity)
  })

  test('is that of the answers where every JWT needs one', async () => {
    const setting = setUp({}, { jwt: { mode: 'online' } })
    await setting.use(setting.as.jwt({ exp: START + 7_200 }))
    await setting.later()
    expect(until(setting)).toEqual({ jwt: START + 360, opaque: undefined })
  })

  test('tells the issuers apart', async () => {
    const { server, clock } = world({}, (http) =>
      ['https://as.example', 'https://other.example'].map((issuer, index) => {
        authority(http, issuer)
        return { issuer, introspection: { client }, accepts: { prefix: index === 0 ? 'a' : 'b' } }
      }),
    )
    await server.authenticate(bearer('a-token'))
    await clock.advance(1_000)
    const ends = () => server.status().issuers.map(({ judgedUntil }) => judgedUntil.opaque)
    expect(ends()).toEqual([START + 360, undefined])
    await clock.advance(9_000)
    await server.authenticate(bearer('b-token'))
    await clock.advance(1_000)
    expect(ends()).toEqual([START + 360, START + 370])
  })
})
