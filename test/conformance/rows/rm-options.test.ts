import { generateKeyPairSync, sign, verify } from 'node:crypto'
import { ConfigError, createResourceServer, type HoldfastEvent, type ResourceServer } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const BASE = { issuer: 'https://as.test', audience: AUDIENCE } as const

const build = (more: object): ResourceServer => createResourceServer({ ...BASE, ...more })
/** What the server says to options that it refuses. */
function refusal(more: object): string {
  try {
    build(more)
    return 'accepted'
  } catch (error) {
    return error instanceof ConfigError ? error.message : String(error)
  }
}

verifies('RM-01', 'a resource is an https URL without a fragment', () => {
  const wrong = ['http://api.example', 'https://api.example/v1#f', 'https://api.example#', 'api.example', '/v1']
  for (const resource of [
    ...wrong,
    'urn:example:api',
    'https://',
    'https://user:secret@api.example',
    'ftp://api.example',
  ]) {
    expect(refusal({ resource }), resource).toMatch(
      /^option "resource" is ".*"; write an https URL without a fragment$/,
    )
  }
  for (const resource of ['', 1, null, [], {}]) expect(refusal({ resource })).toMatch(/^option "resource" is /)
  // A client that takes such a path apart would look for the document elsewhere.
  expect(refusal({ resource: 'https://api.example/a/../b' })).toBe(
    'option "resource" is "https://api.example/a/../b"; write a URL whose path is /b',
  )
  for (const resource of [
    'https://api.example\\v1',
    'https:api.example/v1',
    'https://api.example/a b',
    'https://api.example/%2e/b',
  ]) {
    expect(refusal({ resource }), resource).toMatch(/^option "resource" is .*; write an? /)
  }
  expect(refusal({ resource: ['https://api.example/a', 'http://api.example/b'] })).toBe(
    'option "resource[1]" is "http://api.example/b"; write an https URL without a fragment',
  )
  expect(refusal({ resource: ['https://api.example/a', 'https://other.example/a'] })).toBe(
    'option "resource" has two identifiers with the path of "https://other.example/a"; build a server for each',
  )
  // An audience may be anything: it is merely no identifier then.
  for (const audience of ['orders', 'http://api.example', 'urn:example:api']) {
    expect(build({ audience }).metadata).toBeUndefined()
    expect(() => build({ audience }).announceMetadata()).toThrow('option "resource" is missing')
  }
})

verifies('RM-01', 'a query is advised against', () => {
  const heard: HoldfastEvent[] = []
  build({ resource: 'https://api.example/v1?tenant=a', observe: (event: HoldfastEvent) => heard.push(event) })
  expect(heard).toMatchObject([{ type: 'advice', code: 'HOLDFAST_RESOURCE_QUERY' }])
  build({ resource: 'https://api.example/v1', observe: (event: HoldfastEvent) => heard.push(event) })
  expect(heard).toHaveLength(1)
})

verifies(
  'RM-03',
  'a path with a slash at its end is refused where it is stated, and no identifier where it is not',
  () => {
    expect(refusal({ resource: 'https://api.example/r/' })).toBe(
      'option "resource" is "https://api.example/r/"; write it without the slash at its end, or resourceMetadata: { allowTrailingSlash: true }',
    )
    expect(refusal({ resource: 'https://api.example/' })).toBe('accepted')
    const server = build({ audience: 'https://api.example/r/' })
    expect(server.metadata).toBeUndefined()
    expect(() => server.announceMetadata()).toThrow(ConfigError)
    expect(build({ audience: ['https://api.example/r/', 'https://api.example/s'] }).metadata?.url).toBe(
      `https://api.example${WELL_KNOWN}/s`,
    )
  },
)

verifies('RM-10', 'a jwks_uri is https', () => {
  for (const jwksUri of [
    'http://api.example/keys',
    'http://127.0.0.1/keys',
    '/keys',
    'keys',
    'data:application/json,{}',
    1,
  ]) {
    const message = refusal({ allowInsecureLoopback: true, resourceMetadata: { jwksUri } })
    expect(message, String(jwksUri)).toMatch(/^option "resourceMetadata\.jwksUri" is .*; write an https URL/)
  }
})

verifies('RM-13', 'resource_signing_alg_values_supported never has "none"', () => {
  for (const algorithms of [['none'], ['ES256', 'none'], 'none', 'ES256']) {
    expect(refusal({ resourceMetadata: { extra: { resource_signing_alg_values_supported: algorithms } } })).toMatch(
      /^option "resourceMetadata\.extra\.resource_signing_alg_values_supported" is no list of algorithms, or has "none"/,
    )
  }
})

verifies('RM-15', 'pages are URLs that a person can open', () => {
  for (const name of ['resourceDocumentation', 'resourcePolicyUri', 'resourceTosUri']) {
    for (const page of ['/docs', 'docs', 'javascript:alert(1)', 'data:text/html,x', 1]) {
      expect(refusal({ resourceMetadata: { [name]: page } }), String(page)).toMatch(
        /write the http or https URL of a page$/,
      )
    }
  }
})

verifies(['RM-16', 'RM-17'], 'nothing can be written over what follows from the configuration', async (face) => {
  const derived = {
    resource: 'https://evil.example',
    authorization_servers: ['https://evil.example'],
    bearer_methods_supported: ['query'],
    scopes_supported: ['a'],
    jwks_uri: 'https://evil.example/keys',
    resource_name: 'x',
    resource_documentation: 'https://evil.example',
    resource_policy_uri: 'https://evil.example',
    resource_tos_uri: 'https://evil.example',
    signed_metadata: 'x',
    tls_client_certificate_bound_access_tokens: true,
    dpop_signing_alg_values_supported: ['ES256'],
    dpop_bound_access_tokens_required: true,
  }
  for (const [name, value] of Object.entries(derived)) {
    expect(refusal({ resourceMetadata: { extra: { [name]: value } } }), name).toBe(
      `option "resourceMetadata.extra.${name}" has an option of its own, or follows from others; leave it out`,
    )
  }
  const circle: unknown[] = []
  circle.push(circle)
  for (const value of [null, undefined, [], () => 1, 1n, circle]) {
    expect(refusal({ resourceMetadata: { extra: { example: value } } })).toContain('says nothing; leave it out')
  }
  for (const extra of ['x', 1, ['x'], null]) expect(refusal({ resourceMetadata: { extra } })).toContain('is no object')
  // Where bound tokens are refused, the document says nothing of them.
  const { get } = await api(face, {
    options: { dpop: 'off' },
    before: (server) => [{ is: 'resourceMetadata', server }],
  })
  expect((await get(WELL_KNOWN)).body).not.toMatch(/dpop|tls_client|authorization_details/)
})

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function signed(claims: object, header: object = { alg: 'ES256' }): string {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

verifies('RM-18', 'signed metadata is published where it says what the document says', async (face) => {
  const claims = {
    iss: 'https://as.test',
    iat: 1,
    exp: 9_999_999_999,
    resource: AUDIENCE,
    resource_name: 'Orders',
    scopes_supported: ['a'],
  }
  const { get } = await api(face, {
    before: (server) => [{ is: 'resourceMetadata', server }],
    options: { resourceMetadata: { resourceName: 'Orders', scopesSupported: ['a'], signedMetadata: signed(claims) } },
  })
  const document = JSON.parse((await get(WELL_KNOWN)).body) as Record<string, unknown>
  const [header, payload, signature] = (document['signed_metadata'] as string).split('.')
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature!, 'base64url'))).toBe(true)
  const said = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as Record<string, unknown>
  expect(document).toMatchObject({
    resource: said['resource'],
    resource_name: said['resource_name'],
    scopes_supported: said['scopes_supported'],
  })
})

const of = (signedMetadata: unknown): string =>
  refusal({ resourceMetadata: { resourceName: 'Orders', scopesSupported: ['a', 'b'], signedMetadata } })

verifies('RM-18', 'signed metadata that says something else is refused', () => {
  const good = { iss: 'https://as.test', resource: AUDIENCE }
  expect(of(signed(good))).toBe('accepted')
  for (const other of [
    { ...good, resource_name: 'Bestellungen' },
    { ...good, scopes_supported: ['b', 'a'] },
    { ...good, authorization_servers: ['https://evil.example'] },
    { ...good, jwks_uri: 'https://evil.example/keys' },
    { ...good, unheard_of: true },
  ]) {
    expect(of(signed(other)), JSON.stringify(other)).toContain('says something else of "')
  }
  for (const foreign of [
    { ...good, resource: 'https://other.example' },
    { iss: 'https://as.test' },
    { ...good, resource: [AUDIENCE] },
  ]) {
    expect(of(signed(foreign))).toContain('is about another resource')
  }
  const unsigned = `${encode({ alg: 'none' })}.${encode(good)}.`
  for (const broken of [
    unsigned,
    signed(good, { alg: 'none' }),
    signed(good, {}),
    `${signed(good).split('.').slice(0, 2).join('.')}.`,
    signed({ resource: AUDIENCE }),
    signed({ ...good, signed_metadata: 'x' }),
    encode(good),
    'x.y.z',
  ]) {
    expect(of(broken), broken).toContain('is no signed JWT with "iss"')
  }
  expect(of([signed(good), signed({ ...good, resource: 'https://other.example' })])).toContain(
    'is about another resource',
  )
  for (const wrong of [1, {}, [], '']) expect(of(wrong)).toMatch(/^option "resourceMetadata\.signedMetadata/)
})

verifies('RM-18', 'of several resources, each has its own', async (face) => {
  const resource = ['https://api.example/a', 'https://api.example/b']
  const [a, b] = resource.map((one) => signed({ iss: 'https://as.test', resource: one }))
  const { get } = await api(face, {
    before: (server) => [{ is: 'resourceMetadata', server }],
    options: { resource, resourceMetadata: { signedMetadata: [b!, a!] } },
  })
  expect((await get(`${WELL_KNOWN}/a`)).body).toContain(a)
  expect((await get(`${WELL_KNOWN}/b`)).body).toContain(b)
})

verifies('RM-25', 'how long it may be kept has bounds', () => {
  for (const maxAge of ['86401s', '-1s', '1', 3_600, '2d']) {
    expect(refusal({ resourceMetadata: { maxAge } })).toMatch(/write a duration with its unit, from '0s' to '86400s'$/)
  }
})

verifies('RM-27', 'no document can be named at an address that is not https', async (face) => {
  for (const resource of ['http://api.example', 'http://127.0.0.1']) expect(refusal({ resource })).toContain('https')
  const { get } = await api(face, { before: (server) => [{ is: 'resourceMetadata', server }] })
  expect((await get('/')).headers['www-authenticate']).toContain(`resource_metadata="https://`)
})

verifies('RM-29', 'another well-known name changes the place and every challenge', async (face) => {
  const { get, server } = await api(face, {
    before: (given) => [{ is: 'resourceMetadata', server: given }],
    options: { resource: 'https://api.example/v1', resourceMetadata: { wellKnownSuffix: 'example-resource' } },
  })
  const path = '/.well-known/example-resource/v1'
  expect(server.metadata).toMatchObject({ path, url: `https://api.example${path}` })
  expect((await get(path)).status).toBe(200)
  expect((await get(`${WELL_KNOWN}/v1`)).headers['www-authenticate']).toBe(
    withDpop(`Bearer realm="https://api.example/v1", resource_metadata="https://api.example${path}"`),
  )
  for (const wellKnownSuffix of ['', '/', 'a/b', '..', '.', 'a b', 'a?b', 'a"b', 'ä', 1]) {
    expect(refusal({ resourceMetadata: { wellKnownSuffix } }), String(wellKnownSuffix)).toMatch(
      /write one path segment/,
    )
  }
})
