import { ConfigError } from '../errors.ts'
import type { Actor } from '../verify/delegation.ts'
import { type PureGuard, pureGuard, guardFactory, saysYes } from './guard.ts'

/** An actor by name: a subject of the token's own issuer, or of a named one. */
export type ActorName = string | { readonly issuer: string; readonly subject: string }

/** Who may act: one of some names, or whom a predicate says yes to. */
export type ActorTest = ActorName | readonly ActorName[] | ((actor: Actor) => boolean)

/**
 * Asks that somebody acts for the subject (RFC 8693 §4.1), and that it is one of these: `actor('orders-bff')`,
 * `actor({ issuer: 'https://partner.example.net', subject: 'agent' })`, a list of both, or a predicate that returns `true`.
 * The current actor alone counts; who acted before it is history, and `may_act` makes nobody an actor. Refuses with 403
 * `access_denied`.
 *
 * @throws {ConfigError}
 */
export function actor(test: ActorTest): PureGuard {
  const names: readonly unknown[] = Array.isArray(test) ? test : [test]
  if (typeof test !== 'function' && (names.length === 0 || !names.every(isName))) {
    throw new ConfigError(
      `actor(): say who may act: a subject, { issuer, subject }, a list of them, or a predicate; to ask that nobody does, write noActor()`,
    )
  }
  const accepted = Object.freeze([...names]) as readonly ActorName[]
  return pureGuard((auth) => {
    const { actor: acting, issuer } = auth
    if (!acting) return { reason: 'claim_refused', detail: 'no actor' }
    const fits =
      typeof test === 'function' ? saysYes(test(acting)) : accepted.some((name) => isCalled(acting, name, issuer))
    return fits || { reason: 'claim_refused', detail: 'another actor' }
  })
}

/** Asks that nobody acts for the subject: a token that names an actor, whoever it is, is refused with 403 `access_denied`. */
export function noActor(): PureGuard {
  return pureGuard((auth) => auth.actor === undefined || { reason: 'claim_refused', detail: 'an actor' })
}

function isName(name: unknown): boolean {
  if (typeof name === 'string') return name !== ''
  const { issuer, subject, ...unknown } = (name ?? {}) as Record<string, unknown>
  return [issuer, subject].every((one) => typeof one === 'string' && one !== '') && Object.keys(unknown).length === 0
}

/** The same subject of another issuer is somebody else (RFC 9700 §4.15). */
function isCalled({ issuer, subject }: Actor, name: ActorName, own: string): boolean {
  return typeof name === 'string'
    ? issuer === own && subject === name
    : issuer === name.issuer && subject === name.subject
}

guardFactory(actor)
guardFactory(noActor)
