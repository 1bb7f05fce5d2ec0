import type { Refusal } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../syntax/json.ts'
import { isScope } from '../syntax/scope.ts'

/** Verified claims, deeply frozen. Their names and types are as the authorization server sent them. */
export type Claims = JsonObject

/** Seconds since 1970 of the last second of the year 9999: later times are milliseconds by mistake, or an attack. */
const LAST_SECOND = 253_402_300_799

const isString = (value: unknown): boolean => typeof value === 'string'
const isTime = (value: unknown): boolean => typeof value === 'number' && Math.abs(value) <= LAST_SECOND
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString)
const isAudience = (value: unknown): boolean => isString(value) || isStrings(value)

/** The types of registered claims (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7662 §2.2). A wrong type is never taken as absence. */
const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  iss: isString,
  sub: isString,
  jti: isString,
  client_id: isString,
  azp: isString,
  acr: isString,
  aud: isAudience,
  exp: isTime,
  nbf: isTime,
  iat: isTime,
  auth_time: isTime,
  amr: isStrings,
  scope: isScope,
  cnf: isJsonObject,
}

/** The name of a claim whose value has the wrong type, if there is one. */
export function wrongType(claims: Claims): string | undefined {
  for (const name in TYPES) {
    const value = claims[name]
    if (value !== undefined && !TYPES[name]!(value)) return name
  }
  return undefined
}

export function audienceOf(claims: Claims): readonly string[] {
  const { aud } = claims
  return aud === undefined ? NOBODY : typeof aud === 'string' ? Object.freeze([aud]) : (aud as readonly string[])
}

const NOBODY: readonly string[] = Object.freeze([])

/** Code point by code point: no URL semantics, no case folding, no pattern (RFC 7519 §4.1.3). */
export function audienceFits(claims: Claims, expected: readonly string[]): boolean {
  const { aud } = claims
  if (typeof aud === 'string') return expected.includes(aud)
  return Array.isArray(aud) && (aud as readonly string[]).some((one) => expected.includes(one))
}

export interface TimeRules {
  /** Seconds of difference between clocks that is tolerated. */
  readonly skew: number
}

/** `exp`, `nbf` and `iat` against now, in seconds (RFC 7519 §4.1.4 to §4.1.6). */
export function checkTimes(claims: Claims, now: number, { skew }: TimeRules): Refusal | undefined {
  const { exp, nbf, iat } = claims as { exp?: number; nbf?: number; iat?: number }
  if (exp !== undefined && now >= exp + skew) return { reason: 'token_expired' }
  if (nbf !== undefined && now < nbf - skew) return { reason: 'token_not_yet_valid' }
  if (iat !== undefined && now < iat - skew) return { reason: 'token_not_yet_valid' }
  return undefined
}

/** What servers write into `token_use` for access tokens, and into `typ` for tokens that are none. */
const ACCESS_USES: readonly unknown[] = ['access', 'access_token']
const OTHER_TYPES: readonly unknown[] = ['ID', 'Refresh', 'Offline', 'Logout']

/**
 * True for tokens that say of themselves, by a vendor's claim, that they are refresh, ID or logout tokens. A claim for
 * which the configuration names the right value is judged by that alone.
 */
export function isOtherKind({ token_use: use, typ }: Claims, required: Readonly<Record<string, unknown>>): boolean {
  if (!Object.hasOwn(required, 'token_use') && use !== undefined && !ACCESS_USES.includes(use)) return true
  return !Object.hasOwn(required, 'typ') && OTHER_TYPES.includes(typ)
}
