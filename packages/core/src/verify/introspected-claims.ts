import type { Refusal } from '../errors.ts'
import { audienceFits, type Claims, isOtherKind } from './claims.ts'

/** What an active answer must say before its token may act here. */
export interface IntrospectionRules {
  readonly issuer: string
  readonly audience: readonly string[]
  /** `required`: an answer without `aud` is refused. `ifPresent` and `off` are for servers that never send it. */
  readonly audiencePolicy: 'required' | 'ifPresent' | 'off'
  /** Seconds; for `nbf` only: an answer is never used past its `exp`. */
  readonly skew: number
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
}

/** `token_type` values of access tokens. Refresh and ID tokens are active, too, and are not for us. */
const ACCESS_TOKEN_TYPES = ['bearer', 'dpop', 'access_token']

/**
 * Judges an active answer at `now`, in seconds, on every use: kept is what the server said, never our decision
 * (RFC 7662 §4). Pure.
 */
export function checkIntrospectedClaims(claims: Claims, rules: IntrospectionRules, now: number): Refusal | undefined {
  const { exp, nbf, iss, token_type: tokenType } = claims
  if (exp !== undefined && now >= (exp as number)) return { reason: 'token_expired' }
  if (nbf !== undefined && now < (nbf as number) - rules.skew) return { reason: 'token_not_yet_valid' }
  if (iss !== undefined && iss !== rules.issuer) return { reason: 'issuer_wrong' }
  if (
    tokenType !== undefined &&
    !(typeof tokenType === 'string' && ACCESS_TOKEN_TYPES.includes(tokenType.toLowerCase()))
  ) {
    return { reason: 'token_kind_wrong', detail: '"token_type" is not one of an access token' }
  }
  if (isOtherKind(claims, rules.requiredClaims)) return { reason: 'token_kind_wrong', detail: 'a refresh or ID token' }
  for (const name in rules.requiredClaims) {
    if (!Object.hasOwn(claims, name) || claims[name] !== rules.requiredClaims[name])
      return { reason: 'token_kind_wrong', detail: `claim "${name}"` }
  }
  return checkAudience(claims, rules)
}

function checkAudience(claims: Claims, { audience, audiencePolicy }: IntrospectionRules): Refusal | undefined {
  if (audiencePolicy === 'off') return undefined
  if (claims['aud'] === undefined) return audiencePolicy === 'required' ? { reason: 'audience_missing' } : undefined
  return audienceFits(claims, audience) ? undefined : { reason: 'audience_wrong' }
}
