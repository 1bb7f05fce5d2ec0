/** How long a document is fresh when its answer says nothing usable, and the bounds on what it may say. Milliseconds. */
export interface FreshnessPolicy {
  readonly fallback: number
  readonly min: number
  readonly max: number
}

type Headers = Readonly<Record<string, string | undefined>>

/**
 * Milliseconds for which an answer is fresh (RFC 9111 §4.2): `max-age`, else `Expires` minus `Date`, less `Age`, within
 * the policy's bounds. `s-maxage` is for shared caches; contradictory or malformed values count as stale, which the
 * lower bound turns into "soon". Differences only, so that the server's clock does not matter.
 */
export function freshFor(headers: Headers, policy: FreshnessPolicy): number {
  const stated = maxAge(headers['cache-control']) ?? expires(headers)
  if (stated === undefined) return policy.fallback
  const age = /^\d{1,10}$/.test(headers['age'] ?? '') ? Number(headers['age']) : 0
  return Math.min(policy.max, Math.max(policy.min, (stated - age) * 1_000))
}

/**
 * Milliseconds for which an answer may be used at all where HTTP caching is obeyed to the letter (RFC 9111 §4.2.4): no
 * longer than it is fresh when it says so, longer by `stale-if-error` when that is said (RFC 5861 §4). `Infinity` when it
 * says neither. The policy's lower bound holds, so that no answer asks for a fetch on every use.
 */
export function usableFor(headers: Headers, policy: FreshnessPolicy): number {
  const lifetime = freshFor(headers, { ...policy, max: Infinity })
  const directives = directivesOf(headers['cache-control'])
  if (NEVER_STALE.some((one) => directives.includes(one))) return lifetime
  const seconds = directives.map((one) => /^stale-if-error="?(\d{1,10})"?$/.exec(one)?.[1]).find(Boolean)
  return seconds === undefined ? Infinity : lifetime + Number(seconds) * 1_000
}

const NEVER_STALE = ['must-revalidate', 'no-cache', 'no-store'] as const

function directivesOf(cacheControl = ''): readonly string[] {
  return cacheControl
    .toLowerCase()
    .split(',', 32)
    .map((one) => one.trim())
}

function maxAge(cacheControl: string | undefined): number | undefined {
  const directives = directivesOf(cacheControl)
  if (directives.includes('no-store') || directives.includes('no-cache')) return 0
  const ages = directives.filter((one) => one.startsWith('max-age='))
  if (ages.length === 0) return undefined
  const seconds = /^max-age="?(\d{1,10})"?$/.exec(ages[0]!)?.[1]
  return ages.length === 1 && seconds !== undefined ? Number(seconds) : 0
}

function expires(headers: Headers): number | undefined {
  if (headers['expires'] === undefined) return undefined
  const seconds = (Date.parse(headers['expires']) - Date.parse(headers['date'] ?? '')) / 1_000
  return Number.isFinite(seconds) ? seconds : 0
}
