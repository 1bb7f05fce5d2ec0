import { ConfigError } from '../errors.ts'
import { isScopeToken } from '../syntax/scope.ts'
import { type Check, fail, isRecord, object } from './check.ts'

/** For each scope the others that include it, directly or through others. */
export type ScopeImplications = ReadonlyMap<string, readonly string[]>

const scopes: Check<readonly string[]> = (value, path) =>
  Array.isArray(value) && value.length > 0 && value.every(isScopeToken)
    ? value
    : fail(path, value, `a list of scopes, such as ['orders:read']`)

/** Reads `{ admin: ['write'], write: ['read'] }`. @throws {ConfigError} for what is no scope, and for a circle. */
export function scopeImplications(value: unknown, path: string): ScopeImplications {
  // A prototype other than the usual one, or none, is as good: only own names count.
  const names = isRecord(value) ? Object.keys(value) : []
  const wrong = names.find((name) => !isScopeToken(name))
  if (wrong !== undefined) {
    throw new ConfigError(
      `option "${path}" names ${JSON.stringify(wrong)}, which is no scope; write printable ASCII without space, quote and backslash`,
    )
  }
  const shape = Object.fromEntries(names.map((name) => [name, scopes]))
  const implied = new Map(Object.entries(object<Record<string, readonly string[]>>(shape)(value, path)))
  const impliedBy = new Map<string, string[]>()
  for (const name of implied.keys()) {
    for (const one of allImplied(name, implied, path)) impliedBy.set(one, [...(impliedBy.get(one) ?? []), name])
  }
  return impliedBy
}

/** Every scope that one includes. A scope that includes itself is a mistake: two names for one thing, or a typing error. */
function allImplied(name: string, implied: ReadonlyMap<string, readonly string[]>, path: string): ReadonlySet<string> {
  const found = new Set(implied.get(name))
  for (const one of found) for (const next of implied.get(one) ?? []) found.add(next)
  if (!found.has(name)) return found
  throw new ConfigError(
    `option "${path}" goes in a circle at ${JSON.stringify(name)}; write what includes what, one way`,
  )
}
