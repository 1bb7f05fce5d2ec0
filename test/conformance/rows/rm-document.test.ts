import type { ResourceServer } from '@holdfast/core'
import type { ContractStep } from '@holdfast/testing'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import type { Face } from '../faces.ts'
import type { Reply } from '../http.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

const published = (server: ResourceServer): readonly ContractStep[] => [{ is: 'resourceMetadata', server }]
/** An API that serves its metadata. */
const withMetadata = (face: Face, options: Plan['options'] = {}, plan: Plan = {}): Promise<Api> =>
  api(face, { before: published, options, ...plan })
const documentIn = ({ body }: Reply): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>

verifies('RM-02', 'the well-known path goes between host and path', async (face) => {
  const places = [
    ['https://api.example', WELL_KNOWN],
    ['https://api.example/', WELL_KNOWN],
    ['https://api.example/v1', `${WELL_KNOWN}/v1`],
    ['https://api.example/v1/orders', `${WELL_KNOWN}/v1/orders`],
    ['https://api.example/r?x=1', `${WELL_KNOWN}/r?x=1`],
    ['https://api.example?x=1', `${WELL_KNOWN}?x=1`],
    ['https://api.example:8443/v1', `${WELL_KNOWN}/v1`],
    ['https://API.example/V1', `${WELL_KNOWN}/V1`],
  ] as const
  for (const [resource, path] of places) {
    const { get, server } = await withMetadata(face, { resource })
    expect(server.metadata?.path).toBe(path)
    expect(server.metadata?.url).toBe(`${new URL(resource).origin}${path}`)
    const reply = await get(path)
    expect([reply.status, documentIn(reply)['resource']]).toEqual([200, resource])
  }
})

verifies('RM-02', 'no other path is its own', async (face) => {
  const { get } = await withMetadata(face, { resource: 'https://api.example/v1' })
  const path = `${WELL_KNOWN}/v1`
  for (const other of [WELL_KNOWN, `/v1${WELL_KNOWN}`, `${path}/`, `${path}/other`, path.toUpperCase(), `${path}?y`]) {
    expect((await get(other)).status, other).toBe(401)
  }
})

verifies(
  'RM-03',
  'a path with a slash at its end is served with and without it, where that is written',
  async (face) => {
    const resource = 'https://api.example/r/'
    const { get, server } = await withMetadata(face, { resource, resourceMetadata: { allowTrailingSlash: true } })
    for (const path of [`${WELL_KNOWN}/r`, `${WELL_KNOWN}/r/`]) {
      const reply = await get(path)
      expect([reply.status, documentIn(reply)['resource']]).toEqual([200, resource])
    }
    expect(server.metadata?.path).toBe(`${WELL_KNOWN}/r/`)
    expect((await get(`${WELL_KNOWN}/r//`)).status).toBe(401)
    // A slash in the query is none at the end of the path.
    const query = await withMetadata(face, {
      resource: 'https://api.example/r?x=/',
      resourceMetadata: { allowTrailingSlash: true },
    })
    expect((await query.get(`${WELL_KNOWN}/r?x=/`)).status).toBe(200)
    expect((await query.get(`${WELL_KNOWN}/r?x=`)).status).toBe(401)
  },
)

verifies('RM-04', 'GET and HEAD get the document, others 405', async (face) => {
  const { get, send } = await withMetadata(face)
  const document = await get(WELL_KNOWN)
  const head = await send('HEAD', WELL_KNOWN)
  expect([head.status, head.body, head.headers['content-type']]).toEqual([200, '', 'application/json'])
  expect(head.headers['content-length']).toBe(String(Buffer.byteLength(document.body)))
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const reply = await send(method, WELL_KNOWN)
    expect([reply.status, reply.headers['allow'], reply.body], method).toEqual([405, 'GET, HEAD, OPTIONS', ''])
  }
})

verifies(
  ['RM-05', 'RM-09'],
  'the document is a JSON object, and names the issuers as they are configured',
  async (face) => {
    const { get, as } = await withMetadata(face)
    const reply = await get(WELL_KNOWN)
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json'])
    expect(documentIn(reply)).toEqual({
      resource: AUDIENCE,
      authorization_servers: [as.issuer],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'Ed25519', 'PS256', 'RS256'],
    })
    const slash = await withMetadata(face, {}, { as: { issuer: 'https://AS.test/tenant/' } })
    expect(documentIn(await slash.get(WELL_KNOWN))['authorization_servers']).toEqual(['https://AS.test/tenant/'])
  },
)

verifies(['RM-06', 'RM-11'], 'scopes are an array as configured, and no member is empty', async (face) => {
  const some = await withMetadata(face, { resourceMetadata: { scopesSupported: ['b', 'a'] } })
  expect(documentIn(await some.get(WELL_KNOWN))['scopes_supported']).toEqual(['b', 'a'])
  const one = await withMetadata(face, { resourceMetadata: { scopesSupported: ['a'] } })
  expect(documentIn(await one.get(WELL_KNOWN))['scopes_supported']).toEqual(['a'])
  const none = await withMetadata(face, { resourceMetadata: { scopesSupported: [] } })
  const document = documentIn(await none.get(WELL_KNOWN))
  expect(document).not.toHaveProperty('scopes_supported')
  expect(Object.values(document).filter((value) => Array.isArray(value) && value.length === 0)).toEqual([])
})

verifies('RM-07', 'each document names the resource that its place was built from', async (face) => {
  const resource = ['https://api.example/a', 'https://api.example/b', 'https://other.example/a/c']
  const { get, server } = await withMetadata(face, { resource })
  for (const [path, named] of [
    ['/a', resource[0]],
    ['/b', resource[1]],
    ['/a/c', resource[2]],
  ] as const) {
    expect(documentIn(await get(WELL_KNOWN + path))['resource']).toBe(named)
  }
  expect(server.metadata?.documents.map(({ url }) => url)).toEqual([
    `https://api.example${WELL_KNOWN}/a`,
    `https://api.example${WELL_KNOWN}/b`,
    `https://other.example${WELL_KNOWN}/a/c`,
  ])
  expect((await get(WELL_KNOWN)).status).toBe(401)
})

verifies('RM-08', 'no header has a say in the document', async (face) => {
  const { get, send } = await withMetadata(face, {}, { trustProxy: true })
  const usual = await get(WELL_KNOWN)
  const spoofed = await send('GET', WELL_KNOWN, [
    'X-Forwarded-Host',
    'evil.example',
    'X-Forwarded-Proto',
    'gopher',
    'X-Forwarded-For',
    '6.6.6.6',
    'Forwarded',
    'host=evil.example;proto=http',
    'X-Original-URL',
    '/evil',
  ])
  expect([spoofed.status, spoofed.body, spoofed.headers['etag']]).toEqual([200, usual.body, usual.headers['etag']])
  expect(usual.body).not.toContain('127.0.0.1')
  const challenge = (await send('GET', '/', ['X-Forwarded-Host', 'evil.example'])).headers['www-authenticate']
  expect(challenge).toBe(withDpop(`Bearer realm="${AUDIENCE}", resource_metadata="${AUDIENCE}${WELL_KNOWN}"`))
})

verifies('RM-12', 'how tokens may come follows from the configuration', async (face) => {
  const methods = async (options: Plan['options']): Promise<unknown> =>
    documentIn(await (await withMetadata(face, options)).get(WELL_KNOWN))['bearer_methods_supported']
  expect(await methods({})).toEqual(['header'])
  expect(await methods({ credentials: { form: true } })).toEqual(['header', 'body'])
  expect(await methods({ credentials: { form: false, query: 'reject' } })).toEqual(['header'])
})

verifies(
  ['RM-14', 'RM-15', 'RM-17'],
  'names, their translations and pages are published as configured',
  async (face) => {
    const resourceMetadata = {
      resourceName: 'Orders',
      resourceDocumentation: 'https://docs.example/Orders?v=1#top',
      resourcePolicyUri: 'https://docs.example/policy',
      resourceTosUri: 'https://docs.example/terms',
      jwksUri: 'https://api.example.com/keys',
      extra: {
        'resource_name#de': 'Bestellungen “groß”',
        resource_signing_alg_values_supported: ['ES256'],
        example: { nested: [1, true] },
      },
    }
    const { get } = await withMetadata(face, { resourceMetadata })
    expect(documentIn(await get(WELL_KNOWN))).toMatchObject({
      resource: AUDIENCE,
      resource_name: 'Orders',
      'resource_name#de': 'Bestellungen “groß”',
      resource_documentation: 'https://docs.example/Orders?v=1#top',
      resource_policy_uri: 'https://docs.example/policy',
      resource_tos_uri: 'https://docs.example/terms',
      jwks_uri: 'https://api.example.com/keys',
      resource_signing_alg_values_supported: ['ES256'],
      example: { nested: [1, true] },
    })
  },
)

verifies('RM-24', 'any page may read the document, preflights included', async (face) => {
  const { get, send } = await withMetadata(face)
  expect((await get(WELL_KNOWN, ['Origin', 'https://app.example'])).headers['access-control-allow-origin']).toBe('*')
  const asks = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'GET']
  const preflight = await send('OPTIONS', WELL_KNOWN, [
    ...asks,
    'Access-Control-Request-Headers',
    'mcp-protocol-version',
  ])
  expect([preflight.status, preflight.body]).toEqual([204, ''])
  expect(preflight.headers).toMatchObject({
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': '*',
  })
  expect(preflight.headers['access-control-allow-credentials']).toBeUndefined()
})

verifies('RM-25', 'the document may be kept for as long as configured, and who has it is told so', async (face) => {
  const { get, send } = await withMetadata(face)
  const { headers } = await get(WELL_KNOWN)
  expect(headers['cache-control']).toBe('public, max-age=3600')
  const etag = headers['etag'] as string
  expect(etag).toMatch(/^"[\w-]{22}"$/)
  for (const has of [etag, `W/${etag}`, `"other", ${etag}`, '*', ` ${etag} ,"x"`]) {
    const reply = await send('GET', WELL_KNOWN, ['If-None-Match', has])
    expect([reply.status, reply.body, reply.headers['etag']], has).toEqual([304, '', etag])
  }
  for (const has of ['"other"', etag.slice(1, -1), 'W/"x"', '']) {
    expect((await send('GET', WELL_KNOWN, ['If-None-Match', has])).status, has).toBe(200)
  }
  for (const [maxAge, seconds] of [
    ['0s', 0],
    ['90s', 90],
    ['86400s', 86_400],
  ] as const) {
    const other = await withMetadata(face, { resourceMetadata: { maxAge } })
    expect((await other.get(WELL_KNOWN)).headers['cache-control']).toBe(`public, max-age=${seconds}`)
  }
})

verifies('RM-26', 'protect never guards the document, before or after it', async (face) => {
  for (const before of [true, false]) {
    const { get } = await api(face, {
      before: (server) => {
        const steps: ContractStep[] = [
          { is: 'protect', server },
          { is: 'resourceMetadata', server },
        ]
        return before ? steps : steps.toReversed()
      },
    })
    expect((await get(WELL_KNOWN)).status).toBe(200)
    // Credentials are not looked at either: a bad token is no reason to withhold what is public.
    expect((await get(WELL_KNOWN, 'no-such-token')).status).toBe(200)
    expect((await get('/')).status).toBe(401)
  }
})

verifies('RM-27', 'with requireHttps the document is served over https only', async (face) => {
  const { get, send } = await withMetadata(face, { requireHttps: true }, { trustProxy: true })
  const plain = await get(WELL_KNOWN)
  expect([plain.status, plain.body]).toEqual([400, ''])
  expect((await send('GET', WELL_KNOWN, ['X-Forwarded-Proto', 'http'])).status).toBe(400)
  const secure = await send('GET', WELL_KNOWN, ['X-Forwarded-Proto', 'https'])
  expect([secure.status, documentIn(secure)['resource']]).toEqual([200, AUDIENCE])
})

verifies('RM-28', 'below a path the document stays at the root of the origin', async (face) => {
  for (const as of ['application', 'router'] as const) {
    const { get, server } = await api(face, {
      options: { resource: 'https://api.example/v1' },
      before: (given) => [
        {
          is: 'mount',
          path: '/.well-known',
          as,
          steps: [
            { is: 'resourceMetadata', server: given },
            { is: 'protect', server: given },
          ],
        },
        {
          is: 'mount',
          path: '/v1',
          as,
          steps: [
            { is: 'protect', server: given },
            { is: 'handler', handle: () => ({ status: 200, text: 'reached' }) },
          ],
        },
      ],
    })
    expect(server.metadata?.path).toBe(`${WELL_KNOWN}/v1`)
    const reply = await get(server.metadata!.path)
    expect([reply.status, documentIn(reply)['resource']]).toEqual([200, 'https://api.example/v1'])
    // Below its own mount the same path is another.
    expect((await get(`/v1${WELL_KNOWN}/v1`)).headers['www-authenticate']).toBe(
      withDpop(`Bearer realm="https://api.example/v1", resource_metadata="https://api.example${WELL_KNOWN}/v1"`),
    )
  }
})
