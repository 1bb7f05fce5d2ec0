import { describe, expect, test } from 'vitest'
import { type MetadataSettings, resourceMetadataOf } from '../src/resource-metadata.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const of = (resource: string, options: MetadataSettings = {}, issuers = ['https://as.example']) =>
  resourceMetadataOf(resource, issuers, options)
const ask = (method: string, url: string, rawHeaders: string[] = []) =>
  of('https://api.example/v1').answer({ method, url, rawHeaders })

describe('the place', () => {
  test.each([
    ['https://api.example', WELL_KNOWN],
    ['https://api.example/', WELL_KNOWN],
    ['https://api.example/v1', `${WELL_KNOWN}/v1`],
    ['https://api.example/v1/orders', `${WELL_KNOWN}/v1/orders`],
    ['https://api.example/r/', `${WELL_KNOWN}/r/`],
    ['https://api.example/r?x=1', `${WELL_KNOWN}/r?x=1`],
    ['https://api.example?x=1', `${WELL_KNOWN}?x=1`],
    ['https://api.example:8443/v1', `${WELL_KNOWN}/v1`],
  ])('of %s is %s', (resource, path) => {
    const metadata = of(resource)
    expect([metadata.path, metadata.url]).toEqual([path, `${new URL(resource).origin}${path}`])
  }) // RM-02
})

const read = (resource: string, options?: MetadataSettings, issuers?: string[]): unknown => {
  const metadata = of(resource, options, issuers)
  return JSON.parse(metadata.answer({ method: 'GET', url: metadata.path, rawHeaders: [] })!.body)
}

describe('the document', () => {
  test('it says what follows from the configuration, spelled as it was written', () => {
    expect(read('https://api.example/', {}, ['https://as.example/', 'https://other.example'])).toEqual({
      resource: 'https://api.example/',
      authorization_servers: ['https://as.example/', 'https://other.example'],
      bearer_methods_supported: ['header'],
    })
  }) // RM-07, RM-09, RM-12

  test('it says what was written beside that', () => {
    const written = {
      scopesSupported: ['a', 'b'],
      authorizationDetailsTypesSupported: ['payment_initiation'],
      resourceName: 'Orders',
      resourceDocumentation: 'https://docs.example',
      resourcePolicyUri: 'https://docs.example/policy',
      resourceTosUri: 'https://docs.example/terms',
    }
    expect(read('https://api.example', written)).toMatchObject({
      scopes_supported: ['a', 'b'],
      authorization_details_types_supported: ['payment_initiation'],
      resource_name: 'Orders',
      resource_documentation: 'https://docs.example',
      resource_policy_uri: 'https://docs.example/policy',
      resource_tos_uri: 'https://docs.example/terms',
    })
  }) // RM-11, RM-14, RM-15, RA-13

  test('an empty list is left out', () => {
    expect(read('https://api.example', { scopesSupported: [] })).not.toHaveProperty('scopes_supported')
    const none = { authorizationDetailsTypesSupported: [] }
    expect(read('https://api.example', none)).not.toHaveProperty('authorization_details_types_supported')
  }) // RM-06

  test('no header of the request has a say in it', () => {
    const spoofed = ask('GET', `${WELL_KNOWN}/v1`, ['host', 'evil.example', 'x-forwarded-host', 'evil.example'])
    expect(spoofed).toEqual(ask('GET', `${WELL_KNOWN}/v1`))
  }) // RM-08
})

describe('answers', () => {
  const path = `${WELL_KNOWN}/v1`

  test.each(['GET', 'HEAD'])('%s gets the document', (method) => {
    expect(ask(method, path)).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'cache-control': 'public, max-age=3600',
        'access-control-allow-origin': '*',
        etag: expect.stringMatching(/^"[\w-]{22}"$/),
      },
    })
  }) // RM-04, RM-05, RM-24, RM-25

  test('who has it already gets 304 and no body', () => {
    const { etag } = ask('GET', path)!.headers
    expect(ask('GET', path, ['If-None-Match', etag!])).toMatchObject({ status: 304, body: '' })
  }) // RM-25

  test('who has another one gets the document', () => {
    expect(ask('GET', path, ['if-none-match', '"other"'])?.status).toBe(200)
  }) // RM-25

  test('a different document has a different tag', () => {
    const tags = ['https://api.example/v1', 'https://api.example/v2'].map((resource) => {
      const metadata = of(resource)
      return metadata.answer({ method: 'GET', url: metadata.path, rawHeaders: [] })!.headers['etag']
    })
    expect(new Set(tags).size).toBe(2)
  }) // RM-25

  test('a preflight is answered', () => {
    expect(ask('OPTIONS', path)).toEqual({
      status: 204,
      headers: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': 'GET, HEAD, OPTIONS',
        'access-control-allow-headers': '*',
      },
      body: '',
    })
  }) // RM-24, CO-09

  test.each(['POST', 'PUT', 'DELETE', 'TRACE', 'get'])('%s is not allowed', (method) => {
    expect(ask(method, path)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD, OPTIONS' }, body: '' })
  }) // RM-04

  test.each(['/', WELL_KNOWN, `${path}/`, `${path}?x`, `/x${path}`])(
    'a request for %s is for something else',
    (url) => {
      expect(ask('GET', url)).toBeUndefined()
    },
  ) // RM-07
})

describe('of several resources', () => {
  const resources = ['https://api.example/a', 'https://api.example/a/b', 'https://api.example/c?x=1']
  const metadata = resourceMetadataOf(resources, ['https://as.example'], {})

  test.each([
    ['/a', '/a'],
    ['/a/', '/a'],
    ['/a/b', '/a/b'],
    ['/a/b/c?d#e', '/a/b'],
    ['/a/bc', '/a'],
    ['/c/d', '/c?x=1'],
    ['/c?y', '/c?x=1'],
    ['http://other.example/a/b', '/a/b'],
    ['*', '/a'],
    ['', '/a'],
    [undefined, '/a'],
  ])('a request for %s is for %s', (url, place) => {
    expect(metadata.urlFor(url)).toBe(`https://api.example${WELL_KNOWN}${place}`)
  }) // RM-23

  test('each has its document', () => {
    const served = metadata.documents.map(({ path }) => {
      const { body } = metadata.answer({ method: 'GET', url: path, rawHeaders: [] })!
      return (JSON.parse(body) as { resource: string }).resource
    })
    expect(served).toEqual(resources)
  }) // RM-07
})

test('a lone resource is named whatever is asked for', () => {
  expect(of('https://api.example/v1').urlFor('/v2')).toBe(`https://api.example${WELL_KNOWN}/v1`)
}) // RM-19

test('with requireHttps a request that did not come over TLS gets 400 and no document', () => {
  const metadata = of('https://api.example', { requireHttps: true })
  const over = (secure: boolean | undefined) =>
    metadata.answer({ method: 'GET', url: metadata.path, rawHeaders: [], secure })
  expect([over(undefined)?.status, over(false)?.status, over(true)?.status]).toEqual([400, 400, 200])
  expect(metadata.answer({ method: 'GET', url: '/', rawHeaders: [] })).toBeUndefined()
}) // RM-27
