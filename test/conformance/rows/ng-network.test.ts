import { createResourceServer, type Http, type HttpRequest, unauthenticated } from '@holdfast/core'
import { testAuthorizationServer, type TestAuthorizationServer, testNetwork } from '@holdfast/testing'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

/** A network that writes down every URL that anybody wanted. */
function spied(inner: Http): { readonly http: Http; readonly urls: string[] } {
  const urls: string[] = []
  const send = (request: HttpRequest): ReturnType<Http['send']> => {
    urls.push(request.url)
    return inner.send(request)
  }
  return { http: { send, close: async () => undefined }, urls }
}

const hosts = (urls: readonly string[]): readonly string[] => [...new Set(urls.map((url) => new URL(url).host))]

verifies('NG-81', 'takes no metadata that names another issuer', async (face) => {
  const names = [
    'https://evil.test',
    'https://as.test/',
    'https://AS.test',
    'https://as.test:443',
    'https://as.test/tenant',
    'https://as.test.evil.test',
    'http://as.test',
    ' https://as.test',
    '',
    null,
    ['https://as.test'],
    undefined,
  ]
  for (const issuer of names) {
    const { as, get, handled, events } = await api(face)
    const { issuer: _, ...honest } = as.metadata
    as.respond('metadata', { body: { ...honest, ...(issuer === undefined ? {} : { issuer }) } })
    const reply = await get('/', as.jwt())
    expect([issuer, reply.status]).toEqual([issuer, 503])
    expect([issuer, (await get('/', as.opaque())).status]).toEqual([issuer, 503])
    expect(as.calls.counts).toEqual({ metadata: 1, keys: 0, introspection: 0 })
    expect(events).toContainEqual(expect.objectContaining({ type: 'document', trouble: 'issuer_mismatch' }))
    expect(handled()).toBe(0)
  }
})

verifies('NG-82', 'contacts nobody whom only a token names', async (face) => {
  const evil = 'https://evil.test/x'
  let urls: readonly string[] = []
  const { as, get, handled } = await api(face, {
    server: (server, observe) => {
      const spy = spied(server.http)
      urls = spy.urls
      return createResourceServer({ ...server.options({ ports: { http: spy.http } }), observe })
    },
  })
  const header = { jku: evil, x5u: evil, jwk: as.keys.keys[0], x5c: ['AAAA'], url: evil, iss: evil }
  const claims = {
    jku: evil,
    status: { status_list: { idx: 0, uri: evil } },
    sub_id: { format: 'uri', uri: evil },
    error_uri: evil,
    jwks_uri: evil,
    'cnf.jku': evil,
    _claim_sources: { src: { endpoint: evil } },
  }
  expect((await get('/', as.jwt({ header, claims }))).status).toBe(200)
  for (const token of [
    as.jwt({ header, claims: { ...claims, iss: evil } }),
    as.jwt({ header: { ...header, kid: evil }, claims }),
    as.jwt({ header, claims: { ...claims, cnf: { jku: evil } } }),
    as.jwt({ claims: { iss: 'https://as.test@evil.test' } }),
    as.jwt({ claims: { iss: 'https://as.test/../evil' } }),
  ]) {
    const reply = await get('/', token)
    expect(reply.status).toBe(401)
  }
  // Nor does an answer of the authority make us ask elsewhere.
  expect((await get('/', as.opaque({ claims })))?.status).toBe(200)
  as.respond('introspection', { status: 400, body: { error: 'server_error', error_uri: evil } })
  expect((await get('/', as.opaque())).status).toBe(503)
  expect(hosts(urls)).toEqual(['as.test'])
  expect(handled()).toBe(2)
})

verifies(['NG-82', 'NG-83'], 'calls no endpoint of a metadata document that is not https', async (face) => {
  const urls = [
    'http://as.test/jwks',
    'file:///etc/passwd',
    'data:application/json,{"keys":[]}',
    'ftp://as.test/jwks',
    'javascript:0',
    'https:as.test/jwks',
    'https:\\\\as.test\\jwks',
    'https://user:password@as.test/jwks',
    'https://as.test/jwks#x',
    'https://as.test/jw\nks',
    '//as.test/jwks',
    '/jwks',
    'https://',
    '',
    7,
    ['https://as.test/jwks'],
    { url: 'https://as.test/jwks' },
  ]
  for (const url of urls) {
    const { as, get, handled } = await api(face, {
      as: { metadata: { jwks_uri: url, introspection_endpoint: url } },
    })
    expect([url, (await get('/', as.jwt())).status]).toEqual([url, 503])
    expect([url, (await get('/', as.opaque())).status]).toEqual([url, 503])
    expect([url, as.calls.counts]).toEqual([url, { metadata: 1, keys: 0, introspection: 0 }])
    expect(handled()).toBe(0)
  }
})

verifies('NG-83', 'refuses addresses that are not https in options', (face) => {
  const base = { audience: AUDIENCE }
  const client = unauthenticated()
  for (const url of [
    'http://as.test/x',
    'file:///x',
    'data:,x',
    'ftp://as.test/x',
    'https:as.test',
    'https:\\\\as.test',
    'as.test',
  ]) {
    const refused = (options: object): void => {
      expect(() => face.protect({ ...base, ...options } as never)).toThrow(/https URL/)
    }
    refused({ issuer: url })
    refused({ issuers: [{ issuer: 'https://as.test', metadataUrl: url }] })
    refused({ issuers: [{ issuer: 'https://as.test', jwt: { jwksUri: url } }] })
    refused({ issuers: [{ issuer: 'https://as.test', introspection: { client, endpoint: url } }] })
  }
})

verifies('NG-85', 'follows no redirect', async (face) => {
  for (const status of [301, 302, 303, 307, 308, 300, 304]) {
    for (const endpoint of ['metadata', 'keys', 'introspection'] as const) {
      const { as, get, handled, events } = await api(face, { as: { client: { secret: 'our-secret' } } })
      as.respond(endpoint, {
        status,
        headers: { location: 'https://evil.test/', refresh: '0; url=https://evil.test/' },
      })
      const token = endpoint === 'introspection' ? as.opaque() : as.jwt()
      const reply = await get('/', token)
      expect([status, endpoint, reply.status, reply.headers['location']]).toEqual([status, endpoint, 503, undefined])
      expect(as.calls.all.every((call) => call.endpoint !== undefined)).toBe(true)
      expect(as.calls[endpoint]).toBe(1)
      expect(events.some((event) => 'trouble' in event && event.trouble !== undefined)).toBe(true)
      expect(handled()).toBe(0)
    }
  }
})

verifies('NG-85', 'follows none over sockets either', async (face) => {
  const evil = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
  const { as, get } = await api(face, { as: { listen: true } })
  for (const endpoint of ['metadata', 'keys', 'introspection'] as const) {
    as.respond(endpoint, { status: 307, headers: { location: `${evil.issuer}/introspect` } })
    expect((await get('/', endpoint === 'introspection' ? as.opaque() : as.jwt())).status).toBe(503)
    await as.recover(endpoint)
    as.clock.advance('1m')
  }
  expect(evil.calls.total).toBe(0)
  await evil.close()
})

verifies('NG-86', 'answers a storm of random kids with few fetches, and loses no key to a failed one', async (face) => {
  const { as, get, handled, reasons } = await api(face)
  const good = as.jwt()
  expect((await get('/', good)).status).toBe(200)
  const random = (index: number): string => as.jwt({ header: { kid: `random-${index}` } })
  await as.clock.advance('6s')
  const storm = await Promise.all(Array.from({ length: 40 }, (_, index) => get('/', random(index))))
  expect(storm.map(({ status }) => status)).toEqual(storm.map(() => 401))
  for (let index = 40; index < 60; index += 1) {
    await as.clock.advance('6s')
    expect([401, 503]).toContain((await inVirtualTime(as.clock, get('/', random(index)))).status)
  }
  // Two minutes and a half: 3 at once, one more each 30 s, and the first load.
  expect(as.calls.keys).toBeLessThanOrEqual(1 + 3 + 5)
  expect(new Set(reasons())).toEqual(new Set(['key_unknown', 'keys_unavailable']))

  as.respond('keys', { status: 500 })
  for (let index = 60; index < 70; index += 1) {
    await as.clock.advance('30s')
    expect([401, 503]).toContain((await inVirtualTime(as.clock, get('/', random(index)))).status)
  }
  expect((await get('/', good)).status).toBe(200)
  expect((await get('/', as.jwt({ sub: 'new' }))).status).toBe(200)
  expect(handled()).toBe(3)
})

async function twoIssuers(): Promise<readonly [TestAuthorizationServer, TestAuthorizationServer]> {
  const one = await testAuthorizationServer({ audience: AUDIENCE, issuer: 'https://one.test', opaquePrefix: 'one_' })
  const other = await testAuthorizationServer({
    audience: AUDIENCE,
    issuer: 'https://other.test',
    opaquePrefix: 'other_',
    clock: one.clock,
  })
  return [one, other]
}

verifies('NG-87', 'looks a kid up with its own issuer, and after a renewal takes the new key only', async (face) => {
  const [one, other] = await twoIssuers()
  const { get, handled, reasons } = await api(face, {
    as: one,
    server: (_, observe) =>
      createResourceServer({
        audience: AUDIENCE,
        issuers: [one.issuerOptions(), other.issuerOptions()],
        ports: { clock: one.clock, http: testNetwork(one, other) },
        observe,
      }),
  })
  one.addKey({ kid: 'same' })
  other.addKey({ kid: 'same' })
  const old = one.jwt({ kid: 'same' })
  expect((await get('/', old)).status).toBe(200)
  expect((await get('/', other.jwt({ kid: 'same' }))).status).toBe(200)
  // Each signs what names the other.
  expect((await get('/', one.jwt({ kid: 'same', claims: { iss: other.issuer } }))).status).toBe(401)
  expect((await get('/', other.jwt({ kid: 'same', claims: { iss: one.issuer } }))).status).toBe(401)
  expect(handled()).toBe(2)

  one.addKey({ kid: 'same' })
  await one.clock.advance('11m')
  expect((await get('/', one.jwt({ kid: 'same' }))).status).toBe(200)
  expect((await get('/', old)).status).toBe(401)
  expect((await get('/', other.jwt({ kid: 'same' }))).status).toBe(200)
  expect(new Set(reasons())).toEqual(new Set(['signature_invalid']))
})
