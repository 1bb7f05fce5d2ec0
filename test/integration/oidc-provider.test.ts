// The main job, over real sockets: the tour of the demonstration, and what many callers at once cost the server.
import { createResourceServer, type Http, type ResourceServer, systemClock, undiciHttp } from '@holdfast/core'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthorizationServer, startAuthorizationServer } from '../../examples/demo/src/authorization-server.ts'
import { type Demo, startDemo } from '../../examples/demo/src/demo.ts'
import type { Step } from '../../examples/demo/src/expectations.ts'
import { API } from '../../examples/demo/src/names.ts'
import { resourceServerOptions } from '../../examples/demo/src/resource-server.ts'
import { takeTour } from '../../examples/demo/src/tour.ts'

const JWT = 'https://api.example.com/es256'
const OPAQUE = 'https://api.example.com/opaque'

describe('the tour of the demonstration', () => {
  let demo: Demo
  let steps: readonly Step[]

  beforeAll(async () => {
    demo = await startDemo({ observe: () => undefined })
    steps = await takeTour(demo)
  }, 30_000)
  afterAll(async () => {
    await demo.close()
  })

  const SECTIONS = [
    'Accepted',
    'Refused',
    'Bound to a key',
    'Bound to a certificate',
    'Keys rotated',
    'Introspection unplugged',
    'The whole authorization server unplugged',
    'Plugged in again',
  ]
  for (const api of ['Express', 'Koa']) {
    test.each(SECTIONS)(`holds on ${api}: %s`, (section) => {
      const outcomes = steps
        .filter((step) => step.section === section)
        .map(({ sent, expected, results }) => ({ sent, expected, got: results.find((one) => one.api === api)?.got }))

      expect(outcomes.length).toBeGreaterThan(2)
      expect(outcomes.map(({ sent, got }) => `${sent}: ${got}`)).toEqual(
        outcomes.map(({ sent, expected }) => `${sent}: ${expected}`),
      )
    })
  }

  test('has no section that is not looked at here', () => {
    expect([...new Set(steps.map(({ section }) => section))]).toEqual(SECTIONS)
  })

  test('never answers 401 in an outage', () => {
    const inOutage = steps.filter(({ section }) => section.includes('unplugged'))

    expect(inOutage.flatMap(({ results }) => results).filter(({ got }) => got.startsWith('401'))).toEqual([])
  })
})

describe('many callers at once', () => {
  let upstream: AuthorizationServer
  let server: ResourceServer
  let arrived: string[]
  let delay: number
  let shift: number
  let sent: number

  const calls = (path: string): number => arrived.filter((one) => one === path).length
  const valid = async (token: string): Promise<boolean> => (await server.verify(token)).outcome === 'valid'
  const counted = (inner: Http): Http => ({
    send(request) {
      sent += 1
      return inner.send(request)
    },
    close: () => inner.close(),
  })

  beforeEach(async () => {
    arrived = []
    delay = shift = sent = 0
    upstream = await startAuthorizationServer({
      onRequest: async (path) => {
        arrived.push(path)
        await sleep(delay)
      },
    })
    server = createResourceServer({
      ...resourceServerOptions(upstream),
      resilience: 'balanced',
      observe: () => undefined,
      ports: {
        http: counted(undiciHttp({ connections: 10, connectTimeout: 500 })),
        clock: {
          ...systemClock,
          wall: () => systemClock.wall() + shift,
          monotonic: () => systemClock.monotonic() + shift,
        },
      },
    })
  })
  afterEach(async () => {
    await server.close()
    await upstream.close()
  })

  test('1,000 concurrent first verifications of one JWT cause one key fetch', async () => {
    const token = await upstream.mint(JWT, 'orders:read')

    const results = await Promise.all(Array.from({ length: 1_000 }, () => server.verify(token)))

    expect(tally(results)).toEqual({ valid: 1_000 })
    expect(calls('/jwks')).toBe(1)
    expect(sent).toBe(2) // metadata and keys
  })

  test('500 concurrent first uses of one opaque token cause one introspection', async () => {
    const token = await upstream.mint(OPAQUE, 'orders:read')

    const results = await Promise.all(Array.from({ length: 500 }, () => server.verify(token)))

    expect(tally(results)).toEqual({ valid: 500 })
    expect(calls('/token/introspection')).toBe(1)
  })

  test('200 forged tokens with random kids cause at most three key fetches in 30 s and leave nothing behind', async () => {
    await server.ready()
    const fetchedBefore = calls('/jwks')
    shift += 60_000 // the set is old enough for an unknown key to be looked for

    for (let wave = 0; wave < 20; wave += 1) {
      const forged = Array.from({ length: 10 }, () => forgedJwt(upstream.issuer, shift))
      const results = await Promise.all(forged.map((token) => server.verify(token)))
      expect(results.filter(({ outcome }) => outcome === 'valid')).toEqual([])
      shift += 1_400 // 28 s for all of them
    }

    expect(calls('/jwks') - fetchedBefore).toBeGreaterThan(0)
    expect(calls('/jwks') - fetchedBefore).toBeLessThanOrEqual(3)
    expect(calls('/token/introspection')).toBe(0)
    expect(server.status().caches).toMatchObject({
      jwts: { entries: 0 },
      introspected: { entries: 0 },
      negative: { entries: 0 },
    })
  })

  test('a rotation in two steps refuses nobody until the old keys are withdrawn', async () => {
    const first = await upstream.mint(JWT, 'orders:read')
    expect(await valid(first)).toBe(true)

    await upstream.rotateKeys()
    shift += 6_000
    const second = await upstream.mint(JWT, 'orders:read')
    expect([await valid(second), await valid(first)]).toEqual([true, true])

    await upstream.rotateKeys()
    upstream.withdrawOldKeys()
    shift += 6_000
    const third = await upstream.mint(JWT, 'orders:read')
    expect([await valid(third), await valid(second), await valid(first)]).toEqual([true, false, false])
    expect(calls('/jwks')).toBe(3)
  })

  test.each([
    ['JWT', JWT, '/jwks'],
    ['opaque token', OPAQUE, '/token/introspection'],
  ] as const)('a caller who aborts fails nobody else who waits for the same %s', async (_, resource, path) => {
    const token = await upstream.mint(resource, 'orders:read')
    delay = 100
    const controllers = Array.from({ length: 50 }, () => new AbortController())
    const gone = controllers.map(({ signal }) => server.verify(token, { signal }))
    const staying = Array.from({ length: 50 }, () => server.verify(token))

    await sleep(20)
    for (const controller of controllers) controller.abort()

    expect(tally(await Promise.all(gone))).toEqual({ unavailable: 50 })
    expect(tally(await Promise.all(staying))).toEqual({ valid: 50 })
    expect(calls(path)).toBe(1)
  })

  test('with the authorization server stopped, 10,000 distinct JWTs verify without an outbound call', async () => {
    const tokens = await mintMany(upstream, 10_000)
    await server.ready()
    await upstream.close()
    const before = { sent, arrived: arrived.length }

    const outcomes: Record<string, number> = {}
    for (let start = 0; start < tokens.length; start += 500) {
      const batch = tokens.slice(start, start + 500).map((token) => server.verify(token))
      for (const { outcome } of await Promise.all(batch)) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }

    expect(outcomes).toEqual({ valid: 10_000 })
    expect({ sent, arrived: arrived.length }).toEqual(before)
    await expect(fetch(`${upstream.issuer}/jwks`)).rejects.toThrow('fetch failed')
  }, 60_000)
})

function tally(results: readonly { readonly outcome: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { outcome } of results) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

async function mintMany(server: AuthorizationServer, count: number): Promise<readonly string[]> {
  const tokens = await Promise.all(Array.from({ length: count }, () => server.mint(JWT, 'orders:read')))
  expect(new Set(tokens).size).toBe(count)
  return tokens
}

/** All that an access token says, under a key that nobody has published. */
function forgedJwt(iss: string, shift: number): string {
  const now = Math.floor((Date.now() + shift) / 1_000)
  const header = { alg: 'ES256', typ: 'at+jwt', kid: randomUUID() }
  const claims = { iss, aud: API, sub: 'thief', client_id: 'thief', jti: randomUUID(), iat: now, exp: now + 600 }
  return `${encode(header)}.${encode(claims)}.${randomBytes(64).toString('base64url')}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
