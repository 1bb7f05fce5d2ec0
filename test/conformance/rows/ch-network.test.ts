import { generateKeyPairSync } from 'node:crypto'
import {
  clientSecretBasic,
  clientSecretPost,
  ConfigError,
  privateKeyJwt,
  type ResourceServerOptions,
  unauthenticated,
} from '@holdfast/core'
import type { RecordedCall } from '@holdfast/testing'
import { expect } from 'vitest'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

verifies('CH-06', 'outlives HTTP freshness in an outage, unless HTTP caching is taken by the letter', async (face) => {
  for (const [strictHttpCache, status] of [
    [undefined, 200],
    [false, 200],
    [true, 503],
  ] as const) {
    const { as, get } = await api(face, { options: strictHttpCache === undefined ? {} : { strictHttpCache } })
    const token = as.jwt({ expiresIn: '30h' })
    const headers = { 'cache-control': 'max-age=120, must-revalidate' }
    as.respond('keys', { body: as.keys, headers, contentType: 'application/json' })
    expect((await get('/', token)).status).toBe(200)
    as.outage()
    as.clock.advance('23h')
    const reply = await inVirtualTime(as.clock, get('/', token))
    expect([strictHttpCache, reply.status]).toEqual([strictHttpCache, status])
    as.clock.advance('1h')
    expect((await inVirtualTime(as.clock, get('/', token))).status).toBe(503)
  }
})

const pathsOf = (calls: readonly RecordedCall[]): readonly string[] => calls.map(({ path }) => path)

verifies(
  'CH-07',
  'looks for metadata in the order of MCP, and nowhere else after a wrong or failing answer',
  async (face) => {
    const issuer = 'https://as.test/tenant'
    const places = [
      '/.well-known/oauth-authorization-server/tenant',
      '/.well-known/openid-configuration/tenant',
      '/tenant/.well-known/openid-configuration',
    ]
    for (const missing of [0, 1, 2]) {
      const { as, get } = await api(face, { as: { issuer } })
      if (missing > 0) as.respond('metadata', { status: 404, times: missing })
      expect([missing, (await get('/', as.jwt())).status]).toEqual([missing, 200])
      expect(pathsOf(as.calls.to('metadata'))).toEqual(places.slice(0, missing + 1))
    }
    for (const answer of [
      { status: 500 },
      { status: 503 },
      { status: 429 },
      { status: 302 },
      { body: { issuer: 'https://evil.test' } },
      { body: 'not json', contentType: 'application/json' },
      { body: '<html></html>' },
    ]) {
      const { as, get } = await api(face, { as: { issuer } })
      as.respond('metadata', { ...answer, times: 1 })
      expect([answer, (await get('/', as.jwt())).status]).toEqual([answer, 503])
      expect(pathsOf(as.calls.to('metadata'))).toEqual(places.slice(0, 1))
    }
    const stated = await api(face, { as: { issuer }, options: { metadataUrl: `https://as.test${places[2]}` } })
    expect((await stated.get('/', stated.as.jwt())).status).toBe(200)
    expect(pathsOf(stated.as.calls.to('metadata'))).toEqual([places[2]])
  },
)

const introspecting = (audience: string, more: object): ResourceServerOptions =>
  ({
    audience: AUDIENCE,
    issuers: [{ issuer: 'https://as.test', introspection: { client: unauthenticated(), audience } }],
    ...more,
  }) as ResourceServerOptions

verifies('CH-09', 'wants an audience in the answer, unless that is waived in so many words', async (face) => {
  const absent = { aud: undefined }
  const wrong = { aud: 'https://other.example' }
  for (const [policy, withoutAny, withWrong] of [
    [undefined, 401, 401],
    ['required', 401, 401],
    ['ifPresent', 200, 401],
    ['off', 200, 200],
  ] as const) {
    const { as, get } = await api(face, {
      options: { introspection: policy === undefined ? {} : { audience: policy } },
    })
    expect([policy, (await get('/', as.opaque({ claims: absent }))).status]).toEqual([policy, withoutAny])
    expect([policy, (await get('/', as.opaque({ claims: wrong }))).status]).toEqual([policy, withWrong])
    expect([policy, (await get('/', as.opaque())).status]).toEqual([policy, 200])
  }
  expect(() => face.protect(introspecting('never', {}))).toThrow(ConfigError)
  expect(() => face.protect(introspecting('off', { profile: 'mcp', resource: AUDIENCE }))).toThrow(ConfigError)
  face.protect(introspecting('required', { profile: 'mcp', resource: AUDIENCE }))
  expect(() => face.protect(introspecting('off', { profile: 'fapi2', resource: AUDIENCE }))).toThrow(ConfigError)
  face.protect(introspecting('required', { profile: 'fapi2', resource: AUDIENCE }))
})

verifies(
  'CH-10',
  'keeps an answer in spite of no-store, unless it is asked not to; max-age makes it shorter',
  async (face) => {
    const asked = async (options: object, cacheControl: string, after: '4s' | '6s' | '59s'): Promise<number> => {
      const { as, get } = await api(face, { options: { introspection: options } })
      const headers = { 'cache-control': cacheControl }
      as.respond('introspection', { body: { active: true, aud: AUDIENCE, exp: 4_000_000_000 }, headers })
      const token = as.opaque()
      expect((await get('/', token)).status).toBe(200)
      await as.clock.advance(after)
      expect((await get('/', token)).status).toBe(200)
      return as.calls.introspection
    }
    expect(await asked({}, 'no-store', '4s')).toBe(1)
    expect(await asked({ honourNoStore: true }, 'no-store', '4s')).toBe(2)
    expect(await asked({ honourNoStore: true }, 'private', '4s')).toBe(1)
    expect(await asked({}, 'no-store, max-age=5', '6s')).toBe(2)
    expect(await asked({}, 'max-age=5', '6s')).toBe(2)
    expect(await asked({}, 'max-age=86400', '6s')).toBe(1)
    // Never longer than 60 s, however much is allowed.
    const { as, get } = await api(face)
    const headers = { 'cache-control': 'max-age=86400' }
    as.respond('introspection', { body: { active: true, aud: AUDIENCE }, headers })
    const token = as.opaque()
    expect((await get('/', token)).status).toBe(200)
    await as.clock.advance('61s')
    expect((await get('/', token)).status).toBe(200)
    expect(as.calls.introspection).toBe(2)
  },
)

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })

verifies('CH-11', 'means its assertions for the issuer, or for what is written', async (face) => {
  for (const [more, expected] of [
    [{}, 'https://as.test'],
    [{ audience: 'https://as.test/introspect' }, 'https://as.test/introspect'],
  ] as const) {
    const assertions: string[] = []
    const { as, get } = await api(face, {
      as: {
        client: ({ parameters }) => {
          assertions.push(parameters['client_assertion'] ?? '')
          return true
        },
      },
      options: {
        introspection: {
          client: privateKeyJwt({ clientId: 'orders', key: ours.privateKey, algorithm: 'ES256', ...more }),
        },
      },
    })
    expect((await get('/', as.opaque())).status).toBe(200)
    expect((await get('/', as.opaque())).status).toBe(200)
    const claims = assertions.map((one) => JSON.parse(Buffer.from(one.split('.')[1]!, 'base64url').toString()))
    expect(claims.map(({ iss, sub, aud }) => [iss, sub, aud])).toEqual([
      ['orders', 'orders', expected],
      ['orders', 'orders', expected],
    ])
    expect(claims[0].jti).not.toBe(claims[1].jti)
  }
})

verifies(['CH-14', 'CH-15'], 'names the document of the resource that a request is under', async (face) => {
  const resource = [
    'https://api.example.com',
    'https://api.example.com/orders',
    'https://api.example.com/orders/archive',
  ]
  const { get } = await api(face, {
    options: { resource },
    before: (server) => [{ is: 'resourceMetadata', server }],
  })
  const well = '/.well-known/oauth-protected-resource'
  for (const [path, suffix] of [
    ['/', ''],
    ['/other', ''],
    ['/ordersx', ''],
    ['/orders', '/orders'],
    ['/orders/', '/orders'],
    ['/orders/7?x=/orders/archive', '/orders'],
    ['/orders/archive', '/orders/archive'],
    ['/orders/archive/7', '/orders/archive'],
    ['/orders/archived', '/orders'],
  ] as const) {
    const [challenge] = (await get(path)).lines('www-authenticate')
    expect([path, /resource_metadata="([^"]*)"/.exec(challenge!)?.[1]]).toEqual([
      path,
      `https://api.example.com${well}${suffix}`,
    ])
  }
  for (const one of resource) {
    const path = well + new URL(one).pathname.replace(/\/$/, '')
    const reply = await get(path)
    expect([path, reply.status]).toEqual([path, 200])
    expect(JSON.parse(reply.body)).toMatchObject({ resource: one, bearer_methods_supported: ['header'] })
    expect(JSON.parse(reply.body)).not.toHaveProperty('dpop_bound_access_tokens_required')
  }
})

verifies('CH-24', 'authenticates as it is written, and in no other way when that is refused', async (face) => {
  const secret = 'a secret: with + and %'
  const clients = {
    client_secret_basic: clientSecretBasic('orders', secret),
    client_secret_post: clientSecretPost('orders', secret),
  }
  for (const [method, client] of Object.entries(clients)) {
    const { as, get } = await api(face, {
      as: {
        client: { id: 'orders', secret },
        // What the metadata lists is no reason to send the secret in another way.
        metadata: { introspection_endpoint_auth_methods_supported: ['private_key_jwt'] },
      },
      options: { introspection: { client } },
    })
    expect([method, (await get('/', as.opaque())).status]).toEqual([method, 200])
    as.rejectClient()
    for (let again = 0; again < 3; again += 1) await inVirtualTime(as.clock, get('/', as.opaque()))
    const ways = as.calls
      .to('introspection')
      .map(({ headers, parameters }) => [headers['authorization']?.split(' ')[0], parameters['client_secret']])
    const expected = method === 'client_secret_basic' ? ['Basic', undefined] : [undefined, secret]
    expect(ways.length).toBeGreaterThan(1)
    expect(ways).toEqual(ways.map(() => expected))
  }
  expect(() =>
    face.protect({ audience: 'a', issuers: [{ issuer: 'https://as.test', introspection: {} as never }] }),
  ).toThrow(/introspection.client/)
})
