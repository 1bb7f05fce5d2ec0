import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import {
  bearerToken,
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  createResourceServer,
  tlsClientAuth,
  unauthenticated,
} from '@holdfast/core'
import { expect } from 'vitest'
import { certificate } from '../../../packages/core/test/support/certificate.ts'
import { expectUnavailable, isStale, watchedApi, type WatchedPlan, withClient } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { AUDIENCE } from '../world.ts'

const identity = await certificate('orders-api')

/** The two halves of Basic credentials, form-decoded. */
function basicIn(authorization: string): readonly (string | null)[] {
  const pair = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8')
  return pair.split(':').map((half) => new URLSearchParams(`x=${half}`).get('x'))
}

verifies('CA-01', 'id and secret are form-encoded before they are joined', async (face) => {
  const pairs = [
    ['a:b', 'p%+ä'],
    ['https://client.example/id', 'a&b=c d'],
    ['ß', '::'],
    ['plain', 'plain'],
  ] as const
  for (const [id, secret] of pairs) {
    const { as, get, asked } = await withClient(face, clientSecretBasic(id, secret))
    expect((await get('/', as.opaque())).status).toBe(200)
    expect(basicIn(asked()[0]!.headers['authorization']!)).toEqual([id, secret])
  }
})

verifies('CA-01', 'a server that decodes by the book knows us', async (face) => {
  const client = { id: 'a:b', secret: 'p%+ä' }
  const { as, get } = await watchedApi(face, { as: { client } })
  expect((await get('/', as.opaque())).status).toBe(200)
})

verifies('CA-02', 'posted credentials are in the body alone', async (face) => {
  const { as, get, asked } = await withClient(face, clientSecretPost('orders-api', 'p&=+ä'))
  await get('/', as.opaque())
  const { form, url, headers } = asked()[0]!
  expect([form.getAll('client_id'), form.getAll('client_secret')]).toEqual([['orders-api'], ['p&=+ä']])
  expect([url, headers['authorization']]).toEqual([`${as.issuer}/introspect`, undefined])
})

verifies('CA-03', 'one way for each request, and never another one', async (face) => {
  const ways = [
    [clientSecretBasic('me', 'secret'), ['authorization'], []],
    [clientSecretPost('me', 'secret'), [], ['client_id', 'client_secret']],
    [bearerToken('ours'), ['authorization'], []],
    [unauthenticated(), [], []],
  ] as const
  for (const [client, fields, parameters] of ways) {
    const { as, get, asked } = await withClient(face, client, { as: { client: () => false } })
    expectUnavailable(await get('/', as.opaque()))
    expect(asked()).toHaveLength(1) // rejected, and nothing else is tried
    const { headers, form } = asked()[0]!
    expect(Object.keys(headers).filter((name) => !['accept', 'content-type'].includes(name))).toEqual(fields)
    const others = [...form.keys()].filter((name) => !['token', 'token_type_hint'].includes(name))
    expect(others.toSorted()).toEqual(parameters)
  }
})

verifies('CA-04', 'the way is written, whatever the metadata lists', async (face) => {
  const advice = 'HOLDFAST_CLIENT_AUTHENTICATION'
  const cases = [
    [['private_key_jwt', 'client_secret_post'], [advice]],
    [[], [advice]],
    [['client_secret_basic', 'private_key_jwt'], []],
    [undefined, []], // silent: RFC 8414 §2 leaves it to other means
    ['client_secret_post', []], // no list
  ] as const
  for (const [listed, expected] of cases) {
    const metadata = { introspection_endpoint_auth_methods_supported: listed }
    const opened = await withClient(face, clientSecretBasic('me', 'secret'), { as: { metadata } })
    const { as, get, asked, events, server } = opened
    await server.ready()
    const codes = (): readonly string[] => events.flatMap((event) => (event.type === 'advice' ? [event.code] : []))
    expect(codes()).toEqual(expected) // before the first token comes
    expect((await get('/', as.opaque())).status).toBe(200)
    expect(basicIn(asked()[0]!.headers['authorization']!)).toEqual(['me', 'secret'])
    expect(codes()).toEqual(expected)
  }
})

verifies('CA-04', 'a method that metadata lists, under whichever of its names, causes no advice', async (face) => {
  const cases = [
    [bearerToken('ours'), ['Bearer']],
    [unauthenticated(), ['none']],
    [clientSecretPost('me', 'secret'), ['client_secret_post']],
  ] as const
  for (const [client, introspection_endpoint_auth_methods_supported] of cases) {
    const metadata = { introspection_endpoint_auth_methods_supported }
    const { events, server } = await withClient(face, client, { as: { metadata } })
    await server.ready()
    expect(events.filter(({ type }) => type === 'advice')).toEqual([])
  }
})

verifies('CA-04', 'leaving it out is an error that asks for it', (face) => {
  const build = () =>
    face.protect({ issuers: [{ issuer: 'https://as.test', introspection: {} }], audience: AUDIENCE } as never)
  expect(build).toThrow(/introspection\.client" is missing; write what clientSecretBasic\(…\) and its siblings return/)
})

verifies('CA-05', 'ways without a secret on the wire come first in the documentation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/options.md'), 'utf8')
  const [, section] = page.split('## How this API authenticates')
  expect(section).toContain('Prefer the first two')
  expect(section).toContain('RFC 9700 §2.5')
  const methods = [...section!.split('\n## ')[0]!.matchAll(/^\| `(\w+)\(/gm)].map(([, name]) => name)
  expect(methods).toEqual([
    'privateKeyJwt',
    'tlsClientAuth',
    'clientSecretBasic',
    'clientSecretPost',
    'bearerToken',
    'unauthenticated',
  ])
})

verifies('CA-13', 'with a certificate the endpoint for certificates is called', async (face) => {
  const alias = 'https://mtls.as.test/introspect'
  const metadata = { mtls_endpoint_aliases: { introspection_endpoint: alias } }
  const network: NonNullable<WatchedPlan['network']> = ({ url, ...request }, as) =>
    url === alias ? as.http.send({ ...request, url: `${as.issuer}/introspect` }) : undefined
  const called = async (client: ClientAuthentication, from: object): Promise<readonly string[]> => {
    const { as, get, asked } = await withClient(face, client, { as: { metadata: from }, network })
    expect((await get('/', as.opaque())).status).toBe(200)
    return asked().map(({ url }) => url)
  }
  const byCertificate = tlsClientAuth('orders-api', identity)
  const usual = 'https://as.test/introspect'
  expect(await called(byCertificate, metadata)).toEqual([alias])
  expect(await called(byCertificate, {})).toEqual([usual])
  expect(await called(byCertificate, { mtls_endpoint_aliases: { token_endpoint: alias } })).toEqual([usual])
  expect(await called(clientSecretBasic('me', 'secret'), metadata)).toEqual([usual])
})

const working = (): unknown => 'needle-secret'

verifies('CA-16', 'credentials that cannot be had mean that nobody can tell', async (face) => {
  const functions: readonly ((secret: () => never) => ClientAuthentication)[] = [
    (secret) => clientSecretBasic('me', secret),
    (secret) => clientSecretPost('me', secret),
    (secret) => bearerToken(secret),
  ]
  const answers: readonly (() => unknown)[] = [
    () => Promise.reject(new Error('vault says needle')),
    () => {
      throw new Error('vault says needle')
    },
    () => '',
    () => undefined,
    () => 7,
  ]
  for (const make of functions) {
    let answer = working
    const { as, get, asked, events, server } = await withClient(face, make((() => answer()) as never))
    const token = as.opaque()
    await get('/', token)
    as.clock.advance('61s')
    const troubles = events.length
    for (const fails of answers) {
      answer = fails
      expect(isStale(await get('/', token))).toBe(true)
      const reply = await get('/', as.opaque())
      expectUnavailable(reply)
      expect(JSON.stringify([events, server.status(), reply.body, reply.headers])).not.toContain('needle')
    }
    const told = events.slice(troubles).flatMap((event) => (event.type === 'introspection' ? [event.trouble] : []))
    expect(told).toEqual(Array.from({ length: 2 * answers.length }, () => 'credentials_failed'))
    expect(asked()).toHaveLength(1)
    answer = working
    expect((await get('/', as.opaque())).status).toBe(200) // no fault of the endpoint's, so nothing is to be waited for
  }
})

verifies('CA-16', 'a secret is rotated without a restart', async (face) => {
  const secrets = { now: 'old' }
  const client = clientSecretBasic('test-resource-server', () => secrets.now)
  const { as, get } = await watchedApi(face, {
    as: { client: { secret: 'old' } },
    options: { introspection: { client } },
  })
  expect((await get('/', as.opaque())).status).toBe(200)
  as.setClientSecret('new')
  secrets.now = 'new'
  expect((await get('/', as.opaque())).status).toBe(200)
})

verifies('CA-17', 'no secret is in what a server, its options or its errors print', async (face) => {
  const { cert, key } = identity
  const needle = key.split('\n')[1]!
  const clients = [
    [clientSecretBasic('me', 'needle-secret'), 'needle-secret'],
    [clientSecretPost('me', 'needle-secret'), 'needle-secret'],
    [bearerToken('needle-secret'), 'needle-secret'],
    [tlsClientAuth('me', { cert, key }), needle],
  ] as const
  for (const [client, secret] of clients) {
    const { as, get, server, events } = await withClient(face, client, { as: { client: () => false } })
    expectUnavailable(await get('/', as.opaque()))
    const error: unknown = await server
      .authenticate({ rawHeaders: ['Authorization', `Bearer ${as.opaque()}`] })
      .catch((one: unknown) => one)
    const options = { issuer: as.issuer, introspection: { client } }
    const built = createResourceServer({ issuers: [options], audience: AUDIENCE })
    for (const one of [client, options, built, server, server.status(), events, error]) {
      const printed = [inspect(one, { depth: 10, showHidden: true }), JSON.stringify(one), String(one)]
      for (const text of printed) expect(text ?? '').not.toContain(secret)
    }
    await built.close()
  }
})
