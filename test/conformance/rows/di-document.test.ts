import { createSecretKey } from 'node:crypto'
import { clientSecretBasic, type HoldfastEvent, login } from '@holdfast/core'
import { expect } from 'vitest'
import { documentsOf } from '../keys.ts'
import { network, tlsFront } from '../tls.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const front = tlsFront('localhost')
const adviceOf = (events: readonly HoldfastEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'advice' ? [event.code] : []))

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

verifies('DI-08', 'metadata is had by GET, accepting JSON', async (face) => {
  const { as, get } = await api(face)
  expect((await get('/', as.jwt())).status).toBe(200)
  const [call] = as.calls.to('metadata')
  expect(call).toMatchObject({ method: 'GET', headers: { accept: 'application/json' }, parameters: {} })
})

verifies('DI-08', 'metadata comes over TLS, from a server whose certificate is known and names it', async (face) => {
  const as = await front.behind()
  const ports = { http: network() }
  const trusting = await api(face, { as, options: { tls: { ca: front.ca }, ports } })
  expect((await trusting.get('/', as.jwt())).status).toBe(200)
  as.calls.clear()
  const unknown = await api(face, { as, options: { ports: { http: network() } } })
  expect((await unknown.get('/', as.jwt())).status).toBe(503)
  expect(documentsOf(unknown.events)[0]).toBe('metadata failed start tls')
  expect(as.calls.total).toBe(0)
})

verifies('DI-08', 'a certificate for another name does not do', async (face) => {
  const as = await front.behind('127.0.0.1')
  const other = await api(face, { as, options: { tls: { ca: front.ca }, ports: { http: network() } } })
  expect((await other.get('/', as.jwt())).status).toBe(503)
  expect(documentsOf(other.events)[0]).toBe('metadata failed start tls')
  expect(as.calls.total).toBe(0)
})

verifies('DI-09', 'only 200 with a JSON object as application/json is metadata', async (face) => {
  const all = await api(face)
  const text = JSON.stringify(all.as.metadata)
  const bad = [
    [{ body: text, contentType: 'text/html' }, 'content_type'],
    [{ body: text, contentType: 'text/plain' }, 'content_type'],
    [{ body: text, contentType: 'application/jsonp' }, 'content_type'],
    [{ body: text, contentType: 'application/jwk-set+json' }, 'content_type'],
    [{ body: text, contentType: '' }, 'content_type'],
    [{ status: 201, body: text, contentType: 'application/json' }, 'status_201'],
    [{ status: 203, body: text, contentType: 'application/json' }, 'status_203'],
    [{ status: 204 }, 'status_204'],
    [{ body: '', contentType: 'application/json' }, 'malformed'],
    [{ body: `[${text}]`, contentType: 'application/json' }, 'malformed'],
    [{ body: 'null', contentType: 'application/json' }, 'malformed'],
    [{ body: `${text}${text}`, contentType: 'application/json' }, 'malformed'],
    [{ body: `\uFEFF${text}`, contentType: 'application/json' }, 'malformed'],
    [{ body: text.replace('{', '{"issuer":"https://evil.test",'), contentType: 'application/json' }, 'malformed'],
  ] as const
  for (const [answer, trouble] of bad) {
    const { as, get, events } = await api(face)
    as.respond('metadata', answer)
    expect((await get('/', as.jwt())).status, trouble).toBe(503)
    expect(documentsOf(events)[0], JSON.stringify(answer)).toBe(`metadata failed start ${trouble}`)
  }
})

verifies('DI-09', 'parameters and case of the media type do not matter', async (face) => {
  for (const contentType of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;profile="a;b"']) {
    const { as, get } = await api(face)
    as.respond('metadata', { body: JSON.stringify(as.metadata), contentType })
    expect((await get('/', as.jwt())).status, contentType).toBe(200)
  }
})

verifies(
  ['DI-10', 'DI-11'],
  'a jwks_uri that is no https address, or of the wrong type, is not fetched',
  async (face) => {
    const bad = [
      'http://as.test/jwks',
      'HTTP://as.test/jwks',
      'data:,{}',
      'jwks',
      ['https://as.test/jwks'],
      { url: 'https://as.test/jwks' },
      7,
      true,
      '',
    ]
    for (const jwks_uri of bad) {
      const { as, get, events, reasons } = await api(face)
      as.respond('metadata', { body: { ...as.metadata, jwks_uri } })
      expect((await get('/', as.jwt())).status, JSON.stringify(jwks_uri)).toBe(503)
      expect(documentsOf(events)).toEqual(['metadata loaded start', 'keys failed start endpoint_refused'])
      expect(reasons()).toEqual(['keys_unavailable'])
      expect(as.calls.keys).toBe(0)
    }
  },
)

verifies('DI-11', 'a document serves whoever does not need the member that is wrong', async (face) => {
  const { as, get } = await api(face)
  as.respond('metadata', {
    body: { ...as.metadata, jwks_uri: ['x'], acr_values_supported: 'gold', protected_resources: 7 },
  })
  expect((await get('/', as.opaque())).status).toBe(200)
  expect((await get('/', as.jwt())).status).toBe(503)
  const other = await api(face)
  other.as.respond('metadata', { body: { ...other.as.metadata, introspection_endpoint: 7 } })
  expect((await other.get('/', other.as.jwt())).status).toBe(200)
  expect((await other.get('/', other.as.opaque())).status).toBe(503)
  expect(other.as.calls.introspection).toBe(0)
})

verifies('DI-11', 'a member that is not there is missing, and neither is guessed', async (face) => {
  const { as, get, events } = await api(face, { as: { metadata: { jwks_uri: undefined } } })
  expect((await get('/', as.jwt())).status).toBe(503)
  expect(documentsOf(events).at(-1)).toBe('keys failed start endpoint_missing')
  expect(adviceOf(events)).toEqual(['HOLDFAST_DOCUMENT'])
  expect(as.calls.keys).toBe(0)
})

verifies(['DI-12', 'DI-13'], 'signed_metadata and unknown members are ignored', async (face) => {
  const { as, get } = await api(face)
  const claims = { ...as.metadata, iss: as.issuer, jwks_uri: 'https://evil.test/jwks' }
  const signed_metadata = `${encode({ alg: 'none' })}.${encode(claims)}.`
  const unknown = { 'x-color': 'red', jwks: { keys: [] }, issuers: ['https://evil.test'], nested: { issuer: 'x' } }
  as.respond('metadata', { body: { ...as.metadata, ...unknown, signed_metadata } })
  expect((await get('/', as.jwt())).status).toBe(200)
  expect(as.calls.to('keys').map(({ path }) => path)).toEqual(['/jwks'])
})

verifies('DI-14', 'each member that is read shows in what it does', async (face) => {
  const metadata = {
    jwks_uri: 'https://as.test/jwks?named',
    introspection_endpoint: 'https://as.test/introspect?named',
    introspection_endpoint_auth_methods_supported: ['private_key_jwt'],
    acr_values_supported: ['silver'],
    protected_resources: ['https://other.example'],
  }
  const { as, get, events, server } = await api(face, {
    as: { metadata },
    routes: { '/vault': [login({ acr: 'gold' })] },
  })
  expect((await get('/', as.jwt())).status).toBe(200)
  expect((await get('/', as.opaque())).status).toBe(200)
  expect((await get('/vault', as.jwt())).status).toBe(401)
  expect(as.calls.to('keys').map(({ path }) => path)).toEqual(['/jwks?named'])
  expect(as.calls.to('introspection').map(({ path }) => path)).toEqual(['/introspect?named'])
  expect(new Set(adviceOf(events))).toEqual(
    new Set(['HOLDFAST_PROTECTED_RESOURCES', 'HOLDFAST_CLIENT_AUTHENTICATION', 'HOLDFAST_ACR']),
  )
  expect(JSON.stringify(server.status())).not.toContain('named')
})

verifies('DI-15', 'metadata widens nothing: not the algorithms, not the audience, not the issuers', async (face) => {
  const metadata = {
    id_token_signing_alg_values_supported: ['none', 'HS256', 'RS256'],
    access_token_signing_alg_values_supported: ['none', 'HS256', 'RS384'],
    token_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint_auth_methods_supported: ['none'],
    audience: 'https://other.example',
    aliases: ['https://other.test'],
  }
  const { as, get, reasons } = await api(face, { as: { metadata }, options: { jwt: { algorithms: ['ES256'] } } })
  const secret = createSecretKey(Buffer.from(JSON.stringify(as.keys.keys[0])))
  for (const token of [
    as.jwt({ alg: 'none' }),
    as.jwt({ key: secret, alg: 'HS256' }),
    as.jwt({ header: { alg: 'RS384' } }),
    as.jwt({ audience: 'https://other.example' }),
    as.jwt({ claims: { iss: 'https://other.test' } }),
  ])
    expect((await get('/', token)).status).toBe(401)
  expect(reasons()).toEqual([
    ...Array.from({ length: 3 }, () => 'algorithm_not_allowed'),
    'audience_wrong',
    'issuer_unknown',
  ])
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(as.calls.to('introspection')[0]!.headers['authorization']).toMatch(/^Basic /)
})

verifies('DI-16', 'what is configured wins, and where all is configured nothing is looked up', async (face) => {
  const both = await api(face, {
    options: {
      jwt: { jwksUri: 'https://as.test/jwks?ours' },
      introspection: { endpoint: 'https://as.test/introspect?ours' },
    },
  })
  expect((await both.get('/', both.as.jwt())).status).toBe(200)
  expect((await both.get('/', both.as.opaque())).status).toBe(200)
  expect(both.as.calls.all.map(({ path }) => path)).toEqual(['/jwks?ours', '/introspect?ours'])

  const one = await api(face, { options: { jwt: { jwksUri: 'https://as.test/jwks?ours' } } })
  expect((await one.get('/', one.as.jwt())).status).toBe(200)
  expect((await one.get('/', one.as.opaque())).status).toBe(200)
  expect(one.as.calls.to('keys').map(({ path }) => path)).toEqual(['/jwks?ours'])
  expect(one.as.calls.to('introspection').map(({ path }) => path)).toEqual(['/introspect'])
})

verifies('DI-16', 'pinned keys and a stated endpoint survive an issuer without metadata', async (face) => {
  const client = clientSecretBasic('test-resource-server', 'test-secret')
  const { as, get, server } = await api(face, {
    options: { introspection: { client, endpoint: 'https://as.test/introspect' } },
  })
  as.respond('metadata', { status: 404 })
  expect((await get('/', as.opaque())).status).toBe(200)
  expect((await get('/', as.jwt())).status).toBe(503)
  expect(server.status().issuers[0]!.metadata!.lastTrouble).toBe('status_404')
})

verifies(
  'DI-24',
  'a server that lists its resources and leaves this one out causes one advice, and no refusal',
  async (face) => {
    const { as, get, events } = await api(face, {
      as: { metadata: { protected_resources: ['https://other.example', 'https://api.example.com/'] } },
    })
    for (let hour = 0; hour < 3; hour += 1) {
      expect((await get('/', as.jwt())).status).toBe(200)
      await as.clock.advance('1h')
    }
    expect(as.calls.metadata).toBeGreaterThan(1)
    expect(events.filter(({ type }) => type === 'advice')).toMatchObject([
      { code: 'HOLDFAST_PROTECTED_RESOURCES', issuer: as.issuer },
    ])
  },
)

verifies('DI-24', 'a server that lists this resource, or lists nothing, causes no advice', async (face) => {
  for (const protected_resources of [['https://other.example', 'https://api.example.com'], undefined, 'all', {}]) {
    const { as, get, events } = await api(face, { as: { metadata: { protected_resources } } })
    expect((await get('/', as.jwt())).status).toBe(200)
    expect(adviceOf(events), JSON.stringify(protected_resources)).toEqual([])
  }
})

verifies('DI-25', 'a challenge for a level that the issuer does not list causes one advice', async (face) => {
  const { as, get, events } = await api(face, {
    as: { metadata: { acr_values_supported: ['silver', 'gold'] } },
    routes: {
      '/gold': [login({ acr: 'gold' })],
      '/platinum': [login({ acr: ['platinum', 'gold'] })],
      '/recent': [login({ maxAge: '5m' })],
    },
  })
  for (const path of ['/gold', '/recent']) expect((await get(path, as.jwt())).status).toBe(401)
  expect((await get('/platinum', as.jwt({ claims: { acr: 'gold' } }))).status).toBe(200)
  expect(adviceOf(events)).toEqual([])
  for (let times = 0; times < 3; times += 1) {
    const reply = await get('/platinum', as.jwt())
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toContain('acr_values="platinum gold"')
  }
  const advice = events.filter(({ type }) => type === 'advice')
  expect(advice).toMatchObject([{ code: 'HOLDFAST_ACR', issuer: as.issuer }])
  expect(JSON.stringify(advice)).toContain('platinum')
  expect(JSON.stringify(advice)).not.toContain('silver')
})

verifies('DI-25', 'an issuer that lists no levels causes no advice', async (face) => {
  for (const acr_values_supported of [undefined, 'gold', { gold: true }]) {
    const { as, get, events } = await api(face, {
      as: { metadata: { acr_values_supported } },
      routes: { '/vault': [login({ acr: 'gold' })] },
    })
    expect((await get('/vault', as.jwt())).status).toBe(401)
    expect(adviceOf(events)).toEqual([])
  }
})
