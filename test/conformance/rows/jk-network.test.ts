import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { documentsOf, ecKey, publish, tokenBy } from '../keys.ts'
import { network, tlsFront } from '../tls.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const key = ecKey('k')
const front = tlsFront('localhost')

const NOT_HTTPS = [
  'http://keys.example/jwks',
  'file:///etc/jwks.json',
  'data:application/json,{"keys":[]}',
  'ftp://keys.example/jwks',
  'blob:https://keys.example/jwks',
  'javascript:0',
  '//keys.example/jwks',
  '/jwks',
  'keys',
  '',
]

verifies('JK-21', 'a key set that is not at an https address is refused when written', (face) => {
  for (const jwksUri of [...NOT_HTTPS, 'https://user:secret@keys.example/jwks', 'https://keys.example/jwks#here']) {
    const build = (): unknown =>
      face.protect({ issuers: [{ issuer: 'https://as.test', jwt: { jwksUri } }], audience: AUDIENCE })
    expect(build, jwksUri).toThrow(ConfigError)
    expect(build, jwksUri).toThrow('option "issuers[0].jwt.jwksUri" is ')
    expect(build, jwksUri).not.toThrow('secret')
  }
})

verifies('JK-21', 'a key set without https is not fetched where metadata names it', async (face) => {
  const { as, get, events } = await api(face)
  for (const jwks_uri of NOT_HTTPS) {
    as.respond('metadata', { body: { ...as.metadata, jwks_uri } })
    expect((await get('/', as.jwt())).status, jwks_uri).toBe(503)
    expect(documentsOf(events).at(-1), jwks_uri).toMatch(/^keys failed \w+ endpoint_refused$/)
    await as.clock.advance('1h')
  }
  expect(as.calls.keys).toBe(0)
})

verifies(
  'JK-21',
  'keys come over https, from whom the certificate names and a known authority vouches for',
  async (face) => {
    const as = await front.behind()
    const jwt = { jwksUri: `${as.issuer}/jwks` }
    const trusting = await api(face, { as, options: { jwt, tls: { ca: front.ca }, ports: { http: network() } } })
    expect((await trusting.get('/', as.jwt())).status).toBe(200)
    const unknown = await api(face, { as, options: { jwt, ports: { http: network() } } })
    expect((await unknown.get('/', as.jwt())).status).toBe(503)
    expect(documentsOf(unknown.events)).toEqual(['keys failed start tls'])
    expect(as.calls.keys).toBe(1)
  },
)

verifies('JK-21', 'a certificate for another name is not enough', async (face) => {
  const as = await front.behind('127.0.0.1')
  const jwt = { jwksUri: `${as.issuer}/jwks` }
  const other = await api(face, { as, options: { jwt, tls: { ca: front.ca }, ports: { http: network() } } })
  expect((await other.get('/', as.jwt())).status).toBe(503)
  expect(documentsOf(other.events)).toEqual(['keys failed start tls'])
  expect(as.calls.total).toBe(0)
})

verifies('JK-36', 'a fetch is a GET that accepts key sets, and sends nothing else of ours', async (face) => {
  const { as, get } = await api(face)
  expect((await get('/', as.jwt())).status).toBe(200)
  const [call] = as.calls.to('keys')
  expect(call).toMatchObject({ method: 'GET', path: '/jwks', parameters: {} })
  expect(call!.headers).toEqual({ accept: 'application/jwk-set+json, application/json' })
})

verifies('JK-36', 'no status but 200 brings a set', async (face) => {
  const { as, get, events } = await api(face)
  for (const status of [201, 202, 203, 206, 226, 300, 304, 400, 404, 500, 503]) {
    as.respond('keys', { status, body: { keys: [key.jwk] } })
    expect((await get('/', tokenBy(as, key))).status, String(status)).toBe(503)
    await as.clock.advance('31s')
    expect(documentsOf(events).at(-1)).toMatch(new RegExp(`^keys failed \\w+ status_${status}$`))
  }
  publish(as, [key.jwk])
  await as.clock.advance('31s')
  expect((await get('/', tokenBy(as, key))).status).toBe(200)
})

verifies('JK-36', 'a set has at most 256 KiB and a hundred keys', async (face) => {
  const text = JSON.stringify({ keys: [{ ...key.jwk, kid: '7' }] })
  const many = Array.from({ length: 101 }, (_, at) => ({ ...key.jwk, kid: String(at) }))
  const cases = [
    [text.padEnd(262_145), 'keys failed start too_large'],
    [text.padEnd(262_144), 'keys loaded start'],
    [JSON.stringify({ keys: many }), 'keys failed start malformed'],
    [JSON.stringify({ keys: many.slice(1) }), 'keys loaded start'],
  ] as const
  for (const [body, outcome] of cases) {
    const { as, get, events } = await api(face)
    as.respond('keys', { body })
    const { status } = await get('/', tokenBy(as, key, { kid: '7' }))
    expect(status).toBe(outcome === 'keys loaded start' ? 200 : 503)
    expect(documentsOf(events).at(-1)).toBe(outcome)
  }
})

verifies('JK-36', 'what is longer is not read to its end', async (face) => {
  const { as, get, events } = await api(face, { as: { listen: true }, options: { resilience: { wait: '60s' } } })
  as.respond('keys', { body: ' '.repeat(5_000_000) })
  expect((await get('/', tokenBy(as, key))).status).toBe(503)
  expect(documentsOf(events).at(-1)).toBe('keys failed start too_large')
})

verifies('JK-36', 'a drip ends at the deadline of the whole exchange', async (face) => {
  const { as, server, events } = await api(face)
  as.drip('keys', '1s')
  const ready = server.ready()
  await as.clock.advance('4999ms')
  expect(documentsOf(events)).toEqual(['metadata loaded start'])
  await as.clock.advance('1ms')
  await ready
  expect(documentsOf(events)).toEqual(['metadata loaded start', 'keys failed start timeout'])
})

verifies('JK-37', 'redirects are not followed, wherever they lead', async (face) => {
  for (const status of [301, 302, 303, 307, 308]) {
    const { as, get, events } = await api(face, { as: { listen: true }, options: { resilience: { wait: '60s' } } })
    const headers = { location: `${as.issuer}/jwks?again` }
    as.respond('keys', { status, headers, body: { keys: [key.jwk] } })
    expect((await get('/', tokenBy(as, key))).status).toBe(503)
    expect(documentsOf(events)).toEqual(['metadata loaded start', `keys failed start status_${status}`])
    expect(as.calls.to('keys').map(({ path }) => path)).toEqual(['/jwks'])
  }
})

verifies('JK-37', 'no option makes us follow redirects', (face) => {
  const jwt = { redirects: 1 } as object
  expect(() => face.protect({ issuers: [{ issuer: 'https://as.test', jwt }], audience: AUDIENCE })).toThrow(
    'unknown option "issuers[0].jwt.redirects"',
  )
})
