// Scenarios of a day that goes wrong, in virtual time: whole resource servers, whole authorization servers.
import { AuthError, createResourceServer, type ResourceServer } from '@holdfast/core'
import { seededRandom, type TestAuthorizationServer, testAuthorizationServer, testNetwork } from '@holdfast/testing'
import { beforeEach, describe, expect, test, vi } from 'vitest'

vi.setConfig({ testTimeout: 60_000 }) // a loaded machine takes its time; nothing here is timed

const AUDIENCE = 'https://api.example.com'

let as: TestAuthorizationServer
let server: ResourceServer

beforeEach(async () => {
  as = await testAuthorizationServer({ audience: AUDIENCE })
  server = createResourceServer({ ...as.options(), observe: () => undefined })
})

const requestOf = (token: string): { rawHeaders: string[] } => ({ rawHeaders: ['authorization', `Bearer ${token}`] })

/** What an HTTP client sees. */
async function get(token: string, from = server): Promise<number> {
  return from.authenticate(requestOf(token)).then(
    () => 200,
    (error: unknown) => (error instanceof AuthError ? error.status : 500),
  )
}

/** The same while time passes: no request waits longer than this. */
async function getWithin(token: string, from = server): Promise<number> {
  const status = get(token, from)
  await as.clock.advance('1s')
  return status
}

const endpoint = (from = server): NonNullable<ReturnType<ResourceServer['status']>['issuers'][0]['introspection']> =>
  from.status().issuers[0]!.introspection!

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const all = (status: number, count: number): number[] => many(count, () => status)
const serially = async <T>(items: readonly T[], work: (item: T) => Promise<number>): Promise<number[]> => {
  const results = []
  for (const item of items) results.push(await work(item))
  return results
}

test('with the preset for availability, 50 minutes without introspection cost no known caller anything', async () => {
  server = createResourceServer({ ...as.options(), resilience: 'available', observe: () => undefined })
  const known = many(100, (n) => as.opaque({ sub: `user-${n}`, expiresIn: '12h' }))
  expect(await serially(known, get)).toEqual(all(200, 100))

  as.outage('introspection')
  const chance = seededRandom('popularity')
  const statuses = { known: [] as number[], new: [] as number[] }
  for (let second = 0; second < 3_000; second += 5) {
    const popular = known[Math.floor(100 * chance.next() ** 3)]!
    statuses.known.push(await get(popular))
    if (second % 60 === 0) statuses.new.push(await get(as.opaque()))
    await as.clock.advance('5s')
  }
  expect(statuses.known).toEqual(all(200, 600))
  expect(statuses.new).toEqual(all(503, 50))
  expect(await serially(known, get)).toEqual(all(200, 100))

  const [revoked] = known
  as.revoke(revoked!)
  await as.recover('introspection')
  await get(revoked!)
  await as.clock.advance('5s') // the longest time between two probes
  expect(await get(revoked!)).toBe(401)
  expect(endpoint().state).not.toBe('down')
}) // scenario 1

test('a flood of random tokens just before an outage pushes no known one out', async () => {
  const cache = { introspected: { entries: 200 }, negative: { entries: 200 } }
  server = createResourceServer({ ...as.options(), cache, observe: () => undefined })
  const hot = many(100, (n) => as.opaque({ sub: `user-${n}` }))
  for (let from = 0; from < 100; from += 25) {
    const some = hot.slice(from, from + 25)
    expect(await serially(some, get)).toEqual(all(200, 25))
    await as.clock.advance('11s')
    expect(await serially(some, get)).toEqual(all(200, 25))
  }
  for (let n = 0; n < 2_000; n += 100) {
    await Promise.all(many(100, (k) => get(`random-${n + k}`)))
  }
  as.outage('introspection')
  await as.clock.advance('1m')
  expect(await serially(hot, get)).toEqual(all(200, 100))
}) // scenario 3

describe('several issuers', () => {
  let failing: TestAuthorizationServer
  let well: TestAuthorizationServer

  beforeEach(async () => {
    const shared = { audience: AUDIENCE, clock: as.clock }
    failing = await testAuthorizationServer({ ...shared, issuer: 'https://failing.test', opaquePrefix: 'failing-' })
    well = await testAuthorizationServer({ ...shared, issuer: 'https://well.test', opaquePrefix: 'well-' })
    server = createResourceServer({
      audience: AUDIENCE,
      issuers: [failing.issuerOptions(), well.issuerOptions()],
      observe: () => undefined,
      ports: { ...as.options().ports, http: testNetwork(failing, well) },
    })
    await serially([failing.jwt(), failing.opaque(), well.jwt(), well.opaque()], get)
  })

  test.each(['hang', 'outage', 'drip', 'reset'] as const)(
    'one that fails never slows another: %s, with a flood on top',
    async (weather) => {
      failing[weather]()
      const flood = many(500, (n) => get(failing.opaque({ sub: `${n}` })))
      const elsewhere = many(50, () => [well.opaque(), well.jwt()]).flat()
      // No time passes here: nobody waits for anything but their own authorization server.
      expect(await Promise.all(elsewhere.map((token) => get(token)))).toEqual(all(200, 100))
      await as.clock.advance('20s')
      expect(new Set(await Promise.all(flood))).toEqual(new Set([503]))
      const [bad, good] = server.status().issuers
      expect(good!.introspection).toMatchObject({ state: 'healthy', counters: { failed: 0 } })
      expect(bad!.introspection!.counters.failed).toBeGreaterThan(0)
    },
  )
})

describe('trouble of every kind with introspection', () => {
  test.each<[string, (server: TestAuthorizationServer) => void]>([
    ['queued for longer than anybody waits', (one) => one.slow('30s', 'introspection')],
    ['dripping', (one) => one.drip('introspection')],
    ['429 with Retry-After', (one) => one.respond('introspection', { status: 429, headers: { 'retry-after': '5' } })],
    ['429 without', (one) => one.respond('introspection', { status: 429 })],
    ['401: our secret was rotated', (one) => one.setClientSecret('another')],
    ['HTML with 200', (one) => one.respond('introspection', { body: '<h1>Welcome</h1>' })],
    ['active as text', (one) => one.respond('introspection', { body: { active: 'true' } })],
    ['{} with 200', (one) => one.respond('introspection', { body: {} })],
    ['502', (one) => one.respond('introspection', { status: 502 })],
  ])('is a verdict about no token: %s', async (_, turn) => {
    const known = many(5, () => as.opaque())
    expect(await serially(known, get)).toEqual(all(200, 5))
    await as.clock.advance('61s')
    turn(as)
    for (let minute = 0; minute < 4; minute += 1) {
      expect(await serially(known, (token) => getWithin(token))).toEqual(all(200, 5))
      expect(await serially([as.opaque(), 'never-issued'], (token) => getWithin(token))).toEqual([503, 503])
      await as.clock.advance('50s')
    }
    await as.clock.advance('3m')
    expect(await serially(known, (token) => getWithin(token))).toEqual(all(503, 5))

    as.setClientSecret('test-secret')
    await as.recover()
    await as.clock.advance('31s')
    expect(await serially([...known, 'never-issued'], (token) => getWithin(token))).toEqual([...all(200, 5), 401])
  }) // R13, R20, scenario 5
})

describe('keys that change when they cannot be had', () => {
  test('a rotation in the middle of an outage of the key set turns nobody away for good', async () => {
    const before = as.jwt({ expiresIn: '2h' })
    expect(await get(before)).toBe(200)
    as.outage('keys')
    as.rotateKeys()
    await as.clock.advance('20m')
    const after = as.jwt()
    expect([await getWithin(before), await getWithin(after)]).toEqual([200, 503])

    await as.recover('keys')
    await as.clock.advance('1m')
    expect([await getWithin(after), await getWithin(before)]).toEqual([200, 401]) // the old key was withdrawn
  })

  test('a key that was withdrawn by force is refused as soon as its set can be had', async () => {
    const { kid } = as.addKey()
    const token = as.jwt({ kid, expiresIn: '2h' })
    expect(await get(token)).toBe(200)
    as.removeKey(kid)
    await as.clock.advance('11m')
    expect(await getWithin(token)).toBe(401)
  })
}) // scenario 4

describe('cliffs that others fall from', () => {
  test('keys outlast an outage of hours, and ten requests are not ten fetches', async () => {
    const token = as.jwt({ expiresIn: '12h' })
    expect(await get(token)).toBe(200)
    as.outage()
    await as.clock.advance('6h')
    const before = as.calls.keys
    expect(
      await serially(
        many(10, () => as.jwt()),
        get,
      ),
    ).toEqual(all(200, 10))
    expect(await get(token)).toBe(200)
    expect(as.calls.keys).toBe(before)
  })

  test('1,000 requests in a minute without any key are few fetches', async () => {
    as.outage()
    for (let n = 0; n < 50; n += 1) {
      const waiting = many(20, () => get(as.jwt()))
      await as.clock.advance('1200ms')
      expect(await Promise.all(waiting)).toEqual(all(503, 20))
    }
    expect(as.calls.total).toBeLessThanOrEqual(30) // every place for metadata counts
  }) // R7

  test('a new key is accepted at its first use, not after minutes', async () => {
    expect(await get(as.jwt())).toBe(200)
    await as.clock.advance('6s')
    as.rotateKeys()
    expect(await get(as.jwt())).toBe(200)
  }) // R8

  test('a dripping answer holds nobody for longer than a second', async () => {
    as.drip('introspection')
    const token = as.opaque()
    const arrived = as.clock.monotonic()
    const status = get(token).then((one) => [one, as.clock.monotonic() - arrived])
    await as.clock.advance('42s')
    expect(await status).toEqual([503, 1_000])
  })

  test('20 cold requests at once are one fetch of each document, and one introspection', async () => {
    const token = as.opaque()
    expect(await Promise.all([...many(20, () => get(as.jwt())), ...many(20, () => get(token))])).toEqual(all(200, 40))
    expect(as.calls.counts).toEqual({ metadata: 1, keys: 1, introspection: 1 })
  }) // R5, R24
}) // scenario 7
