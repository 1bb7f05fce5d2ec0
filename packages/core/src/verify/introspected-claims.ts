import type { Refusal } from '../errors.ts'
import { audienceFits, type AudienceMatch, type Claims, isExpired, isOtherKind, otherValue } from './claims.ts'
import { firstObjection, type Rule } from './rule.ts'

/** What an active answer must say before its token may act here. */
export interface IntrospectionRules {
  readonly issuer: string
  readonly audience: readonly string[]
  /** Default `exact`. */
  readonly audienceMatch?: AudienceMatch
  /** `required`: an answer without `aud` is refused. `ifPresent` and `off` are for servers that never send it. */
  readonly audiencePolicy: 'required' | 'ifPresent' | 'off'
  /** Seconds; for `nbf` only: an answer is never used past its `exp`. */
  readonly skew: number
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
}

/** `token_type` values of access tokens. Refresh and ID tokens are active, too, and are not for us. */
const ACCESS_TOKEN_TYPES = ['bearer', 'dpop', 'access_token']

/** The rules whose verdict changes with time. The `exp` of an answer is never stretched. */
const TIME_RULES: readonly Rule<Claims, IntrospectionRules>[] = [
  { reason: 'token_expired', objects: (claims, _, now) => isExpired(claims, now, 0) },
  {
    reason: 'token_not_yet_valid',
    objects: ({ nbf }, { skew }, now) => nbf !== undefined && now < (nbf as number) - skew,
  },
]

/** The others: what they say of an answer stays so. */
const LASTING_RULES: readonly Rule<Claims, IntrospectionRules>[] = [
  { reason: 'issuer_wrong', objects: ({ iss }, { issuer }) => iss !== undefined && iss !== issuer },
  {
    reason: 'token_kind_wrong',
    objects: ({ token_type: type }) => isOtherType(type) && '"token_type" is not one of an access token',
  },
  {
    reason: 'token_kind_wrong',
    objects: (claims, { requiredClaims }) => isOtherKind(claims, requiredClaims) && 'a refresh or ID token',
  },
  { reason: 'token_kind_wrong', objects: (claims, { requiredClaims }) => otherValue(claims, requiredClaims) },
  {
    reason: 'audience_missing',
    objects: ({ aud }, { audiencePolicy }) => audiencePolicy === 'required' && aud === undefined,
  },
  { reason: 'audience_wrong', objects: namesOthers },
]

/** What an active answer is judged by, in this order. */
export const ANSWER_RULES: readonly Rule<Claims, IntrospectionRules>[] = [...TIME_RULES, ...LASTING_RULES]

/**
 * Judges an active answer at `now`, in seconds, on every use: kept is what the server said, never our decision
 * (RFC 7662 §4). Pure.
 */
export function checkIntrospectedClaims(claims: Claims, rules: IntrospectionRules, now: number): Refusal | undefined {
  return firstObjection(ANSWER_RULES, claims, rules, now)
}

/** The same for an answer that passed {@link isSound} once: asking all rules again takes longer than all else of a hit. */
export function checkAnswerTimes(claims: Claims, rules: IntrospectionRules, now: number): Refusal | undefined {
  return firstObjection(TIME_RULES, claims, rules, now)
}

/** Whether no rule objects but, perhaps, one of those that ask for the time. */
export function isSound(claims: Claims, rules: IntrospectionRules): boolean {
  return firstObjection(LASTING_RULES, claims, rules, 0) === undefined
}

function isOtherType(type: unknown): boolean {
  return type !== undefined && !(typeof type === 'string' && ACCESS_TOKEN_TYPES.includes(type.toLowerCase()))
}

function namesOthers(claims: Claims, { audience, audienceMatch, audiencePolicy }: IntrospectionRules): boolean {
  return audiencePolicy !== 'off' && claims['aud'] !== undefined && !audienceFits(claims, audience, audienceMatch)
}
