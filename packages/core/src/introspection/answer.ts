import type { HttpResponse } from '../ports/http.ts'
import type { JsonObject } from '../syntax/json.ts'
import { parseJsonObject } from '../syntax/json.ts'
import { isJsonMediaType } from '../syntax/media-type.ts'
import { wrongType } from '../verify/claims.ts'
import { type Answer, Trouble } from './introspector.ts'

/**
 * Reads a 200 answer (RFC 7662 §2.2). Only JSON `true` means active. An answer of another shape is trouble: it neither
 * vouches for the token nor contradicts what was known of it.
 *
 * @throws {Trouble} `malformed`
 */
export function parseAnswer(response: HttpResponse): Answer {
  const json = isJsonMediaType(response.headers['content-type']) ? parseJsonObject(response.body) : undefined
  const active = json?.['active']
  if (!json || typeof active !== 'boolean') throw new Trouble('malformed')
  if (!active) return { is: 'inactive' }
  const claims = claimsOf(json)
  if (wrongType(claims) !== undefined) throw new Trouble('malformed')
  return {
    is: 'active',
    claims,
    freshFor: explicitMaxAge(response.headers['cache-control']),
  }
}

/**
 * The members that say something. Servers send `null` for what they do not know, and `exp: 0` for what does not expire:
 * no clock ever meant the year 1970.
 */
function claimsOf(json: JsonObject): JsonObject {
  const silent = Object.keys(json).filter((name) => json[name] === null || (name === 'exp' && json[name] === 0))
  if (silent.length === 0) return json
  return Object.freeze(Object.fromEntries(Object.entries(json).filter(([name]) => !silent.includes(name))))
}

/** `max-age` may shorten freshness. `no-store` binds HTTP caches, not what an application knows (RFC 7662 §2.2). */
function explicitMaxAge(cacheControl: string | undefined): number | undefined {
  const seconds = /(?:^|[\s,])max-age=(\d{1,9})(?:$|[\s,])/i.exec(cacheControl ?? '')?.[1]
  return seconds === undefined ? undefined : Number(seconds) * 1_000
}
