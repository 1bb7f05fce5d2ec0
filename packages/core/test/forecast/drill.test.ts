import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import type { DrillOptions } from '../../src/forecast/drill-desk.ts'
import type { DrillLoss } from '../../src/forecast/drill-report.ts'
import { fresh } from '../../src/guard/fresh.ts'
import { clientSecretBasic } from '../../src/introspection/client-authentication.ts'
import type { IssuerOptions } from '../../src/options/issuer-options.ts'
import type { SharedServerOptions } from '../../src/options/options.ts'
import { START } from '../support/manual-clock.ts'
import { failing, held, json } from '../support/scripted-http.ts'
import { AUDIENCE, authority, bearer, SECRET, world } from '../support/world.ts'

const issuer = 'https://as.example'
const client = clientSecretBasic('me', SECRET)

function setUp(options: SharedServerOptions = {}, more: Partial<IssuerOptions> = {}) {
  const setting = world({ ...options, issuers: [{ issuer, introspection: { client }, ...more }] })
  const { server, clock } = setting
  const use = async (token: string, age?: Parameters<typeof fresh>[0]) => {
    const request = bearer(token)
    const auth = server.tryAuthenticate(request) ?? (await server.authenticate(request))
    if (auth instanceof Error) throw auth
    return server.authorize(auth, ...(age === undefined ? [] : [fresh(age)]))
  }
  const drill = (duration: DrillOptions['for'] = '60s', signal?: AbortSignal) =>
    server.drill({ issuer, for: duration, signal })
  /** What a drill of a minute counts, begun now. */
  const drilled = async (during: () => Promise<unknown>) => {
    await clock.advance(10)
    const report = drill()
    await clock.advance(10)
    await during()
    await clock.advance(60_000)
    return report
  }
  return { ...setting, use, drill, drilled }
}

const losses = (some: Partial<Record<DrillLoss, number>> = {}) => ({
  new: 0,
  old: 0,
  keys: 0,
  fresh: 0,
  unavailable: 0,
  ...some,
})

describe('a drill counts as served', () => {
  test('known opaque tokens, and JWTs that a key at hand has signed, new ones, too', async () => {
    const { as, use, drilled } = setUp()
    await use('known')
    await use(as.jwt())
    const report = await drilled(async () => {
      await use('known')
      await use(as.jwt())
    })
    expect(report).toEqual({
      issuer,
      from: START + 0.01,
      until: START + 60.01,
      ended: 'time',
      served: { jwt: 1, opaque: 1 },
      refused: { jwt: losses(), opaque: losses() },
      ratio: 1,
      issuedSince: 0,
      inactiveSince: 0,
    })
  })

  test('a token whose evidence was renewed since, by what was known before', async () => {
    const { use, clock, drill, http, as } = setUp({ resilience: { fresh: '20s', grace: '30s' } })
    await use('known')
    await clock.advance(10)
    const report = drill('100s')
    for (let second = 0; second < 100; second += 10) {
      await use('known')
      await clock.advance(10_000)
    }
    expect(http.to(as.urls.introspection).length).toBeGreaterThan(3)
    expect(await report).toMatchObject({ served: { opaque: 5 }, refused: { opaque: losses({ old: 5 }) } })
  })

  test('a token that fell out of the store since, or was to be asked about again', async () => {
    const { use, drilled, server } = setUp({ cache: { introspected: { entries: 5 } } })
    await use('evicted')
    const report = await drilled(async () => {
      await use('other')
      await use('evicted')
      server.invalidate('evicted')
      await use('evicted')
    })
    expect(report).toMatchObject({ served: { opaque: 2 }, refused: { opaque: losses({ new: 1 }) } })
  })

  test('and says which JWTs nobody would have had', async () => {
    const { as, use, drilled, clock } = setUp()
    await use(as.jwt())
    const report = await drilled(async () => {
      await clock.advance(2_000)
      await use(as.jwt({ iat: START + 1 }))
      await use(as.jwt())
    })
    expect(report).toMatchObject({ served: { jwt: 2 }, issuedSince: 1 })
  })
})

describe('a drill counts as refused', () => {
  test('new opaque tokens, each time they come', async () => {
    const { use, drilled } = setUp()
    const report = await drilled(async () => {
      await use('new')
      await use('new')
    })
    expect(report).toMatchObject({ served: { opaque: 0 }, refused: { opaque: losses({ new: 2 }) }, ratio: 0 })
  })

  test('a token that came since, though it was renewed, and whatever its route asks for', async () => {
    const { use, drilled, clock } = setUp()
    const report = await drilled(async () => {
      await use('new')
      await clock.advance(10_000)
      await use('new', '5s')
      await use('new')
    })
    expect(report).toMatchObject({ served: { opaque: 0 }, refused: { opaque: losses({ new: 3 }) } })
  })

  test('JWTs of keys that were not there, and all of them where none was', async () => {
    const { as, use, drilled, http } = setUp()
    const none = await drilled(() => use(as.jwt({ exp: START + 7_200 })))
    expect(none).toMatchObject({ served: { jwt: 0 }, refused: { jwt: losses({ keys: 1 }) } })
    const rotated = await drilled(async () => {
      http.on(as.urls.keys, json({ keys: [as.jwk, { ...as.jwk, kid: 'k2' }] }))
      await use(as.jwt({ exp: START + 7_200 }))
      await use(as.jwt({ exp: START + 7_200 }, { kid: 'k2' }))
    })
    expect(rotated).toMatchObject({ served: { jwt: 1 }, refused: { jwt: losses({ keys: 1 }) } })
  })

  test('JWTs past the bound of the keys of its start', async () => {
    const { as, use, clock, drill } = setUp({ resilience: { keysHardBound: '2h' } })
    const jwt = () => as.jwt({ exp: START + 80_000 })
    await use(jwt())
    await clock.advance(10)
    const report = drill('3h')
    await clock.advance(7_000_000)
    await use(jwt())
    await clock.advance(1_000_000)
    await use(jwt())
    await clock.advance(10_800_000)
    expect(await report).toMatchObject({ served: { jwt: 1 }, refused: { jwt: losses({ keys: 1 }) } })
  })

  test('JWTs without an answer, where the mode asks for one', async () => {
    for (const mode of ['online', 'onlineWhenHealthy'] as const) {
      const { as, use, drilled } = setUp({}, { jwt: { mode } })
      const known = as.jwt()
      await use(known)
      const report = await drilled(async () => {
        await use(known)
        await use(as.jwt())
      })
      const isOnline = mode === 'online'
      expect(report, mode).toMatchObject({
        served: { jwt: isOnline ? 1 : 2 },
        refused: { jwt: losses({ new: isOnline ? 1 : 0 }) },
      })
    }
  })

  test('requests whose route asks for newer evidence than there was, however new it is now', async () => {
    const { use, drilled, clock } = setUp()
    await use('known')
    const report = await drilled(async () => {
      await use('known', '5s')
      await clock.advance(10_000)
      await use('known', '5s')
      await use('known', '5s')
      await use('known', '40s')
      await use('known')
    })
    expect(report).toMatchObject({ served: { opaque: 3 }, refused: { opaque: losses({ fresh: 2 }) } })
  })

  test('a route that takes a signature for evidence serves JWTs all the same', async () => {
    const { as, drilled, server } = setUp()
    const request = bearer(as.jwt())
    await server.authenticate(request)
    const report = await drilled(async () => {
      const auth = await server.authenticate(request)
      await server.authorize(auth, fresh('0s', { signature: 'counts' }))
      await server.authorize(await server.authenticate(request), fresh('0s'))
    })
    expect(report).toMatchObject({ served: { jwt: 1 }, refused: { jwt: losses({ fresh: 1 }) } })
  })

  test('what was refused for want of an answer anyway', async () => {
    const { as, use, drilled } = setUp()
    await use('known')
    const report = await drilled(async () => {
      as.down(failing('connect'))
      await expect(use('new')).rejects.toMatchObject({ status: 503 })
      await use('known')
    })
    expect(report).toMatchObject({ served: { opaque: 1 }, refused: { opaque: losses({ unavailable: 1 }) }, ratio: 0.5 })
  })
})

describe('a drill does not count', () => {
  test('what is refused for being bad, and says which of it would have got through', async () => {
    const { as, use, drilled, clock } = setUp()
    await use('known')
    await use('revoked')
    const report = await drilled(async () => {
      await expect(use(as.jwt({ exp: START - 100 }))).rejects.toMatchObject({ status: 401 })
      as.introspects({ active: false })
      await clock.advance(1_000)
      await expect(use('unknown')).rejects.toMatchObject({ status: 401 })
      await expect(use('revoked', '0s')).rejects.toMatchObject({ status: 401 })
      await expect(use('revoked')).rejects.toMatchObject({ status: 401 })
    })
    expect(report.inactiveSince).toBe(1)
    expect(report.refused.jwt).toEqual(losses())
    expect(report.refused.opaque).toEqual(losses({ fresh: 1 }))
  })

  test('what came before it, nor another issuer', async () => {
    const { server, clock, http } = world({}, (network) =>
      [issuer, 'https://other.example'].map((one, index) => {
        authority(network, one)
        return { issuer: one, introspection: { client }, accepts: { prefix: index === 0 ? 'a' : 'b' } }
      }),
    )
    const answer = held()
    http.on(`${issuer}/introspect`, answer.reply)
    const running = server.authenticate(bearer('a-before'))
    await clock.advance(1)
    const drills = [server.drill({ issuer, for: '5s' }), server.drill({ issuer: 'https://other.example', for: '10s' })]
    answer.release(json({ active: true, aud: AUDIENCE }))
    await running
    await clock.advance(1)
    await server.authenticate(bearer('b-new'))
    await clock.advance(10_000)
    const [first, second] = await Promise.all(drills)
    expect(first).toMatchObject({ ratio: undefined, until: START + 5.001 })
    expect(second).toMatchObject({ refused: { opaque: losses({ new: 1 }) }, until: START + 10.001 })
  })
})

describe('server.drill()', () => {
  test.each([
    [undefined, 'drill'],
    [{ for: '60s' }, 'option "drill.issuer" is missing'],
    [{ issuer: 'https://elsewhere.example', for: '60s' }, 'write one of "https://as.example"'],
    [{ issuer }, 'option "drill.for" is missing'],
    [{ issuer, for: 60 }, `from '1s' to '24h'`],
    [{ issuer, for: '500ms' }, `from '1s' to '24h'`],
    [{ issuer, for: '60s', signal: 'soon' }, 'option "drill.signal" is "soon"; write an AbortSignal'],
    [{ issuer, fro: '60s' }, 'did you mean "for"?'],
  ])('refuses %j', async (options, message) => {
    const { server } = setUp()
    await expect(server.drill(options as unknown as DrillOptions)).rejects.toThrow(ConfigError)
    await expect(server.drill(options as unknown as DrillOptions)).rejects.toThrow(message)
  })

  test('runs one at a time for an issuer, and another afterwards', async () => {
    const { drill, clock } = setUp()
    const first = drill()
    await expect(drill()).rejects.toThrow('drill(): one runs for "https://as.example"')
    await clock.advance(60_000)
    await first
    const second = drill('1s')
    await clock.advance(1_000)
    expect(await second).toMatchObject({ from: START + 60, until: START + 61 })
  })

  test('tells its beginning, and its end with the report', async () => {
    const { drill, clock, events } = setUp()
    const running = drill('1s')
    await clock.advance(1_000)
    const report = await running
    expect(events.filter(({ type }) => type === 'drill')).toEqual([
      { type: 'drill', issuer, state: 'started', report: undefined },
      { type: 'drill', issuer, state: 'ended', report },
    ])
    expect(Object.isFrozen(report)).toBe(true)
  })

  test('ends early by its signal, with what was counted', async () => {
    const { drill, use, clock } = setUp()
    const abort = new AbortController()
    await use('known')
    await clock.advance(1)
    const { timers } = clock
    const running = drill('60s', abort.signal)
    await use('known')
    abort.abort()
    expect(await running).toMatchObject({ ended: 'aborted', served: { opaque: 1 } })
    expect(await drill('60s', AbortSignal.abort())).toMatchObject({ ended: 'aborted', ratio: undefined })
    expect(clock.timers).toBe(timers)
  })

  test('ends with the server, and none begins after that', async () => {
    const { drill, server, clock } = setUp()
    const running = drill()
    await server.close()
    expect(await running).toMatchObject({ ended: 'closed' })
    await expect(drill()).rejects.toThrow('the server is closed')
    expect(clock.timers).toBe(0)
  })
})
