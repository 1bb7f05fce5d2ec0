import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { readCertificate } from '#core/bind/mtls/certificate-field'
import { freshFor } from '#core/keys/freshness'
import { parseKeySet } from '#core/keys/key-set'
import { decodeBase64url } from '#core/syntax/base64url'
import { parseJsonObject } from '#core/syntax/json'
import { parseJws, shapeOf } from '#core/syntax/jws'
import { isJsonMediaType, joseType } from '#core/syntax/media-type'
import { retryAfter } from '#core/syntax/retry-after'
import { isScope, isScopeToken, parseScope } from '#core/syntax/scope'
import { sourceKey } from '#core/syntax/source'
import { isEndpoint } from '#core/syntax/url'
import { claim, ConfigError, createResourceServer, duration, type Guard, type Http, login, scope } from '@holdfast/core'
import { NodeRequest } from '@holdfast/core/adapter'
import { expect } from 'vitest'
import { occupied } from '../../memory/heap.ts'
import { rawGet, sendRaw } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const N = 200_000

/** So many characters each: what is quadratic would take minutes, what backtracks more would never end. */
const LONG: readonly string[] = [
  'a'.repeat(N),
  ' '.repeat(N),
  '.'.repeat(N),
  '='.repeat(N),
  ','.repeat(N),
  '"'.repeat(N),
  '\\"'.repeat(N / 2),
  '\\'.repeat(N),
  '{'.repeat(N),
  '{"a":'.repeat(N / 5),
  '['.repeat(N),
  `{"a":"${'\\u0061'.repeat(N / 6)}"}`,
  `{${'"a":1,'.repeat(N / 6)}"b":1}`,
  'max-age=1,'.repeat(N / 10),
  `max-age=${'1'.repeat(N)}`,
  `${'a '.repeat(N / 2)}"`,
  `a${'=a'.repeat(N / 2)}`,
  'https://'.repeat(N / 8),
  `https://${'a.'.repeat(N / 2)}`,
  `application/json;${'a=b;'.repeat(N / 4)}`,
  '\t'.repeat(N),
  '::'.repeat(N / 2),
  `${'1:'.repeat(N / 2)}%x`,
  `\n${' '.repeat(N)}at`,
  '1s'.repeat(N / 2),
  '9'.repeat(N),
]

const POLICY = { fallback: 1, min: 0, max: 2 }

const PARSERS: Readonly<Record<string, (text: string) => unknown>> = {
  parseJsonObject: (text) => parseJsonObject(Buffer.from(text)),
  parseKeySet: (text) =>
    parseKeySet(
      { keys: [{ kty: 'RSA', n: text, e: text, alg: text, kid: text, key_ops: [text] }] },
      ['RS256'],
      () => undefined,
    ),
  decodeBase64url,
  parseJws: (text) => parseJws(`${text}.${text}.${text}`),
  shapeOf: (text) => shapeOf(`${text}.${text}.${text}`),
  isScope,
  isScopeToken,
  parseScope,
  cacheControl: (text) => freshFor({ 'cache-control': text }, POLICY),
  expires: (text) => freshFor({ expires: text, date: text, age: text }, POLICY),
  retryAfter: (text) => retryAfter({ 'retry-after': text }, 0),
  isJsonMediaType,
  joseType,
  sourceKey,
  isEndpoint: (text) => isEndpoint(text, { allowInsecureLoopback: true }),
  rfc9440: (text) => readCertificate(`:${text}:`, 'rfc9440'),
  pem: (text) => readCertificate(`-----BEGIN CERTIFICATE-----${text}-----END CERTIFICATE-----`, 'pem'),
  xfcc: (text) => readCertificate(`Subject="${text}";Cert=${text}`, 'xfcc'),
}

verifies(['NG-111', 'XC-19'], 'reads hostile texts of any length in passing', async (face) => {
  for (const parse of Object.values(PARSERS)) for (const text of LONG) parse(text)
  expect(() => duration('1'.repeat(N))).toThrow(ConfigError)
  const { as, server, get, handled } = await api(face, { options: { maxTokenLength: 65_536 } })
  for (const text of LONG) {
    expect((await server.verify(text)).outcome).toBe('invalid')
    const line = text.slice(0, 15_000).replaceAll('\n', ' ')
    for (const authorization of [line, `Bearer ${line}`, `Basic ${line},bearer x`]) {
      expect([400, 401]).toContain((await get('/', ['Authorization', authorization])).status)
    }
  }
  expect(handled()).toBe(0)
  expect(as.calls.introspection).toBeLessThanOrEqual(LONG.length)
})

const oneIssuer = (more: object): object => ({ audience: AUDIENCE, issuers: [{ issuer: 'https://as.test', ...more }] })

verifies('NG-112', 'takes no regular expression anywhere', (face) => {
  const re = /^https:/
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const options of [
    { ...base, issuer: re },
    { ...base, audience: re },
    { ...base, audience: [re] },
    { ...base, audience: [AUDIENCE, re] },
    { audience: AUDIENCE, issuers: [re] },
    { ...base, resource: re },
    { ...base, challenge: { realm: re } },
    { ...base, challenge: re },
    { ...base, cache: re },
    { ...base, resourceMetadata: re },
    { ...base, scopeImplies: re },
    oneIssuer({ jwt: re }),
    oneIssuer({ requiredClaims: re }),
    oneIssuer({ tls: re }),
    { ...base, challenge: { errorUri: re } },
    { ...base, credentials: { extract: re } },
    { ...base, resourceMetadata: { resourceName: re } },
    { ...base, scopeImplies: { admin: re } },
    { ...base, scopeImplies: { admin: [re] } },
    oneIssuer({ audience: re }),
    oneIssuer({ audience: [re] }),
    oneIssuer({ jwt: { algorithms: [re] } }),
    oneIssuer({ jwt: { algorithms: re } }),
    oneIssuer({ jwt: { profile: re } }),
    oneIssuer({ jwt: { jwksUri: re } }),
    oneIssuer({ jwt: { kid: re } }),
    oneIssuer({ accepts: { prefix: re } }),
    oneIssuer({ accepts: { test: re, examples: ['a'] } }),
    oneIssuer({ scopeClaims: [re] }),
    oneIssuer({ kind: re }),
    oneIssuer({ requiredClaims: { tenant: re } }),
    oneIssuer({ metadataUrl: re }),
  ]) {
    expect(() => face.protect(options as never)).toThrow(ConfigError)
  }
  expect(() => scope(re as never)).toThrow(ConfigError)
  expect(() => claim('tenant', re as never)).toThrow(ConfigError)
  expect(() => claim('tenant', [re] as never)).toThrow(ConfigError)
  expect(() => claim(re as never, 'a')).toThrow(ConfigError)
  expect(() => login({ acr: re as never })).toThrow(ConfigError)
})

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

verifies('NG-113', 'answers every hostile octet with a defined refusal', async (face) => {
  const rejections: unknown[] = []
  const note = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', note)
  const { as, origin, get, handled, reasons } = await api(face)
  const good = as.jwt()
  const [header, payload, signature] = good.split('.') as [string, string, string]
  const strange = [
    '{',
    '[]',
    '""',
    '0',
    'null',
    '{}',
    '{"alg":{}}',
    '{"alg":"ES256","kid":{}}',
    '{"alg":"ES256","typ":[]}',
    '\ud800',
  ]
  const tokens = [
    ...strange.flatMap((text) => [
      `${encoded(text)}.${payload}.${signature}`,
      `${header}.${encoded(text)}.${signature}`,
    ]),
    ...[
      '',
      'A',
      'AA',
      'AAA',
      'A'.repeat(86),
      'A'.repeat(88),
      'A'.repeat(7_000),
      '_'.repeat(86),
      signature.slice(1),
    ].map((other) => `${header}.${payload}.${other}`),
    ...[0, -1, 1e308, '1', null, [], {}, true].map((exp) => as.jwt({ claims: { exp } })),
    ...[0, null, [], {}, [[]], [null], 'x'.repeat(5_000)].map((aud) => as.jwt({ claims: { aud } })),
    ...[0, null, [], {}, 'http://[', 'https://[::1', '\u0000', 'x'.repeat(5_000)].map((iss) =>
      as.jwt({ claims: { iss } }),
    ),
    ...[0, null, [], {}, '', '\u0000', 'x'.repeat(300)].map((kid) => as.jwt({ header: { kid } })),
    ...[{}, [], 0, '', null, { jkt: 1 }, { 'x5t#S256': [] }, { jwk: {} }].map((cnf) => as.jwt({ claims: { cnf } })),
    ...['__proto__', 'constructor', 'toString', 'hasOwnProperty'].map((name) =>
      as.jwt({ claims: { [name]: {}, exp: 1 } }),
    ),
    '.',
    '..',
    '...',
    '....',
    '.....',
    '{}.{}.{}',
    `${good}.`,
    `.${good}`,
    `${header}..${signature}`,
    `${good}.${good}`,
  ]
  for (const token of tokens) {
    const { status } = await get('/', token)
    expect([token, [200, 400, 401, 503].includes(status)]).toEqual([token, true])
  }
  // Reproducible noise, as octets.
  let seed = 1
  const octet = (): number => (seed = (seed * 48_271) % 2_147_483_647) & 0xff
  for (let round = 0; round < 60; round += 1) {
    const noise = Buffer.from(Array.from({ length: 40 }, octet))
      .toString('latin1')
      .replaceAll(/[\r\n]/g, 'x')
    const { status } = await sendRaw(origin, rawGet('/', `Authorization: Bearer ${noise}`))
    expect([noise, [400, 401].includes(status)]).toEqual([noise, true])
  }
  expect(reasons().filter((reason) => ['internal_error', 'guard_failed'].includes(reason))).toEqual([])
  expect(handled()).toBeLessThan(10)
  process.off('unhandledRejection', note)
  expect(rejections).toEqual([])
})

verifies('NG-114', 'takes true for a yes, and nothing that resembles it', async (face) => {
  const answers: Record<string, () => unknown> = {
    '/undefined': () => undefined,
    '/false': () => false,
    '/one': () => 1,
    '/text': () => 'true',
    '/object': () => ({}),
    '/boxed': () => Object(true),
    '/list': () => [true],
    '/later-false': async () => false,
    '/later-text': async () => 'true',
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    '/thenable': () => ({ then: (resolve: (value: boolean) => void) => resolve(true) }),
    '/reason': () => ({ reason: '__proto__' }),
    '/reason-constructor': () => ({ reason: 'constructor' }),
    '/reason-boxed': () => ({ reason: Object('custom') }),
    '/getter': () => ({
      get reason(): string {
        return 'constructor'
      },
    }),
    '/proxy': () => new Proxy(() => true, {}),
  }
  const routes = Object.fromEntries(Object.entries(answers).map(([path, answer]) => [path, [answer as Guard]]))
  const { as, get, handled } = await api(face, { routes })
  for (const path of Object.keys(answers)) {
    expect([path, (await get(path, as.jwt())).status]).toEqual([path, 403])
  }
  expect(handled()).toBe(0)
})

verifies('NG-114', 'refuses whatever a guard throws, and lets it choose no status', async (face) => {
  const thrown: Record<string, unknown> = {
    '/text': 'true',
    '/true': true,
    '/undefined': undefined,
    '/error': Object.assign(new Error('secret'), { status: 200, statusCode: 200, headers: { 'x-evil': '1' } }),
    '/answer': { reason: 'custom', status: 200 },
  }
  const routes = Object.fromEntries(
    Object.entries(thrown).map(([path, value]) => [
      path,
      [
        (): never => {
          throw value
        },
      ],
    ]),
  )
  const { as, get, handled, reasons } = await api(face, { routes })
  for (const path of Object.keys(thrown)) {
    const reply = await get(path, as.jwt())
    expect([path, reply.status, reply.body, reply.headers['x-evil']]).toEqual([path, 500, '{}', undefined])
  }
  expect(new Set(reasons())).toEqual(new Set(['guard_failed']))
  expect(handled()).toBe(0)
})

verifies('NG-114', 'reads own texts from headers, and nothing else', async (face) => {
  const { as, server, get } = await api(face)
  const good = `Bearer ${as.jwt()}`
  const status = async (headers: object, rawHeaders: readonly string[] = []): Promise<number> => {
    const message = { method: 'GET', url: '/', headers, rawHeaders } as unknown as IncomingMessage
    const request = new NodeRequest(message, {} as ServerResponse, '/', (() => undefined) as never)
    const outcome: unknown =
      server.tryAuthenticate(request) ??
      (await server.authenticate({ rawHeaders: request.rawHeaders }).catch((error: unknown) => error))
    return (outcome as { status?: number }).status ?? 200
  }
  expect((await get('/', good.slice(7))).status).toBe(200)
  expect(await status({ authorization: good })).toBe(200)
  expect(await status({ Authorization: good })).toBe(200)
  for (const headers of [
    Object.create({ authorization: good }),
    { authorization: { toString: () => good } },
    { authorization: Object(good) },
    { authorization: () => good },
    { authorization: undefined },
    { authorization: null },
    { authorization: [] },
    { authorization: [[good]] },
    { [Symbol('authorization')]: good },
    {},
  ]) {
    expect(await status(headers as object)).toBe(401)
  }
  expect(await status({ authorization: [good, good] })).toBe(400)
  expect(await status({ authorization: good, Authorization: good })).toBe(400)
  // What came over the wire wins over what a middleware has made of it.
  expect(await status({ authorization: good }, ['Host', 'localhost'])).toBe(401)
  expect(await status({ authorization: 'Bearer x' }, ['Authorization', good])).toBe(200)
})

/** An authorization server that keeps nothing. */
const forgetful: Http = {
  async send({ url }) {
    const body = url.endsWith('/introspect')
      ? { active: true, aud: AUDIENCE, exp: 4_000_000_000, sub: 'ada' }
      : {
          issuer: 'https://as.test',
          introspection_endpoint: 'https://as.test/introspect',
          jwks_uri: 'https://as.test/jwks',
        }
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) }
  },
  close: async () => undefined,
}

verifies('NG-115', 'keeps no token: not in a cache, an error, an event or the status', async (face) => {
  const { as, server, get } = await api(face, {
    server: (known, observe) => createResourceServer({ ...known.options({ ports: { http: forgetful } }), observe }),
  })
  const size = 8_000
  const count = 250
  const token = (index: number): string => Buffer.alloc(size, `token-${index}-`).toString('latin1')
  expect((await get('/', token(0))).status).toBe(200)
  const before = await occupied()
  const errors: unknown[] = []
  for (let index = 1; index <= count; index += 1) {
    expect((await server.verify(token(index))).outcome).toBe('valid')
    errors.push(
      await server
        .authenticate({ rawHeaders: ['authorization', `Bearer ${token(index)}!`] })
        .catch((error: unknown) => error),
    )
  }
  const grown = (await occupied()) - before
  expect(server.status().caches.introspected.entries).toBe(count + 1)
  expect(errors).toHaveLength(count)
  // A digest and the claims are some 2 kB; the tokens alone would be twice 8 kB.
  expect(grown / count).toBeLessThan(size)
  expect(as.calls.total).toBe(0)
})

verifies('NG-110', 'says in the threat model what timing tells', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/security.md'), 'utf8')
  expect(page).toMatch(
    /a known token is answered sooner than an unknown one, and a refusal before the signature sooner than/,
  )
})
