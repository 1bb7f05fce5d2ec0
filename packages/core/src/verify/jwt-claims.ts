import type { Refusal } from '../errors.ts'
import {
  audienceFits,
  type AudienceMatch,
  audienceOf,
  type Claims,
  isEarly,
  isExpired,
  isOtherKind,
  otherValue,
  wrongType,
} from './claims.ts'
import type { Profile } from './jwt-header.ts'
import { firstObjection, type Rule } from './rule.ts'

/** What the claims of one issuer's JWT access tokens must say. */
export interface JwtRules {
  readonly profile: Profile
  readonly issuer: string
  readonly audience: readonly string[]
  /** Default `exact`. */
  readonly audienceMatch?: AudienceMatch
  /** Seconds. */
  readonly skew: number
  /** Seconds since `iat`, when limited. */
  readonly maxTokenAge: number | undefined
  /** Seconds from `iat` to `exp`, when limited. */
  readonly maxTokenLifetime: number | undefined
  /** Audiences that one token may name, when limited. */
  readonly maxAudiences: number | undefined
  /** Claims that must have exactly these values, such as `token_use: 'access'`. */
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
}

/** Claims every JWT access token needs (RFC 9068 §2.2); the relaxed profile keeps what stops confusion. */
const REQUIRED: Readonly<Record<Profile, readonly string[]>> = {
  'at+jwt': ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'],
  jwt: ['iss', 'exp', 'aud'],
}

/** Marks of other JWTs: security event and logout tokens, introspection answers (RFC 8417 §4.2, RFC 9701 §8.1). */
const NEVER = ['events', 'token_introspection'] as const
/** Marks of an ID token, which the relaxed `typ` cannot tell apart (OpenID Connect Core §2, §3.3.2.11). */
const ID_TOKEN = ['nonce', 'at_hash', 'c_hash', 's_hash'] as const

/** What the claims of a JWT access token are judged by, in this order. */
export const JWT_CLAIM_RULES: readonly Rule<Claims, JwtRules>[] = [
  { reason: 'claims_malformed', objects: typeObjection },
  { reason: 'issuer_wrong', objects: ({ iss }, { issuer }) => iss !== issuer },
  { reason: 'token_kind_wrong', objects: (claims) => NEVER.some((name) => Object.hasOwn(claims, name)) },
  {
    reason: 'token_kind_wrong',
    objects: (claims, rules) => rules.profile === 'jwt' && looksLikeIdToken(claims, rules),
  },
  { reason: 'token_kind_wrong', objects: (claims, { requiredClaims }) => isOtherKind(claims, requiredClaims) },
  { reason: 'audience_missing', objects: ({ aud }) => aud === undefined || aud === '' },
  { reason: 'claim_missing', objects: (claims, { profile }) => missing(claims, REQUIRED[profile]) },
  { reason: 'token_kind_wrong', objects: (claims, { requiredClaims }) => otherValue(claims, requiredClaims) },
  {
    reason: 'audience_wrong',
    objects: (claims, { audience, audienceMatch }) => !audienceFits(claims, audience, audienceMatch),
  },
  {
    reason: 'audience_ambiguous',
    objects: (claims, { maxAudiences = Infinity }) => audienceOf(claims).length > maxAudiences,
  },
  { reason: 'token_expired', objects: (claims, { skew }, now) => isExpired(claims, now, skew) },
  { reason: 'token_not_yet_valid', objects: (claims, { skew }, now) => isEarly(claims, now, skew) },
  { reason: 'claims_malformed', objects: orderObjection },
  { reason: 'token_too_old', objects: isTooOld },
  { reason: 'lifetime_too_long', objects: livesTooLong },
]

/** Judges claims at `now`, in seconds. Pure: the first rule that objects, or nothing. */
export function checkJwtClaims(claims: Claims, rules: JwtRules, now: number): Refusal | undefined {
  return firstObjection(JWT_CLAIM_RULES, claims, rules, now)
}

function typeObjection(claims: Claims): false | string {
  const wrong = wrongType(claims)
  return wrong !== undefined && `claim "${wrong}" has the wrong type`
}

function missing(claims: Claims, required: readonly string[]): false | string {
  for (const name of required) {
    const value = claims[name]
    if (value === undefined || value === '') return `claim "${name}" is missing`
  }
  return false
}

/** A `nonce` alone says nothing where a required claim tells the kinds apart: Keycloak before 25 puts one into both. */
function looksLikeIdToken(claims: Claims, { requiredClaims }: JwtRules): boolean {
  const isTold = Object.keys(requiredClaims).length > 0
  return ID_TOKEN.some((name) => Object.hasOwn(claims, name) && !(isTold && name === 'nonce'))
}

interface Times {
  readonly exp: number
  readonly nbf?: number
  readonly iat?: number
}

function orderObjection(claims: Claims): false | string {
  const { exp, nbf = -Infinity, iat = -Infinity } = claims as unknown as Times
  return (nbf >= exp || iat >= exp) && '"exp" does not lie after "nbf" and "iat"'
}

/** Where an age is limited, a token that does not say when it was issued is too old. */
function isTooOld(claims: Claims, { maxTokenAge, skew }: JwtRules, now: number): boolean {
  const { iat = -Infinity } = claims as unknown as Times
  return maxTokenAge !== undefined && now - iat > maxTokenAge + skew
}

function livesTooLong(claims: Claims, { maxTokenLifetime }: JwtRules): boolean {
  const { exp, iat = -Infinity } = claims as unknown as Times
  return maxTokenLifetime !== undefined && exp - iat > maxTokenLifetime
}
