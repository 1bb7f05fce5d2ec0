import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify } from '../../src/classify.ts'
import { AuthError, orThrow } from '../../src/errors.ts'
import { extract, hasCredentials } from '../../src/extract.ts'
import { thumbprintOf, verificationKey } from '../../src/keys/jwk.ts'
import { parseKeySet, select } from '../../src/keys/key-set.ts'
import { decodeBase64url } from '../../src/syntax/base64url.ts'
import { type JsonObject, parseJsonObject } from '../../src/syntax/json.ts'
import { parseJws, shapeOf } from '../../src/syntax/jws.ts'
import { parseScope } from '../../src/syntax/scope.ts'
import { audienceOf, wrongType } from '../../src/verify/claims.ts'
import { checkJwtClaims } from '../../src/verify/jwt-claims.ts'
import { checkHeader } from '../../src/verify/jwt-header.ts'
import { scopesOf } from '../../src/verify/scopes.ts'
import {
  ALL_ALGORITHMS,
  b64,
  bench,
  goodClaims,
  jwkFor,
  keysFor,
  NOW,
  present,
  rulesWith,
  SKEW,
  tokenOf,
  verdictOf,
} from '../support/jwt.ts'

const RULES = { maxLength: 200 }
const PARAMETERS = { seed: 20_260_917, numRuns: 400 }
const holds = <T extends unknown[]>(
  ...args: [...{ [K in keyof T]: fc.Arbitrary<T[K]> }, (...values: T) => void]
): void => fc.assert((fc.property as unknown as (...args: unknown[]) => fc.IProperty<unknown>)(...args), PARAMETERS)

const names = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'alg', 'kid', 'typ'),
  fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'scope', 'cnf', 'keys', 'kty', 'crv', 'x', 'y', 'n', 'e'),
  fc.string({ unit: 'binary' }),
)
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, true, false, 0, -0, 1e308, 1.7e12, '', 'RS256', 'EC', 'P-256', 'OKP', '\ud800'),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  // Through entries: a member `__proto__` must be a member, not the prototype.
  object: fc.array(fc.tuple(names, tie('value')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
})).value
const object = json.filter(
  (one) => typeof one === 'object' && one !== null && !Array.isArray(one),
) as fc.Arbitrary<object>
const parsed = object.map((one) => parseJsonObject(Buffer.from(JSON.stringify(one)))).filter((one) => one !== undefined)

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.base64String())
const credentials = fc.oneof(
  text,
  fc
    .tuple(fc.constantFrom('Bearer ', 'bearer ', 'Bearer', 'Bearer\t', 'DPoP ', 'Basic ', 'x, Bearer '), text)
    .map(([scheme, rest]) => scheme + rest),
)
const tokens = fc.oneof(
  text,
  fc
    .array(
      fc.oneof(
        text,
        object.map((one) => b64(JSON.stringify(one))),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('.')),
)

const escaped = (name: string): string =>
  [...Array(name.length).keys()].map((at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')
const accepted = (claims: object, now = NOW): boolean =>
  checkJwtClaims(parseJsonObject(Buffer.from(JSON.stringify(goodClaims(claims))))!, rulesWith(), now) === undefined

/** Runs what may refuse and nothing else; true when it did neither throw nor refuse. */
function passes(run: () => unknown): boolean {
  try {
    orThrow(run())
    return true
  } catch (error) {
    if (error instanceof AuthError) return false
    throw error
  }
}

const untouched = (): string =>
  JSON.stringify([Object.prototype, Array.prototype, Function.prototype].map((one) => Reflect.ownKeys(one).length))

describe('nothing but an AuthError is thrown', () => {
  test('by extract and classify, and what they let through is one token68', () => {
    const route = { issuer: 'https://as.example', jwt: undefined, opaque: bench('ES256').verifier, accepts: undefined }
    const routes = { byIssuer: new Map(), opaque: [route] }
    holds(fc.array(credentials, { maxLength: 3 }), (lines) => {
      const request = { rawHeaders: lines.flatMap((line) => ['Authorization', line]) }
      const token = passes(() => classify(extract(request, RULES), routes)) ? extract(request, RULES) : undefined
      const line = lines.length === 1 && /^[ \t]*bearer +([\w.~+/-]+=*)[ \t]*$/i.exec(lines[0]!)
      const expected = line && line[1]!.length <= 200 ? line[1] : undefined
      expect(token).toBe(expected)
    })
  })

  test('by extract and hasCredentials, whatever the header list looks like', () => {
    holds(
      fc.array(fc.oneof(text, fc.constantFrom('Authorization', 'authorization')), { maxLength: 8 }),
      (rawHeaders) => {
        const extracted = passes(() => extract({ rawHeaders }, RULES))
        expect(extracted && !hasCredentials({ rawHeaders }, RULES)).toBe(false)
      },
    )
  })

  test('by classify', () => {
    const verifier = bench('ES256').verifier
    const route = { issuer: 'https://as.example', jwt: verifier, opaque: verifier, accepts: undefined }
    holds(tokens, (token) => {
      passes(() => classify(token, { byIssuer: new Map([[route.issuer, route]]), opaque: [route] }))
    })
  })

  test('by checkHeader', () => {
    holds(parsed, fc.constantFrom('at+jwt' as const, 'jwt' as const), (header, profile) => {
      passes(() => checkHeader(header, profile, ALL_ALGORITHMS))
    })
  })

  test('by a verifier', () => {
    const { verifier, clock } = bench('ES256')
    holds(tokens, (token) => {
      expect(passes(() => verifier.now(present(token, clock)))).toBe(false)
    })
  })

  test('by a verifier, for claims of any kind that were signed', () => {
    const { verifier, clock } = bench('HS256', { keys: keysFor('HS256'), rules: { profile: 'jwt' } })
    holds(object, (claims) => {
      const changes = Object.entries(claims).filter(([name]) => name !== '__proto__')
      passes(() => verifier.now(present(tokenOf({ algorithm: 'HS256', claims: Object.fromEntries(changes) }), clock)))
    })
  })
})

describe('nothing at all is thrown', () => {
  test('by parseJws and shapeOf', () => {
    holds(tokens, (token) => {
      const shape = shapeOf(token)
      // White space before the header is the one difference between the two.
      expect(parseJws(token) !== undefined && token.startsWith('e') && shape !== 'jws').toBe(false)
    })
  })

  test('by parseJsonObject, for any octets', () => {
    holds(fc.uint8Array({ maxLength: 60 }), (octets) => {
      parseJsonObject(Buffer.from(octets))
    })
  })

  test('by parseKeySet, for any document', () => {
    holds(parsed, fc.array(object, { maxLength: 4 }), (document, entries) => {
      parseKeySet(document, ALL_ALGORITHMS, () => undefined)
      const set = parseKeySet({ keys: entries as JsonObject[] }, ALL_ALGORITHMS, () => undefined)!
      for (const { material } of set.keys) expect(material?.type).not.toBe('private')
    })
  })

  test('by verificationKey and thumbprintOf, for a key with any member changed', () => {
    const keys = (['RS256', 'ES256', 'Ed25519', 'Ed448'] as const).map((algorithm) => jwkFor(algorithm))
    holds(fc.constantFrom(...keys), names, json, (jwk, name, value) => {
      const changed = parseJsonObject(Buffer.from(JSON.stringify({ ...jwk, [name]: value })))
      if (!changed) return
      const key = verificationKey(changed, ALL_ALGORITHMS)
      if (typeof key !== 'string') select({ keys: [key], single: true }, { algorithm: key.algorithm, kid: key.kid })
      thumbprintOf(changed)
    })
  })

  test('by the claims rules', () => {
    holds(parsed, fc.constantFrom('at+jwt' as const, 'jwt' as const), (claims, profile) => {
      if (wrongType(claims) !== undefined) return
      audienceOf(claims)
      scopesOf(claims, undefined)
      scopesOf(claims, ['__proto__', 'scope', 'constructor'])
      checkJwtClaims(claims, rulesWith({ profile }), NOW)
    })
  })

  test('by parseScope, and what it gives are words without space', () => {
    holds(json, (value) => {
      for (const token of parseScope(value) ?? []) expect(token).toMatch(/^[\u0021-\u007e]+$/)
    })
  })
})

describe('strict JSON', () => {
  test('reads what JSON.stringify writes, and nothing else into it', () => {
    holds(object, (value) => {
      const written = JSON.stringify(value)
      expect(JSON.stringify(parseJsonObject(Buffer.from(written), { depth: 64, members: 2_000 }))).toBe(written)
    })
  })

  test('agrees with JSON.parse on everything but duplicates', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', ':', ',', '"a"', '"b"', '"\\u0061"', '1', 'null', ' ', '"', '\\')
    holds(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const written = `{${parts.join('')}}`
      const read = parseJsonObject(Buffer.from(written))
      const lenient = leniently(written)
      expect(read).toEqual(hasTwin(written) ? undefined : lenient)
    })
  })

  test('refuses any member that is written twice, however it is escaped', () => {
    holds(object, names, json, (value, name, twin) => {
      const once = JSON.stringify({ ...value, [name]: 1 })
      const twice = `${once.slice(0, -1)},"${escaped(name)}":${JSON.stringify(twin)}}`
      expect(parseJsonObject(Buffer.from(twice), { depth: 64, members: 2_000 })).toBeUndefined() // JW-07
    })
  })

  test('freezes whatever it reads', () => {
    holds(parsed, (value) => {
      const isFrozen = (one: unknown): boolean =>
        typeof one !== 'object' || one === null || (Object.isFrozen(one) && Object.values(one).every(isFrozen))
      expect(isFrozen(value)).toBe(true) // JW-54
    })
  })

  test('never changes a prototype', () => {
    const before = untouched()
    holds(object, (value) => {
      const read = parseJsonObject(Buffer.from(JSON.stringify(value)))
      if (!read) return
      expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
      const keys = parseKeySet({ keys: [read] }, ALL_ALGORITHMS, () => undefined)
      expect([untouched(), keys?.keys.length ?? 0]).toEqual([before, 0]) // JW-54, NG-34
    })
  })
})

describe('base64url', () => {
  test('decodes what was encoded', () => {
    holds(fc.uint8Array(), (octets) => {
      expect(decodeBase64url(b64(octets))).toEqual(Buffer.from(octets))
    })
  })

  test('has one spelling for each sequence of octets', () => {
    holds(text, (spelling) => {
      const octets = decodeBase64url(spelling)
      expect(octets === undefined || b64(octets) === spelling).toBe(true) // JW-03, JW-04, NG-18
    })
  })
})

describe('claims', () => {
  test('more remaining life never turns acceptance into refusal', () => {
    holds(fc.integer({ min: -100, max: 100 }), fc.nat(1_000_000), (left, more) => {
      expect(accepted({ exp: NOW + left }) && !accepted({ exp: NOW + left + more })).toBe(false)
    })
  })

  test('a token is accepted in one stretch of time, which exp ends', () => {
    holds(fc.integer({ min: -1_000, max: 1_000 }), (offset) => {
      const [iat, exp] = [NOW - 100, NOW + 200]
      const now = NOW + offset
      expect(accepted({ iat, exp }, now)).toBe(now >= iat - SKEW && now < exp + SKEW) // JW-45, JW-47
    })
  })

  test('a verdict is one of the closed list', () => {
    const { verifier, clock } = bench('HS256', { keys: keysFor('HS256') })
    holds(fc.constantFrom('exp', 'aud', 'iss', 'sub', 'scope', 'cnf'), json, (name, value) => {
      const token = tokenOf({ algorithm: 'HS256', claims: { [name]: value } })
      expect(verdictOf(() => verifier.now(present(token, clock)))).toMatch(
        /^(accepted|token_\w+|claim\w+|issuer_wrong|audience_\w+)$/,
      )
    })
  })
})

function leniently(written: string): unknown {
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}

/** True when some object in the text has a name twice: the letters of names are a and b here. */
function hasTwin(written: string): boolean {
  const plain = written.replaceAll('\\u0061', 'a')
  const count = (one: unknown): number =>
    typeof one === 'object' && one !== null
      ? Object.values(one).reduce(
          (sum: number, inner) => sum + count(inner),
          Array.isArray(one) ? 0 : Object.keys(one).length,
        )
      : 0
  return [...plain.matchAll(/"\s*:/g)].length > count(leniently(plain))
}
