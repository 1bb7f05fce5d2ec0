import type { HoldfastEvent } from '@holdfast/core'
import { expect } from 'vitest'
import { documentsOf, ecKey, publish, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { type Api, api } from '../world.ts'

const key = ecKey('k')
/** A token that outlives every bound here, and that no cache knows. */
const fresh = ({ as }: Api): string => as.jwt({ key: key.privateKey, kid: 'k', expiresIn: '365d' })

const keysOf = (events: readonly HoldfastEvent[]): readonly string[] =>
  documentsOf(events).filter((one) => one.startsWith('keys'))

/** Seconds for which a set is taken for fresh: it is asked for again between 70 and 90 % of them. */
function expectFresh({ server }: Api, seconds: number, why: string): void {
  const next = server.status().issuers[0]!.keys!.nextIn! / 1_000
  expect(next, why).toBeGreaterThanOrEqual(seconds * 0.7)
  expect(next, why).toBeLessThanOrEqual(seconds * 0.9)
}

/** Loads the set again with these fields. */
async function reload(all: Api, headers: Readonly<Record<string, string>>): Promise<void> {
  publish(all.as, [key.jwk], headers)
  const { nextIn } = all.server.status().issuers[0]!.keys ?? {}
  await (nextIn === undefined ? all.server.ready() : all.as.clock.advance(`${Math.ceil(nextIn)}ms`))
}

const AT = 'Thu, 01 Jan 2026 00:00:00 GMT'
const TWO_MINUTES_LATER = 'Thu, 01 Jan 2026 00:02:00 GMT'
type Case = readonly [headers: Readonly<Record<string, string>>, seconds: number]

/** Each answer is fresh for so long. */
async function freshness(all: Api, cases: readonly Case[]): Promise<void> {
  for (const [headers, seconds] of cases) {
    await reload(all, headers)
    expectFresh(all, seconds, JSON.stringify(headers))
  }
}

verifies('JK-22', 'max-age counts, and no set is asked for again before most of it has passed', async (face) => {
  const all = await api(face)
  const { as, get } = all
  publish(as, [key.jwk], { 'cache-control': 'public, max-age=300' })
  expect((await get('/', fresh(all))).status).toBe(200)
  await as.clock.advance('209s')
  expect((await get('/', fresh(all))).status).toBe(200)
  expect(as.calls.keys).toBe(1)
  await as.clock.advance('62s')
  expect(as.calls.keys).toBe(2)
})

verifies('JK-22', 'without max-age Expires counts from Date; s-maxage is for shared caches', async (face) => {
  await freshness(await api(face), [
    [{ 'cache-control': 'max-age=120' }, 120],
    [{ 'cache-control': 'Max-Age="120"' }, 120],
    [{ expires: TWO_MINUTES_LATER, date: AT }, 120],
    [{ 'cache-control': 'max-age=240', expires: TWO_MINUTES_LATER, date: AT }, 240],
    [{ 'cache-control': 's-maxage=3000, max-age=120' }, 120],
    [{ 'cache-control': 's-maxage=3000' }, 600],
  ])
})

verifies('JK-22', 'what contradicts itself, or is no number, counts as stale', async (face) => {
  await freshness(await api(face), [
    [{ 'cache-control': 'max-age=600, max-age=300' }, 60],
    [{ 'cache-control': 'max-age=-1' }, 60],
    [{ 'cache-control': 'max-age=1e9' }, 60],
    [{ 'cache-control': 'max-age=soon' }, 60],
    [{ 'cache-control': 'max-age=600, no-cache' }, 60],
    [{ 'cache-control': 'no-store, max-age=600' }, 60],
    [{ expires: '0' }, 60],
    [{ expires: TWO_MINUTES_LATER, date: 'yesterday' }, 60],
  ])
})

verifies('JK-23', 'Age is subtracted, where it is a number', async (face) => {
  await freshness(await api(face), [
    [{ 'cache-control': 'max-age=600', age: '300' }, 300],
    [{ 'cache-control': 'max-age=600', age: '590' }, 60],
    [{ 'cache-control': 'max-age=600', age: '9999999999' }, 60],
    [{ 'cache-control': 'max-age=600', age: '-300' }, 600],
    [{ 'cache-control': 'max-age=600', age: 'old' }, 600],
    [{ expires: TWO_MINUTES_LATER, date: AT, age: '30' }, 90],
  ])
})

verifies('JK-23', 'the time that an answer took is subtracted', async (face) => {
  const { as, server } = await api(face)
  as.slow('3s', 'keys')
  const ready = server.ready()
  await as.clock.advance('3s')
  await ready
  expect(server.status().issuers[0]!.keys!.age).toBe(3_000)
})

verifies(
  'JK-24',
  'freshness stays between a minute and an hour, and is ten minutes where nothing is said',
  async (face) => {
    await freshness(await api(face), [
      [{}, 600],
      [{ 'cache-control': 'max-age=0' }, 60],
      [{ 'cache-control': 'max-age=59' }, 60],
      [{ 'cache-control': 'max-age=61' }, 61],
      [{ 'cache-control': 'max-age=3599' }, 3_599],
      [{ 'cache-control': 'max-age=31536000' }, 3_600],
    ])
  },
)

verifies('JK-25', 'a set that says must-revalidate is used up to the hard bound all the same', async (face) => {
  const all = await api(face)
  const { as, get, reasons } = all
  publish(as, [key.jwk], { 'cache-control': 'no-cache, must-revalidate, max-age=60' })
  const seen = fresh(all)
  expect((await get('/', seen)).status).toBe(200)
  as.respond('keys', { status: 500 })
  as.clock.advance('23h')
  expect((await get('/', fresh(all))).status).toBe(200)
  expect((await get('/', seen)).status).toBe(200)
  as.clock.advance('1h')
  for (const token of [fresh(all), seen]) {
    const reply = await get('/', token)
    expect(reply.status).toBe(503)
    expect(reply.headers['retry-after']).toMatch(/^[1-9]\d?$/)
    expect(reply.headers['www-authenticate']).toBeUndefined()
  }
  expect(reasons()).toEqual(['keys_unavailable', 'keys_unavailable'])
})

verifies('JK-25', 'strictHttpCache obeys what forbids stale use, and stale-if-error', async (face) => {
  const cases = [
    ['must-revalidate, max-age=120', 120],
    ['max-age=7200, must-revalidate', 7_200],
    ['no-cache', 60],
    ['no-store', 60],
    ['max-age=120, stale-if-error=300', 420],
    ['must-revalidate', 600],
    ['max-age=120, stale-if-error=300, must-revalidate', 120],
    ['max-age=120', 86_400],
    ['stale-if-error=999999999', 86_400],
  ] as const
  for (const [directives, seconds] of cases) {
    const all = await api(face, { options: { strictHttpCache: true } })
    const { as, get } = all
    publish(as, [key.jwk], { 'cache-control': directives })
    // The metadata goes its own way: it says nothing of caching.
    const seen = fresh(all)
    expect((await get('/', seen)).status).toBe(200)
    as.respond('keys', { status: 500 })
    as.clock.advance(`${seconds - 1}s`)
    expect((await get('/', fresh(all))).status, directives).toBe(200)
    as.clock.advance('2s')
    expect((await get('/', fresh(all))).status, directives).toBe(503)
    expect((await get('/', seen)).status, directives).toBe(503)
  }
})

verifies(
  'JK-25',
  'under strictHttpCache nothing outlives the process, and metadata is held to it, too',
  async (face) => {
    const kept = new Map<string, string>()
    const store = {
      load: async (name: string) => kept.get(name),
      save: async (name: string, value: string) => void kept.set(name, value),
    }
    const strict = await api(face, { options: { strictHttpCache: true, store } })
    strict.as.respond('metadata', {
      body: strict.as.metadata,
      headers: { 'cache-control': 'must-revalidate, max-age=90' },
    })
    expect((await strict.get('/', strict.as.jwt())).status).toBe(200)
    expect([...kept.keys()].filter((name) => /^(?:keys|metadata) /.test(name))).toEqual([])
    strict.as.respond('metadata', { status: 500 })
    strict.as.clock.advance('91s')
    // Metadata past its time names no endpoint any more.
    expect((await strict.get('/', strict.as.opaque())).status).toBe(503)

    const usual = await api(face, { options: { store } })
    expect((await usual.get('/', usual.as.jwt())).status).toBe(200)
    await usual.as.clock.advance('1ms')
    expect([...kept.keys()].filter((name) => /^(?:keys|metadata) /.test(name)).toSorted()).toEqual([
      `keys ${usual.as.issuer}`,
      `metadata ${usual.as.issuer}`,
    ])
  },
)

const ETAG = { etag: '"v1"', 'last-modified': AT }

verifies('JK-26', 'a set is asked for conditionally, and 304 makes it fresh for as long as before', async (face) => {
  const all = await api(face)
  const { as, get, server, events } = all
  publish(as, [key.jwk], { ...ETAG, 'cache-control': 'max-age=300', age: '100' })
  expect((await get('/', fresh(all))).status).toBe(200)
  expectFresh(all, 200, 'at first')
  as.respond('keys', { status: 304 })
  await as.clock.advance('200s')
  const conditional = { 'if-none-match': '"v1"', 'if-modified-since': AT }
  expect(as.calls.to('keys').map(({ headers }) => headers)).toMatchObject([{}, conditional])
  expect(as.calls.to('keys')[0]!.headers).not.toHaveProperty('if-none-match')
  expect(as.calls.to('keys')[0]!.headers).not.toHaveProperty('if-modified-since')
  expect(keysOf(events).at(-1)).toBe('keys loaded ahead')
  expect(server.status().issuers[0]!.keys!.age).toBeLessThan(100_000)
  // The Age of the first answer is not that of the second.
  await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.keys!.nextIn!)}ms`)
  expectFresh(all, 300, 'after 304')
  expect((await get('/', fresh(all))).status).toBe(200)
})

verifies('JK-26', 'the hard bound counts from the last 304, and 304 may say more of caching', async (face) => {
  const all = await api(face)
  const { as, get } = all
  publish(as, [key.jwk], ETAG)
  expect((await get('/', fresh(all))).status).toBe(200)
  as.respond('keys', { status: 304, headers: { 'cache-control': 'max-age=1200' } })
  as.clock.advance('23h')
  await as.clock.advance('1s')
  expectFresh(all, 1_200, 'by the 304')
  as.respond('keys', { status: 500 })
  as.clock.advance('23h')
  expect((await get('/', fresh(all))).status).toBe(200)
})

verifies('JK-26', 'a set that has changed replaces the one before', async (face) => {
  const all = await api(face)
  const { as, get } = all
  const other = ecKey('other')
  publish(as, [key.jwk], ETAG)
  expect((await get('/', fresh(all))).status).toBe(200)
  publish(as, [other.jwk], { etag: 'W/"v2"' })
  await as.clock.advance('9m')
  expect((await get('/', tokenBy(as, other))).status).toBe(200)
  expect((await get('/', fresh(all))).status).toBe(401)
  await as.clock.advance('9m')
  expect(as.calls.to('keys').at(-1)!.headers).toMatchObject({ 'if-none-match': 'W/"v2"' })
  expect(as.calls.to('keys').at(-1)!.headers).not.toHaveProperty('if-modified-since')
})

verifies('JK-26', '304 that was not asked for is no set', async (face) => {
  const all = await api(face)
  const { as, get, events } = all
  as.respond('keys', { status: 304 })
  expect((await get('/', fresh(all))).status).toBe(503)
  expect(keysOf(events).at(-1)).toBe('keys failed start status_304')
  for (const headers of [
    {},
    { etag: 'v1' },
    { etag: '"a"b"' },
    { etag: `"${'a'.repeat(300)}"` },
    { 'last-modified': 'today' },
  ]) {
    publish(as, [key.jwk], headers)
    await as.clock.advance('1h')
    as.respond('keys', { status: 304 })
    await as.clock.advance('9m')
    expect(as.calls.to('keys').at(-1)!.headers).not.toHaveProperty('if-none-match')
    expect(as.calls.to('keys').at(-1)!.headers).not.toHaveProperty('if-modified-since')
    expect(keysOf(events).at(-1), JSON.stringify(headers)).toMatch(/^keys failed \w+ status_304$/)
  }
  expect((await get('/', fresh(all))).status).toBe(200)
})

verifies('JK-26', 'what one address said of its set is not told to another', async (face) => {
  const all = await api(face)
  const { as, get } = all
  publish(as, [key.jwk], ETAG)
  expect((await get('/', fresh(all))).status).toBe(200)
  as.respond('metadata', { body: { ...as.metadata, jwks_uri: `${as.issuer}/jwks?second` } })
  await as.clock.advance('20m')
  expect(as.calls.to('keys').map(({ path }) => path)).toContain('/jwks?second')
  const first = as.calls.to('keys').find(({ path }) => path === '/jwks?second')!
  expect(first.headers).not.toHaveProperty('if-none-match')
})

verifies('JK-27', 'a thousand first tokens cause one fetch', async (face) => {
  const all = await api(face)
  const { as, get, server } = all
  publish(as, [key.jwk])
  const token = fresh(all)
  const verdicts = Array.from({ length: 1_000 }, () => server.verify(token))
  const replies = await Promise.all([get('/', token), get('/', fresh(all)), get('/')])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 401])
  expect(new Set((await Promise.all(verdicts)).map(({ outcome }) => outcome))).toEqual(new Set(['valid']))
  expect(as.calls.counts).toEqual({ metadata: 1, keys: 1, introspection: 0 })
})

verifies('JK-28', 'a refresh runs ahead, and nobody waits for it', async (face) => {
  const all = await api(face)
  const { as, get, server } = all
  publish(as, [key.jwk])
  expect((await get('/', fresh(all))).status).toBe(200)
  as.hang('keys')
  await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.keys!.nextIn!)}ms`)
  expect(as.calls.keys).toBe(2)
  // Virtual time stands still: an answer can only come from what is at hand.
  expect((await get('/', fresh(all))).status).toBe(200)
  expect(server.status().issuers[0]!.keys!.age).toBeGreaterThan(400_000)
})
