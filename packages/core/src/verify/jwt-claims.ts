import type { Refusal } from '../errors.ts'
import { audienceFits, checkTimes, type Claims, isOtherKind, wrongType } from './claims.ts'
import type { Profile } from './jwt-header.ts'

/** What the claims of one issuer's JWT access tokens must say. */
export interface JwtRules {
  readonly profile: Profile
  readonly issuer: string
  readonly audience: readonly string[]
  /** Seconds. */
  readonly skew: number
  /** Seconds since `iat`, when limited. */
  readonly maxTokenAge: number | undefined
  /** Seconds from `iat` to `exp`, when limited. */
  readonly maxTokenLifetime: number | undefined
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

/** Judges claims at `now`, in seconds. Pure: the first rule that objects, or nothing. */
export function checkJwtClaims(claims: Claims, rules: JwtRules, now: number): Refusal | undefined {
  const wrong = wrongType(claims)
  if (wrong !== undefined) return { reason: 'claims_malformed', detail: `claim "${wrong}" has the wrong type` }
  if (claims['iss'] !== rules.issuer) return { reason: 'issuer_wrong' }
  if (NEVER.some((name) => Object.hasOwn(claims, name))) return { reason: 'token_kind_wrong' }
  if (rules.profile === 'jwt' && looksLikeIdToken(claims, rules)) return { reason: 'token_kind_wrong' }
  if (isOtherKind(claims, rules.requiredClaims)) return { reason: 'token_kind_wrong' }
  const missing = REQUIRED[rules.profile].find((name) => claims[name] === undefined || claims[name] === '')
  if (missing !== undefined)
    return { reason: missing === 'aud' ? 'audience_missing' : 'claim_missing', detail: `claim "${missing}" is missing` }
  for (const name in rules.requiredClaims) {
    if (!Object.hasOwn(claims, name) || claims[name] !== rules.requiredClaims[name])
      return { reason: 'token_kind_wrong', detail: `claim "${name}"` }
  }
  if (!audienceFits(claims, rules.audience)) return { reason: 'audience_wrong' }
  return checkTimes(claims, now, rules) ?? checkLifetime(claims, rules, now)
}

/** A `nonce` alone says nothing where a required claim tells the kinds apart: Keycloak before 25 puts one into both. */
function looksLikeIdToken(claims: Claims, { requiredClaims }: JwtRules): boolean {
  const isTold = Object.keys(requiredClaims).length > 0
  return ID_TOKEN.some((name) => Object.hasOwn(claims, name) && !(isTold && name === 'nonce'))
}

function checkLifetime(claims: Claims, rules: JwtRules, now: number): Refusal | undefined {
  const { exp, nbf, iat } = claims as { exp: number; nbf?: number; iat?: number }
  if ((nbf ?? -Infinity) > exp || (iat ?? -Infinity) > exp)
    return { reason: 'claims_malformed', detail: '"exp" lies before "nbf" or "iat"' }
  if (rules.maxTokenAge !== undefined && !(iat !== undefined && now - iat <= rules.maxTokenAge + rules.skew)) {
    return { reason: 'token_too_old' }
  }
  if (rules.maxTokenLifetime !== undefined && !(iat !== undefined && exp - iat <= rules.maxTokenLifetime)) {
    return { reason: 'lifetime_too_long' }
  }
  return undefined
}
