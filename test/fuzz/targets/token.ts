import * as fc from 'fast-check'
import { classify } from '#core/classify'
import { extract } from '#core/extract'
import { parseJsonObject } from '#core/syntax/json'
import { type Algorithm, ALGORITHMS } from '#core/verify/algorithms'
import { audienceOf } from '#core/verify/claims'
import { checkJwtClaims } from '#core/verify/jwt-claims'
import { checkHeader } from '#core/verify/jwt-header'
import { scopesOf } from '#core/verify/scopes'
import { anyText, documents, mixed, mutated } from '../generators.ts'
import { outcomeOf } from '../outcomes.ts'
import { must, type Target, target } from '../target.ts'
import { AUDIENCE, GOOD, headers, ISSUER, NOW, payloads, tokens } from '../tokens.ts'

/** Nobody gets so far in these targets as to judge a token. */
const NOBODY = {} as never
const ROUTE = { issuer: ISSUER, jwt: NOBODY, opaque: NOBODY, accepts: undefined }
const ROUTES = { byIssuer: new Map([[ISSUER, ROUTE]]), opaque: [ROUTE] }
const MAX_LENGTH = 8_192

const schemes = mixed(
  fc.constantFrom('Bearer ', 'bearer ', 'BEARER   ', 'Bearer\t', 'Bearer', 'Bearer, '),
  fc.constantFrom('Bearer ', 'DPoP ', 'Basic ', 'Negotiate, Bearer ', ''),
)
const lines = mixed(
  anyText,
  fc.tuple(schemes, tokens).map(([scheme, token]) => scheme + token),
  mutated(fc.constant(`Bearer ${GOOD}`)),
)

const authorization = target({
  name: 'authorization',
  inputs: fc.oneof(
    { weight: 8, arbitrary: lines.map((line) => [line]) },
    { weight: 1, arbitrary: fc.array(lines, { maxLength: 3 }) },
  ),
  judge(values) {
    const rawHeaders = values.flatMap((value) => ['Authorization', value])
    return outcomeOf(() => {
      const token = extract({ rawHeaders }, { maxLength: MAX_LENGTH })
      classify(token, ROUTES)
      must(values.length === 1, 'a token out of several lines')
      must(/^[A-Za-z0-9\-._~+/]+=*$/.test(token), 'a token that is no token68')
      must(token.length <= MAX_LENGTH && values[0]!.includes(token), 'a token that nobody sent')
    })
  },
  shapes: {
    spaces: (size) => [`Bearer ${' '.repeat(size)}x`],
    token: (size) => [`Bearer ${'a'.repeat(size)}`],
    commas: (size) => [`${','.repeat(size)}bearer x`],
    'spaces without a scheme': (size) => [' '.repeat(size)],
    'commas and spaces': (size) => [', '.repeat(size / 2)],
    lines: (size) => Array.from({ length: size / 8 }, () => 'Bearer x'),
  },
})

const PROFILES = ['at+jwt', 'jwt'] as const
const EVERY_ALGORITHM = Object.keys(ALGORITHMS) as readonly Algorithm[]

const joseHeader = target({
  name: 'jose header',
  inputs: documents(headers),
  judge(octets) {
    const header = parseJsonObject(octets)
    if (!header) return 'no object'
    const outcomes = PROFILES.map((profile) => outcomeOf(() => checkHeader(header, profile, EVERY_ALGORITHM)))
    must(outcomes[0] !== 'accepted' || outcomes[1] === 'accepted', 'the relaxed profile is stricter')
    must(!outcomes.includes('accepted') || !('crit' in header), 'a critical extension was passed over')
    return outcomes[0]!
  },
  shapes: {
    kid: (size) => Buffer.from(JSON.stringify({ alg: 'Ed25519', typ: 'at+jwt', kid: 'k'.repeat(size) })),
    typ: (size) => Buffer.from(JSON.stringify({ alg: 'Ed25519', typ: 'T/'.repeat(size / 2) })),
    crit: (size) => Buffer.from(JSON.stringify({ alg: 'Ed25519', crit: Array(size / 4).fill('a') })),
  },
})

const RULES = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  skew: 30,
  maxTokenAge: undefined,
  maxTokenLifetime: undefined,
  maxAudiences: undefined,
  requiredClaims: {},
}

const payload = target({
  name: 'payload',
  inputs: documents(payloads),
  judge(octets) {
    const claims = parseJsonObject(octets)
    if (!claims) return 'no object'
    const refusals = PROFILES.map((profile) => checkJwtClaims(claims, { ...RULES, profile }, NOW))
    if (refusals[0]) return refusals[0].reason
    const { iss, exp, nbf } = claims
    must(iss === ISSUER && audienceOf(claims).includes(AUDIENCE), 'not for us')
    must((exp as number) + 30 > NOW && !((nbf as number) - 30 > NOW), 'not now')
    must(
      scopesOf(claims, undefined).list.every((one) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one)),
      'no scope token',
    )
    return 'accepted'
  },
  shapes: {
    audiences: (size) => Buffer.from(JSON.stringify({ iss: ISSUER, aud: Array(size / 4).fill('x') })),
    scope: (size) => Buffer.from(JSON.stringify({ iss: ISSUER, scope: `${'a '.repeat(size / 2)}\n` })),
    claims: (size) =>
      Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: size / 8 }, (_, n) => [n, 1])))),
  },
})

export const tokenTargets: readonly Target[] = [authorization, joseHeader, payload]
