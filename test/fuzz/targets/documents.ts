import * as fc from 'fast-check'
import { parseAnswer } from '#core/introspection/answer'
import { parseMetadata } from '#core/keys/discovery'
import { freshFor, usableFor } from '#core/keys/freshness'
import { thumbprintOf, verificationKey } from '#core/keys/jwk'
import { parseKeySet, select } from '#core/keys/key-set'
import { parseJsonObject } from '#core/syntax/json'
import { retryAfter } from '#core/syntax/retry-after'
import { type Algorithm, ALGORITHMS } from '#core/verify/algorithms'
import { checkIntrospectedClaims } from '#core/verify/introspected-claims'
import { anyText, documents, jsonText, mixed, mutated, objectLike, oddValue } from '../generators.ts'
import { outcomeOf } from '../outcomes.ts'
import { must, type Target, target } from '../target.ts'
import { AUDIENCE, ISSUER, NOW, PUBLIC_KEY } from '../tokens.ts'

const EVERY_ALGORITHM = Object.keys(ALGORITHMS) as readonly Algorithm[]

/** Examples of RFC 7517 §A.1, RFC 7515 §A.4 and RFC 8037 §A.2. */
const KEYS: readonly Readonly<Record<string, string>>[] = [
  { ...PUBLIC_KEY },
  {
    kty: 'EC',
    crv: 'P-256',
    x: 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4',
    y: '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM',
    kid: 'second',
  },
  {
    kty: 'RSA',
    n: [
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs',
      'tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5ha',
      'jrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    ].join(''),
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  },
]
const jwks = fc.oneof(
  ...KEYS.map((key) =>
    objectLike(key, {
      kty: fc.constantFrom<unknown>('oct', 'RSA', 'EC', 'OKP', 'rsa'),
      crv: fc.constantFrom<unknown>('P-256', 'P-384', 'P-521', 'Ed25519', 'Ed448', 'X25519', 'secp256k1'),
      alg: fc.constantFrom<unknown>('RS256', 'PS512', 'ES256', 'EdDSA', 'none', 'RSA-OAEP'),
      use: fc.constantFrom<unknown>('sig', 'enc', ''),
      key_ops: fc.constantFrom<unknown>(['verify'], ['sign', 'verify'], ['verify', 'verify'], [], 'verify'),
      x: mixed<unknown>(mutated(fc.constant(key['x'] ?? 'AA')), fc.constantFrom('', 'AA', 'A'.repeat(43))),
      y: mutated(fc.constant(key['y'] ?? 'AA')),
      e: fc.constantFrom<unknown>('AQAB', 'AQ', 'Ag', 'AA', 'AQAAAAAAAAAAAQ', 'A'.repeat(344)),
      d: fc.constantFrom('AA'),
      k: fc.constantFrom('AA'),
    }),
  ),
)
const keySets = mixed<object>(
  fc.array(jwks, { maxLength: 5 }).map((keys) => ({ keys })),
  fc.array(mixed<unknown>(jwks, oddValue), { maxLength: 5 }).map((keys) => ({ keys })),
  objectLike({ keys: KEYS }),
)

const keySet = target({
  name: 'key sets',
  inputs: documents(keySets),
  judge(octets) {
    const document = parseJsonObject(octets)
    if (!document) return 'no object'
    const faults: string[] = []
    const set = parseKeySet(document, EVERY_ALGORITHM, (fault) => faults.push(fault))
    if (!set) return 'no set'
    for (const key of set.keys) {
      const { material, algorithm, kid } = key
      must(material === undefined || material.type === 'public', 'a key that is not public')
      must(/^[\w-]{43}$/.test(key.thumbprint), 'a thumbprint that is none')
      must(select(set, { algorithm, kid }).is !== 'unknown', 'a key that its own name does not find')
    }
    return set.keys.some(({ material }) => material) ? 'accepted' : (faults[0] ?? 'empty')
  },
  shapes: {
    'no keys': (size) => Buffer.from(JSON.stringify({ keys: Array.from({ length: size / 4 }, () => ({})) })),
    'long modulus': (size) => Buffer.from(JSON.stringify({ keys: [{ ...KEYS[2], n: 'A'.repeat(size) }] })),
    'long exponent': (size) => Buffer.from(JSON.stringify({ keys: [{ ...KEYS[2], e: '_'.repeat(size) }] })),
    operations: (size) =>
      Buffer.from(JSON.stringify({ keys: [{ ...KEYS[1], key_ops: Array(size / 8).fill('verify') }] })),
  },
})

const jwk = target({
  name: 'keys',
  inputs: jsonText(jwks),
  judge(text) {
    const read = parseJsonObject(Buffer.from(text))
    if (!read) return 'no object'
    const key = verificationKey(read, EVERY_ALGORITHM)
    if (typeof key === 'string') return key
    must(thumbprintOf(read) === key.thumbprint, 'two thumbprints')
    return 'accepted'
  },
})

const urls = mixed<unknown>(
  mutated(fc.constantFrom(`${ISSUER}/keys`, 'https://[::1]/x', 'https://user:pass@as.example/', 'http://127.0.0.1/')),
  fc.constantFrom('data:application/json,{}', 'file:///etc/passwd', 'javascript:1', '//as.example', 'https://'),
  fc.webUrl(),
  oddValue,
)
const METADATA = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys`, introspection_endpoint: `${ISSUER}/introspect` }
const metadataDocuments = objectLike(METADATA, {
  issuer: mixed<unknown>(fc.constantFrom(`${ISSUER}/`, ISSUER.toUpperCase(), `${ISSUER}\u0000`), oddValue),
  jwks_uri: urls,
  introspection_endpoint: urls,
  mtls_endpoint_aliases: mixed<unknown>(
    urls.map((url) => ({ introspection_endpoint: url })),
    oddValue,
  ),
  introspection_endpoint_auth_methods_supported: oddValue,
  acr_values_supported: oddValue,
  protected_resources: oddValue,
})
const DISCOVERY = {
  issuer: ISSUER,
  metadataUrl: undefined,
  deadline: 1_000,
  freshness: { fallback: 1, min: 1, max: 1 },
  strictHttpCache: false,
  endpoints: { allowInsecureLoopback: false },
  tls: undefined,
}

const metadata = target({
  name: 'metadata',
  inputs: documents(metadataDocuments),
  judge(octets) {
    const document = parseJsonObject(octets)
    if (!document) return 'no object'
    let named = 'accepted'
    const outcome = outcomeOf(() => {
      const read = parseMetadata(document, DISCOVERY)
      must(document['issuer'] === ISSUER, 'the metadata of somebody else')
      for (const url of [read.jwksUri, read.introspectionEndpoint, read.introspectionMtlsEndpoint]) {
        must(typeof url !== 'string' || new URL(url).protocol === 'https:', 'an endpoint that is not https')
        if (url === null) named = 'with a bad endpoint'
      }
    })
    return outcome === 'accepted' ? named : outcome
  },
  shapes: {
    url: (size) => Buffer.from(JSON.stringify({ ...METADATA, jwks_uri: `https://${'a'.repeat(size)}/` })),
    list: (size) => Buffer.from(JSON.stringify({ ...METADATA, acr_values_supported: Array(size / 4).fill('a') })),
  },
})

const ACTIVE = {
  active: true,
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  exp: NOW + 300,
  scope: 'a b',
  token_type: 'Bearer',
}
const answers = objectLike(ACTIVE, {
  active: fc.constantFrom<unknown>(false, 'true', 1, null, [true]),
  exp: fc.constantFrom<unknown>(0, NOW - 1, NOW, String(NOW), 1.8e12, -1),
  token_type: fc.constantFrom<unknown>('bearer', 'DPoP', 'refresh_token', 'N_A', ['Bearer']),
  aud: fc.constantFrom<unknown>([AUDIENCE], [], ['x', 1], `${AUDIENCE}/`),
  cnf: fc.constantFrom<unknown>({ jkt: 'x' }, 'x'),
  username: oddValue,
  nbf: fc.constantFrom<unknown>(NOW + 31, NOW, 'x'),
})
const cacheControls = mixed(
  anyText,
  mutated(
    fc.constantFrom('max-age=60', 'no-store', 'private, max-age="60"', 'max-age=1, max-age=2', 'must-revalidate'),
  ),
)
const ANSWER_RULES = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  audiencePolicy: 'required',
  skew: 30,
  requiredClaims: {},
} as const

const introspection = target({
  name: 'introspection answers',
  inputs: fc.record({
    type: fc.oneof({ weight: 8, arbitrary: fc.constant('application/json') }, mutated(fc.constant('application/json'))),
    cacheControl: fc.option(cacheControls, { nil: undefined }),
    body: documents(answers),
  }),
  judge({ type, cacheControl, body }) {
    let verdict = 'accepted'
    const outcome = outcomeOf((): void => {
      const headers = { 'content-type': type, 'cache-control': cacheControl }
      const answer = parseAnswer({ status: 200, headers, body })
      const active = (JSON.parse(body.toString()) as { active: unknown }).active
      must((answer.is === 'active') === (active === true), 'active without true')
      if (answer.is === 'inactive') {
        verdict = 'inactive'
        return
      }
      must(answer.freshFor === undefined || answer.freshFor >= 0, 'fresh for less than nothing')
      const refusal = checkIntrospectedClaims(answer.claims, ANSWER_RULES, NOW)
      if (refusal) verdict = refusal.reason
    })
    return outcome === 'accepted' ? verdict : outcome
  },
  shapes: {
    members: (size) => ({
      type: 'application/json',
      cacheControl: undefined,
      body: Buffer.from(JSON.stringify({ active: true, aud: Array(size / 4).fill('a') })),
    }),
    'cache-control': (size) => ({
      type: 'application/json',
      cacheControl: `${' '.repeat(size)}max-age`,
      body: Buffer.from('{"active":true}'),
    }),
  },
})

const POLICY = { fallback: 600_000, min: 60_000, max: 3_600_000 }
const dates = mixed(
  anyText,
  mutated(fc.constantFrom('Fri, 15 Jan 2027 08:00:00 GMT', 'Friday, 15-Jan-27 08:00:00 GMT', '0', '120', '-1')),
)

const caching = target({
  name: 'caching fields',
  inputs: fc.record({
    'cache-control': fc.option(cacheControls, { nil: undefined }),
    expires: fc.option(dates, { nil: undefined }),
    date: fc.option(dates, { nil: undefined }),
    age: fc.option(dates, { nil: undefined }),
    'retry-after': fc.option(dates, { nil: undefined }),
  }),
  judge(headers) {
    const fresh = freshFor(headers, POLICY)
    must(fresh >= POLICY.min && fresh <= POLICY.max, `fresh for ${fresh} ms`)
    const usable = usableFor(headers, POLICY)
    must(usable >= POLICY.min, `usable for ${usable} ms`)
    const pause = retryAfter(headers, NOW * 1_000)
    must(pause >= 0 && pause <= 30_000, `a pause of ${pause} ms`)
    return fresh === POLICY.fallback ? 'nothing said' : fresh === POLICY.min ? 'soon' : 'accepted'
  },
  shapes: {
    commas: (size) => only('cache-control', ','.repeat(size)),
    spaces: (size) => only('cache-control', `${' '.repeat(size)}max-age=1`),
    ages: (size) => only('cache-control', 'max-age=1,'.repeat(size / 10)),
    digits: (size) => only('retry-after', '1'.repeat(size)),
    date: (size) => only('retry-after', `Fri, ${'1 '.repeat(size / 2)}`),
    expires: (size) => only('expires', '('.repeat(size)),
  },
})

function only(name: string, value: string): Parameters<typeof freshFor>[0] & Record<Field, string | undefined> {
  return { ...NOTHING, [name]: value }
}

type Field = 'cache-control' | 'expires' | 'date' | 'age' | 'retry-after'
const NOTHING: Readonly<Record<Field, undefined>> = {
  'cache-control': undefined,
  expires: undefined,
  date: undefined,
  age: undefined,
  'retry-after': undefined,
}

export const documentTargets: readonly Target[] = [keySet, jwk, metadata, introspection, caching]
