import { parseScope } from '../syntax/scope.ts'
import type { Claims } from './claims.ts'

/** The claims that scopes are read from: all of them together, or, by default, the first that is present. */
export type ScopeSource = readonly string[] | undefined

const NONE: readonly string[] = Object.freeze([])
const STANDARD: readonly string[] = Object.freeze(['scope', 'scp'])

/** The scopes that a token grants, each once. A claim of another shape grants nothing. */
export function scopesOf(claims: Claims, source: ScopeSource): readonly string[] {
  // `scope` is the standard claim (RFC 9068 §2.2.3); some servers write `scp`.
  const found = source
    ? source.flatMap((name) => parse(claims, name))
    : parse(claims, claims['scope'] === undefined ? 'scp' : 'scope')
  return found.length === 0 ? NONE : Object.freeze([...new Set(found)])
}

/** How many they may be at most, without taking them apart. */
export function scopesIn(claims: Claims, source: ScopeSource): number {
  let count = 0
  for (const name of source ?? STANDARD) {
    const value = claims[name]
    if (typeof value === 'string') count += value.split(' ').length
    else if (Array.isArray(value)) count += value.length
  }
  return count
}

function parse(claims: Claims, name: string): readonly string[] {
  return (Object.hasOwn(claims, name) ? parseScope(claims[name]) : undefined) ?? NONE
}

/** Whether claims say anything about scopes; saying "none" is saying something. */
export function statesScopes(claims: Claims, source: ScopeSource): boolean {
  return (source ?? STANDARD).some((name) => Object.hasOwn(claims, name))
}
