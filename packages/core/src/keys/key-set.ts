import { type JsonObject, isJsonObject } from '../syntax/json.ts'
import { type Algorithm, means } from '../verify/algorithms.ts'
import { type KeyFault, VerificationKey, verificationKey } from './jwk.ts'

/** Keys in one set; a longer list is no key set of an authorization server. */
export const MAX_KEYS = 100
/** Keys that share a `kid` and are tried for one token. */
const MAX_CANDIDATES = 4

/** Which keys serve a token without `kid`: the `only` one that fits, or each of the first few that fit. */
export type MissingKid = 'only' | 'try'

/** What a token's header says about its key. */
export interface KeyHint {
  readonly algorithm: string
  readonly kid: string | undefined
}

/** What a set knows about a hint: keys to try; no such `kid`; a `kid` whose key fits not; several keys and no `kid`. */
export type Selection =
  | { readonly is: 'found'; readonly keys: readonly VerificationKey[] }
  | { readonly is: 'unknown' | 'unfit' | 'ambiguous' }

export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** True when the document listed one key and no other, not even for another purpose. */
  readonly single: boolean
}

export const EMPTY_KEY_SET: KeySet = Object.freeze({ keys: Object.freeze([]), single: false })

/** Reads a JWK Set (RFC 7517 §5): a bad entry is skipped and reported, a bad document is `undefined`. */
export function parseKeySet(
  document: JsonObject,
  allowed: readonly Algorithm[],
  skipped: (fault: KeyFault) => void,
): KeySet | undefined {
  const entries = document['keys']
  if (!Array.isArray(entries) || entries.length > MAX_KEYS) return undefined
  const keys = new Map<string, VerificationKey>()
  for (const entry of entries as readonly unknown[]) {
    const key = isJsonObject(entry) ? verificationKey(entry, allowed) : 'unusable'
    // One object for a key that is listed twice: a second one would outlive the key's retirement.
    if (key instanceof VerificationKey) keys.set(identity(key), keys.get(identity(key)) ?? key)
    else skipped(key)
  }
  return { keys: [...keys.values()], single: entries.length === 1 }
}

/** The next set: keys that stay keep their imported material, keys that left or changed are retired at once. */
export function succeed(previous: KeySet | undefined, next: KeySet): KeySet {
  const staying = new Map(previous?.keys.map((key) => [identity(key), key]))
  const keys = next.keys.map((key) => staying.get(identity(key)) ?? key)
  const current = new Set(keys)
  for (const key of previous?.keys ?? []) if (!current.has(key)) key.retired = true
  return { ...next, keys }
}

function identity(key: VerificationKey): string {
  return JSON.stringify([key.kid, key.algorithm, key.thumbprint])
}

type ByKid = ReadonlyMap<string | undefined, readonly VerificationKey[]>

const NONE: readonly VerificationKey[] = Object.freeze([])
/** Keys by name, so that a choice from a hundred costs what a choice from one does. */
const indexes = new WeakMap<KeySet, ByKid>()

function byKid(set: KeySet): ByKid {
  const known = indexes.get(set)
  if (known) return known
  const index = new Map<string | undefined, VerificationKey[]>()
  for (const key of set.keys) index.set(key.kid, [...(index.get(key.kid) ?? []), key])
  indexes.set(set, index)
  return index
}

/** The keys that may have signed a token with this hint (RFC 7515 §6). */
export function select(set: KeySet, hint: KeyHint, missingKid: MissingKid = 'only'): Selection {
  const named = hint.kid === undefined ? set.keys : (byKid(set).get(hint.kid) ?? NONE)
  // A set of one key without `kid` leaves no doubt which key is meant.
  const pool = named.length === 0 && set.single && set.keys[0]?.kid === undefined ? set.keys : named
  if (pool.length === 0) return { is: 'unknown' }
  const keys = pool.filter((key) => means(hint.algorithm, key.algorithm) && key.material !== undefined)
  if (keys.length === 0) return { is: 'unfit' }
  if (hint.kid === undefined && keys.length > 1 && missingKid === 'only') return { is: 'ambiguous' }
  return { is: 'found', keys: keys.slice(0, MAX_CANDIDATES) }
}
