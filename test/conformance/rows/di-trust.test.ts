import { ConfigError, createResourceServer, type HoldfastEvent, type IssuerOptions } from '@holdfast/core'
import { type TestAuthorizationServer, testAuthorizationServer, testNetwork } from '@holdfast/testing'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { documentsOf } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

/** An API that trusts two authorization servers, which share a clock and nothing else. */
async function twoIssuers(
  face: Face,
  issuers: readonly [string, string],
): Promise<Api & { readonly all: readonly [TestAuthorizationServer, TestAuthorizationServer] }> {
  const a = await testAuthorizationServer({ audience: AUDIENCE, issuer: issuers[0], opaquePrefix: 'a_' })
  const b = await testAuthorizationServer({
    audience: AUDIENCE,
    issuer: issuers[1],
    opaquePrefix: 'b_',
    clock: a.clock,
  })
  const trusted: IssuerOptions[] = [a.issuerOptions(), b.issuerOptions()]
  const ports = { http: testNetwork(a, b), clock: a.clock }
  const options = { issuers: trusted, audience: AUDIENCE, ports }
  const server = (_: unknown, observe: (event: HoldfastEvent) => void): ReturnType<typeof createResourceServer> =>
    createResourceServer({ ...options, observe })
  return { ...(await api(face, { as: a, server })), all: [a, b] }
}

verifies('DI-17', 'the iss of a token equals the issuer letter by letter', async (face) => {
  const { as, get, reasons } = await api(face)
  const others = [
    'https://as.test/',
    'https://AS.test',
    'https://as.test:443',
    'https://as.test.',
    'http://as.test',
    'as.test',
    'https://as.test ',
    '',
  ]
  for (const iss of others) expect((await get('/', as.jwt({ claims: { iss } }))).status, iss).toBe(401)
  expect(new Set(reasons())).toEqual(new Set(['issuer_unknown']))
  expect(as.calls.total).toBe(0)
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('DI-18', 'there is neither a pattern nor a function for issuers', (face) => {
  for (const issuer of [
    'https://as.test/{tenantid}/v2.0?x',
    /as\.test/,
    () => true,
    { pattern: 'https://as.test/*' },
  ]) {
    const build = (): unknown => face.protect({ issuers: [issuer as string], audience: AUDIENCE })
    expect(build).toThrow(ConfigError)
  }
})

verifies('DI-18', 'a template matches nothing but itself, and an unknown tenant causes no request', async (face) => {
  for (const written of ['https://as.test/tenantid', 'https://as.test/*', 'https://as.test/:tenant']) {
    const { as, get, reasons } = await api(face, { as: { issuer: written } })
    for (const tenant of ['acme', 'initech', '..', 'tenantid/']) {
      expect((await get('/', as.jwt({ claims: { iss: `https://as.test/${tenant}` } }))).status).toBe(401)
    }
    expect(new Set(reasons())).toEqual(new Set(['issuer_unknown']))
    expect(as.calls.total).toBe(0)
  }
})

verifies('DI-18', 'tenants that are listed are each verified by their own keys', async (face) => {
  const { all, get, reasons } = await twoIssuers(face, ['https://a.test/acme', 'https://b.test/initech'])
  const [acme, initech] = all
  expect((await get('/', acme.jwt())).status).toBe(200)
  expect((await get('/', initech.jwt())).status).toBe(200)
  expect((await get('/', acme.jwt({ claims: { iss: initech.issuer } }))).status).toBe(401)
  expect(reasons()).toEqual(['signature_invalid'])
})

verifies('DI-19', 'three hundred unknown issuers cause no request, and leave nothing behind', async (face) => {
  const { as, get, server, reasons } = await api(face)
  const before = server.status()
  const token = as.jwt()
  const [header, payload, signature] = token.split('.') as [string, string, string]
  const claims = Buffer.from(payload, 'base64url').toString()
  for (let at = 0; at < 300; at += 1) {
    const other = Buffer.from(claims.replace('https://as.test', `https://evil-${at}.test`)).toString('base64url')
    expect(await server.verify(`${header}.${other}.${signature}`)).toEqual({
      outcome: 'invalid',
      reason: 'issuer_unknown',
    })
  }
  for (const iss of [
    'https://169.254.169.254',
    'https://evil.test/.well-known/openid-configuration',
    'file:///etc/passwd',
  ])
    expect((await get('/', as.jwt({ claims: { iss } }))).status).toBe(401)
  expect(as.calls.total).toBe(0)
  expect(new Set(reasons())).toEqual(new Set(['issuer_unknown']))
  expect(server.status().caches).toEqual(before.caches)
  expect(server.status().issuers).toEqual(before.issuers)
  expect(as.clock.timers).toBe(0)
})

verifies('DI-23', 'endpoints serve only the issuer whose document named them', async (face) => {
  const { all, get } = await twoIssuers(face, ['https://a.test', 'https://b.test'])
  const [a, b] = all
  for (const [mine, others] of [
    [a, b],
    [b, a],
  ] as const) {
    a.calls.clear()
    b.calls.clear()
    expect((await get('/', mine.jwt())).status).toBe(200)
    expect((await get('/', mine.opaque())).status).toBe(200)
    expect(mine.calls.introspection).toBe(1)
    expect(others.calls.total).toBe(0)
  }
})

verifies(
  'DI-23',
  'an issuer whose document names the endpoints of another gets its own client and keys judged there',
  async (face) => {
    const { all, get, reasons } = await twoIssuers(face, ['https://a.test', 'https://b.test'])
    const [honest, evil] = all
    evil.respond('metadata', {
      body: { ...evil.metadata, jwks_uri: 'https://a.test/jwks', introspection_endpoint: 'https://a.test/introspect' },
    })
    // By its name evil's tokens are verified with the keys it pointed to, which are not what signed them.
    expect((await get('/', evil.jwt())).status).toBe(401)
    expect((await get('/', honest.jwt({ claims: { iss: evil.issuer } }))).status).toBe(200)
    expect((await get('/', honest.jwt())).status).toBe(200)
    expect((await get('/', evil.jwt({ claims: { iss: honest.issuer } }))).status).toBe(401)
    expect(reasons().at(-1)).toMatch(/^(?:signature_invalid|key_unknown)$/)
  },
)

verifies('DI-20', 'metadata is fetched once for all, kept fresh, and kept when a refresh fails', async (face) => {
  const { as, get, server, events } = await api(face)
  const tokens = Array.from({ length: 50 }, () => as.jwt())
  const verdicts = await Promise.all(tokens.map((token) => server.verify(token)))
  expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['valid']))
  expect(as.calls.metadata).toBe(1)
  const status = (): NonNullable<ReturnType<typeof server.status>['issuers'][number]['metadata']> =>
    server.status().issuers[0]!.metadata!
  expect(status().nextIn).toBeGreaterThan(400_000)
  for (const begin of [
    () => as.respond('metadata', { status: 500 }),
    () => as.respond('metadata', { body: { issuer: 'https://other.test' } }),
    () => as.reset('metadata'),
  ]) {
    begin()
    await as.clock.advance('11m')
    expect(status().failures).toBeGreaterThan(0)
    as.rotateKeys()
    expect((await get('/', as.jwt())).status).toBe(200)
    expect((await get('/', as.opaque())).status).toBe(200)
    void as.recover('metadata')
    await as.clock.advance('31s')
    expect(status().failures).toBe(0)
  }
  expect(documentsOf(events)).toContain('metadata loaded expired')
})

verifies('DI-20', 'metadata is asked for conditionally, and its freshness obeyed', async (face) => {
  const { as, server } = await api(face)
  as.respond('metadata', { body: as.metadata, headers: { etag: '"m1"', 'cache-control': 'max-age=120' } })
  await server.ready()
  expect(server.status().issuers[0]!.metadata!.nextIn).toBeLessThanOrEqual(108_000)
  as.respond('metadata', { status: 304 })
  await as.clock.advance('109s')
  expect(as.calls.to('metadata').at(-1)!.headers).toMatchObject({ 'if-none-match': '"m1"' })
  expect(server.status().issuers[0]!.metadata).toMatchObject({ failures: 0 })
  expect(server.status().issuers[0]!.metadata!.age).toBeLessThan(109_000)
})

verifies('DI-20', 'metadata is used up to the hard bound, like keys', async (face) => {
  const { as, get } = await api(face)
  expect((await get('/', as.opaque())).status).toBe(200)
  as.outage('metadata')
  as.clock.advance('23h')
  expect((await get('/', as.opaque())).status).toBe(200)
  as.clock.advance('61m')
  expect((await get('/', as.opaque())).status).toBe(503)
  expect(as.calls.introspection).toBe(2)
})

verifies('DI-22', 'redirects are not followed', async (face) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { as, get, events } = await api(face, { as: { listen: true }, options: { resilience: { wait: '60s' } } })
    const headers = { location: `${as.issuer}/.well-known/openid-configuration` }
    as.respond('metadata', { status, headers, body: as.metadata })
    expect((await get('/', as.jwt())).status).toBe(503)
    expect(documentsOf(events)[0]).toBe(`metadata failed start status_${status}`)
    expect(as.calls.counts).toEqual({ metadata: 1, keys: 0, introspection: 0 })
  }
})

verifies('DI-22', 'size and time are bounded', async (face) => {
  const { as, get, server, events } = await api(face, {
    as: { listen: true },
    options: { resilience: { wait: '60s' } },
  })
  const text = JSON.stringify(as.metadata)
  as.respond('metadata', { body: text.padEnd(262_145), contentType: 'application/json', times: 1 })
  expect((await get('/', as.jwt())).status).toBe(503)
  expect(documentsOf(events)[0]).toBe('metadata failed start too_large')
  expect(server.status().issuers[0]!.metadata!.lastTrouble).toBe('too_large')

  const slow = await api(face)
  slow.as.drip('metadata', '1s')
  const ready = slow.server.ready()
  await slow.as.clock.advance('4999ms')
  expect(documentsOf(slow.events)).toEqual([])
  await slow.as.clock.advance('1ms')
  await ready
  expect(documentsOf(slow.events)[0]).toBe('metadata failed start timeout')

  const full = await api(face)
  full.as.respond('metadata', {
    body: text.replaceAll(as.issuer, full.as.issuer).padEnd(262_144),
    contentType: 'application/json',
  })
  expect((await full.get('/', full.as.jwt())).status).toBe(200)
})

verifies('DI-26', 'a server is built, listens and recovers while the authorization server is away', async (face) => {
  const { as, get, server, reasons } = await api(face)
  as.outage()
  expect(as.calls.total).toBe(0)
  expect((await server.ready()).state).toBe('cold')
  const reply = await get('/', as.jwt())
  expect(reply.status).toBe(503)
  expect(reply.headers['retry-after']).toMatch(/^[1-9]\d?$/)
  expect(reasons()).toEqual(['keys_unavailable'])
  await as.recover()
  await as.clock.advance('31s')
  expect((await get('/', as.jwt())).status).toBe(200)
  expect(server.status().state).toBe('fresh')
})

verifies('DI-26', 'a first request waits for a second, and the fetch goes on without it', async (face) => {
  const { as, server } = await api(face)
  as.slow('1500ms', 'metadata')
  const first = server.verify(as.jwt())
  let settled = false
  void first.then(() => (settled = true))
  await as.clock.advance('999ms')
  expect(settled).toBe(false)
  await as.clock.advance('1ms')
  expect(await first).toMatchObject({ outcome: 'unavailable', reason: 'keys_unavailable' })
  await as.clock.advance('600ms')
  expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
  expect(as.calls.counts).toEqual({ metadata: 1, keys: 1, introspection: 0 })
})

verifies('DI-26', 'ready() waits no longer than it is told', async (face) => {
  const { as, server } = await api(face)
  as.hang()
  let state: string | undefined
  void server.ready({ timeout: '2s' }).then((status) => (state = status.state))
  await as.clock.advance('1999ms')
  expect(state).toBeUndefined()
  await as.clock.advance('1ms')
  expect(state).toBe('cold')
})
