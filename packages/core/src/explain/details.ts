import type { Reason } from '../errors.ts'
import type { JsonObject } from '../syntax/json.ts'
import { type Claims, audienceOf } from '../verify/claims.ts'

/** What a token was held against. */
export interface Expected {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms?: readonly string[]
  readonly profile?: string
  /** Seconds. */
  readonly skew: number
  readonly maxTokenAge?: number | undefined
  readonly maxTokenLifetime?: number | undefined
}

/** A token, as far as it was read. An introspection answer has no header. */
export interface Found {
  readonly header?: JsonObject
  readonly claims: Claims
}

type Describe = (found: Found, expected: Expected, now: number) => string

const quoted = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))
const list = (values: readonly string[] = []): string => values.map((one) => `'${one}'`).join(', ')
const seconds = (now: number, time: unknown): number => Math.abs(Math.round(now - (time as number)))

const audiences: Describe = ({ claims }, { audience }) =>
  `"aud" is ${quoted(audienceOf(claims))}; "audience" is ${list(audience)}`

const DETAILS: Partial<Record<Reason, Describe>> = {
  algorithm_not_allowed: ({ header }, { algorithms }) =>
    `"alg" is ${quoted(header?.['alg'])}; allowed: ${list(algorithms)}`,
  type_wrong: ({ header }, { profile }) => `"typ" is ${quoted(header?.['typ'])}; the profile is '${profile}'`,
  critical_unsupported: ({ header }) => `"crit" is ${quoted(header?.['crit'])}`,
  issuer_wrong: ({ claims }, { issuer }) => `"iss" is ${quoted(claims['iss'])}; the issuer is '${issuer}'`,
  audience_missing: ({ header }) =>
    header
      ? '"aud" is missing; a JWT must name the API that it is for'
      : '"aud" is missing; "introspection.audience" decides what becomes of that',
  audience_wrong: audiences,
  audience_ambiguous: audiences,
  token_expired: ({ claims }, { skew }, now) =>
    `it expired ${seconds(now, claims['exp'])} s ago; clocks may differ by ${skew} s`,
  token_not_yet_valid: (_, { skew }) => `"nbf" or "iat" lies in the future; clocks may differ by ${skew} s`,
  token_too_old: ({ claims }, { maxTokenAge }, now) =>
    claims['iat'] === undefined
      ? 'it does not say when it was issued'
      : `it was issued ${seconds(now, claims['iat'])} s ago; at most ${maxTokenAge} s are allowed`,
  lifetime_too_long: (_, { maxTokenLifetime }) => `it lives longer than ${maxTokenLifetime} s`,
}

/** What was found beside what was wanted, where that helps; nothing that says who the user is. */
export function detailOf(reason: Reason, found: Found, expected: Expected, now: number): string | undefined {
  return DETAILS[reason]?.(found, expected, now)
}
