import { ConfigError, type HoldfastEvent, HttpError } from '@holdfast/core'
import { testAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import { documentsOf } from '../keys.ts'
import { network, tlsFront } from '../tls.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

const front = tlsFront('as.example')
/** Every name leads to this machine, as a rebound one may. */
const toLoopback = ((_, options, done) =>
  options.all === true ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4)) as NonNullable<
  NonNullable<Parameters<typeof network>[0]>['lookup']
>

const movesOf = (events: readonly HoldfastEvent[]): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'endpoint_moved' ? [`${event.endpoint} ${event.refused ? 'refused' : 'moved'}`] : [],
  )

/** The metadata says something else from the next refresh on, which comes at once. */
async function refreshed({ as, server }: Api, members: object): Promise<void> {
  as.respond('metadata', { body: { ...as.metadata, ...members } })
  await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.metadata!.nextIn!)}ms`)
}

verifies('DI-21', 'an endpoint that moves is an event, and is used where it is now', async (face) => {
  const all = await api(face)
  const { as, get, events } = all
  expect((await get('/', as.jwt())).status).toBe(200)
  await refreshed(all, {})
  expect(movesOf(events)).toEqual([])
  await refreshed(all, { jwks_uri: `${as.issuer}/jwks?moved`, introspection_endpoint: `${as.issuer}/introspect?moved` })
  expect(movesOf(events)).toEqual(['keys moved', 'introspection moved'])
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(as.calls.to('introspection').at(-1)!.path).toBe('/introspect?moved')
  await as.clock.advance('10m')
  expect(as.calls.to('keys').at(-1)!.path).toBe('/jwks?moved')
  expect(movesOf(events)).toHaveLength(2)
  await refreshed(all, { introspection_endpoint: undefined, jwks_uri: `${as.issuer}/jwks?moved` })
  expect(movesOf(events).slice(2)).toEqual(['introspection moved'])
  expect(JSON.stringify(events)).not.toContain('?moved')
})

verifies('DI-21', 'without pinEndpoints an endpoint may move to another host', async (face) => {
  const all = await api(face)
  const { as, get, events } = all
  expect((await get('/', as.jwt())).status).toBe(200)
  await refreshed(all, { jwks_uri: 'https://elsewhere.test/jwks' })
  await as.clock.advance('10m')
  expect(movesOf(events)).toEqual(['keys moved'])
  expect(documentsOf(events).at(-1)).toMatch(/^keys failed \w+ dns$/)
})

const ELSEWHERE = [
  'https://evil.test/jwks',
  'https://as.test:8443/jwks',
  'https://as.test.evil.test/jwks',
  'https://sub.as.test/jwks',
]

verifies('DI-21', 'pinEndpoints keeps the endpoint at its origin, with an event', async (face) => {
  for (const jwks_uri of ELSEWHERE) {
    const all = await api(face, { options: { pinEndpoints: true } })
    const { as, get, events } = all
    expect((await get('/', as.jwt())).status).toBe(200)
    const moved = { jwks_uri, introspection_endpoint: jwks_uri.replace('jwks', 'introspect') }
    await refreshed(all, moved)
    await refreshed(all, moved)
    expect(movesOf(events), jwks_uri).toEqual(['keys refused', 'introspection refused'])
    as.rotateKeys()
    expect((await get('/', as.jwt())).status).toBe(200)
    expect((await get('/', as.opaque())).status).toBe(200)
    await as.clock.advance('20m')
    expect(documentsOf(events).filter((one) => one.includes('failed'))).toEqual([])
  }
})

verifies('DI-21', 'a pinned endpoint may change its path, and gets nowhere by a detour', async (face) => {
  const all = await api(face, { options: { pinEndpoints: true } })
  const { as, get, events } = all
  expect((await get('/', as.jwt())).status).toBe(200)
  await refreshed(all, { jwks_uri: `${as.issuer}/jwks?second` })
  expect(movesOf(events)).toEqual(['keys moved'])
  await refreshed(all, { jwks_uri: undefined })
  expect(movesOf(events).slice(1)).toEqual(['keys moved'])
  await refreshed(all, { jwks_uri: 'https://evil.test/jwks' })
  expect(movesOf(events).slice(2)).toEqual(['keys refused'])
  await as.clock.advance('20m')
  expect(as.calls.to('keys').at(-1)!.path).toBe('/jwks?second')
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('DI-21', 'what was refused is not kept for a restart', async (face) => {
  const kept = new Map<string, string>()
  const store = {
    load: async (name: string) => kept.get(name),
    save: async (name: string, value: string) => void kept.set(name, value),
  }
  const all = await api(face, { options: { pinEndpoints: true, store } })
  const { as, get } = all
  expect((await get('/', as.jwt())).status).toBe(200)
  await refreshed(all, { jwks_uri: 'https://evil.test/jwks' })
  await as.clock.advance('1s')
  expect(kept.get(`metadata ${as.issuer}`)).toContain('as.test/jwks')
  expect([...kept.values()].join()).not.toContain('evil')
  // The next process begins with what was kept, and holds what it then hears against it.
  const next = await api(face, { as, options: { pinEndpoints: true, store } })
  expect((await next.server.ready()).state).not.toBe('cold')
  await as.clock.advance('1s')
  expect(movesOf(next.events)).toEqual(['keys refused'])
  expect((await next.get('/', as.jwt())).status).toBe(200)
})

verifies('DI-27', 'an endpoint is an absolute https URL without user information', async (face) => {
  const bad = [
    'http://as.test/jwks',
    'https://user@as.test/jwks',
    'https://u:p@as.test/jwks',
    '/jwks',
    '//as.test/jwks',
    'https:',
    'https://as.test/jwks#x',
    `https://as.test/${'a'.repeat(2_048)}`,
  ]
  for (const url of bad) {
    const { as, get, events } = await api(face, { as: { metadata: { jwks_uri: url, introspection_endpoint: url } } })
    expect((await get('/', as.jwt())).status, url).toBe(503)
    expect((await get('/', as.opaque())).status, url).toBe(503)
    expect(documentsOf(events).at(-1), url).toBe('keys failed start endpoint_refused')
    expect(as.calls.counts).toEqual({ metadata: 1, keys: 0, introspection: 0 })
  }
})

const PRIVATE = [
  'https://169.254.169.254/latest',
  'https://127.0.0.1/jwks',
  'https://0x7f.1/jwks',
  'https://2130706433/jwks',
  'https://127.1./jwks',
  'https://10.0.0.1/jwks',
  'https://172.16.0.1/jwks',
  'https://192.168.1.1/jwks',
  'https://100.64.0.1/jwks',
  'https://0.0.0.0/jwks',
  'https://[::1]/jwks',
  'https://[::]/jwks',
  'https://[fe80::1]/jwks',
  'https://[fd00::1]/jwks',
  'https://[::ffff:10.0.0.1]/jwks',
  'https://[64:ff9b::10.0.0.1]/jwks',
  'https://[2002:a00:1::]/jwks',
  'https://localhost/jwks',
  'https://LOCALHOST./jwks',
  'https://metadata.localhost/jwks',
]

verifies(
  'DI-27',
  'denyPrivateNetworks refuses addresses of private networks where metadata names them',
  async (face) => {
    for (const url of PRIVATE) {
      const metadata = { jwks_uri: url, introspection_endpoint: url }
      const { as, get, events } = await api(face, { as: { metadata }, options: { denyPrivateNetworks: true } })
      expect((await get('/', as.jwt())).status, url).toBe(503)
      expect((await get('/', as.opaque())).status, url).toBe(503)
      expect(documentsOf(events).at(-1), url).toBe('keys failed start endpoint_refused')
    }
    const { as, get } = await api(face, { options: { denyPrivateNetworks: true } })
    expect((await get('/', as.jwt())).status).toBe(200)
    expect((await get('/', as.opaque())).status).toBe(200)
  },
)

verifies('DI-27', 'denyPrivateNetworks refuses addresses of private networks where they are configured', (face) => {
  for (const url of PRIVATE) {
    const issuer = url.replace(/\/(?:jwks|latest)$/, '')
    const own =
      (options: object): (() => unknown) =>
      () =>
        face.protect({
          issuers: [{ issuer: 'https://as.test', ...options }],
          audience: AUDIENCE,
          denyPrivateNetworks: true,
        })
    for (const build of [
      () => face.protect({ issuer, audience: AUDIENCE, denyPrivateNetworks: true }),
      own({ metadataUrl: url }),
      own({ jwt: { jwksUri: url } }),
    ]) {
      expect(build, url).toThrow(ConfigError)
      expect(build, url).toThrow('write a public address, or leave "denyPrivateNetworks" out')
    }
  }
  const audience = 'https://10.0.0.1'
  expect(() => face.protect({ issuer: 'https://as.test', audience, denyPrivateNetworks: true })).not.toThrow()
  const both = { allowInsecureLoopback: true, denyPrivateNetworks: true }
  expect(() => face.protect({ issuer: 'https://as.test', audience: AUDIENCE, ...both })).toThrow(
    'contradict each other',
  )
})

verifies('DI-27', 'the address that a name leads to is judged, before anything is sent', async (face) => {
  const as = await front.behind()
  const open = await api(face, {
    as,
    options: { tls: { ca: front.ca }, ports: { http: network({ lookup: toLoopback }) } },
  })
  expect((await open.get('/', as.jwt())).status).toBe(200)

  const other = await front.behind()
  const ports = { http: network({ lookup: toLoopback }) }
  const closed = await api(face, { as: other, options: { tls: { ca: front.ca }, ports, denyPrivateNetworks: true } })
  expect((await closed.get('/', other.jwt())).status).toBe(503)
  expect((await closed.get('/', other.opaque())).status).toBe(503)
  expect(documentsOf(closed.events)[0]).toBe('metadata failed start address_denied')
  expect(front.connections).toBe(0)
  expect(closed.events.filter(({ type }) => type === 'advice')).toMatchObject([{ code: 'HOLDFAST_DOCUMENT' }, {}])
})

verifies('DI-27', 'every request of ours asks for that, introspection included', async (face) => {
  const asked: (boolean | undefined)[] = []
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const strict = await api(face, {
    as,
    options: {
      denyPrivateNetworks: true,
      ports: {
        http: {
          send: (request) => {
            asked.push(request.denyPrivateNetworks)
            return request.denyPrivateNetworks === true
              ? as.http.send(request)
              : Promise.reject(new HttpError('protocol'))
          },
          close: async () => undefined,
        },
      },
    },
  })
  expect((await strict.get('/', as.opaque())).status).toBe(200)
  expect((await strict.get('/', as.jwt())).status).toBe(200)
  expect(asked).toEqual([true, true, true])
})
