import { verify } from 'node:crypto'
import { type JWTVerifyOptions, jwtVerify } from 'jose'
import { classify } from '../../src/classify.ts'
import { AuthError, orThrow } from '../../src/errors.ts'
import { extract } from '../../src/extract.ts'
import type { Algorithm } from '../../src/verify/algorithms.ts'
import type { Profile } from '../../src/verify/jwt-header.ts'
import { AUDIENCE, b64, bench, ISSUER, json, NOW, pairFor, present, signatureOf, SKEW } from './jwt.ts'

export interface Rules {
  readonly algorithm: Algorithm
  readonly profile: Profile
  readonly maxTokenAge: number | undefined
}

export type Verdict =
  | { readonly is: 'accepted'; readonly claims: object }
  | { readonly is: 'refused'; readonly reason: string }

/** The path of a token in the core: extracted, classified, verified. Anything but an `AuthError` goes on. */
export function ourVerdict(token: string, { algorithm, profile, maxTokenAge }: Rules): Verdict {
  const { verifier, clock } = bench(algorithm, { rules: { profile, maxTokenAge } })
  const route = { issuer: ISSUER, jwt: verifier, opaque: undefined, accepts: undefined }
  try {
    const extracted = extract({ rawHeaders: ['Authorization', `Bearer ${token}`] }, { maxLength: 65_536 })
    const { jwt } = classify(extracted, { byIssuer: new Map([[ISSUER, route]]), opaque: [] })
    return { is: 'accepted', claims: orThrow(verifier.now({ ...present(extracted, clock), jwt })!).token.claims }
  } catch (error) {
    if (error instanceof AuthError) return { is: 'refused', reason: error.reason }
    throw error
  }
}

/** What jose says under the equivalent options. */
export async function josesVerdict(token: string, { algorithm, profile, maxTokenAge }: Rules): Promise<Verdict> {
  const options: JWTVerifyOptions = {
    algorithms: algorithm === 'Ed25519' ? ['Ed25519', 'EdDSA'] : [algorithm],
    issuer: ISSUER,
    audience: AUDIENCE,
    clockTolerance: SKEW,
    currentDate: new Date(NOW * 1_000),
    requiredClaims: profile === 'at+jwt' ? ['exp', 'sub', 'client_id', 'iat', 'jti'] : ['exp'],
    ...(profile === 'at+jwt' ? { typ: 'at+jwt' } : {}),
    ...(maxTokenAge === undefined ? {} : { maxTokenAge }),
  }
  try {
    const [compact, key] = algorithm === 'Ed448' ? stoodIn(token, options) : [token, pairFor(algorithm).publicKey]
    return { is: 'accepted', claims: (await jwtVerify(compact, key, options)).payload }
  } catch (error) {
    return { is: 'refused', reason: (error as { code?: string }).code ?? String(error) }
  }
}

/**
 * jose no longer knows Ed448. Node judges the signature, read as leniently as jose reads one; where it is good, jose
 * judges the rest of the token under another algorithm.
 */
function stoodIn(token: string, options: JWTVerifyOptions): [string, ReturnType<typeof pairFor>['publicKey']] {
  const [header, payload, signature, ...more] = token.split('.')
  const parsed = JSON.parse(textOf(header!)) as Record<string, unknown>
  const isOurs = parsed['alg'] === 'Ed448' || parsed['alg'] === 'EdDSA'
  const octets = Buffer.from(signature!, 'base64url')
  const { publicKey } = pairFor('Ed448')
  const signed = octets.length === 114 && verify(null, Buffer.from(`${header}.${payload}`), publicKey, octets)
  if (more.length > 0 || !isOurs || !signed) throw new Error('not signed with Ed448')
  options.algorithms = ['HS256']
  const again = `${json({ ...parsed, alg: 'HS256' })}.${payload}`
  return [`${again}.${b64(signatureOf('HS256', again))}`, pairFor('HS256').publicKey]
}

const textOf = (segment: string): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(segment, 'base64url'))

/** A token taken apart without any strictness, as jose does. */
interface Parts {
  readonly segments: readonly string[]
  readonly texts: readonly [header: string, claims: string]
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

function partsOf(token: string): Parts {
  const segments = token.split('.')
  const texts = [0, 1].map((at) => Buffer.from(segments[at]!, 'base64url').toString()) as [string, string]
  const [header, claims] = texts.map((text) => JSON.parse(text.replace(/^\ufeff/, '')) as Record<string, unknown>)
  return { segments, texts, header: header!, claims: claims! }
}

/** A rule by which the core refuses what jose, told the same, accepts. */
export interface StricterRule {
  readonly name: string
  readonly reasons: readonly string[]
  readonly applies: (parts: Parts, rules: Rules) => boolean
}

const has = (object: object, name: string): boolean => Object.hasOwn(object, name)
const tooFar = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) > 253_402_300_799
const texts = (value: unknown): boolean => Array.isArray(value) && value.every((one) => typeof one === 'string')
const SCOPE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function membersWritten(text: string): number {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce((sum: number, one) => sum + membersOf(one), 0)
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
}

function depthOf(value: unknown): number {
  return typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
}

/** Every rule by which we are stricter than jose, and no other. Each has an example in the oracle test. */
export const STRICTER: readonly StricterRule[] = [
  {
    name: 'base64url has one spelling (JW-03, JW-04)',
    reasons: ['token_malformed', 'opaque_unsupported', 'credentials_malformed'],
    applies: ({ segments }) => segments.some((one) => Buffer.from(one, 'base64url').toString('base64url') !== one),
  },
  {
    name: 'JSON has no byte-order mark (JW-05)',
    reasons: ['token_malformed', 'opaque_unsupported'],
    applies: ({ texts: both }) => both.some((text) => text.startsWith('\ufeff')),
  },
  {
    name: 'JSON members are unique (JW-07)',
    reasons: ['token_malformed', 'opaque_unsupported'],
    applies: ({ texts: both, header, claims }) =>
      membersWritten(both[0]) > membersOf(header) || membersWritten(both[1]) > membersOf(claims),
  },
  {
    name: 'JSON is not deeper than 16 levels (LM-03)',
    reasons: ['token_malformed', 'opaque_unsupported'],
    applies: ({ header, claims }) => depthOf(header) > 16 || depthOf(claims) > 16,
  },
  {
    name: 'the header has at most 2,048 octets (LM-02)',
    reasons: ['token_malformed'],
    applies: ({ texts: [header] }) => Buffer.byteLength(header) > 2_048,
  },
  {
    name: 'no extension is critical, known or not (JW-29, JW-31)',
    reasons: ['critical_unsupported'],
    applies: ({ header }) => has(header, 'crit') || (has(header, 'b64') && header['b64'] !== true),
  },
  {
    name: 'kid is a text of 1 to 256 characters (JW-59)',
    reasons: ['token_malformed'],
    applies: ({ header: { kid } }) =>
      // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
      kid !== undefined && !(typeof kid === 'string' && /^[^\u0000-\u001f\u007f]{1,256}$/.test(kid)),
  },
  {
    name: 'no nested JWT (JW-35)',
    reasons: ['token_malformed'],
    applies: ({ header: { cty } }) =>
      cty !== undefined && !(typeof cty === 'string' && !/^(application\/)?jwt$/i.test(cty)),
  },
  {
    name: 'no other kind of JWT by its typ (AT-23)',
    reasons: ['type_wrong'],
    applies: ({ header: { typ } }, { profile }) =>
      profile === 'jwt' && typ !== undefined && !(typeof typ === 'string' && /^(application\/)?(at\+)?jwt$/i.test(typ)),
  },
  {
    name: 'claims have their types, known or not needed (JW-50, JW-51)',
    reasons: ['claims_malformed'],
    applies: ({ claims }) =>
      ['sub', 'jti', 'client_id', 'azp', 'acr'].some((name) => has(claims, name) && typeof claims[name] !== 'string') ||
      (has(claims, 'auth_time') && typeof claims['auth_time'] !== 'number') ||
      (has(claims, 'amr') && !texts(claims['amr'])) ||
      (Array.isArray(claims['aud']) && !texts(claims['aud'])) ||
      (has(claims, 'cnf') && (typeof claims['cnf'] !== 'object' || !claims['cnf'] || Array.isArray(claims['cnf']))),
  },
  {
    name: 'scope is a list of scope tokens (BT-11)',
    reasons: ['claims_malformed'],
    applies: ({ claims: { scope } }) =>
      scope !== undefined &&
      !(typeof scope === 'string' && SCOPE.test(scope)) &&
      !(Array.isArray(scope) && scope.every((one) => typeof one === 'string' && /^\S+$/.test(one) && SCOPE.test(one))),
  },
  {
    name: 'times are before the year 10000 (JW-49)',
    reasons: ['claims_malformed'],
    applies: ({ claims }) => ['exp', 'nbf', 'iat', 'auth_time'].some((name) => tooFar(claims[name])),
  },
  {
    name: 'exp is not before nbf or iat (NG-38)',
    reasons: ['claims_malformed'],
    applies: ({ claims: { exp, nbf, iat } }) => Number(exp) < Number(nbf) || Number(exp) < Number(iat),
  },
  {
    name: 'iat is not in the future (JW-47)',
    reasons: ['token_not_yet_valid'],
    applies: ({ claims: { iat } }) => Number(iat) > NOW + SKEW,
  },
  {
    name: 'claims that are needed are not empty (AT-08)',
    reasons: ['claim_missing'],
    applies: ({ claims }, { profile }) =>
      profile === 'at+jwt' && ['sub', 'client_id', 'jti'].some((name) => claims[name] === ''),
  },
  {
    name: 'no security event, no introspection answer (AT-21, AT-22)',
    reasons: ['token_kind_wrong'],
    applies: ({ claims }) => has(claims, 'events') || has(claims, 'token_introspection'),
  },
  {
    name: 'no ID token (AT-20)',
    reasons: ['token_kind_wrong'],
    applies: ({ claims }, { profile }) =>
      profile === 'jwt' && ['nonce', 'at_hash', 'c_hash', 's_hash'].some((name) => has(claims, name)),
  },
]

/** The rule that explains why we refused what jose accepted, if there is one. */
export function explanationOf(token: string, reason: string, rules: Rules): StricterRule | undefined {
  const parts = partsOf(token)
  return STRICTER.find((rule) => rule.reasons.includes(reason) && rule.applies(parts, rules))
}
