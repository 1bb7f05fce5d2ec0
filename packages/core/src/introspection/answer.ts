import type { HttpResponse } from '../ports/http.ts'
import type { JsonObject } from '../syntax/json.ts'
import { parseJsonObject } from '../syntax/json.ts'
import { hasJsonSuffix, isJsonMediaType } from '../syntax/media-type.ts'
import { wrongType } from '../verify/claims.ts'
import { type Answer, Trouble } from './introspector.ts'

/** What of an answer is read, and what is kept of it. */
export interface AnswerReading {
  /** Takes any media type that ends in `+json` beside `application/json` (RFC 6839 §3.1). */
  readonly structuredSuffix: boolean
  /** Lets `no-store` keep an answer out of our own cache, too. */
  readonly honourNoStore: boolean
  /** The members that are kept; `undefined`: all of them. */
  readonly kept: ReadonlySet<string> | undefined
}

export const USUAL_READING: AnswerReading = Object.freeze({
  structuredSuffix: false,
  honourNoStore: false,
  kept: undefined,
})

/**
 * Reads a 200 answer (RFC 7662 §2.2). Only JSON `true` means active. An answer of another shape is trouble: it neither
 * vouches for the token nor contradicts what was known of it.
 *
 * @throws {Trouble} `malformed`
 */
export function parseAnswer(response: HttpResponse, reading: AnswerReading = USUAL_READING): Answer {
  const type = response.headers['content-type']
  const isJson =
    type === 'application/json' || isJsonMediaType(type) || (reading.structuredSuffix && hasJsonSuffix(type))
  const json = isJson ? parseJsonObject(response.body) : undefined
  return judgeAnswer(json, response, reading)
}

/**
 * The same for what a response says, however it says it.
 *
 * @throws {Trouble} `malformed`
 */
export function judgeAnswer(
  json: JsonObject | undefined,
  { headers }: Pick<HttpResponse, 'headers'>,
  reading: AnswerReading = USUAL_READING,
): Answer {
  const active = json?.['active']
  if (!json || typeof active !== 'boolean') throw new Trouble('malformed')
  if (!active) return { is: 'inactive' }
  const claims = claimsOf(json)
  if (wrongType(claims) !== undefined || !TEXTS.every((name) => isTextOrAbsent(claims[name])))
    throw new Trouble('malformed')
  const cacheControl = headers['cache-control']
  return {
    is: 'active',
    claims: reading.kept ? only(claims, reading.kept) : claims,
    freshFor: explicitMaxAge(cacheControl),
    ...(reading.honourNoStore && saysNoStore(cacheControl) ? { once: true } : {}),
  }
}

/** Members of an answer that no JWT has (RFC 7662 §2.2). */
const TEXTS = ['username', 'token_type'] as const
const isTextOrAbsent = (value: unknown): boolean => value === undefined || typeof value === 'string'

/**
 * The members that say something. Servers send `null` for what they do not know, and `exp: 0` for what does not expire:
 * no clock ever meant the year 1970.
 */
function claimsOf(json: JsonObject): JsonObject {
  if (!Object.keys(json).some((name) => isSilent(json, name))) return json
  return Object.freeze(Object.fromEntries(Object.entries(json).filter(([name]) => !isSilent(json, name))))
}

const isSilent = (json: JsonObject, name: string): boolean =>
  json[name] === null || (name === 'exp' && json[name] === 0)

/** What this library judges by, on every use: without it a token would mean something else than its answer said. */
const JUDGED_BY: readonly string[] = [
  'active',
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'client_id',
  'azp',
  'sid',
  'scope',
  'scp',
  'token_type',
  'token_use',
  'typ',
  'type',
  'cnf',
  'acr',
  'amr',
  'auth_time',
  'act',
  'authorization_details',
]

/** The members to keep: what this library judges by, and these. */
export function keptMembers(...names: readonly string[]): ReadonlySet<string> {
  return new Set([...JUDGED_BY, ...names])
}

function only(claims: JsonObject, kept: ReadonlySet<string>): JsonObject {
  return Object.freeze(Object.fromEntries(Object.entries(claims).filter(([name]) => kept.has(name))))
}

/** `max-age` may shorten freshness. */
function explicitMaxAge(cacheControl: string | undefined): number | undefined {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/i.exec(cacheControl ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}

/** It binds HTTP caches; what an application knows is no copy of a response (RFC 9111 §5.2.2.5, RFC 7662 §2.2). */
function saysNoStore(cacheControl: string | undefined): boolean {
  return /(?:^|[\s,])no-store(?:$|[\s,])/i.test(cacheControl ?? '')
}
