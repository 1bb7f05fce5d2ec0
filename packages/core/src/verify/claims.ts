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
const isTextOrAbsent = (value: unknown): boolean => value === undefined || isString(value)
/** Entries that each say what type they are of; what else is in one is for its type to say (RFC 9396 §2). */
const isDetails = (value: unknown): boolean =>
  Array.isArray(value) && value.every((entry) => isJsonObject(entry) && isString(entry['type']))

/** An actor, and whoever acted before (RFC 8693 §4.1). How deep that goes is bounded where JSON is parsed. */
function isActor(value: unknown): boolean {
  if (!isJsonObject(value)) return false
  const { iss, sub, act } = value
  return isTextOrAbsent(iss) && isTextOrAbsent(sub) && (act === undefined || isActor(act))
}

/**
 * The types of registered claims (RFC 7519 §4.1, RFC 9068 §2.2, RFC 7662 §2.2, RFC 8693 §4, RFC 9396 §9). A wrong type is
 * never taken as absence.
 */
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
  act: isActor,
  authorization_details: isDetails,
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
  return aud === undefined ? NOBODY : typeof aud === 'string' ? audienceOfOne(aud) : (aud as readonly string[])
}

const NOBODY: readonly string[] = Object.freeze([])

/** The last one that was asked for: most servers have but one audience. */
let lastAudience: readonly [string] = Object.freeze([''])

function audienceOfOne(audience: string): readonly [string] {
  if (lastAudience[0] !== audience) lastAudience = Object.freeze([audience])
  return lastAudience
}

/** How audiences are compared. */
export type AudienceMatch = 'exact' | 'canonical'

export interface AudienceRule {
  readonly audience: readonly string[]
  /** Default `exact`. */
  readonly audienceMatch?: AudienceMatch
}

/**
 * Code point by code point: no URL semantics, no case folding, no pattern (RFC 7519 §4.1.3). With `canonical` the case of
 * scheme and host does not matter, and nothing else changes; `expected` is then {@link canonicalAudience canonical}.
 */
export function audienceFits(claims: Claims, expected: readonly string[], match: AudienceMatch = 'exact'): boolean {
  const { aud } = claims
  if (match === 'canonical') return audienceOf(claims).some((one) => expected.includes(canonicalAudience(one)))
  if (typeof aud === 'string') return expected.includes(aud)
  return Array.isArray(aud) && (aud as readonly string[]).some((one) => expected.includes(one))
}

/** Scheme and host in lower case. ASCII only: elsewhere folding would make equal what is not (the Kelvin sign). */
export function canonicalAudience(audience: string): string {
  const [, place] = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#@]*)(?:[/?#]|$)/.exec(audience) ?? []
  if (place === undefined) return audience
  return place.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()) + audience.slice(place.length)
}

export interface TimeRules {
  /** Seconds of difference between clocks that is tolerated. */
  readonly skew: number
}

/** `exp` against now, in seconds (RFC 7519 §4.1.4). */
export function isExpired({ exp }: Claims, now: number, skew: number): boolean {
  return exp !== undefined && now >= (exp as number) + skew
}

/** `nbf` and `iat` against now, in seconds (RFC 7519 §4.1.5, §4.1.6). */
export function isEarly({ nbf, iat }: Claims, now: number, skew: number): boolean {
  return (nbf !== undefined && now < (nbf as number) - skew) || (iat !== undefined && now < (iat as number) - skew)
}

/** All times at once; of a token whose claims have been judged before, they alone change. */
export function checkTimes(claims: Claims, now: number, { skew }: TimeRules): Refusal | undefined {
  if (isExpired(claims, now, skew)) return { reason: 'token_expired' }
  return isEarly(claims, now, skew) ? { reason: 'token_not_yet_valid' } : undefined
}

/** What servers write into `token_use` for access tokens. */
const ACCESS_USES: readonly unknown[] = ['access', 'access_token']
/** What they write, in some case, into `typ` or `token_type` of tokens that are none. */
const OTHER_KINDS = /^(?:id|refresh|offline|logout|(?:id|refresh|logout)[_-]?token)$/i
/** The same in `type`, which may mean something else. */
const OTHER_TYPE = /^(?:refresh|(?:id|refresh|logout)[_-]?token)$/i

const says = (claim: unknown, kinds: RegExp): boolean => typeof claim === 'string' && kinds.test(claim)

/**
 * True for tokens that say of themselves, by a vendor's claim, that they are refresh, ID or logout tokens. A claim for
 * which the configuration names the right value is judged by that alone.
 */
export function isOtherKind(claims: Claims, required: Readonly<Record<string, unknown>>): boolean {
  const told = (name: string): Claims[string] => (Object.hasOwn(required, name) ? undefined : claims[name])
  const use = told('token_use')
  if (use !== undefined && !ACCESS_USES.includes(use)) return true
  return says(told('typ'), OTHER_KINDS) || says(told('token_type'), OTHER_KINDS) || says(told('type'), OTHER_TYPE)
}

/** Names a claim that has not the value that configuration requires, if there is one. */
export function otherValue(claims: Claims, required: Readonly<Record<string, unknown>>): false | string {
  for (const name in required) {
    if (!Object.hasOwn(claims, name) || claims[name] !== required[name]) return `claim "${name}"`
  }
  return false
}
