import { describe, expect, test } from 'vitest'
import { type KeySet, parseKeySet } from '../../src/keys/key-set.ts'
import { type KeySource, pinnedKeys, remoteKeys } from '../../src/keys/key-source.ts'
import { remoteKeySet } from '../../src/keys/remote-key-set.ts'
import { AuthError } from '../../src/errors.ts'
import { Caller } from '../../src/request.ts'
import { LastGood } from '../../src/resilience/last-good.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { chance } from '../support/chance.ts'
import { publicJwk } from '../support/jwks.ts'
import { instantOf } from '../../src/ports/clock.ts'
import { ManualClock, settled } from '../support/manual-clock.ts'
import { errorOf, reasonOf } from '../support/refusals.ts'
import { failing, held, json, type Reply, ScriptedHttp, status } from '../support/scripted-http.ts'

const URL = 'https://as.example/jwks'
const HARD_BOUND = 86_400_000
const WAIT = 1_000
const first = publicJwk('first')
const second = publicJwk('second')

function setUp(reply: Reply | JsonObject[] = [first]) {
  const http = new ScriptedHttp()
  const clock = new ManualClock()
  const events: string[] = []
  const serve = (next: Reply | JsonObject[]): void =>
    void http.on(URL, typeof next === 'function' ? next : json({ keys: next }))
  serve(reply)
  const load = remoteKeySet(
    {
      issuer: 'https://as.example',
      url: async () => URL,
      algorithms: ['ES256'],
      deadline: 5_000,
      freshness: { fallback: 600_000, min: 60_000, max: 3_600_000 },
      strictHttpCache: false,
      tls: undefined,
      skipped: (fault) => void events.push(`skipped ${fault}`),
      dropped: () => void events.push('dropped'),
    },
    { http, clock },
  )
  const document = new LastGood<KeySet>({ load }, HARD_BOUND, {
    clock,
    random: chance(),
    report: (result, trigger, trouble) => void events.push([result, trigger, trouble].filter(Boolean).join(' ')),
  })
  const source = remoteKeys(document, clock, WAIT)
  return {
    http,
    clock,
    events,
    document,
    source,
    serve,
    find: (kid: string | undefined, signal?: AbortSignal) =>
      source.find({ algorithm: 'ES256', kid, arrivedAt: clock.monotonic(), caller: new Caller({ signal }) }),
    fetches: () => http.to(URL).length,
  }
}

type Set = ReturnType<typeof setUp>

/** A server whose set is known and no longer recent. */
async function warm(reply?: Reply | JsonObject[]): Promise<Set> {
  const all = setUp(reply)
  await all.find('first')
  await all.clock.advance(60_000)
  return all
}

/** Takes all of the unknown-`kid` budget at once. */
async function exhaust(all: Set): Promise<void> {
  for (let look = 0; look < 3; look += 1) {
    await all.find(`forged-${look}`).catch(() => undefined)
    await all.clock.advance(5_001)
  }
}

describe('a cold start', () => {
  test('the first request fetches the set', async () => {
    const all = setUp()
    expect((await all.find('first')).map(({ kid }) => kid)).toEqual(['first'])
  }) // JK-10

  test('a thousand first requests cause one fetch', async () => {
    const all = setUp()
    await Promise.all(Array.from({ length: 1_000 }, () => all.find('first')))
    expect(all.fetches()).toBe(1)
  }) // JK-27

  test('an endpoint that is down means that nobody can tell', async () => {
    const all = setUp(() => status(500))
    const error = await errorOf(() => all.find('first'))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  }) // JK-32

  test('a slow endpoint is waited for one second', async () => {
    const all = setUp(held().reply)
    const found = reasonOf(() => all.find('first'))
    await all.clock.advance(WAIT)
    expect(await found).toBe('keys_unavailable')
  }) // DI-26

  test('an answer that comes after the wait is kept', async () => {
    const slow = held()
    const all = setUp(slow.reply)
    const found = reasonOf(() => all.find('first'))
    await all.clock.advance(WAIT)
    await found
    slow.release(json({ keys: [first] }))
    await settled()
    expect(all.source.keys.map(({ kid }) => kid)).toEqual(['first'])
  }) // JK-32

  test('it recovers without being asked', async () => {
    const all = setUp(() => status(500))
    await reasonOf(() => all.find('first'))
    all.serve([first])
    await all.clock.advance(2_000)
    expect(all.source.keys.map(({ kid }) => kid)).toEqual(['first'])
  }) // JK-32

  test('an unknown kid in the very first set is refused at once', async () => {
    const all = setUp()
    expect([await reasonOf(() => all.find('forged')), all.fetches()]).toEqual(['key_unknown', 1])
  }) // JK-10
})

describe('the request', () => {
  test('it is a GET that accepts key sets', async () => {
    const all = setUp()
    await all.find('first')
    expect(all.http.calls[0]).toMatchObject({
      method: 'GET',
      maxBytes: 262_144,
      headers: { accept: 'application/jwk-set+json, application/json' },
    })
  }) // JK-36

  test.each(['application/jwk-set+json', 'text/plain', 'application/octet-stream'])(
    'a set of content type %s is read',
    async (type) => {
      const all = setUp(() => json({ keys: [first] }, { headers: { 'content-type': type } }))
      expect(await all.find('first')).toHaveLength(1)
    },
  ) // JK-36

  test.each([
    ['206', () => json({ keys: [first] }, { status: 206 }), 'status_206'],
    ['a redirect', () => status(302, { location: 'https://other.example/' }), 'status_302'],
    ['HTML', () => json('<html>'), 'malformed'],
    ['a list', () => json([first]), 'malformed'],
    ['no keys', () => json({}), 'malformed'],
    ['keys of another type', () => json({ keys: {} }), 'malformed'],
    ['101 keys', () => json({ keys: Array.from({ length: 101 }, () => first) }), 'malformed'],
    ['too large', failing('too_large'), 'too_large'],
  ] satisfies [string, Reply, string][])('an answer with %s leaves the last good set', async (_, reply, trouble) => {
    const all = await warm()
    all.serve(reply)
    await all.clock.advance(600_000 * 0.8 - 60_000)
    expect(all.events.at(-1)).toBe(`failed ahead ${trouble}`)
    expect(await all.find('first')).toHaveLength(1)
  }) // JK-01, JK-31, JK-36, JK-37
})

describe('an unknown kid', () => {
  test('a rotated key is found by one fetch', async () => {
    const all = await warm()
    all.serve([first, second])
    expect([await all.find('second'), all.fetches()]).toMatchObject([[{ kid: 'second' }], 2])
  }) // JK-10

  test('at hand it is undecided while the set is old', async () => {
    const all = await warm()
    const hint = { algorithm: 'ES256', kid: 'second', arrivedAt: all.clock.monotonic() }
    expect(all.source.at(hint)).toBeUndefined()
  })

  test('it is refused when a fetch that began after the arrival lacks it', async () => {
    const all = await warm()
    const error = await errorOf(() => all.find('forged'))
    expect([error.reason, error.status, all.fetches()]).toEqual(['key_unknown', 401, 2])
  }) // JK-29

  test('a set asked for 5 s before the arrival is proof', async () => {
    const all = setUp()
    await all.find('first')
    await all.clock.advance(5_000)
    expect([await reasonOf(() => all.find('forged')), all.fetches()]).toEqual(['key_unknown', 1])
  }) // JK-29

  test('a set asked for longer before the arrival is none', async () => {
    const all = setUp()
    await all.find('first')
    await all.clock.advance(5_001)
    await reasonOf(() => all.find('forged'))
    expect(all.fetches()).toBe(2)
  }) // JK-29

  test('two hundred forged tokens at once cause one fetch', async () => {
    const all = await warm()
    const reasons = await Promise.all(Array.from({ length: 200 }, (_, i) => reasonOf(() => all.find(`forged-${i}`))))
    expect([new Set(reasons), all.fetches() - 1]).toEqual([new Set(['key_unknown']), 1])
  }) // JK-27, JK-29

  test('two hundred forged tokens over ten seconds cause three fetches at most', async () => {
    const all = await warm()
    for (let i = 0; i < 200; i += 1) {
      await all.find(`forged-${i}`).catch(() => undefined)
      await all.clock.advance(50)
    }
    expect(all.fetches() - 1).toBeLessThanOrEqual(3)
    expect(all.fetches() - 1).toBeGreaterThan(1)
  }) // JK-29

  test('after the burst there is one fetch in 30 s', async () => {
    const all = await warm()
    await exhaust(all)
    const before = all.fetches()
    for (let i = 0; i < 90; i += 1) {
      const found = all.find(`forged-${i}`).catch(() => undefined)
      await all.clock.advance(1_000)
      await found
    }
    expect(all.fetches() - before).toBe(3)
  }) // JK-29

  test('with no fetch left nobody can tell, and the client hears when to come back', async () => {
    const all = await warm()
    await exhaust(all)
    await all.clock.advance(3_000)
    const error = await errorOf(() => all.find('forged'))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  }) // JK-30

  test('known keys are found while no fetch is left', async () => {
    const all = await warm()
    await exhaust(all)
    expect(await all.find('first')).toHaveLength(1)
  }) // JK-29

  test('a slot that is less than a second away is waited for', async () => {
    const all = await warm()
    await exhaust(all)
    const left = 30_000 - 3 * 5_001
    await all.clock.advance(left - 900)
    all.serve([first, second])
    const found = all.find('second')
    await all.clock.advance(900)
    expect(await found).toHaveLength(1)
  }) // JK-30

  test('a caller who leaves while waiting for a slot takes none', async () => {
    const all = await warm()
    await exhaust(all)
    await all.clock.advance(30_000 - 3 * 5_001 - 900)
    const before = all.fetches()
    const leaving = new AbortController()
    const left = reasonOf(() => all.find('second', leaving.signal))
    await settled()
    leaving.abort()
    await left
    await all.clock.advance(10_000)
    expect(all.fetches()).toBe(before)
  }) // XC-15

  test('a running fetch is joined when no slot is left', async () => {
    const all = await warm()
    await all.find('forged-1').catch(() => undefined)
    await all.clock.advance(5_001)
    await all.find('forged-2').catch(() => undefined)
    await all.clock.advance(5_001)
    const slow = held()
    all.serve(slow.reply)
    const one = all.find('second')
    await settled()
    const other = all.find('second')
    await settled()
    slow.release(json({ keys: [first, second] }))
    expect([await one, await other]).toMatchObject([[{ kid: 'second' }], [{ kid: 'second' }]])
  }) // JK-27

  test('a slot is spent on a fetch that fails, too', async () => {
    const all = await warm(() => json({ keys: [first] }))
    all.serve(() => status(500))
    await reasonOf(() => all.find('second'))
    expect(all.fetches()).toBe(2)
  }) // JK-29

  test('a fetch that fails leaves the token undecided', async () => {
    const all = await warm()
    all.serve(() => status(500))
    expect(await reasonOf(() => all.find('second'))).toBe('keys_unavailable')
  }) // JK-33

  test('no unknown kid causes a fetch while failures ask for a pause', async () => {
    const all = await warm()
    all.serve(() => status(503, { 'retry-after': '20' }))
    await reasonOf(() => all.find('second'))
    const before = all.fetches()
    for (let i = 0; i < 50; i += 1) await reasonOf(() => all.find(`forged-${i}`))
    expect(all.fetches()).toBe(before)
  }) // JK-38

  test('Retry-After says when the pause is over', async () => {
    const all = await warm()
    all.serve(() => status(503, { 'retry-after': '20' }))
    const error = await errorOf(() => all.find('second'))
    expect(AuthError.detailsOf(error).retryAfter).toBe(20)
  }) // JK-38

  test('a caller who leaves does not end the fetch for others', async () => {
    const slow = held()
    const all = await warm()
    all.serve(slow.reply)
    const leaving = new AbortController()
    const left = reasonOf(() => all.find('second', leaving.signal))
    const stays = all.find('second')
    await settled()
    leaving.abort()
    expect(await left).toBe('keys_unavailable')
    slow.release(json({ keys: [first, second] }))
    expect(await stays).toHaveLength(1)
  }) // XC-15

  test('the wall clock set ahead makes no old set look recent', async () => {
    const all = await warm()
    all.clock.jump(60_000)
    await reasonOf(() => all.find('forged'))
    expect(all.fetches()).toBe(2)
  }) // XC-07
})

describe('a kid whose key does not fit', () => {
  test('it is refused without a fetch', async () => {
    const all = await warm()
    const request = { algorithm: 'RS256', kid: 'first', arrivedAt: all.clock.monotonic() }
    expect([await reasonOf(() => all.source.find(request)), all.fetches()]).toEqual(['key_unfit', 1])
  }) // JK-08

  test('no kid and several keys are ambiguous', async () => {
    const all = await warm([first, second])
    expect(await reasonOf(() => all.find(undefined))).toBe('key_ambiguous')
  }) // JK-11
})

const request = (all: Set) => ({ algorithm: 'ES256', kid: 'first', arrivedAt: all.clock.monotonic() })

describe('a signature that no key verifies', () => {
  test('a current set needs no other look', async () => {
    const all = setUp()
    await all.find('first')
    expect([all.source.mayReconsider(request(all)), await all.source.reconsider(request(all))]).toEqual([
      false,
      undefined,
    ])
    expect(all.fetches()).toBe(1)
  }) // JK-29

  test('one look finds the key that was renewed under its name', async () => {
    const all = await warm()
    const [before] = await all.find('first')
    all.serve([publicJwk('first')])
    expect(all.source.mayReconsider(request(all))).toBe(true)
    const [after] = (await all.source.reconsider(request(all)))!
    expect([after === before, before!.retired, all.fetches()]).toEqual([false, true, 2])
  }) // JK-35

  test('two hundred of them in a minute cause three looks at most, and the verdict stands for the others', async () => {
    const all = await warm()
    for (let i = 0; i < 200; i += 1) {
      await all.source.reconsider(request(all))
      await all.clock.advance(300)
    }
    expect(all.fetches() - 1).toBeLessThanOrEqual(3)
    expect(all.fetches() - 1).toBeGreaterThan(0)
  }) // JK-29

  test('a look that fails leaves the verdict of a fresh set', async () => {
    const all = await warm()
    all.serve(() => status(500))
    expect(await all.source.reconsider(request(all))).toBeUndefined()
    expect(all.source.mayReconsider(request(all))).toBe(false) // failures ask for a pause
  }) // JK-29

  test('a set that is not fresh and cannot be refreshed says nothing: nobody can tell', async () => {
    const all = await warm()
    all.serve(() => status(500))
    await all.clock.advance(3_600_000)
    expect(all.source.mayReconsider(request(all))).toBe(true)
    const error = await errorOf(() => all.source.reconsider(request(all)))
    expect([error.reason, error.status]).toEqual(['keys_unavailable', 503])
  }) // JK-33

  test('nor does it say that a key does not fit, or which one is meant', async () => {
    const all = await warm([first, second])
    all.serve(() => status(500))
    await all.clock.advance(3_600_000)
    const other = { algorithm: 'RS256', kid: 'first', arrivedAt: all.clock.monotonic() }
    expect([await reasonOf(() => all.source.find(other)), await reasonOf(() => all.find(undefined))]).toEqual([
      'keys_unavailable',
      'keys_unavailable',
    ])
  }) // JK-08, JK-11, JK-33

  test('pinned keys are what they are', async () => {
    const asked = { algorithm: 'ES256', kid: 'first', arrivedAt: 0 }
    expect([pinned(first).mayReconsider(asked), await pinned(first).reconsider(asked)]).toEqual([false, undefined])
  }) // JK-40
})

describe('a key that leaves', () => {
  test('it is gone with the next set, and known as retired', async () => {
    const all = await warm([first, second])
    const [leaver] = await all.find('second')
    all.serve([first])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    expect([leaver!.retired, await reasonOf(() => all.find('second'))]).toEqual([true, 'key_unknown'])
  }) // JK-35

  test('a key that stays is the same object', async () => {
    const all = await warm([first, second])
    const [stayer] = await all.find('first')
    all.serve([first])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    expect([(await all.find('first'))[0] === stayer, stayer!.retired]).toEqual([true, false])
  }) // JK-39

  test('a key that changes under its kid is retired', async () => {
    const all = await warm()
    const [before] = await all.find('first')
    all.serve([publicJwk('first')])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    const [after] = await all.find('first')
    expect([before!.retired, after === before]).toEqual([true, false])
  }) // JK-35
})

describe('a set without a usable key', () => {
  test('the first one is trouble, and the good keys stay', async () => {
    const all = await warm()
    all.serve([])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    expect([all.events.at(-1), all.source.keys.length]).toEqual(['failed ahead no_usable_key', 1])
  }) // JK-34

  test('the second question comes no sooner than 60 s later', async () => {
    const all = await warm()
    all.serve([])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    const before = all.fetches()
    await all.clock.advance(59_999)
    expect(all.fetches()).toBe(before)
    await all.clock.advance(1)
    expect(all.fetches()).toBe(before + 1)
  }) // JK-34

  test('the second one drops the keys, and then nobody can tell', async () => {
    const all = await warm()
    const [good] = await all.find('first')
    all.serve([])
    await all.clock.advance(600_000 * 0.8 - 60_000 + 60_000)
    expect(all.events).toContain('dropped')
    expect([good!.retired, await reasonOf(() => all.find('first'))]).toEqual([true, 'keys_unavailable'])
  }) // JK-34

  test('a usable set between the two starts the count anew', async () => {
    const all = await warm()
    all.serve([])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    all.serve([first])
    await all.clock.advance(60_000)
    all.serve([])
    await all.clock.advance(600_000 * 0.8)
    expect(all.events.at(-1)).toBe('failed ahead no_usable_key')
    expect(all.events).not.toContain('dropped')
  }) // JK-34

  test('a set of keys that are all refused counts as one', async () => {
    const all = await warm()
    all.serve([{ kty: 'oct', k: 'AAAA', kid: 'first' }])
    await all.clock.advance(600_000 * 0.8 - 60_000)
    expect(all.events.slice(-2)).toEqual(['skipped symmetric', 'failed ahead no_usable_key'])
  }) // JK-19

  test('keys come back with the next usable set', async () => {
    const all = await warm()
    all.serve([])
    await all.clock.advance(600_000 * 0.8 + 60_000)
    all.serve([second])
    await all.clock.advance(3_600_000)
    expect(await all.find('second')).toHaveLength(1)
  }) // JK-34
})

describe('an outage', () => {
  test('known keys verify until the hard bound, and not after', async () => {
    const all = setUp()
    await all.find('first')
    all.serve(() => status(500))
    await all.clock.advance(HARD_BOUND - 1)
    expect([all.source.usableAt(instantOf(all.clock)), (await all.find('first')).length]).toEqual([true, 1])
    await all.clock.advance(1)
    expect([all.source.usableAt(instantOf(all.clock)), await reasonOf(() => all.find('first'))]).toEqual([
      false,
      'keys_unavailable',
    ])
  }) // JK-25
})

const pinned = (...jwks: JsonObject[]): KeySource =>
  pinnedKeys(parseKeySet({ keys: jwks }, ['ES256'], () => undefined)!)

describe('pinned keys', () => {
  test('they are found at once', () => {
    expect(pinned(first).at({ algorithm: 'ES256', kid: 'first', arrivedAt: 0 })).toHaveLength(1)
  }) // JK-40

  test('an unknown kid is refused at once', async () => {
    expect(await reasonOf(() => pinned(first).find({ algorithm: 'ES256', kid: 'other', arrivedAt: 0 }))).toBe(
      'key_unknown',
    )
  }) // JK-40
})
