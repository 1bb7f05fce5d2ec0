import { generateKeyPairSync } from 'node:crypto'

import {
  AuthError,
  createResourceServer,
  fresh,
  type ResourceServer,
  type SharedServerOptions,
  type Store,
} from '@holdfast/core'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { beforeEach, describe, expect, test } from 'vitest'

import { page, tableRows } from './documents.ts'

/** What a client sees, and whether the evidence was stale. */
interface Seen {
  readonly status: number
  readonly retryAfter?: number
  readonly stale?: boolean
}

let as: TestAuthorizationServer
let server: ResourceServer

/** What a request is answered, while virtual time passes; a first request waits no longer than a second. */
async function ask(
  token: string,
  asked = server,
  ...guards: Parameters<ResourceServer['authorize']>[1][]
): Promise<Seen> {
  const request = { rawHeaders: ['authorization', `Bearer ${token}`] }
  const answer = asked
    .authenticate(request)
    .then(async (auth) => asked.authorize(auth, ...guards))
    .then(
      ({ evidence: { stale } }): Seen => ({ status: 200, stale }),
      (error: unknown): Seen => {
        if (!(error instanceof AuthError)) throw error
        const { status, headers } = asked.answer(error)
        return headers['retry-after'] === undefined
          ? { status }
          : { status, retryAfter: Number(headers['retry-after']) }
      },
    )
  await as.clock.advance('1s')
  return answer
}

/** A 503 with `Retry-After` in these bounds, in seconds. */
function expect503(seen: Seen, [least, most]: readonly [number, number]): void {
  expect(seen.status).toBe(503)
  expect(seen.retryAfter).toBeGreaterThanOrEqual(least)
  expect(seen.retryAfter).toBeLessThanOrEqual(most)
}

const NORMALLY: Seen = { status: 200, stale: false }
const STALE: Seen = { status: 200, stale: true }
const [KEYS, INTROSPECTION] = [
  [1, 30],
  [1, 5],
] as const

/** A new process: a server that knows nothing but its options. */
function started(overrides: SharedServerOptions = {}): ResourceServer {
  return createResourceServer({ ...as.options(), observe: () => undefined, ...overrides })
}

function memoryStore(): Store {
  const kept = new Map<string, string>()
  return { load: async (name) => kept.get(name), save: async (name, value) => void kept.set(name, value) }
}

/** Each row of the table in README.md, by its beginning, and that it is true. */
const ROWS: Readonly<Record<string, () => Promise<void>>> = {
  'a JWT seen before': async () => {
    const token = as.jwt({ expiresIn: '7d' })
    await ask(token)
    as.outage()
    await as.clock.advance('23h')
    expect(await ask(token)).toEqual(NORMALLY)
  },
  'a new JWT, signed with a known key': async () => {
    as.outage()
    const before = as.calls.total
    expect(await ask(as.jwt())).toEqual(NORMALLY)
    expect(as.calls.total).toBe(before)
  },
  'a JWT with an unknown `kid`': async () => {
    as.rotateKeys()
    as.outage()
    const token = as.jwt()
    expect(await ask(token)).toEqual({ status: 401 })
    await as.clock.advance('5s')
    expect503(await ask(token), KEYS)
  },
  'any JWT, when there is no key set': async () => {
    const token = as.jwt({ expiresIn: '7d' })
    await ask(token)
    as.outage()
    await as.clock.advance('24h')
    expect503(await ask(token), KEYS)
    expect503(await ask(as.jwt()), KEYS)
    expect503(await ask(as.jwt(), started()), KEYS)
  },
  'a JWT whose signature no known key verifies': async () => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const forged = (): string => as.jwt({ key })
    as.outage()
    expect(await ask(forged())).toEqual({ status: 401 })
    await as.clock.advance('8m')
    expect(await ask(forged())).toEqual({ status: 401 })
    await as.clock.advance('2m')
    expect503(await ask(forged()), KEYS)
    expect(await ask(as.jwt())).toEqual(NORMALLY)
    await as.recover()
    await as.clock.advance('1m')
    expect(await ask(forged())).toEqual({ status: 401 })
  },
  'an opaque token verified less than 60 s ago': async () => {
    const token = as.opaque()
    await ask(token)
    as.hang()
    await as.clock.advance('57s')
    const request = { rawHeaders: ['authorization', `Bearer ${token}`] }
    expect(server.tryAuthenticate(request)).toMatchObject({ evidence: { stale: false } })
  },
  'an opaque token verified 60 s to 360 s ago': async () => {
    const token = as.opaque()
    await ask(token)
    as.hang()
    await as.clock.advance('60s')
    expect(await ask(token)).toEqual(STALE)
    await as.clock.advance('295s')
    expect(await ask(token)).toEqual(STALE)
  },
  'an opaque token verified more than 360 s ago': async () => {
    const token = as.opaque()
    await ask(token)
    as.hang()
    await as.clock.advance('361s')
    expect503(await ask(token), INTROSPECTION)
    as.respond('introspection', { status: 503, headers: { 'retry-after': '60' } })
    await as.clock.advance('5s')
    expect503(await ask(token), [30, 30])
  },
  'an opaque token never seen': async () => {
    as.outage()
    expect503(await ask(as.opaque()), INTROSPECTION)
  },
  'a token that the server called inactive': async () => {
    const [inactive, revoked, jwt] = [as.opaque(), as.opaque(), as.jwt()]
    as.revoke(inactive)
    for (const token of [inactive, revoked, jwt]) await ask(token)
    await server.revoke({ token: revoked })
    await server.revoke({ token: jwt })
    as.outage()
    await as.clock.advance('60s')
    expect([await ask(inactive), await ask(revoked), await ask(jwt)].map(({ status }) => status)).toEqual([
      401, 401, 401,
    ])
  },
  'an opaque token that is known to have expired': async () => {
    const token = as.opaque({ expiresIn: '90s' })
    await ask(token)
    as.outage()
    await as.clock.advance('60s')
    expect(await ask(token)).toEqual(STALE)
    await as.clock.advance('60s')
    expect(await ask(token)).toEqual({ status: 401 })
  },
  'a JWT that is malformed, expired, or for another audience': async () => {
    const cold = started()
    as.outage()
    const bad = [as.jwt({ expiresIn: '1s' }), as.jwt({ audience: 'https://other.example.com' }), `${as.jwt()}%`]
    await as.clock.advance('60s')
    for (const token of bad) expect([(await ask(token)).status, (await ask(token, cold)).status]).toEqual([401, 401])
  },
  "any token, on a route with `fresh('5s')`": async () => {
    const [opaque, jwt] = [as.opaque(), as.jwt()]
    for (const token of [opaque, jwt]) await ask(token)
    as.outage()
    expect(await ask(opaque, server, fresh('5s'))).toEqual(NORMALLY)
    await as.clock.advance('5s')
    for (const token of [opaque, jwt]) expect503(await ask(token, server, fresh('5s')), INTROSPECTION)
  },
  '**after a restart in the outage**': async () => {},
  'a JWT, without a `store`': async () => {
    as.outage()
    expect503(await ask(as.jwt(), started()), KEYS)
    const pinned = createResourceServer({
      audience: 'https://api.example.com',
      ports: as.options().ports!,
      issuers: [{ issuer: as.issuer, jwt: { keys: as.keys } }],
    })
    expect(await ask(as.jwt(), pinned)).toEqual(NORMALLY)
  },
  'a JWT, with a `store`': async () => {
    const store = memoryStore()
    const earlier = started({ store })
    const [revoked, good] = [as.jwt({ expiresIn: '7d' }), as.jwt({ expiresIn: '7d' })]
    await ask(good, earlier)
    expect(await earlier.revoke({ token: revoked })).toMatchObject({ durable: true })
    as.outage()
    const later = started({ store })
    expect(await ask(good, later)).toEqual(NORMALLY)
    expect(await ask(revoked, later)).toEqual({ status: 401 })
    await as.clock.advance('24h')
    expect503(await ask(good, started({ store })), KEYS)
  },
  'an opaque token': async () => {
    const store = memoryStore()
    const token = as.opaque()
    await ask(token, started({ store }))
    as.outage()
    expect503(await ask(token, started({ store })), INTROSPECTION)
    await as.recover()
    const keeping = { store, cache: { introspected: { persist: true } } } as const
    const earlier = started(keeping)
    const before = as.clock.wall()
    await ask(token, earlier)
    await earlier.close()
    as.outage()
    await as.clock.advance('2m')
    const later = started(keeping)
    expect(await ask(token, later)).toEqual(STALE)
    await as.clock.advance(`${360_000 - (as.clock.wall() - before)}ms`)
    expect503(await ask(token, later), INTROSPECTION)
  },
}

describe('the failure table in README.md', () => {
  const rows = tableRows(page('README.md'), 'When the authorization server is down').map(([given]) => given!)

  beforeEach(async () => {
    as = await testAuthorizationServer({ audience: 'https://api.example.com' })
    server = started()
    const ready = server.ready()
    await as.clock.advance('1s')
    await ready
  })

  test.each(Object.entries(ROWS))('%s', async (beginning, isTrue) => {
    expect(rows.filter((row) => row === beginning || row.startsWith(`${beginning},`))).toHaveLength(1)
    await isTrue()
  })

  test('has no other row', () => {
    expect(rows).toHaveLength(Object.keys(ROWS).length)
  })

  test('is over when the server is back, without a restart', async () => {
    const [kept, revoked] = [as.opaque(), as.opaque()]
    for (const token of [kept, revoked]) await ask(token)
    as.outage()
    await as.clock.advance('2m')
    for (const token of [kept, revoked]) expect(await ask(token)).toEqual(STALE)
    as.revoke(revoked)
    await as.recover()
    expect(await ask(revoked)).toEqual({ status: 401 })
    expect(await ask(kept)).toEqual(NORMALLY)
    expect(await ask(as.opaque())).toEqual(NORMALLY)
  })
})
