import { LRUCache } from 'lru-cache'
import type { Json } from '../syntax/json.ts'
import { parseScope } from '../syntax/scope.ts'
import type { Claims } from './claims.ts'

/** The claims that scopes are read from: all of them together, or, by default, the first that is present. */
export type ScopeSource = readonly string[] | undefined

const NONE: readonly string[] = Object.freeze([])
const STANDARD: readonly string[] = Object.freeze(['scope', 'scp'])

/** The scopes that a token grants, each once, in their order and to look one up in. Shared by all tokens that say the same. */
export interface GrantedScopes {
  readonly list: readonly string[]
  readonly set: ReadonlySet<string>
}

const NOTHING: GrantedScopes = Object.freeze({ list: NONE, set: new Set<string>() })

/** Octets of what is kept of the scopes of tokens, in the whole process: half of them for texts, half for other claims. */
const SCOPES_BYTES = 1_048_576
/** Octets that one text is reckoned to take beside its scopes, and one scope. */
const TEXT = 500
const SCOPE = 80

// Many tokens say the same: taken apart once, their scopes cost a later request one look-up, and no entry of a store
// anything. Apart, as no text may pass for an array.
const texts = memo()
/** By the values as JSON. */
const others = memo()

function memo(): LRUCache<string, GrantedScopes> {
  return new LRUCache({
    max: 500,
    maxSize: SCOPES_BYTES / 2,
    sizeCalculation: ({ list }, key) => TEXT + key.length + SCOPE * list.length,
  })
}

/** The scopes that a token grants. A claim of another shape grants nothing. */
export function scopesOf(claims: Claims, source: ScopeSource): GrantedScopes {
  if (source) return grantedBy(source.map((name) => ownIn(claims, name)))
  // `scope` is the standard claim (RFC 9068 §2.2.3); some servers write `scp`.
  const value = ownIn(claims, claims['scope'] === undefined ? 'scp' : 'scope')
  return typeof value === 'string' ? grantedByText(value) : grantedBy([value])
}

/** Those of the scopes that are in another set, too. */
export function grantedAlso({ list }: GrantedScopes, other: ReadonlySet<string>): GrantedScopes {
  return grantOf(list.filter((one) => other.has(one)))
}

function grantedByText(text: string): GrantedScopes {
  const known = texts.get(text)
  if (known) return known
  const grant = grantOf(parseScope(text) ?? NONE)
  texts.set(text, grant)
  return grant
}

function grantedBy(values: readonly (Json | undefined)[]): GrantedScopes {
  if (values.every((value) => value === undefined)) return NOTHING
  const key = JSON.stringify(values)
  const known = others.get(key)
  if (known) return known
  const grant = grantOf(values.flatMap((value) => parseScope(value) ?? NONE))
  others.set(key, grant)
  return grant
}

function grantOf(scopes: readonly string[]): GrantedScopes {
  if (scopes.length === 0) return NOTHING
  const set = new Set(scopes)
  return Object.freeze({ list: Object.freeze([...set]), set })
}

const ownIn = (claims: Claims, name: string): Json | undefined =>
  Object.hasOwn(claims, name) ? claims[name] : undefined

/** Whether claims say anything about scopes; saying "none" is saying something. */
export function statesScopes(claims: Claims, source: ScopeSource): boolean {
  return (source ?? STANDARD).some((name) => Object.hasOwn(claims, name))
}
