import { claim, login, type ResourceServer, scope } from '@holdfast/core'
import type { ContractStep } from '@holdfast/testing'
import { expect } from 'vitest'
import { parseChallenges, withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const published = (server: ResourceServer): readonly ContractStep[] => [{ is: 'resourceMetadata', server }]

verifies(
  ['RM-19', 'RM-21'],
  'a request without credentials learns where the document is, and of no error',
  async (face) => {
    const { get, server } = await api(face, { options: { resource: 'https://api.example/v1' }, before: published })
    const { headers } = await get('/')
    expect(headers['www-authenticate']).toBe(
      withDpop(
        'Bearer realm="https://api.example/v1", resource_metadata="https://api.example/.well-known/oauth-protected-resource/v1"',
      ),
    )
    expect(server.metadata?.url).toBe('https://api.example/.well-known/oauth-protected-resource/v1')
  },
)

verifies('RM-19', 'what a URL may have and a quoted-string must not is escaped as URLs escape it', async (face) => {
  const { get, server } = await api(face, {
    options: { resource: 'https://api.example/a?x=%22y%22' },
    before: published,
  })
  expect((await get('/')).headers['www-authenticate']).toContain(
    `resource_metadata="https://api.example${WELL_KNOWN}/a?x=%22y%22"`,
  )
  expect((await get(server.metadata!.path)).status).toBe(200)
})

verifies('RM-20', 'every challenge names the document, and nothing else does', async (face) => {
  const { as, get, server } = await api(face, {
    before: published,
    routes: {
      '/scope': [scope('a')],
      '/claim': [claim('tenant', 'acme')],
      '/login': [login({ acr: 'gold' })],
      '/broken': [
        () => {
          throw new Error('broken')
        },
      ],
    },
  })
  const token = as.jwt()
  const asked = [
    [401, '/', []],
    [401, '/', ['Authorization', 'Basic Zm9vOmJhcg==']],
    [401, '/', ['Authorization', 'Bearer no-such-token']],
    [401, '/', ['Authorization', `Bearer ${as.jwt({ expiresIn: '-1m' })}`]],
    [400, '/', ['Authorization', 'Bearer']],
    [400, '/', ['Authorization', 'Bearer a', 'Authorization', 'Bearer b']],
    [403, '/scope', ['Authorization', `Bearer ${token}`]],
    [403, '/claim', ['Authorization', `Bearer ${token}`]],
    [401, '/login', ['Authorization', `Bearer ${token}`]],
  ] as const
  for (const [status, path, fields] of asked) {
    const reply = await get(path, fields)
    expect(reply.status).toBe(status)
    expect(reply.lines('www-authenticate')).toHaveLength(1)
    const [challenge, other] = parseChallenges(reply.headers['www-authenticate'] as string)
    const url = 'https://api.example.com/.well-known/oauth-protected-resource'
    expect([challenge!.scheme, challenge!.parameters.at(-1)], `${path} ${fields.join()}`).toEqual([
      'Bearer',
      ['resource_metadata', url],
    ])
    expect(other?.values['resource_metadata'] ?? url).toBe(url)
  }
  expect((await get('/broken', token)).lines('www-authenticate')).toEqual([])
  await server.close()
  const closed = await get('/', token)
  expect([closed.status, closed.lines('www-authenticate')]).toEqual([503, []])
})

verifies('RM-20', 'a document that nobody serves is not named', async (face) => {
  const { get, as, handled } = await api(face, { routes: { [WELL_KNOWN]: [] } })
  expect((await get('/')).headers['www-authenticate']).toBe(withDpop(`Bearer realm="${AUDIENCE}"`))
  expect((await get('/', 'no-such-token')).headers['www-authenticate']).not.toContain('resource_metadata')
  expect((await get(WELL_KNOWN)).status).toBe(401)
  expect((await get(WELL_KNOWN, as.jwt())).body).toContain('"subject"')
  expect(handled()).toBe(1)
})

verifies('RM-22', 'resource_metadata stands beside scope, acr_values and max_age', async (face) => {
  const { as, get } = await api(face, {
    before: published,
    routes: { '/all': [scope('a'), login({ acr: 'gold', maxAge: '5m' })] },
  })
  expect((await get('/all', as.jwt())).headers['www-authenticate']).toBe(
    `Bearer realm="${AUDIENCE}", error="insufficient_user_authentication", error_description="This request needs a stronger or more recent authentication", scope="a", acr_values="gold", max_age="300", resource_metadata="${AUDIENCE}${WELL_KNOWN}"`,
  )
})

/** The document of a resource. */
const at = (path: string): string => `https://api.example${WELL_KNOWN}${path}`
/** Which document a challenge names. */
const namedIn = (challenge: unknown): string | undefined => /resource_metadata="([^"]*)"/.exec(String(challenge))?.[1]

verifies('RM-23', 'of several resources, a challenge names that of the longest path that fits', async (face) => {
  const resource = ['https://api.example/a', 'https://api.example/a/b', 'https://api.example/other']
  const { as, get } = await api(face, {
    options: { resource },
    before: published,
    routes: { '/a/b/scope': [scope('a')], '/other/login': [login({ acr: 'gold' })] },
  })
  const places = [
    ['/a', at('/a')],
    ['/a/', at('/a')],
    ['/a/x', at('/a')],
    ['/a?x=/a/b', at('/a')],
    ['/a/b', at('/a/b')],
    ['/a/b?x', at('/a/b')],
    ['/a/b/c/d', at('/a/b')],
    ['/other/x', at('/other')],
    // A path that merely begins with the same letters is another.
    ['/a/bc', at('/a')],
    ['/ab', at('/a')],
    ['/others', at('/a')],
    ['/A/b', at('/a')],
    // A whole URL as the request target counts by its path (RFC 9112 §3.2.2).
    ['http://other.example/a/b?x', at('/a/b')],
    ['http://a.example/other', at('/other')],
    // Nothing fits: the first.
    ['/', at('/a')],
    ['/nothing/a/b', at('/a')],
  ]
  for (const [path, url] of places) {
    expect(namedIn((await get(path!)).headers['www-authenticate']), path).toBe(url)
    expect(namedIn((await get(path!, 'no-such-token')).headers['www-authenticate']), path).toBe(url)
    expect(namedIn((await get(path!, ['Authorization', 'Bearer'])).headers['www-authenticate']), path).toBe(url)
  }
  const [jwt, opaque] = [as.jwt(), as.opaque()]
  for (const token of [jwt, opaque, jwt, opaque]) {
    const refused = await get('/a/b/scope', token)
    expect([refused.status, namedIn(refused.headers['www-authenticate'])]).toEqual([403, at('/a/b')])
    const weak = await get('/other/login', token)
    expect([weak.status, namedIn(weak.headers['www-authenticate'])]).toEqual([401, at('/other')])
  }
  // A host in the request has no say in it.
  const spoofed = await get('/other', ['X-Forwarded-Host', 'a.example', 'X-Original-URL', '/a/b'])
  expect(namedIn(spoofed.headers['www-authenticate'])).toBe(at('/other'))
})

verifies('RM-23', 'a resource at the root fits what nothing longer fits, and a mount changes nothing', async (face) => {
  const resource = ['https://api.example/v1', 'https://api.example']
  const { get } = await api(face, {
    options: { resource },
    before: (server) => [
      { is: 'resourceMetadata', server },
      {
        is: 'mount',
        path: '/v1',
        as: 'router',
        steps: [
          { is: 'protect', server, options: { optional: true } },
          {
            is: 'route',
            method: 'ALL',
            path: '/orders',
            through: [{ is: 'guard', guards: [scope('a')] }],
            handle: () => ({ status: 200, text: '' }),
          },
        ],
      },
    ],
  })
  // A guard behind an optional protect challenges, too.
  expect((await get('/v1/orders')).headers['www-authenticate']).toBe(
    withDpop(
      `Bearer realm="https://api.example/v1", scope="a", resource_metadata="https://api.example${WELL_KNOWN}/v1"`,
    ),
  )
  expect(namedIn((await get('/v2')).headers['www-authenticate'])).toBe(`https://api.example${WELL_KNOWN}`)
})
