import { describe, expect, test } from 'vitest'
import { classify, type Route, type Routes } from '../src/classify.ts'
import { AuthError } from '../src/errors.ts'
import type { Verifier } from '../src/verify/verifier.ts'
import { b64, ISSUER, json, refusalOf, verdictOf } from './support/jwt.ts'

function touched(): never {
  throw new Error('a verifier was called')
}

/** Stands for a verifier that nobody may call: classification asks none. */
function untouchable(): Verifier {
  return { recall: touched, now: touched, verify: touched, ask: touched, explain: touched, forget: touched }
}

/** An encrypted token, as far as classification looks. */
function jweFor(kid?: string): string {
  return `${json({ alg: 'RSA-OAEP', enc: 'A256GCM', kid })}.a.b.c.d`
}

function opensFor(kid: string): NonNullable<Route['decrypts']> {
  return (header) => header['kid'] === undefined || header['kid'] === kid
}

function routesOf(...routes: readonly Route[]): Routes {
  return {
    byIssuer: new Map(routes.map((route) => [route.issuer, route])),
    opaque: routes.filter((route) => route.opaque !== undefined),
  }
}

const OTHER = 'https://other.example'
const jwtFrom = (iss: unknown, header: object = { alg: 'ES256' }): string => `${json(header)}.${json({ iss })}.c2ln`
const local = untouchable()
const remote = untouchable()
const jwtOnly: Route = { issuer: ISSUER, jwt: local, opaque: undefined, accepts: undefined }
const opaqueOnly: Route = { issuer: ISSUER, jwt: undefined, opaque: remote, accepts: undefined }
const both: Route = { issuer: ISSUER, jwt: local, opaque: remote, accepts: undefined }
const startsWith = (issuer: string, prefix: string): Route => ({
  issuer,
  jwt: undefined,
  opaque: untouchable(),
  accepts: (token) => token.startsWith(prefix),
})

describe('classify', () => {
  test('gives a JWT to the issuer that it names, taken apart', () => {
    const { issuer, verifier, jwt } = classify(jwtFrom(ISSUER), routesOf(both))
    expect([issuer, verifier]).toEqual([ISSUER, local])
    expect(jwt?.claims).toEqual({ iss: ISSUER })
  })

  test('gives an opaque token to the only issuer that takes them', () => {
    expect(classify('opaque', routesOf(both))).toEqual({
      issuer: ISSUER,
      kind: 'opaque',
      verifier: remote,
      jwt: undefined,
    })
  })

  test('gives a JWT to introspection where its issuer verifies none locally', () => {
    expect(classify(jwtFrom(ISSUER), routesOf(opaqueOnly))).toEqual({
      issuer: ISSUER,
      kind: 'opaque',
      verifier: remote,
      jwt: undefined,
    })
  })

  test.each([
    ['another issuer', OTHER],
    ['a trailing slash', `${ISSUER}/`],
    ['a prefix', ISSUER.slice(0, -1)],
    ['another case', ISSUER.toUpperCase()],
    ['a default port', 'https://as.example:443'],
    ['an array', [ISSUER]],
    ['an object', { toString: ISSUER }],
    ['a number', 1],
    ['null', null],
    ['nothing', undefined],
    ['the name of an inherited member', 'constructor'],
    ['a lone surrogate', '\ud800'],
  ])('refuses a JWT whose iss is %s', (_, iss) => {
    expect(verdictOf(() => classify(jwtFrom(iss), routesOf(both)))).toBe('issuer_unknown') // JW-43, NG-39, NG-42
  })

  test('never shows the JWT of a stranger to introspection', () => {
    expect(verdictOf(() => classify(jwtFrom(OTHER), routesOf(opaqueOnly)))).toBe('issuer_unknown')
  })

  test.each([
    [`${ISSUER}/`, ISSUER],
    [ISSUER, `${ISSUER}/`],
  ])('names the configured issuer when %s differs by a slash only', (iss, configured) => {
    const refusal = refusalOf(() => classify(jwtFrom(iss), routesOf({ ...jwtOnly, issuer: configured })))
    expect(refusal).toEqual({ reason: 'issuer_unknown', issuer: configured, unverified: true })
  })

  test('refuses a JWE', () => {
    const jwe = `${json({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`
    expect(verdictOf(() => classify(jwe, routesOf(both)))).toBe('token_encrypted') // JW-36, NG-28
  })

  test('gives an encrypted token to the issuer whose JWTs are all introspected, by its rule', () => {
    const jwe = `${json({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`
    const takes: Route = { ...opaqueOnly, issuer: OTHER, accepts: () => true }
    expect(classify(jwe, routesOf(opaqueOnly))).toEqual({
      issuer: ISSUER,
      kind: 'opaque',
      verifier: remote,
      jwt: undefined,
    })
    expect(classify(jwe, routesOf({ ...both, accepts: () => true }, takes)).issuer).toBe(OTHER)
    expect(verdictOf(() => classify(jwe, routesOf({ ...takes, accepts: () => false })))).toBe('issuer_unknown')
    expect(verdictOf(() => classify(jwe, routesOf(takes, { ...takes, issuer: ISSUER })))).not.toBe('accepted')
  }) // JW-36

  test('gives an encrypted token to the one issuer whose key its header means', () => {
    const routes = routesOf(
      { ...jwtOnly, issuer: ISSUER, decrypts: opensFor('a') },
      { ...jwtOnly, issuer: OTHER, decrypts: opensFor('b') },
    )
    expect(classify(jweFor('b'), routes)).toEqual({ issuer: OTHER, kind: 'jwt', verifier: local, jwt: undefined })
    expect(classify(jweFor('a'), routes).issuer).toBe(ISSUER)
    expect(verdictOf(() => classify(jweFor('c'), routes))).toBe('decryption_failed')
    expect(verdictOf(() => classify(jweFor(), routes))).toBe('issuer_ambiguous')
    expect(verdictOf(() => classify(jweFor().replace('.', 'A.'), routes))).toBe('token_malformed')
  }) // JW-36

  test('shows an encrypted token that nobody can open to an introspecting issuer by its rule only', () => {
    const jwe = `${json({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'x' })}.a.b.c.d`
    const opens: Route = { ...jwtOnly, decrypts: () => false }
    const other: Route = { ...opaqueOnly, issuer: OTHER }
    expect(verdictOf(() => classify(jwe, routesOf(opens, other)))).toBe('decryption_failed')
    expect(classify(jwe, routesOf(opens, { ...other, accepts: () => true })).issuer).toBe(OTHER)
    expect(verdictOf(() => classify(jwe, routesOf(opens, { ...other, accepts: () => false })))).toBe('issuer_unknown')
  }) // JW-36

  test('refuses a JWT whose payload is not one JSON object', () => {
    for (const payload of ['[]', '{"iss":1,"iss":2}', '{}x', ''])
      expect(verdictOf(() => classify(`${json({ alg: 'x' })}.${b64(payload)}.`, routesOf(both)))).toBe(
        'token_malformed',
      )
  })

  test.each([
    ['a JWT', (end: string) => `${jwtFrom(ISSUER)}${end}`],
    ['an encrypted token', (end: string) => `${jweFor()}${end}`],
    ['an opaque token', (end: string) => `opaque${end}`],
  ])(
    'refuses %s with a second word as a malformed request, and one with a bad character as a malformed token',
    (_, of) => {
      for (const end of [' x', ',x', '"', '\tx']) {
        expect(verdictOf(() => classify(of(end), routesOf(both)))).toBe('credentials_malformed')
      }
      for (const end of ['*', '%20', 'é']) {
        expect(verdictOf(() => classify(of(end), routesOf(both)))).toBe('token_malformed')
      }
    },
  ) // BT-04, BT-05, CH-21

  test('says for operators what an encrypted token was refused for', () => {
    const opens: Route = { ...jwtOnly, decrypts: () => false }
    expect(() => classify(jweFor('x'), routesOf(opens))).toThrow(
      expect.toSatisfy(
        (error: AuthError) => error.reason === 'decryption_failed' && AuthError.detailsOf(error).detail === '"kid"',
      ),
    )
  }) // JW-36

  test('refuses an opaque token where no issuer takes them', () => {
    expect(verdictOf(() => classify('opaque', routesOf(jwtOnly)))).toBe('opaque_unsupported')
  })

  test('gives an opaque token to the one issuer whose rule takes it', () => {
    const routes = routesOf(startsWith(ISSUER, 'a_'), startsWith(OTHER, 'b_'))
    expect(classify('b_1', routes).issuer).toBe(OTHER)
  })

  test('refuses an opaque token that no rule takes', () => {
    const routes = routesOf(startsWith(ISSUER, 'a_'), startsWith(OTHER, 'b_'))
    expect(verdictOf(() => classify('c_1', routes))).toBe('issuer_unknown')
  })

  test('refuses an opaque token that two rules take, so that neither issuer learns it', () => {
    const routes = routesOf(startsWith(ISSUER, 'a'), startsWith(OTHER, 'a_'))
    expect(verdictOf(() => classify('a_1', routes))).toBe('issuer_ambiguous')
  })
})
