import { isJsonObject, type JsonObject } from '../syntax/json.ts'
import type { Claims } from './claims.ts'

/** One entry of `authorization_details` (RFC 9396 §2). What is in it beside its type is for its type to say. */
export interface AuthorizationDetail extends JsonObject {
  readonly type: string
}

type Details = readonly AuthorizationDetail[]

const NONE: Details = Object.freeze([])

/** The entries of a token whose claims have been judged, in their order. */
export function detailsOf({ authorization_details: details }: Claims): Details {
  return details === undefined ? NONE : (details as unknown as Details)
}

/** What {@link detailsWithin} found last for an answer, which is about one token. */
const narrowed = new WeakMap<Details, { readonly granted: Details; readonly within: Details }>()

/** Those of the entries that an answer about the same token has, too; the order of their members does not matter. */
export function detailsWithin(granted: Details, answered: Details): Details {
  const known = narrowed.get(answered)
  if (known?.granted === granted) return known.within
  const others = new Set(answered.map(canonical))
  const within = Object.freeze(granted.filter((entry) => others.has(canonical(entry))))
  narrowed.set(answered, { granted, within })
  return within
}

function canonical(entry: AuthorizationDetail): string {
  return JSON.stringify(entry, (_, value: unknown) =>
    isJsonObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
}
