import { describe, expect, test } from 'vitest'
import { digestOf } from '../../src/cache/digest.ts'
import { ConfigError } from '../../src/errors.ts'
import { clientSecretBasic, clientSecretPost } from '../../src/introspection/client-authentication.ts'
import type { SharedServerOptions } from '../../src/options/options.ts'
import type { HoldfastEvent } from '../../src/ports/observer.ts'
import type { Store } from '../../src/ports/store.ts'
import { createResourceServer, type ResourceServer } from '../../src/resource-server.ts'
import { fingerprintOf } from '../../src/record/kept-entry.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled, START } from '../support/manual-clock.ts'
import { MemoryStore, withoutUpdate } from '../support/memory-store.ts'
import { json, type Reply, ScriptedHttp } from '../support/scripted-http.ts'
import { AUDIENCE, authority, bearer, SECRET } from '../support/world.ts'

const ISSUER = 'https://as.example'
const [ONE, TWO] = ['opaque-token-one', 'opaque-token-two']
const ACTIVE = { active: true, aud: AUDIENCE, sub: 'somebody', scope: 'a', tags: [{ deep: ['x'] }] }
const hang: Reply = () => new Promise(() => undefined)

/** One authorization server, one store, and as many processes as are started. */
function setting() {
  const http = new ScriptedHttp()
  const clock = new ManualClock()
  const as = authority(http, ISSUER)
  as.introspects(ACTIVE)
  const store = new MemoryStore()
  let ids = 0
  function start(options: SharedServerOptions & { store?: Store; issuer?: object } = {}) {
    const { issuer, ...shared } = options
    const events: HoldfastEvent[] = []
    const client = clientSecretBasic('me', SECRET)
    const server = createResourceServer({
      issuers: [{ issuer: ISSUER, introspection: { client, endpoint: as.urls.introspection }, ...issuer }],
      audience: AUDIENCE,
      store,
      cache: { introspected: { persist: true } },
      observe: (event) => void events.push(event),
      ports: { http, clock, random: { ...chance(), id: () => `id-${(ids += 1)}` } },
      ...shared,
    })
    return { server, events }
  }
  /** What a request gets, and after how many milliseconds; at most 2 s are waited. */
  async function ask(server: ResourceServer, token: string, from = clock.monotonic()) {
    const asked = server.authenticate(bearer(token)).then(
      ({ evidence, claims }) => ({ got: 'ok', ...evidence, claims, after: clock.monotonic() - from }),
      (error: { reason: string }) => ({ got: error.reason, after: clock.monotonic() - from }),
    )
    const state = { done: false }
    void asked.then(() => (state.done = true))
    await settled()
    while (!state.done && clock.monotonic() - from < 2_000) await clock.advance(Math.min(10, clock.nextIn ?? 10))
    return asked
  }
  /** A process that verified these tokens and ended well. */
  async function before(...tokens: string[]): Promise<void> {
    const { server } = start()
    for (const token of tokens) expect((await ask(server, token)).got).toBe('ok')
    await server.close()
  }
  const outage = (): void => as.down(hang)
  return { as, http, clock, store, start, ask, before, outage }
}

describe('a restart in an outage', () => {
  test('a token within its freshness is served at once, without any call', async () => {
    const { start, ask, before, outage, clock, http } = setting()
    await before(ONE)
    await clock.advance(59_000)
    outage()
    const { server } = start()
    const calls = http.calls.length
    expect(await ask(server, ONE)).toMatchObject({ got: 'ok', stale: false, source: 'cache', after: 0 })
    expect(server.tryAuthenticate(bearer(ONE))).toMatchObject({ subject: 'somebody' })
    expect(http.calls.length).toBe(calls)
  })

  test('a token in grace is served within 250 ms, and says that it is stale', async () => {
    const { start, ask, before, outage, clock } = setting()
    await before(ONE)
    await clock.advance(300_000)
    outage()
    const answer = await ask(start().server, ONE)
    expect(answer).toMatchObject({ got: 'ok', stale: true, checkedAt: START })
    expect(answer.after).toBeLessThanOrEqual(250)
  })

  test('a JWT, known or new, is verified with the keys that were kept, though nothing answers', async () => {
    const { as, start, ask, before, outage } = setting()
    const known = as.jwt()
    await before(ONE, known)
    outage()
    const { server } = start()
    for (const token of [known, as.jwt()]) {
      const answer = await ask(server, token)
      expect(answer).toMatchObject({ got: 'ok', stale: false })
      expect(answer.after).toBeLessThanOrEqual(250)
    }
    await server.revoke({ token: known })
    expect((await ask(start().server, known)).got).toBe('token_revoked')
  })

  test('its claims are as they were, frozen to the leaves', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    const { claims } = (await ask(start().server, ONE)) as unknown as { claims: typeof ACTIVE }
    expect(claims).toEqual(ACTIVE)
    expect([claims, claims.tags, claims.tags[0]!.deep].every(Object.isFrozen)).toBe(true)
  })

  test('no restart makes it younger: fresh and grace are over when they would have been', async () => {
    const { start, ask, before, outage, clock } = setting()
    await before(ONE)
    outage()
    for (let restarts = 0; restarts < 5; restarts += 1) {
      await clock.advance(70_000)
      const { server } = start()
      expect((await ask(server, ONE)).got).toBe('ok')
      await server.close()
    }
    await clock.advance(360_000 - (clock.wall() - START * 1_000))
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  }) // rule 1

  test('a token that nobody saw is not served', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    expect((await ask(start().server, TWO)).got).toBe('introspection_unavailable')
  }) // rule 3

  test('a token in the record does not work with fewer rights to it than before', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    const { server } = start({ audience: 'https://other.example' } as object)
    expect((await ask(server, ONE)).got).toBe('audience_wrong')
  })

  const cases: readonly (readonly [
    string,
    { claims?: object; cacheControl?: string; wait?: number; jump?: number },
  ])[] = [
    ['it expired', { claims: { exp: START + 100 }, wait: 100_000 }],
    ['the answer allowed no reuse beyond the grace', { cacheControl: 'max-age=0', wait: 300_000 }],
    ['the clock was set back behind the answer', { jump: -1_000 }],
    ['the clock was set forward past the grace', { jump: 360_000 }],
  ]
  test.each(cases)('not when %s', async (_, { claims, cacheControl, wait = 0, jump = 0 }) => {
    const { as, start, ask, before, outage, clock } = setting()
    const headers = cacheControl === undefined ? {} : { 'cache-control': cacheControl }
    as.introspects(() => json({ ...ACTIVE, ...claims }, { headers }))
    await before(ONE)
    await clock.advance(wait)
    clock.jump(jump)
    outage()
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  })

  test('not when its issuer is no longer one whose opaque tokens are taken', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    const other = { issuer: 'https://other.example' }
    expect((await ask(start({ issuer: other }).server, ONE)).got).toBe('introspection_unavailable')
  })
})

describe('what was called back', () => {
  test('a token seen to be inactive is not revived by a restart, not even after a crash', async () => {
    const { as, start, ask, before, outage, clock } = setting()
    await before(ONE, TWO)
    await clock.advance(70_000)
    as.introspects((call) => json((call.body ?? '').includes(ONE) ? { active: false } : ACTIVE))
    const { server } = start()
    expect([(await ask(server, ONE)).got, (await ask(server, TWO)).got]).toEqual(['token_inactive', 'ok'])
    await settled() // no close: the process is killed
    outage()
    const next = start().server
    expect([(await ask(next, ONE)).got, (await ask(next, TWO)).got]).toEqual(['introspection_unavailable', 'ok'])
  }) // rule 2

  test('nor is one that was to be forgotten, or that was revoked', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE, TWO)
    const { server } = start()
    await server.ready()
    server.invalidate(ONE)
    await server.revoke({ token: TWO })
    outage()
    const next = start().server
    expect([(await ask(next, ONE)).got, (await ask(next, TWO)).got]).toEqual([
      'introspection_unavailable',
      'token_revoked',
    ])
  }) // rule 2

  test('nor one that is forgotten before the store has answered', async () => {
    const { store, start, ask, before, outage } = setting()
    await before(ONE)
    start().server.invalidate(ONE)
    await settled()
    outage()
    expect(store.written).toContain('forgotten-answers')
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  }) // rule 2

  test('another process that has not heard of it does not revive it', async () => {
    const { as, start, ask, before, outage, clock } = setting()
    await before(ONE)
    const [slow, quick] = [start().server, start().server]
    await ask(slow, ONE)
    as.introspects({ active: false })
    await clock.advance(61_000)
    expect((await ask(quick, ONE)).got).toBe('token_inactive')
    as.introspects(ACTIVE)
    await ask(slow, TWO)
    await slow.close() // writes what it knows of ONE
    outage()
    const next = start().server
    expect([(await ask(next, ONE)).got, (await ask(next, TWO)).got]).toEqual(['introspection_unavailable', 'ok'])
  }) // rule 2

  test('nor where this process never knew the token, and the other one writes first', async () => {
    const { as, start, ask, outage } = setting()
    const [other, own] = [start().server, start().server]
    await own.ready()
    await ask(other, ONE)
    as.introspects({ active: false })
    expect((await ask(own, ONE)).got).toBe('token_inactive')
    await other.close()
    as.introspects(ACTIVE)
    await ask(own, TWO)
    await own.close()
    outage()
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  }) // rule 2

  test('a newer live answer counts again', async () => {
    const { start, ask, before, outage, clock } = setting()
    await before(ONE)
    const { server } = start()
    await server.ready()
    server.invalidate(ONE)
    await clock.advance(1)
    await ask(server, ONE)
    await server.close()
    outage()
    expect((await ask(start().server, ONE)).got).toBe('ok')
  }) // rule 2

  test.each(['forgotten-answers', 'revocations'])('without the record of %s nothing comes back', async (name) => {
    const { store, start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    store.broken.add(name)
    const { server, events } = start()
    expect((await ask(server, ONE)).got).toBe('introspection_unavailable')
    expect(events).toContainEqual({ type: 'store_failed', operation: 'load' })
  })

  test('where that record is lost, no answer from before is used by a later process', async () => {
    const { store, start, ask, before, outage, clock } = setting()
    await before(ONE)
    store.broken.add('forgotten-answers')
    const only = withoutUpdate(store)
    const { server } = start({ store: only })
    await server.ready()
    store.broken.clear()
    server.invalidate(ONE)
    server.invalidate(TWO)
    await clock.advance(1)
    await server.close()
    outage()
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  })
})

describe('writing', () => {
  test('at most once in ten seconds, only what changed, and the rest on closing', async () => {
    const { store, start, ask, clock } = setting()
    const { server } = start()
    const writes = (): number => store.written.filter((name) => name === 'answers').length
    for (let index = 0; index < 30; index += 1) {
      await ask(server, `token-${index}`)
      await clock.advance(1_000)
    }
    expect(writes()).toBeGreaterThanOrEqual(2)
    expect(writes()).toBeLessThanOrEqual(3)
    await clock.advance(10_000)
    const calm = writes()
    await clock.advance(50_000)
    for (let use = 0; use < 10; use += 1) server.tryAuthenticate(bearer('token-29'))
    await clock.advance(9_000)
    expect(writes()).toBe(calm)
    await ask(server, 'one-more')
    await server.close()
    expect([writes(), store.kept.get('answers')!.includes(digestOf('one-more'))]).toEqual([calm + 1, true])
  })

  test('after closing there is no timer', async () => {
    const { start, ask, clock, before } = setting()
    await before(ONE)
    const { server } = start()
    await ask(server, ONE)
    await ask(server, TWO)
    await server.close()
    expect(clock.timers).toBe(0)
  }) // XC-16

  test('the store holds no token, and no answer about a JWT that has its own signature', async () => {
    const { as, store, start, ask } = setting()
    const { server } = start({ issuer: { jwt: { mode: 'online' } } })
    const jwt = as.jwt()
    expect([(await ask(server, ONE)).got, (await ask(server, jwt)).got]).toEqual(['ok', 'ok'])
    await server.close()
    const kept = [...store.kept.values()].join('\n')
    expect([kept.includes(ONE), kept.includes(jwt), kept.includes(jwt.split('.')[2]!)]).toEqual([false, false, false])
    expect([kept.includes(digestOf(ONE)), kept.includes(digestOf(jwt))]).toEqual([true, false])
  })

  test('two processes keep what both of them know', async () => {
    const { start, ask, outage, store } = setting()
    for (const own of [store, withoutUpdate(store)]) {
      const [one, two] = [start({ store: own }).server, start({ store: own }).server]
      await ask(one, ONE)
      await ask(two, TWO)
      await one.close()
      await two.close()
    }
    outage()
    const next = start().server
    expect([(await ask(next, ONE)).got, (await ask(next, TWO)).got]).toEqual(['ok', 'ok'])
  })

  test('what was never asked for again is still there after a second restart', async () => {
    const { start, ask, before, outage, clock } = setting()
    await before(ONE, TWO)
    await clock.advance(61_000)
    const { server } = start()
    await ask(server, ONE)
    await server.close()
    outage()
    expect((await ask(start().server, TWO)).got).toBe('ok')
  })

  test('not more than the store takes, most recently used first', async () => {
    const { start, ask, outage, store, clock } = setting()
    const small: Store = {
      load: (name) => store.load(name),
      save: (name, value) => store.save(name, value),
      maxBytes: 1_000,
    }
    const { server } = start({ store: small })
    for (let index = 0; index < 50; index += 1) await ask(server, `token-${index}`)
    await clock.advance(10_000)
    server.tryAuthenticate(bearer('token-0')) // it is somebody's who stays
    await ask(server, 'token-50')
    await server.close()
    expect(Buffer.byteLength(store.kept.get('answers')!)).toBeLessThanOrEqual(1_000)
    outage()
    const next = start().server
    const got = async (token: string) => (await ask(next, token)).got
    expect([await got('token-0'), await got('token-50'), await got('token-1')]).toEqual([
      'ok',
      'ok',
      'introspection_unavailable',
    ])
  })

  test('not more than the cache takes comes back', async () => {
    const { start, ask, before, outage } = setting()
    await before(...Array.from({ length: 20 }, (_, index) => `token-${index}`))
    outage()
    const { server } = start({ cache: { introspected: { persist: true, entries: 5 } } })
    let served = 0
    for (let index = 0; index < 20; index += 1) if ((await ask(server, `token-${index}`)).got === 'ok') served += 1
    expect(served).toBe(5)
  })
})

const record = (...lines: string[]): string => ['holdfast answers 1: id-0', ...lines, ''].join('\n')

describe('a process that asks otherwise', () => {
  const { introspection: endpoint } = setting().as.urls
  const client = clientSecretBasic('me', SECRET)
  const ok = { got: 'ok', source: 'cache' }
  test.each([
    ['as before', { client, endpoint }, ok],
    ['with a new secret', { client: clientSecretBasic('me', 'rotated'), endpoint }, ok],
    ['as another client', { client: clientSecretBasic('you', SECRET), endpoint }, { got: 'introspection_unavailable' }],
    ['by another method', { client: clientSecretPost('me', SECRET), endpoint }, { got: 'introspection_unavailable' }],
    ['elsewhere', { client, endpoint: `${endpoint}2` }, { got: 'introspection_unavailable' }],
    ['about more', { client, endpoint, parameters: { a: 'b' } }, { got: 'introspection_unavailable' }],
  ])('%s: what an earlier one was told counts only if nothing changed', async (_, introspection, expected) => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    expect(await ask(start({ issuer: { introspection } }).server, ONE)).toMatchObject(expected)
  }) // IN-25, IN-29

  test('members that are not kept any more do not come back', async () => {
    const { start, ask, before, outage } = setting()
    await before(ONE)
    outage()
    const { server } = start({ issuer: { introspection: { client, endpoint, pick: ['tenant'] } } })
    expect(await ask(server, ONE)).toMatchObject({ got: 'ok', claims: { sub: 'somebody' } })
    expect(await ask(server, ONE)).not.toHaveProperty('claims.tags')
  }) // IN-24
})

describe('a record that is none', () => {
  const asked = { client: clientSecretBasic('me', SECRET), endpoint: setting().as.urls.introspection, parameters: {} }
  const ORIGIN = `${ISSUER} ${fingerprintOf(asked)}`
  const line = (changes: Record<string, string | number>): string =>
    Object.values({
      digest: digestOf(ONE),
      since: START * 1_000,
      until: START * 1_000 + 360_000,
      freshFor: '',
      issuer: ORIGIN,
      claims: JSON.stringify(ACTIVE),
      ...changes,
    }).join('\t')

  test('what was answered without a signature is not known once one is demanded', () => {
    const signed = { algorithm: 'RS256', audience: undefined, maxAgeSeconds: 60, decryption: undefined } as const
    expect(fingerprintOf({ ...asked, signed })).not.toBe(fingerprintOf(asked))
    expect(fingerprintOf({ ...asked, signed: undefined })).toBe(fingerprintOf(asked))
  }) // IN-57

  test('the line by which these cases are made would be taken', async () => {
    const { store, start, ask, outage } = setting()
    store.kept.set('answers', record(line({})))
    outage()
    expect((await ask(start().server, ONE)).got).toBe('ok')
  })

  test.each([
    ['an answer that is not active', { claims: '{"active":false}' }],
    ['an answer whose "active" is a text', { claims: JSON.stringify({ ...ACTIVE, active: 'true' }) }],
    ['claims of wrong types', { claims: JSON.stringify({ ...ACTIVE, exp: 'never' }) }],
    ['a member twice', { claims: `{"active":true,"aud":"x",${JSON.stringify(ACTIVE).slice(1)}` }],
    ['no JSON', { claims: 'active' }],
    ['no time', { since: '' }],
    ['a time that is a text', { since: 'now' }],
    ['a time without end', { since: 'Infinity' }],
    ['one column more', { more: 'x' }],
    ['another digest', { digest: digestOf(TWO) }],
    ['another issuer', { issuer: ORIGIN.replace(ISSUER, 'https://other.example') }],
    ['an issuer that does not say how it was asked', { issuer: ISSUER }],
  ])('%s is left out', async (_, changes) => {
    const { store, start, ask, outage } = setting()
    store.kept.set('answers', record(line(changes as object as Record<string, string>)))
    outage()
    expect((await ask(start().server, ONE)).got).toBe('introspection_unavailable')
  })

  test.each([
    ['answers', 'nonsense'],
    ['answers', ''],
    ['answers', `holdfast answers 2: id-0\n${line({})}\n`],
    ['forgotten-answers', '{"allBefore":null,"forgotten":[]}'],
    ['forgotten-answers', '[]'],
  ])('%s that are none (%#) restore nothing, and nobody is refused for it', async (name, text) => {
    const { store, start, ask, before, outage, clock } = setting()
    await before(ONE)
    store.kept.set(name, text)
    await clock.advance(61_000)
    const { server } = start()
    await server.ready()
    await clock.advance(1)
    expect((await ask(server, ONE)).got).toBe('ok') // the authorization server is asked
    await server.close()
    outage()
    expect((await ask(start().server, ONE)).got).toBe('ok') // and its answer was kept
  })
})

describe('a store that says nothing of the answers', () => {
  test('holds requests up for a second, then they are judged without', async () => {
    const { store, start, ask } = setting()
    store.silent.add('answers')
    const answer = await ask(start().server, ONE)
    expect(answer.got).toBe('ok')
    expect(answer.after).toBeGreaterThan(0)
    expect(answer.after).toBeLessThanOrEqual(1_000)
  })

  test('is an event', async () => {
    const { store, start, clock } = setting()
    store.silent.add('answers')
    const { events } = start()
    await clock.advance(2_000)
    expect(events).toContainEqual({ type: 'store_failed', operation: 'load' })
  }) // IN-38
})

test('persisting without a store is a mistake, and says what to write', () => {
  const { start } = setting()
  const build = (): unknown => start({ store: undefined as never })
  expect(build).toThrow(ConfigError)
  expect(build).toThrow('option "cache.introspected.persist" is true, and "store" is missing; write store: fileStore(')
})
