import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { documentsOf } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE } from '../world.ts'

const RFC8414 = '/.well-known/oauth-authorization-server'
const OPENID = '/.well-known/openid-configuration'

/** Where metadata was asked for, in order. */
const places = ({ as }: Api): readonly string[] =>
  as.calls.all.map(({ path }) => path).filter((path) => path.includes('.well-known'))

/** Where a server looks for the metadata of an issuer that publishes none. */
async function looksAt(face: Parameters<typeof api>[0], issuer: string): Promise<readonly string[]> {
  const all = await api(face, { as: { issuer } })
  all.as.respond('metadata', { status: 404 })
  expect((await all.get('/', all.as.jwt())).status).toBe(503)
  return places(all)
}

verifies('DI-01', 'the well-known path goes between host and path, without the last slash', async (face) => {
  expect((await looksAt(face, 'https://as.test/t1'))[0]).toBe(`${RFC8414}/t1`)
  expect((await looksAt(face, 'https://as.test/t1/'))[0]).toBe(`${RFC8414}/t1`)
  expect((await looksAt(face, 'https://as.test/a/b/c'))[0]).toBe(`${RFC8414}/a/b/c`)
  expect((await looksAt(face, 'https://as.test'))[0]).toBe(RFC8414)
  expect((await looksAt(face, 'https://as.test/'))[0]).toBe(RFC8414)
})

verifies('DI-02', 'the place of OpenID Connect is appended, without the last slash', async (face) => {
  expect((await looksAt(face, 'https://as.test/t1')).at(-1)).toBe(`/t1${OPENID}`)
  expect((await looksAt(face, 'https://as.test/t1/')).at(-1)).toBe(`/t1${OPENID}`)
  expect((await looksAt(face, 'https://as.test/')).at(-1)).toBe(OPENID)
})

verifies('DI-03', 'three places in the order of MCP, two without a path', async (face) => {
  const three = [`${RFC8414}/t1`, `${OPENID}/t1`, `/t1${OPENID}`]
  expect(await looksAt(face, 'https://as.test/t1')).toEqual(three)
  expect(await looksAt(face, 'https://as.test')).toEqual([RFC8414, OPENID])
})

verifies('DI-03', 'the first place that has it is the last that is asked', async (face) => {
  for (const [misses, asked] of [
    [0, 1],
    [1, 2],
    [2, 3],
  ] as const) {
    const all = await api(face, { as: { issuer: 'https://as.test/t1' } })
    if (misses > 0) all.as.respond('metadata', { status: 404, times: misses })
    expect((await all.get('/', all.as.jwt())).status).toBe(200)
    expect(places(all)).toHaveLength(asked)
  }
})

verifies('DI-03', 'metadataUrl is the only place where it is stated', async (face) => {
  const metadataUrl = `https://as.test${OPENID}`
  const found = await api(face, { options: { metadataUrl } })
  expect((await found.get('/', found.as.jwt())).status).toBe(200)
  expect(places(found)).toEqual([OPENID])
  const missed = await api(face, { options: { metadataUrl } })
  missed.as.respond('metadata', { status: 404 })
  expect((await missed.get('/', missed.as.jwt())).status).toBe(503)
  expect(places(missed)).toEqual([OPENID])
})

verifies('DI-03', 'there is no other option to say where', (face) => {
  const issuers = [{ issuer: 'https://as.test', discovery: 'oidc' } as object as { issuer: string }]
  expect(() => face.protect({ issuers, audience: AUDIENCE })).toThrow('unknown option "issuers[0].discovery"')
})

verifies('DI-04', 'an answer that says "not here" leads to the next place', async (face) => {
  for (const status of [400, 401, 403, 404, 405, 406, 410, 421, 451]) {
    const all = await api(face)
    all.as.respond('metadata', { status, times: 1 })
    expect((await all.get('/', all.as.jwt())).status, String(status)).toBe(200)
    expect(places(all)).toEqual([RFC8414, OPENID])
  }
})

verifies('DI-04', 'trouble does not: the same place is asked again later', async (face) => {
  const troubles: readonly (readonly [trouble: string, begin: (as: Api['as']) => void])[] = [
    ...[500, 502, 503, 408, 425, 429, 301, 204, 206].map(
      (status) => [`status_${status}`, (as: Api['as']) => as.respond('metadata', { status })] as const,
    ),
    ['malformed', (as) => as.respond('metadata', { body: '{', contentType: 'application/json' })],
    ['content_type', (as) => as.respond('metadata', { body: '<html></html>' })],
    ['issuer_mismatch', (as) => as.respond('metadata', { body: { ...as.metadata, issuer: 'https://other.test' } })],
    ['reset', (as) => as.reset('metadata')],
    ['connect', (as) => as.outage('metadata')],
  ]
  for (const [trouble, begin] of troubles) {
    const all = await api(face, { as: { issuer: 'https://as.test/t1' } })
    const { as, get, events } = all
    begin(as)
    expect((await get('/', as.jwt())).status, trouble).toBe(503)
    expect(documentsOf(events)[0], trouble).toBe(`metadata failed start ${trouble}`)
    void as.recover('metadata')
    await as.clock.advance('31s')
    expect((await get('/', as.jwt())).status, trouble).toBe(200)
    expect(new Set(places(all)), trouble).toEqual(new Set([`${RFC8414}/t1`]))
  }
})

verifies('DI-04', 'silence leads to no other place', async (face) => {
  const all = await api(face)
  const { as, server } = all
  as.hang('metadata')
  const ready = server.ready()
  await as.clock.advance('5s')
  await ready
  expect(places(all)).toEqual([RFC8414])
})

const REFUSED = [
  'http://as.example',
  'https://as.example?x',
  'https://as.example/?',
  'https://as.example#x',
  'https://as.example/#',
  'https://user@as.example',
  'https://user:password@as.example',
  'ftp://as.example',
  'as.example',
  'https://',
  'urn:issuer',
  `https://as.example/${'a'.repeat(2_048)}`,
]

verifies('DI-05', 'an issuer that is no https URL, or has a query, a fragment or a user, is refused', (face) => {
  for (const issuer of REFUSED) {
    const build = (): unknown => face.protect({ issuer, audience: AUDIENCE })
    expect(build, issuer).toThrow(ConfigError)
    expect(build, issuer).toThrow('write an https URL without user information, query or fragment')
    expect(build, issuer).not.toThrow('password')
  }
})

verifies('DI-05', 'http is for loopback, and only where that was said', (face) => {
  const build = (issuer: string, allowInsecureLoopback?: boolean) => (): unknown =>
    face.protect({
      issuer,
      audience: AUDIENCE,
      ...(allowInsecureLoopback === undefined ? {} : { allowInsecureLoopback }),
    })
  for (const host of ['127.0.0.1:9000', 'localhost', '[::1]:1', '127.1.2.3']) {
    expect(build(`http://${host}`), host).toThrow('allowInsecureLoopback: true')
    expect(build(`http://${host}`, false), host).toThrow(ConfigError)
    expect(build(`http://${host}`, true), host).not.toThrow()
  }
  for (const host of ['as.example', '10.0.0.1', 'localhost.example', '127.0.0.1.example', '0.0.0.0', '[::]'])
    expect(build(`http://${host}`, true), host).toThrow(ConfigError)
})

verifies('DI-06', 'nothing is used of a document that names another issuer', async (face) => {
  const all = await api(face)
  const { as, get, events, reasons } = all
  as.respond('metadata', { body: { ...as.metadata, issuer: 'https://evil.test' } })
  const reply = await get('/', as.jwt())
  expect(reply.status).toBe(503)
  expect(reply.headers['www-authenticate']).toBeUndefined()
  expect(reasons()).toEqual(['keys_unavailable'])
  expect(as.calls.keys).toBe(0)
  expect(documentsOf(events)[0]).toBe('metadata failed start issuer_mismatch')
  const advice = events.filter(({ type }) => type === 'advice')
  // One for the metadata, and one for the keys that it should have named.
  const said = { code: 'HOLDFAST_DOCUMENT', issuer: as.issuer, message: expect.stringContaining('issuer_mismatch') }
  expect(advice).toMatchObject([said, said])
  expect(JSON.stringify(events)).not.toContain('evil')
})

verifies('DI-06', 'a document that names none, or something else, is another one', async (face) => {
  for (const issuer of [undefined, null, ['https://as.test'], { iss: 'https://as.test' }, '', 7]) {
    const { as, get, events } = await api(face)
    as.respond('metadata', { body: { ...as.metadata, issuer } })
    expect((await get('/', as.jwt())).status, JSON.stringify(issuer)).toBe(503)
    expect(documentsOf(events)[0]).toBe('metadata failed start issuer_mismatch')
  }
})

verifies('DI-07', 'no spelling of the same URL is the same issuer', async (face) => {
  const spellings = [
    'https://as.test/',
    'https://AS.test',
    'HTTPS://as.test',
    'https://as.test:443',
    'https://as.test.',
    'https://as.test/.',
    ' https://as.test',
    'https://as.test\n',
    'https://%61s.test',
  ]
  for (const issuer of spellings) {
    const { as, get, events } = await api(face)
    as.respond('metadata', { body: { ...as.metadata, issuer } })
    expect((await get('/', as.jwt())).status, issuer).toBe(503)
    expect(documentsOf(events)[0], issuer).toBe('metadata failed start issuer_mismatch')
    expect(as.calls.keys).toBe(0)
  }
})

verifies('DI-07', 'an issuer with a path, a slash or a capital letter is compared as it is written', async (face) => {
  for (const issuer of ['https://as.test/', 'https://as.test/Tenant', 'https://as.test/a%2Fb', 'https://as.test/~a/']) {
    const { as, get } = await api(face, { as: { issuer } })
    expect((await get('/', as.jwt())).status, issuer).toBe(200)
    expect((await get('/', as.jwt({ claims: { iss: issuer.toLowerCase().replace(/\/$|$/, '/x') } }))).status).toBe(401)
  }
})
