import { ConfigError } from '../errors.ts'
import type { Json } from '../syntax/json.ts'
import { type PureGuard, pureGuard, guardFactory, saysYes } from './guard.ts'

/** What a claim must be: one of some plain values, or what a predicate says yes to. */
export type ClaimTest = string | number | boolean | readonly (string | number | boolean)[] | ((value: Json) => boolean)

const isPlain = (one: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof one)

/**
 * Asks that a claim is present and fits: `claim('tenant', 'acme')`, `claim('tenant', ['acme', 'initech'])`,
 * `claim('tenant', isOurs)`. A predicate must return `true`. A claim that is itself a list needs one:
 * `claim('roles', (roles) => Array.isArray(roles) && roles.includes('admin'))`. Refuses with 403 `access_denied`.
 */
export function claim(name: string, test: ClaimTest): PureGuard {
  if (typeof name !== 'string' || name === '')
    throw new ConfigError(`claim(): the name of the claim is a non-empty string`)
  const accepted: readonly unknown[] = Array.isArray(test) ? test : [test]
  if (typeof test !== 'function' && (accepted.length === 0 || !accepted.every(isPlain))) {
    throw new ConfigError(
      `claim('${name}'): say what it must be: a text, number or boolean, a list of them, or a predicate`,
    )
  }
  const fits = (value: Json): boolean =>
    typeof test === 'function' ? saysYes(test(value)) : (accepted as readonly Json[]).includes(value)
  return pureGuard(({ claims }) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined
    return (value !== undefined && fits(value)) || { reason: 'claim_refused', detail: `claim "${name}"` }
  })
}

guardFactory(claim)
