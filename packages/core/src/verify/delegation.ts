import { isJsonObject, type JsonObject } from '../syntax/json.ts'
import type { Claims } from './claims.ts'

/** Who acts with a token in place of its subject (RFC 8693 §4.1). Told from others by issuer and subject together. */
export interface Actor {
  /** `iss` beside the actor's `sub`; the issuer of the token where there is none. */
  readonly issuer: string
  /** `undefined` where the token does not say. */
  readonly subject: string | undefined
  /** All that the token says of the actor. Times and audiences in it have no effect. */
  readonly claims: JsonObject
}

const NOBODY: readonly Actor[] = Object.freeze([])

/** By the claim: read once for all requests with a token. */
const chains = new WeakMap<JsonObject, readonly Actor[]>()

/** Who acts now, then who acted before, as far as the token says. */
export function actorsOf({ act }: Claims, issuer: string): readonly Actor[] {
  if (!isJsonObject(act)) return NOBODY
  const known = chains.get(act)
  if (known) return known
  const actors: Actor[] = []
  for (let one: unknown = act; isJsonObject(one); one = one['act']) actors.push(actorOf(one, issuer))
  const chain = Object.freeze(actors)
  chains.set(act, chain)
  return chain
}

function actorOf(claims: JsonObject, issuer: string): Actor {
  const { iss = issuer, sub } = claims as { iss?: string; sub?: string }
  return Object.freeze({ issuer: iss, subject: sub, claims })
}
