import {
  type ClientAuthentication,
  clientSecretBasic,
  ConfigError,
  createResourceServer,
  type TlsIdentity,
  tlsClientAuth,
  undiciHttp,
} from '@holdfast/core'
import { seededRandom } from '@holdfast/testing'
import { generate } from 'selfsigned'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { expectUnavailable } from '../introspection.ts'
import { type Identity, tlsEndpoint } from '../tls-endpoint.ts'
import { verifies } from '../verifies.ts'
import { api, type Api, AUDIENCE } from '../world.ts'

const ISSUER = 'https://as.example'
/** Real sockets on a busy machine. */
const PATIENT = { wait: '10s', introspectionDeadline: '10s', connectTimeout: '10s' } as const
const ACTIVE = { active: true, iss: ISSUER, aud: AUDIENCE, sub: 'somebody' }

/** A certificate that nobody else signed. */
async function identity(name: string, altNames: readonly object[]): Promise<Identity> {
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keySize: 2_048,
    extensions: [{ name: 'subjectAltName', altNames: altNames as never }],
  })
  return { cert, key }
}

const right = await identity('as.example', [{ type: 7, ip: '127.0.0.1' }])
const wrongName = await identity('as.example', [{ type: 2, value: 'as.example' }])
const us = await identity('orders-api', [{ type: 2, value: 'orders-api' }])

interface Settings {
  readonly endpoint: string
  readonly client?: ClientAuthentication
  readonly tls?: TlsIdentity
}

function open(face: Face, { endpoint, client = clientSecretBasic('me', 'secret'), tls }: Settings): Promise<Api> {
  return api(face, {
    server: (_, observe) =>
      createResourceServer({
        issuers: [{ issuer: ISSUER, jwt: false, introspection: { client, endpoint }, ...(tls ? { tls } : {}) }],
        audience: AUDIENCE,
        observe,
        resilience: PATIENT,
        ports: { random: seededRandom(1) },
      }),
  })
}

const troubles = ({ events }: Api): readonly unknown[] =>
  events.flatMap((event) => (event.type === 'introspection' ? [event.trouble] : []))

verifies('IN-04', 'an endpoint with a certificate of the right name and authority is asked', async (face) => {
  const { url, calls } = await tlsEndpoint(right, ACTIVE)
  const { get } = await open(face, { endpoint: url, tls: { ca: right.cert } })
  expect((await get('/', 'opaque-token')).status).toBe(200)
  expect(calls.map(({ form }) => form.get('token'))).toEqual(['opaque-token'])
})

for (const [what, shown, ca] of [
  ['a wrong name', wrongName, wrongName.cert],
  ['an authority of nobody', right, undefined],
  ['another authority', right, wrongName.cert],
] as const) {
  verifies('IN-04', `an endpoint with a certificate of ${what} is told nothing`, async (face) => {
    const { url, calls } = await tlsEndpoint(shown, ACTIVE)
    const opened = await open(face, { endpoint: url, ...(ca === undefined ? {} : { tls: { ca } }) })
    expectUnavailable(await opened.get('/', 'opaque-token'))
    expect([calls, troubles(opened), opened.handled()]).toEqual([[], ['tls'], 0])
  })
}

verifies('IN-04', 'an endpoint without TLS is a mistake of configuration', (face) => {
  const build = (endpoint: string) => () =>
    face.protect({
      issuers: [{ issuer: ISSUER, introspection: { client: clientSecretBasic('me', 'secret'), endpoint } }],
      audience: AUDIENCE,
    })
  for (const endpoint of ['http://as.example/introspect', 'http://127.0.0.1:8080/introspect', 'ftp://as.example/x'])
    expect(build(endpoint)).toThrow(ConfigError)
  expect(build('http://as.example/introspect')).toThrow(/introspection\.endpoint" is .*; write an https URL/)
})

verifies('IN-04', 'an endpoint without https is not called where the metadata names it', async (face) => {
  const { as, get, events, handled } = await api(face, {
    as: { metadata: { introspection_endpoint: 'http://as.test/introspect' } },
  })
  expectUnavailable(await get('/', as.opaque()))
  expect([as.calls.introspection, handled()]).toEqual([0, 0])
  expect(events).toContainEqual(expect.objectContaining({ type: 'introspection', trouble: 'no_endpoint' }))
})

verifies('CA-12', 'our certificate is offered, and client_id goes along', async (face) => {
  const { url, calls } = await tlsEndpoint(right, ACTIVE, { ca: us.cert })
  const client = tlsClientAuth('orders-api', { ...us, ca: right.cert })
  const { get } = await open(face, { endpoint: url, client })
  expect((await get('/', 'opaque-token')).status).toBe(200)
  const [call] = calls
  expect([call!.peer, call!.form.getAll('client_id'), call!.form.has('client_secret')]).toEqual([
    'orders-api',
    ['orders-api'],
    false,
  ])
  expect(call!.authorization).toBe(undefined)
})

verifies('CA-12', 'without our certificate the endpoint lets nobody in', async (face) => {
  const { url, calls } = await tlsEndpoint(right, ACTIVE, { ca: us.cert })
  const opened = await open(face, { endpoint: url, tls: { ca: right.cert } })
  expectUnavailable(await opened.get('/', 'opaque-token'))
  expect(calls).toEqual([])
})

verifies('CA-12', 'a certificate without its key, or without an id, is a mistake', () => {
  const { cert, key } = us
  expect(() => tlsClientAuth('orders-api', { cert })).toThrow('tlsClientAuth: "cert" and "key" are needed, in PEM')
  expect(() => tlsClientAuth('', { cert, key })).toThrow('tlsClientAuth: the client id is a non-empty string')
  expect(() => tlsClientAuth('orders-api', { cert, key: right.key })).toThrow(/^tlsClientAuth: .* cannot be read/)
})

const issuerWith = (more: object) => ({
  issuer: ISSUER,
  introspection: { client: clientSecretBasic('me', 'x') },
  ...more,
})

verifies('CA-19', 'no option turns the checks of certificates off', async (face) => {
  const build =
    (more: object, shared: object = {}) =>
    () =>
      face.protect({ issuers: [issuerWith(more)], audience: AUDIENCE, ...shared })
  for (const name of ['rejectUnauthorized', 'insecure', 'checkServerIdentity', 'verify', 'servername']) {
    expect(build({ tls: { [name]: false } })).toThrow(`unknown option "issuers[0].tls.${name}"`)
    expect(build({ [name]: false })).toThrow(`unknown option "issuers[0].${name}"`)
    expect(build({}, { [name]: false })).toThrow(`unknown option "${name}"`)
  }
  // Nor does what reaches our own network by another way: it takes the authorities, the certificate and the key.
  const { url, calls } = await tlsEndpoint(right, ACTIVE)
  const http = undiciHttp({ connections: 1, connectTimeout: 2_000, rejectUnauthorized: false } as never)
  const tls = { ca: wrongName.cert, rejectUnauthorized: false } as TlsIdentity
  const sent = http.send({
    method: 'POST',
    url,
    headers: {},
    tls,
    lane: 'x',
    maxBytes: 1_000,
    signal: AbortSignal.timeout(5_000),
  })
  await expect(sent).rejects.toMatchObject({ kind: 'tls' })
  await http.close()
  expect(calls).toEqual([])
})

verifies('CA-19', 'another network can be put in its place', async (face) => {
  const urls: string[] = []
  const http = {
    send: async ({ url }: { readonly url: string }) => {
      urls.push(url)
      const headers = { 'content-type': 'application/json' }
      return { status: 200, headers, body: Buffer.from(JSON.stringify(ACTIVE)) }
    },
    close: async () => undefined,
  }
  const { get } = await api(face, {
    server: (_, observe) =>
      createResourceServer({
        issuers: [
          {
            issuer: ISSUER,
            jwt: false,
            introspection: { client: clientSecretBasic('me', 'x'), endpoint: `${ISSUER}/introspect` },
          },
        ],
        audience: AUDIENCE,
        observe,
        ports: { http },
      }),
  })
  expect((await get('/', 'opaque-token')).status).toBe(200)
  expect(urls).toEqual([`${ISSUER}/introspect`])
})
