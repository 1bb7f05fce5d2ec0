import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { generate } from 'selfsigned'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createResourceServer } from '@holdfast/core'
import {
  type Fault,
  faultProxy,
  type FaultProxy,
  type TestAuthorizationServer,
  testAuthorizationServer,
  type TestClock,
  testClock,
} from '../../src/index.ts'

interface Seen {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

let as: TestAuthorizationServer
let clock: TestClock
let proxy: FaultProxy
let agent: Agent
const open: (() => unknown)[] = []

beforeEach(async () => {
  as = await testAuthorizationServer({ audience: 'https://api.example.com', listen: true })
  clock = testClock()
  proxy = await faultProxy({ upstream: as.issuer, clock })
  agent = new Agent({ keepAlive: true, maxSockets: 1 })
})
afterEach(async () => {
  agent.destroy()
  await proxy.close()
  await Promise.all(open.splice(0).map((close) => close()))
  await as.close()
})

/** One exchange. @throws whatever broke it. */
function get(path: string, { via = proxy, ca }: { via?: FaultProxy; ca?: string } = {}): Promise<Seen> {
  const send = ca === undefined ? httpRequest : httpsRequest
  return new Promise((resolve, reject) => {
    send(`${via.url}${path}`, ca === undefined ? { agent } : { ca, agent: false }, (response: IncomingMessage) => {
      response
        .toArray()
        .then((chunks) =>
          resolve({
            status: response.statusCode!,
            type: response.headers['content-type'],
            body: Buffer.concat(chunks as Buffer[]).toString(),
          }),
        )
        .catch(reject)
    })
      .once('error', reject)
      .end()
  })
}

/** How an exchange breaks. */
const broken = (path: string, options?: Parameters<typeof get>[1]): Promise<string> =>
  get(path, options).then(
    ({ status }) => `answered ${status}`,
    ({ code }: NodeJS.ErrnoException) => String(code),
  )

/** Resolves once the proxy has nothing to do but to wait. */
async function stuck(): Promise<void> {
  while (proxy.waiting === 0) await new Promise((resolve) => setImmediate(resolve))
}

describe('in fair weather', () => {
  it('passes requests on and answers back', async () => {
    expect(JSON.parse((await get('/jwks')).body)).toEqual(as.keys)
    expect((await get('/introspect')).status).toBe(405)
    expect(as.calls.keys).toBe(1)
  })

  it('names endpoints at itself, and leaves the issuer alone', async () => {
    const metadata: unknown = JSON.parse((await get('/.well-known/openid-configuration')).body)
    expect(metadata).toMatchObject({
      issuer: as.issuer,
      jwks_uri: `${proxy.url}/jwks`,
      introspection_endpoint: `${proxy.url}/introspect`,
    })
  })

  it('replaces members of the metadata', async () => {
    const other = await faultProxy({ upstream: as.issuer, metadata: { jwks_uri: 'https://keys.test/' } })
    open.push(() => other.close())
    const metadata: unknown = JSON.parse((await get('/.well-known/openid-configuration', { via: other })).body)
    expect(metadata).toMatchObject({
      jwks_uri: 'https://keys.test/',
      introspection_endpoint: `${other.url}/introspect`,
    })
  })

  it('carries a resource server, which then calls nobody else', async () => {
    const server = createResourceServer(
      as.options({ metadataUrl: `${proxy.url}/.well-known/oauth-authorization-server` }),
    )
    open.push(() => server.close())
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    expect(await server.verify(as.opaque())).toMatchObject({ outcome: 'valid' })
    expect(proxy.calls.map(({ path }) => path)).toEqual([
      '/.well-known/oauth-authorization-server',
      '/jwks',
      '/introspect',
    ])
    expect(as.calls.total).toBe(3)
  })

  it('answers 502 when nobody is behind it', async () => {
    await as.close()
    expect((await get('/jwks')).status).toBe(502)
  })

  it('counts calls by path and connection', async () => {
    await get('/jwks?one')
    await get('/jwks?two')
    await get('/elsewhere')
    expect(proxy.connections).toBe(1)
    expect(proxy.callsTo('/jwks')).toMatchObject([
      { method: 'GET', path: '/jwks?one', connection: 1, passedOn: true, answered: true },
      { path: '/jwks?two', connection: 1 },
    ])
    expect(proxy.calls).toHaveLength(3)
  })
})

describe('faults of connections', () => {
  it('refuses them, and takes them again on the same port', async () => {
    await get('/jwks') // an open connection is ended, too
    await proxy.inject({ is: 'refused' })
    expect(await broken('/jwks')).toMatch(/ECONNREFUSED|ECONNRESET/)
    expect(await broken('/jwks')).toBe('ECONNREFUSED')
    await proxy.recover()
    expect((await get('/jwks')).status).toBe(200)
    expect(proxy.connections).toBe(2)
  })

  it('resets them before a request is read', async () => {
    await proxy.inject({ is: 'reset', when: 'connected' })
    expect(await broken('/jwks')).toBe('ECONNRESET')
    expect(proxy).toMatchObject({ connections: 1, calls: [] })
  })

  it('takes them and never answers', async () => {
    await proxy.inject({ is: 'black-hole' })
    const waits = broken('/jwks')
    await stuck()
    expect(proxy).toMatchObject({ connections: 1, calls: [] })
    await proxy.recover()
    expect(await waits).toBe('ECONNRESET')
    expect((await get('/jwks')).status).toBe(200)
  })

  it('lets the requests of open connections vanish in a black hole', async () => {
    await get('/jwks')
    await proxy.inject({ is: 'black-hole' })
    const waits = broken('/jwks')
    await stuck()
    expect(proxy.calls).toMatchObject([{ answered: true }, { connection: 1, passedOn: false, answered: false }])
    await proxy.close()
    expect(await waits).toBe('ECONNRESET')
  })

  it('fails handshakes: by an alert, by the certificate of another host, by one that nobody vouches for', async () => {
    const [own, foreign, unknown] = [
      await certificate('127.0.0.1'),
      await certificate('other.test'),
      await certificate('127.0.0.1'),
    ]
    const secure = await faultProxy({ upstream: as.issuer, tls: own })
    open.push(() => secure.close())
    const through = { via: secure, ca: `${own.cert}\n${foreign.cert}` }

    expect((await get('/jwks', through)).status).toBe(200)
    await secure.inject({ is: 'tls' })
    expect(await broken('/jwks', through)).toMatch(/^ERR_SSL|^EPROTO/)
    await secure.inject({ is: 'tls', certificate: foreign })
    expect(await broken('/jwks', through)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
    await secure.inject({ is: 'tls', certificate: unknown })
    expect(await broken('/jwks', through)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/)
    await secure.recover()
    expect((await get('/jwks', through)).status).toBe(200)
  })
})

describe('faults of requests', () => {
  it('befall one path, or all, so many times', async () => {
    const teapot: Fault = { is: 'answer', answer: { status: 418 } }
    await proxy.inject(teapot, { path: '/jwks', times: 1 })
    expect([(await get('/elsewhere')).status, (await get('/jwks')).status, (await get('/jwks')).status]).toEqual([
      404, 418, 200,
    ])
    await proxy.inject(teapot)
    expect([(await get('/elsewhere')).status, (await get('/jwks')).status]).toEqual([418, 418])
    await proxy.recover('/jwks') // what is for all paths stays
    expect((await get('/jwks')).status).toBe(418)
    await proxy.recover()
    expect((await get('/jwks')).status).toBe(200)
  })

  it.each([
    ['request', 0],
    ['answer', 1],
  ] as const)('reset the connection at the %s', async (when, passedOn) => {
    await proxy.inject({ is: 'reset', when })
    expect(await broken('/jwks')).toBe('ECONNRESET')
    expect(proxy.calls).toMatchObject([{ passedOn: passedOn === 1, answered: false }])
    expect(as.calls.keys).toBe(passedOn)
  })

  it('leave a request without an answer', async () => {
    await proxy.inject({ is: 'silent' })
    const waits = broken('/jwks')
    await stuck()
    agent.destroy()
    expect(await waits).toBe('ECONNRESET')
    expect(proxy.calls).toMatchObject([{ answered: false }])
  })

  it('delay an answer by the clock', async () => {
    await proxy.inject({ is: 'slow', by: '5s' })
    const slow = get('/jwks')
    await stuck()
    await clock.advance('4s')
    expect(proxy.waiting).toBe(1)
    await clock.advance('1s')
    expect((await slow).status).toBe(200)
    expect(proxy.waiting).toBe(0)
  })

  it('let an answer drip by the clock', async () => {
    await proxy.inject({ is: 'drip', every: '10ms' })
    const drips = get('/elsewhere')
    await stuck()
    await clock.advance('1s')
    expect(await drips).toMatchObject({ status: 404, body: 'Not Found' })
  })

  it('break an answer off in the middle', async () => {
    await proxy.inject({ is: 'truncated' })
    expect(await broken('/jwks')).toBe('ECONNRESET')
    expect(proxy.calls).toMatchObject([{ passedOn: true, answered: false }])
  })

  it('fill an answer up, and it stays the same document', async () => {
    await proxy.inject({ is: 'oversized', bytes: 300_000 })
    const { body } = await get('/jwks')
    expect(body).toHaveLength(300_000)
    expect(JSON.parse(body)).toEqual(as.keys)
  })

  it('change what they are told to, and nothing else', async () => {
    await proxy.inject({ is: 'altered', headers: { 'content-type': 'text/html' } })
    const { body, ...rest } = await get('/jwks')
    expect(rest).toEqual({ status: 200, type: 'text/html' })
    expect(JSON.parse(body)).toEqual(as.keys)
    await proxy.inject({
      is: 'altered',
      status: 203,
      json: ({ keys }: { keys: unknown[] }) => ({ keys, count: keys.length }),
    })
    const altered = await get('/jwks')
    expect(altered).toMatchObject({ status: 203, type: 'application/jwk-set+json' })
    expect(JSON.parse(altered.body)).toEqual({ ...as.keys, count: as.keys.keys.length })
  })

  it('answer 500 where the change itself fails', async () => {
    await proxy.inject({ is: 'altered', json: ({ keys }) => keys.missing.part })
    expect(await get('/jwks')).toMatchObject({ status: 500, body: expect.stringContaining('TypeError') })
    expect((await get('/elsewhere')).body).toContain('SyntaxError')
  })

  it('reset connections below TLS, too', async () => {
    const own = await certificate('127.0.0.1')
    const secure = await faultProxy({ upstream: as.issuer, tls: own })
    open.push(() => secure.close())
    await secure.inject({ is: 'reset', when: 'answer' })
    expect(await broken('/jwks', { via: secure, ca: own.cert })).toBe('ECONNRESET')
    expect(as.calls.keys).toBe(1)
  })

  it('close an idle connection at the moment of its reuse', async () => {
    await proxy.inject({ is: 'idle-closed' })
    expect((await get('/jwks')).status).toBe(200)
    expect(await broken('/jwks')).toBe('ECONNRESET')
    expect((await get('/jwks')).status).toBe(200)
    expect(proxy.calls).toMatchObject([{ connection: 1 }, { connection: 1, passedOn: false }, { connection: 2 }])
  })
})

describe('mistakes are told at once', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['a path for a port', () => proxy.inject({ is: 'refused' }, { path: '/jwks' })],
    ['a number of times for a port', () => proxy.inject({ is: 'black-hole' }, { times: 1 })],
    ['a handshake without TLS', () => proxy.inject({ is: 'tls' })],
    ['a delay that is none', () => proxy.inject({ is: 'slow', by: 'soon' as '1s' })],
    ['a pause that is none', () => proxy.inject({ is: 'drip', every: 'rarely' as '1s' })],
    ['an upstream that is none', () => faultProxy({ upstream: 'https://as.test' })],
  ])('%s', async (_, mistake) => {
    await expect(mistake()).rejects.toThrow(TypeError)
  })
})

/** A certificate that nobody signed, for an address or a name. */
async function certificate(host: string): Promise<{ readonly cert: string; readonly key: string }> {
  const altName = /^\d/.test(host) ? ({ type: 7, ip: host } as const) : ({ type: 2, value: host } as const)
  const { private: key, cert } = await generate([{ name: 'commonName', value: host }], {
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames: [altName] }],
  })
  return { cert, key }
}
