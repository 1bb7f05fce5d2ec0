import {
  type AuthContext,
  type AuthError,
  clientSecretBasic,
  ConfigError,
  createResourceServer,
  type Evidence,
  type HoldfastEvent,
  type ResourceServerOptions,
  type VerifyResult,
} from '@holdfast/core'
import type { authOf } from '@holdfast/core/adapter'
import type { authOf as authOfExpress } from '@holdfast/express'
import type { authOf as authOfKoa } from '@holdfast/koa'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const base = { issuer: 'https://as.test', audience: AUDIENCE }
const client = clientSecretBasic('id', 'secret')

const refused = (face: Face, options: object, message: RegExp): void => {
  expect(() => face.protect(options as ResourceServerOptions)).toThrow(ConfigError)
  expect(() => face.protect(options as ResourceServerOptions)).toThrow(message)
}
const oneIssuer = (more: object): object => ({ audience: AUDIENCE, issuers: [{ issuer: 'https://as.test', ...more }] })

verifies('XC-02', 'refuses an unknown option where it is written, and names the nearest right one', (face) => {
  refused(face, { ...base, audeince: AUDIENCE }, /unknown option "audeince"; did you mean "audience"\?/)
  refused(face, { ...base, clockskew: '30s' }, /"clockskew"; did you mean "clockSkew"\?/)
  refused(face, { ...base, resilience: { grase: '1m' } }, /"resilience.grase"; did you mean "grace"\?/)
  refused(face, { ...base, cache: { jwt: {} } }, /unknown option "cache.jwt"/)
  refused(face, { ...base, cache: { negative: { entires: 1 } } }, /"cache.negative.entires"; did you mean "entries"\?/)
  refused(face, oneIssuer({ jwt: { algoritms: ['RS256'] } }), /jwt.algoritms"; did you mean "algorithms"\?/)
  refused(face, oneIssuer({ introspection: { client, endpont: 'x' } }), /"endpoint"\?/)
  refused(face, { ...base, jwksUri: 'https://as.test/jwks' }, /write jwt: \{ jwksUri/)
  refused(face, { ...base, __proto__: null, constructor: 1 }, /unknown option "constructor"/)
  refused(
    face,
    JSON.parse('{"issuer":"https://as.test","audience":"a","__proto__":{}}') as object,
    /unknown option "__proto__"/,
  )
  expect(() => face.protect(base, { optinal: true } as never)).toThrow(/"optinal"; did you mean "optional"\?/)
  expect(() => face.protect(base, { optional: 'yes' } as never)).toThrow(
    /option "optional" is "yes"; write true or false/,
  )
  for (const nothing of [undefined, null, 'https://as.test', 1, [], true]) {
    expect(() => face.protect(nothing as never)).toThrow(ConfigError)
  }
})

verifies('XC-02', 'names option, value and right spelling, and quotes no secret', (face) => {
  refused(
    face,
    { ...base, clockSkew: 30 },
    /option "clockSkew" is 30; write a duration with its unit, from '0s' to '300s'/,
  )
  refused(face, { ...base, maxTokenLength: '8192' }, /option "maxTokenLength" is "8192"; write a whole number/)
  refused(face, oneIssuer({ jwt: { algorithms: ['none'] } }), /there is no "none"/)
  refused(face, oneIssuer({ introspection: { client: 'my-secret' } }), /clientSecretBasic/)
  const message = (options: object): string => {
    try {
      face.protect(options as ResourceServerOptions)
      return ''
    } catch (error) {
      return String(error)
    }
  }
  expect(message(oneIssuer({ introspection: { client: 'my-secret' } }))).not.toContain('my-secret')
  expect(message(oneIssuer({ jwt: { sharedSecret: 'my-secret' } }))).not.toContain('my-secret')
  expect(message({ ...base, issuer: 'https://user:my-secret@as.test' })).not.toContain('my-secret')
})

verifies('XC-03', 'verifies nothing without an issuer and an audience', (face) => {
  refused(face, { audience: AUDIENCE }, /option "issuer" is missing/)
  refused(face, { issuer: 'https://as.test' }, /"audience" is missing/)
  refused(face, { issuers: ['https://as.test'] }, /"issuers\[0\].audience" is missing/)
  refused(face, { issuers: [{ issuer: 'https://a.test', audience: 'a' }, 'https://b.test'] }, /issuers\[1\].audience/)
  for (const audience of ['', [], [''], null, false, true]) refused(face, { ...base, audience }, /option "audience/)
  for (const issuer of ['', null, false, '*', '.*']) refused(face, { ...base, issuer }, /option "issuer"/)
  refused(face, { audience: AUDIENCE, issuers: [] }, /option "issuers"/)
  for (const more of [
    { audience: false },
    { audience: null },
    { jwt: { audience: 'off' } },
    { jwt: { audience: false } },
  ]) {
    refused(face, oneIssuer(more), /audience/)
  }
})

verifies('XC-03', 'takes "*" for an audience like any other', async (face) => {
  const { as, get } = await api(face, { options: { audience: '*' } })
  expect((await get('/', as.jwt())).status).toBe(401)
  expect((await get('/', as.jwt({ claims: { aud: undefined } }))).status).toBe(401)
  expect((await get('/', as.jwt({ audience: '*' }))).status).toBe(200)
})

verifies('XC-04', 'takes exact texts for issuers and audiences, and compares them so', async (face) => {
  for (const wrong of [/./, () => true, { test: () => true }, new String('x'), Symbol('x'), 1n, 7]) {
    refused(face, { ...base, audience: wrong }, /option "audience"/)
    refused(face, { ...base, audience: ['a', wrong] }, /option "audience\[1\]"/)
    refused(face, { ...base, issuer: wrong }, /option "issuer"/)
    refused(face, { audience: AUDIENCE, issuers: [wrong] }, /issuer/)
  }
  refused(face, { audience: AUDIENCE, issuers: ['https://as.test', 'https://as.test'] }, /listed twice/)
  const { as, get } = await api(face, { options: { audience: ['one', 'two'] } })
  for (const [aud, status] of [
    ['one', 200],
    ['two', 200],
    [['x', 'two'], 200],
    ['One', 401],
    ['one ', 401],
    ['one,two', 401],
    ['one two', 401],
    ['on', 401],
    [['x'], 401],
  ] as const) {
    expect([aud, (await get('/', as.jwt({ claims: { aud } }))).status]).toEqual([aud, status])
  }
})

verifies('XC-05', 'refuses an audience with a fragment, and takes any other text', async (face) => {
  refused(face, { ...base, audience: 'https://api.example/#x' }, /without a fragment/)
  refused(face, { ...base, audience: ['a', 'urn:api#x'] }, /option "audience\[1\]"/)
  for (const audience of ['api-1', 'urn:api:orders', 'https://api.example/v1?x=1', 'api#1', 'ünïcode', ' ']) {
    const server = createResourceServer({ issuer: 'https://as.test', audience })
    await server.close()
  }
  const { as, get } = await api(face, { options: { audience: 'api-1' } })
  const reply = await get('/', as.jwt({ audience: 'api-1' }))
  expect(reply.status).toBe(200)
  expect((await get('/')).lines('www-authenticate')).toEqual(['Bearer realm="api-1"'])
})

type IsAny<T> = 0 extends 1 & T ? true : false
type Members<T> = { [K in keyof T]-?: IsAny<T[K]> }[keyof T]

/** Compiles only where nothing that users get is `any`. */
const STRICT = {
  auth: false satisfies Members<AuthContext>,
  evidence: false satisfies Members<Evidence>,
  claim: false satisfies IsAny<AuthContext['claims'][string]>,
  error: false satisfies Members<Pick<AuthError, 'code' | 'status' | 'reason' | 'headers'>>,
  event: false satisfies IsAny<HoldfastEvent>,
  result: false satisfies IsAny<VerifyResult>,
  authOf: false satisfies IsAny<ReturnType<typeof authOf>>,
  authOfExpress: false satisfies IsAny<ReturnType<typeof authOfExpress>>,
  authOfKoa: false satisfies IsAny<ReturnType<typeof authOfKoa>>,
}

verifies('XC-25', 'has no type any in what users get', () => {
  expect(new Set(Object.values(STRICT))).toEqual(new Set([false]))
  // @ts-expect-error -- an audience has to be written
  expect(() => createResourceServer({ issuer: 'https://as.test' })).toThrow(ConfigError)
  // @ts-expect-error -- a duration has its unit
  expect(() => createResourceServer({ ...base, clockSkew: 30 })).toThrow(ConfigError)
  // @ts-expect-error -- a name that is none
  expect(() => createResourceServer({ ...base, audeince: '' })).toThrow(ConfigError)
})
