import { describe, expect, test } from 'vitest'
import { type DiscoverySettings, metadataLoader, metadataUrls } from '../../src/keys/discovery.ts'
import { LoadTrouble } from '../../src/resilience/last-good.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { failing, json, ScriptedHttp, status } from '../support/scripted-http.ts'

const ISSUER = 'https://as.example/t1'
const FIRST = 'https://as.example/.well-known/oauth-authorization-server/t1'
const SECOND = 'https://as.example/.well-known/openid-configuration/t1'
const THIRD = 'https://as.example/t1/.well-known/openid-configuration'
const DOCUMENT = {
  issuer: ISSUER,
  jwks_uri: 'https://keys.example/jwks',
  introspection_endpoint: 'https://as.example/introspect',
  mtls_endpoint_aliases: { introspection_endpoint: 'https://mtls.as.example/introspect' },
  anything_else: [1],
}

function setUp(settings: Partial<DiscoverySettings> = {}) {
  const http = new ScriptedHttp()
  const clock = new ManualClock()
  const all: DiscoverySettings = {
    issuer: ISSUER,
    metadataUrl: undefined,
    deadline: 5_000,
    freshness: { fallback: 600_000, min: 60_000, max: 3_600_000 },
    strictHttpCache: false,
    endpoints: { allowInsecureLoopback: false },
    tls: undefined,
    ...settings,
  }
  return {
    http,
    clock,
    load: () => metadataLoader(all, { http, clock })(),
    trouble: () =>
      metadataLoader(all, { http, clock })().then(
        () => 'none',
        (error: unknown) => (error instanceof LoadTrouble ? error.trouble : error),
      ),
    asked: () => http.calls.map(({ url }) => url),
  }
}

describe('places', () => {
  test('a path is looked up at three places, inserted before appended', () => {
    expect(metadataUrls(ISSUER)).toEqual([FIRST, SECOND, THIRD])
  }) // DI-01, DI-02, DI-03

  test('a terminating slash of the issuer is left out', () => {
    expect(metadataUrls(`${ISSUER}/`)).toEqual([FIRST, SECOND, THIRD])
  }) // DI-01, DI-02

  test('an issuer without a path has two places', () => {
    expect(metadataUrls('https://as.example/')).toEqual([
      'https://as.example/.well-known/oauth-authorization-server',
      'https://as.example/.well-known/openid-configuration',
    ])
  }) // DI-03

  test('an explicit address skips the probing', async () => {
    const all = setUp({ metadataUrl: 'https://as.example/metadata.json' })
    await all.trouble()
    expect(all.asked()).toEqual(['https://as.example/metadata.json'])
  }) // DI-03
})

describe('reading', () => {
  test('the endpoints that are used are read, and nothing else', async () => {
    const all = setUp()
    all.http.on(FIRST, json(DOCUMENT))
    expect((await all.load()).value).toEqual({
      jwksUri: 'https://keys.example/jwks',
      introspectionEndpoint: 'https://as.example/introspect',
      introspectionMtlsEndpoint: 'https://mtls.as.example/introspect',
    })
  }) // DI-13, DI-14

  test('it is a GET that accepts JSON', async () => {
    const all = setUp()
    all.http.on(FIRST, json(DOCUMENT))
    await all.load()
    expect(all.http.calls[0]).toMatchObject({ method: 'GET', headers: { accept: 'application/json' } })
  }) // DI-08

  test('freshness follows the answer', async () => {
    const all = setUp()
    all.http.on(FIRST, json(DOCUMENT, { headers: { 'cache-control': 'max-age=120' } }))
    expect((await all.load()).freshFor).toBe(120_000)
  }) // DI-20

  test('a document without endpoints is a document', async () => {
    const all = setUp()
    all.http.on(FIRST, json({ issuer: ISSUER }))
    expect((await all.load()).value.jwksUri).toBeUndefined()
  }) // DI-13
})

describe('falling through', () => {
  test.each([400, 403, 404, 405, 410])('a %d sends us to the next place', async (code) => {
    const all = setUp()
    all.http.on(FIRST, status(code)).on(SECOND, status(code)).on(THIRD, json(DOCUMENT))
    await all.load()
    expect(all.asked()).toEqual([FIRST, SECOND, THIRD])
  }) // DI-04

  test.each([408, 425, 429, 500, 502, 503, 504, 301, 302, 307, 204, 206])(
    'a %d is no reason to look elsewhere',
    async (code) => {
      const all = setUp()
      all.http.on(FIRST, status(code)).on(SECOND, json(DOCUMENT))
      expect([await all.trouble(), all.asked()]).toEqual([`status_${code}`, [FIRST]])
    },
  ) // DI-04, DI-22

  test.each(['dns', 'connect', 'tls', 'reset', 'timeout', 'too_large'] as const)(
    'a failure of kind %s is no reason to look elsewhere',
    async (kind) => {
      const all = setUp()
      all.http.on(FIRST, failing(kind)).on(SECOND, json(DOCUMENT))
      expect([await all.trouble(), all.asked()]).toEqual([kind, [FIRST]])
    },
  ) // DI-04

  test('when no place has it the last status is told', async () => {
    const all = setUp()
    for (const url of [FIRST, SECOND, THIRD]) all.http.on(url, status(404))
    expect(await all.trouble()).toBe('status_404')
  }) // DI-04

  test('a silent server is given up at the deadline', async () => {
    const all = setUp()
    all.http.on(FIRST, () => new Promise(() => undefined))
    const trouble = all.trouble()
    await all.clock.advance(5_000)
    expect(await trouble).toBe('timeout')
  }) // DI-22

  test('Retry-After is kept, and capped', async () => {
    const all = setUp()
    all.http.on(FIRST, status(503, { 'retry-after': '999999' }))
    await expect(all.load()).rejects.toMatchObject({ pause: 30_000 })
  }) // JK-38
})

describe('refusing', () => {
  test.each([
    'https://as.example/t1/',
    'https://AS.example/t1',
    'https://as.example:443/t1',
    'https://as.example',
    undefined,
    null,
    [ISSUER],
  ])('a document of issuer %o says nothing about ours', async (issuer) => {
    const all = setUp()
    all.http.on(FIRST, json({ ...DOCUMENT, issuer })).on(SECOND, json(DOCUMENT))
    expect([await all.trouble(), all.asked()]).toEqual(['issuer_mismatch', [FIRST]])
  }) // DI-06, DI-07

  test.each([
    ['jwks_uri', 'http://as.example/jwks'],
    ['jwks_uri', 'file:///etc/keys'],
    ['jwks_uri', 'data:application/json,{}'],
    ['jwks_uri', ['https://as.example/jwks']],
    ['jwks_uri', 'https://user:pass@as.example/jwks'],
    ['jwks_uri', 'http://127.0.0.1/jwks'],
    ['introspection_endpoint', 'http://as.example/introspect'],
    ['introspection_endpoint', 'https://as.example/introspect#x'],
    ['mtls_endpoint_aliases', { introspection_endpoint: 'http://as.example/introspect' }],
  ] as const)('an endpoint that must not be called is read as such: %s %o', async (name, value) => {
    const all = setUp()
    all.http.on(FIRST, json({ ...DOCUMENT, [name]: value }))
    const read = (await all.load()).value
    const fields = {
      jwks_uri: read.jwksUri,
      introspection_endpoint: read.introspectionEndpoint,
      mtls_endpoint_aliases: read.introspectionMtlsEndpoint,
    }
    expect(fields[name]).toBeNull()
    expect(Object.values(fields).filter((field) => field === null)).toHaveLength(1)
  }) // DI-10, DI-11, DI-27, JK-21

  test.each(['jwks_uri', 'introspection_endpoint', 'mtls_endpoint_aliases'])('null for %s is none', async (name) => {
    const all = setUp()
    all.http.on(FIRST, json({ issuer: ISSUER, [name]: null }))
    expect((await all.load()).value).toEqual({
      jwksUri: undefined,
      introspectionEndpoint: undefined,
      introspectionMtlsEndpoint: undefined,
    })
  }) // DI-11

  test.each([
    ['HTML', json('<html>', { headers: { 'content-type': 'text/html' } }), 'content_type'],
    ['JSON by another name', json(DOCUMENT, { headers: { 'content-type': 'text/plain' } }), 'content_type'],
    ['a list', json([DOCUMENT]), 'malformed'],
    ['null', json('null'), 'malformed'],
    ['cut short', json('{"issuer":'), 'malformed'],
    ['ambiguous', json(`{"issuer":"${ISSUER}","issuer":"${ISSUER}"}`), 'malformed'],
  ])('a document that is %s is refused', async (_, answer, trouble) => {
    const all = setUp()
    all.http.on(FIRST, answer)
    expect(await all.trouble()).toBe(trouble)
  }) // DI-09

  test('parameters of the content type do not matter', async () => {
    const all = setUp()
    all.http.on(FIRST, json(DOCUMENT, { headers: { 'content-type': 'Application/JSON; charset=utf-8' } }))
    expect(await all.trouble()).toBe('none')
  }) // DI-09

  test('http on loopback is allowed where that was said', async () => {
    const all = setUp({ endpoints: { allowInsecureLoopback: true } })
    all.http.on(FIRST, json({ ...DOCUMENT, jwks_uri: 'http://127.0.0.1:8080/jwks' }))
    expect(await all.trouble()).toBe('none')
  }) // DI-05
})
