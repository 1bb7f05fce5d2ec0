import { claim, ConfigError, type ResourceServerOptions } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import {
  claimsOf,
  ending,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jsonAnswer,
  jwkFor,
  jws,
  type Part,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const sign = (header: Part, payload: Part): string => jws(header, payload, signerFor('ES256'))
const HEADER = headerFor('ES256')

verifies('NG-33', 'refuses duplicate members of header and claims, at every depth', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const usual = claimsOf(as)
  const claims = (text: string): string => sign(HEADER, ending(usual, text))
  const header = (text: string): string => sign(ending(HEADER, text), usual)
  await expectAccepted(one, claims('"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}],"e":"\\"b\\":1,\\"b\\":2"'))
  await expectRefused(one, 'token_malformed', {
    alg: header('"alg":"ES256"'),
    'alg, escaped': header('"\\u0061lg":"ES256"'),
    'alg, escaped otherwise': header('"a\\u006Cg":"none"'),
    typ: header('"typ":"at+jwt"'),
    kid: header('"kid":"other"'),
    crit: header('"crit":["x"],"crit":[]'),
    'inside jwk': header('"jwk":{"kty":"EC","kty":"oct"}'),
    aud: claims(`"aud":"${AUDIENCE}"`),
    'aud, escaped': claims('"\\u0061ud":"https://other.example"'),
    iss: claims('"iss":"https://evil.example"'),
    exp: claims('"exp":99999999999'),
    'exp with a slash': claims('"e\\u0078p":99999999999'),
    'sub with spaces': claims('"sub" : "admin"'),
    scope: claims('"scope":"admin","scope":"read"'),
    'inside cnf': claims('"cnf":{"jkt":"a","jkt":"b"}'),
    'inside cnf.jwk': claims('"cnf":{"jwk":{"kty":"EC","kty":"RSA"}}'),
    'inside events': claims('"events":{"urn:a":{},"urn:a":{}}'),
    'inside act': claims('"act":{"sub":"a","act":{"sub":"b","sub":"c"}}'),
    'inside an array': claims('"authorization_details":[{"type":"a"},{"type":"a","type":"b"}]'),
    unknown: claims('"x":1,"x":1'),
    'empty name': claims('"":1,"":2'),
    number: claims('"1":1,"1":2'),
    __proto__: claims('"__proto__":1,"__proto__":2'),
    '__proto__, escaped': claims('"__proto__":{},"__pr\\u006fto__":{}'),
    constructor: claims('"constructor":1,"constructor":2'),
    surrogates: claims('"\\ud83d\\ude00":1,"😀":2'),
    'lone surrogates': claims('"\\ud800":1,"\\uD800":2'),
    'ten levels down': claims(`${'"a":{'.repeat(10)}"b":1,"b":2${'}'.repeat(10)}`),
  })
})

verifies('NG-33', 'refuses duplicate members of key sets and metadata', async (face) => {
  const ec = JSON.stringify(jwkFor('ES256'))
  const sets = {
    'keys twice': `{"keys":[],"keys":[${ec}]}`,
    'keys, escaped': `{"keys":[${ec}],"k\\u0065ys":[]}`,
    'in a key': `{"keys":[${ending(jwkFor('ES256'), '"kty":"EC"')}]}`,
    'in a member of a key': `{"keys":[${ending(jwkFor('ES256'), '"oth":[{"r":1,"r":2}]')}]}`,
    'in another key': `{"keys":[${ec},{"kid":"a","kid":"b"}]}`,
    'beside the keys': `{"keys":[${ec}],"x":1,"x":2}`,
  }
  for (const [name, body] of Object.entries(sets)) {
    const as = await publishing([])
    as.respond('keys', jsonAnswer(body))
    const { get, reasons, handled } = await api(face, { as })
    expect([name, (await get('/', sign(HEADER, claimsOf(as)))).status, reasons()]).toEqual([
      name,
      503,
      ['keys_unavailable'],
    ])
    expect(handled()).toBe(0)
  }
  for (const text of ['"issuer":"https://as.test"', '"jwks_uri":"https://as.test/jwks"', '"x":{"y":1,"y":1}']) {
    const as = await publishing([jwkFor('ES256')])
    as.respond('metadata', jsonAnswer(ending(as.metadata, text)))
    const { get, reasons } = await api(face, { as })
    expect([text, (await get('/', sign(HEADER, claimsOf(as)))).status, reasons()]).toEqual([
      text,
      503,
      ['keys_unavailable'],
    ])
  }
})

verifies('NG-33', 'refuses duplicate members of an introspection answer', async (face) => {
  const answers = [
    '{"active":false,"active":true}',
    '{"active":true,"active":false}',
    '{"active":true,"active":true}',
    '{"active":false,"\\u0061ctive":true}',
    `{"active":true,"aud":"https://other.example","aud":"${AUDIENCE}"}`,
    `{"active":true,"aud":"${AUDIENCE}","cnf":{"jkt":"a","jkt":"b"}}`,
    `{"active":true,"aud":"${AUDIENCE}","x":[{"y":1,"y":2}]}`,
  ]
  for (const body of answers) {
    const { as, get, reasons, handled } = await api(face)
    const token = as.opaque()
    as.respond('introspection', { body, contentType: 'application/json' })
    expect([body, (await get('/', token)).status, reasons()]).toEqual([body, 503, ['introspection_unavailable']])
    expect(handled()).toBe(0)
    expect((await get('/', token)).status).toBe(503) // nothing was kept of it
  }
  const { as, get } = await api(face)
  as.respond('introspection', { body: `{"active":true,"aud":"${AUDIENCE}"}`, contentType: 'application/json' })
  expect((await get('/', as.opaque())).status).toBe(200)
})

const isAdmin = (one: unknown): boolean => (one as { admin?: boolean }).admin === true
const NAMES = ['__proto__', 'constructor', 'prototype', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__']

verifies('NG-34', 'takes names of prototypes for data, in tokens', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const seen: unknown[] = []
  const one = await api(face, {
    as,
    routes: {
      '/admin': [claim('admin', true)],
      '/inherited': [claim('toString', () => true)],
      '/proto': [claim('__proto__', isAdmin)],
    },
    handle: ({ maybeAuth }) => {
      const { claims, scopes } = maybeAuth()!
      seen.push(claims['admin'], Object.getPrototypeOf(claims) === Object.prototype, scopes.length)
      return { status: 200, text: 'ok' }
    },
  })
  const polluting = (name: string): string =>
    sign(
      ending(HEADER, `"${name}":{"alg":"none","kid":"x"}`),
      ending(claimsOf(as), `"${name}":{"admin":true,"scope":"all","aud":"x"},"a":[{"${name}":{"admin":true}}]`),
    )
  await expectAccepted(one, ...NAMES.map(polluting))
  expect(seen).toEqual(NAMES.flatMap(() => [undefined, true, 0]))
  expect([({} as { admin?: unknown }).admin, Object.hasOwn(Object.prototype, 'admin')]).toEqual([undefined, false])
  // What an own member says is found; what every object inherits is not.
  for (const [path, token, status] of [
    ['/admin', polluting('__proto__'), 403],
    ['/admin', polluting('constructor'), 403],
    ['/inherited', polluting('__proto__'), 403],
    ['/proto', polluting('constructor'), 403],
    ['/inherited', polluting('toString'), 200],
    ['/proto', polluting('__proto__'), 200],
  ] as const) {
    expect([path, (await one.get(path, token)).status]).toEqual([path, status])
  }
  await expectRefusals(one, {
    'alg by prototype': [sign('{"__proto__":{"alg":"ES256","typ":"at+jwt"}}', claimsOf(as)), 'token_malformed'],
    'typ by prototype': [sign('{"alg":"ES256","__proto__":{"typ":"at+jwt"}}', claimsOf(as)), 'type_wrong'],
    'claims by prototype': [sign(HEADER, `{"__proto__":${JSON.stringify(claimsOf(as))}}`), 'issuer_unknown'],
    'aud by prototype': [
      sign(HEADER, ending(claimsOf(as, { aud: undefined }), `"__proto__":{"aud":"${AUDIENCE}"}`)),
      'audience_missing',
    ],
    'iss is a name': [sign(HEADER, claimsOf(as, { iss: '__proto__' })), 'issuer_unknown'],
    'iss is inherited': [sign(HEADER, claimsOf(as, { iss: 'toString' })), 'issuer_unknown'],
  })
})

verifies('NG-34', 'takes names of prototypes for data, in documents and answers', async (face) => {
  const ec = JSON.stringify(jwkFor('ES256'))
  const unusable: readonly ((as: TestAuthorizationServer) => void)[] = [
    (as) => as.respond('keys', jsonAnswer(`{"__proto__":{"keys":[${ec}]}}`)),
    (as) => as.respond('keys', jsonAnswer(`{"keys":[{"__proto__":${ec}}]}`)),
    (as) => as.respond('keys', jsonAnswer(`{"keys":{"__proto__":[${ec}],"length":1,"0":${ec}}}`)),
    (as) => as.respond('metadata', jsonAnswer(`{"__proto__":${JSON.stringify(as.metadata)}}`)),
    (as) =>
      as.respond(
        'metadata',
        jsonAnswer(`{"issuer":"https://as.test","__proto__":{"jwks_uri":"https://as.test/jwks"}}`),
      ),
  ]
  for (const respond of unusable) {
    const as = await publishing([jwkFor('ES256')])
    respond(as)
    const { get, reasons } = await api(face, { as })
    expect([(await get('/', sign(HEADER, claimsOf(as)))).status, reasons()]).toEqual([503, ['keys_unavailable']])
  }
  const answers = [
    ['{"__proto__":{"active":true}}', 503],
    [`{"active":true,"__proto__":{"aud":"${AUDIENCE}"}}`, 401],
    [`{"active":true,"aud":"${AUDIENCE}","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}`, 200],
  ] as const
  for (const [body, status] of answers) {
    const { as, get } = await api(face, {
      handle: ({ maybeAuth }) => ({ status: 200, text: typeof maybeAuth()!.claims['admin'] }),
    })
    as.respond('introspection', jsonAnswer(body))
    const reply = await get('/', as.opaque())
    expect([body, reply.status]).toEqual([body, status])
    expect(status === 200 ? reply.body : 'undefined').toBe('undefined')
  }
  expect(({} as { admin?: unknown }).admin).toBeUndefined()
})

const read = (text: string): ResourceServerOptions => JSON.parse(text) as ResourceServerOptions

verifies('NG-34', 'takes names of prototypes for data, in options', async (face) => {
  const issuer = 'https://as.test'
  const wrong = [
    `{"issuer":"${issuer}","__proto__":{"audience":"x"}}`,
    `{"issuer":"${issuer}","audience":"x","__proto__":{"maxTokenLength":65536}}`,
    `{"issuer":"${issuer}","audience":"x","constructor":{}}`,
    `{"issuer":"${issuer}","audience":"x","toString":{}}`,
    `{"audience":"x","issuers":[{"issuer":"${issuer}","__proto__":{"jwt":{"profile":"jwt"}}}]}`,
    `{"audience":"x","issuers":[{"issuer":"${issuer}","jwt":{"__proto__":{"profile":"jwt"}}}]}`,
    `{"audience":"x","issuers":[{"issuer":"${issuer}","jwt":{"profile":"toString"}}]}`,
    `{"audience":"x","issuers":[{"issuer":"${issuer}","jwt":{"algorithms":["constructor"]}}]}`,
    `{"issuer":"${issuer}","audience":"x","resilience":"constructor"}`,
    `{"issuer":"${issuer}","audience":"x","resilience":{"preset":"__proto__"}}`,
  ]
  for (const text of wrong) expect(() => face.protect(read(text)), text).toThrow(ConfigError)

  const as = await publishing([jwkFor('ES256')])
  const required = JSON.parse('{"__proto__":"yes","toString":"yes"}') as Record<string, string>
  const one = await api(face, { as, options: { requiredClaims: required } })
  const both = '"__proto__":"yes","toString":"yes"'
  await expectAccepted(one, sign(HEADER, ending(claimsOf(as), both)))
  await expectRefused(one, 'token_kind_wrong', {
    neither: sign(HEADER, claimsOf(as)),
    one: sign(HEADER, ending(claimsOf(as), '"toString":"yes"')),
    'the other': sign(HEADER, ending(claimsOf(as), '"__proto__":"yes"')),
    'another value': sign(HEADER, ending(claimsOf(as), '"__proto__":"no","toString":"yes"')),
  })
})
