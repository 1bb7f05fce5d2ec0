import { parseScope } from '../syntax/scope.ts'
import type { Claims } from './claims.ts'

/** The claims that scopes are read from: all of them together, or, by default, the first that is present. */
export type ScopeSource = readonly string[] | undefined

/** `scope` is the standard claim (RFC 9068 §2.2.3); some servers write `scp`. */
const USUAL = ['scope', 'scp'] as const
const NONE: readonly string[] = Object.freeze([])

/** The scopes that a token grants, each once. A claim of another shape grants nothing. */
export function scopesOf(claims: Claims, source: ScopeSource): readonly string[] {
  const names = source ?? USUAL.filter((name) => Object.hasOwn(claims, name)).slice(0, 1)
  const found = names.flatMap((name) => (Object.hasOwn(claims, name) ? (parseScope(claims[name]) ?? NONE) : NONE))
  return found.length === 0 ? NONE : Object.freeze([...new Set(found)])
}
