import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/syntax/json.ts'
import type { Algorithm } from '../../src/verify/algorithms.ts'
import { checkHeader, checkJwsHeader, offersKey, type Profile } from '../../src/verify/jwt-header.ts'
import { verdictOf } from '../support/jwt.ts'

const good: JsonObject = { alg: 'RS256', typ: 'at+jwt', kid: 'k1' }

function check(
  changes: object,
  { profile = 'at+jwt', algorithms = ['RS256'] }: { profile?: Profile; algorithms?: readonly Algorithm[] } = {},
): ReturnType<typeof checkHeader> {
  // Through JSON, as headers come: members that are `undefined` are left out.
  return checkHeader(JSON.parse(JSON.stringify({ ...good, ...changes })) as JsonObject, profile, algorithms)
}
const verdict = (...args: Parameters<typeof check>): string => verdictOf(() => check(...args))

describe('checkHeader', () => {
  test('says which key to look for', () => {
    expect(check({})).toEqual({ algorithm: 'RS256', kid: 'k1' })
  })

  test('takes a header without kid', () => {
    expect(check({ kid: undefined })).toEqual({ algorithm: 'RS256', kid: undefined })
  })

  test('ignores members that it does not know', () => {
    expect(verdict({ foo: 1, crit2: ['x'], nonce: 'n', zip: 'DEF', enc: 'A256GCM' })).toBe('accepted') // JW-33
  })

  test.each(['none', 'None', 'noNE', 'nOnE', 'NONE', ' none', 'none ', 'none\u0000', ''])(
    'refuses the algorithm %j',
    (alg) => {
      expect(verdict({ alg })).toBe('algorithm_not_allowed') // JW-10, NG-01, NG-02, AT-04
    },
  )

  test.each(['rs256', 'RS256 ', ' RS256', 'Rs256', 'RS2560', 'RS25', 'RSA', 'SHA256withRSA'])(
    'refuses %j, which resembles an allowed algorithm',
    (alg) => {
      expect(verdict({ alg })).toBe('algorithm_not_allowed') // NG-02
    },
  )

  test.each(['HS256', 'HS384', 'RS384', 'PS256', 'ES256', 'ES256K', 'EdDSA', 'Ed25519', 'RSA-OAEP', 'dir'])(
    'refuses %s where only RS256 is allowed',
    (alg) => {
      expect(verdict({ alg })).toBe('algorithm_not_allowed') // JW-11, JW-28, NG-03
    },
  )

  test.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('refuses %s, an inherited name', (alg) => {
    expect(verdict({ alg })).toBe('algorithm_not_allowed') // NG-12
  })

  test.each([undefined, 256, null, true, ['RS256'], { alg: 'RS256' }])('refuses an alg of %j', (alg) => {
    expect(verdict({ alg })).toBe('token_malformed') // JW-09
  })

  test('does not take ALG for alg', () => {
    expect(verdict({ alg: undefined, ALG: 'RS256' })).toBe('token_malformed') // JW-08
  })

  test('does not take an alg inside __proto__ for one of its own', () => {
    const header = JSON.parse('{"__proto__":{"alg":"RS256","typ":"at+jwt"}}') as JsonObject
    expect(verdictOf(() => checkHeader(header, 'at+jwt', ['RS256']))).toBe('token_malformed') // NG-34
  })

  test.each([
    ['Ed25519', ['Ed25519'], 'accepted'],
    ['EdDSA', ['Ed25519'], 'accepted'],
    ['EdDSA', ['Ed448'], 'accepted'],
    ['Ed448', ['Ed25519'], 'algorithm_not_allowed'],
    ['EdDSA', ['RS256', 'ES256'], 'algorithm_not_allowed'],
    ['eddsa', ['Ed25519'], 'algorithm_not_allowed'],
  ] as const)('judges %s against the allow-list %j', (alg, algorithms, expected) => {
    expect(verdict({ alg }, { algorithms })).toBe(expected) // JW-27, CH-23
  })

  test.each([
    [['bork']],
    [[]],
    ['exp'],
    [['alg']],
    [['x', 'x']],
    [['cnf']],
    [['exp']],
    [['b64']],
    [[1]],
    [null],
    [{}],
    [false],
    [0],
    [''],
  ])('refuses crit: %j', (crit) => {
    expect(verdict({ crit, bork: 1, exp: 0, b64: true })).toBe('critical_unsupported') // JW-29, JW-30, NG-13
  })

  test.each([[false], [null], [0], ['true'], ['false'], [[]]])('refuses b64: %j', (b64) => {
    expect(verdict({ b64 })).toBe('critical_unsupported') // JW-31, NG-14
  })

  test('takes b64: true, which changes nothing', () => {
    expect(verdict({ b64: true })).toBe('accepted') // JW-31
  })

  test.each(['at+jwt', 'at+JWT', 'AT+JWT', 'application/at+jwt', 'application/AT+jwt', 'APPLICATION/at+jwt'])(
    'takes typ %s for an access token',
    (typ) => {
      expect(verdict({ typ })).toBe('accepted') // AT-01, JW-34
    },
  )

  test.each([
    undefined,
    null,
    1,
    ['at+jwt'],
    '',
    'JWT',
    'jwt+at',
    'at jwt',
    'at+jwt ',
    'at+jwtx',
    'text/at+jwt',
    '/at+jwt',
    'application/application/at+jwt',
    'application/at+jwt; x=y',
    'ａt+jwt',
  ])('refuses typ %j under RFC 9068', (typ) => {
    expect(verdict({ typ })).toBe('type_wrong') // AT-01, JW-34
  })

  test.each([undefined, 'JWT', 'jwt', 'application/jwt', 'at+jwt', 'application/AT+JWT'])(
    'takes typ %j under the relaxed profile',
    (typ) => {
      expect(verdict({ typ }, { profile: 'jwt' })).toBe('accepted') // AT-02
    },
  )

  test.each([
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'statuslist+jwt',
    'client-authentication+jwt',
    'oauth-authz-req+jwt',
    'entity-statement+jwt',
    'token-introspection+jwt',
    'kb+jwt',
    'dc+sd-jwt',
    'application/dpop+jwt',
    'JOSE',
    'id_token',
    '',
  ])('refuses typ %j, another kind of token, under both profiles', (typ) => {
    expect(verdict({ typ })).toBe('type_wrong')
    expect(verdict({ typ }, { profile: 'jwt' })).toBe('type_wrong') // AT-22, AT-23, NG-50, NG-51, NG-52
  })

  test.each([[null], [1], [['JWT']], [{}], [true]])('refuses typ %j under the relaxed profile', (typ) => {
    expect(verdict({ typ }, { profile: 'jwt' })).toBe('type_wrong') // AT-02
  })

  test.each(['a', 'k'.repeat(256), '../../dev/null', "' OR 1=1--", '__proto__', 'constructor', 'é 😀', '|id'])(
    'takes the kid %j for a name and nothing else',
    (kid) => {
      expect(check({ kid }).kid).toBe(kid) // NG-12, JW-59
    },
  )

  test.each([1, null, true, [], ['k1'], {}, '', 'a\u0000b', 'a\nb', '\u007f', 'k'.repeat(257), 'k'.repeat(2_000)])(
    'refuses the kid %j',
    (kid) => {
      expect(verdict({ kid })).toBe('token_malformed') // JW-59, NG-12
    },
  )

  test.each(['JWT', 'jwt', 'application/jwt', 'Application/JWT', 1, null, ['JWT']])('refuses cty %j', (cty) => {
    expect(verdict({ cty })).toBe('token_malformed') // JW-35
  })

  test('takes a cty that says nothing of a nested JWT', () => {
    expect(verdict({ cty: 'json' })).toBe('accepted') // JW-35
  })

  test('gives nothing of jku, jwk, x5u, x5c and x5t on', () => {
    const header = { jku: 'https://evil.example', jwk: {}, x5u: 'https://evil.example', x5c: ['x'], x5t: 'x' }
    expect(check(header)).toEqual({ algorithm: 'RS256', kid: 'k1' }) // JW-32, NG-10, NG-11
  })
})

describe('checkJwsHeader', () => {
  test('says which key to look for, and leaves type and content to who knows what it is', () => {
    const header = { alg: 'RS256', kid: 'k1', typ: 'token-introspection+jwt', cty: 'JWT' }
    expect(checkJwsHeader(header, ['RS256'])).toEqual({ algorithm: 'RS256', kid: 'k1' })
  }) // JW-61

  test.each<[JsonObject, string]>([
    [{}, 'token_malformed'],
    [{ alg: 'none' }, 'algorithm_not_allowed'],
    [{ alg: 'ES256' }, 'algorithm_not_allowed'],
    [{ alg: 'RS256', crit: ['x'] }, 'critical_unsupported'],
    [{ alg: 'RS256', b64: false }, 'critical_unsupported'],
    [{ alg: 'RS256', kid: '' }, 'token_malformed'],
  ])('%j: %s', (header, reason) => {
    expect(verdictOf(() => checkJwsHeader(header, ['RS256']))).toBe(reason)
  }) // JW-10, JW-29, JW-31, JW-59
})

describe('offersKey', () => {
  test.each(['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256'])('finds %s, whatever its value', (name) => {
    expect(offersKey({ [name]: null })).toBe(true) // JW-32
  })

  test('finds nothing in a header that offers no key', () => {
    expect(offersKey({ alg: 'RS256', kid: 'jwk', JWK: {}, x5: 'x' })).toBe(false)
  })
})
