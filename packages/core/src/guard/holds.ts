import { ConfigError } from '../errors.ts'
import type { Claims } from '../verify/claims.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

/**
 * Asks that `roles` names every one of these (RFC 9068 §2.2.3.1): `role('admin')`. The claim is a list of texts, or of
 * objects with a `value` (RFC 7643 §4.1.2); any other shape holds nothing. Refuses with 403 `access_denied`.
 */
export function role(...names: readonly [string, ...string[]]): PureGuard {
  return holding('role', 'roles', names)
}

/** The same for `groups`: `group('staff')`. */
export function group(...names: readonly [string, ...string[]]): PureGuard {
  return holding('group', 'groups', names)
}

/** The same for `entitlements`: `entitlement('export')`. */
export function entitlement(...names: readonly [string, ...string[]]): PureGuard {
  return holding('entitlement', 'entitlements', names)
}

function holding(of: string, claim: string, names: readonly unknown[]): PureGuard {
  if (names.length === 0 || !names.every((name) => typeof name === 'string' && name !== '')) {
    throw new ConfigError(`${of}(): takes one or more non-empty texts, such as ${of}('admin')`)
  }
  const needed = Object.freeze([...names])
  return pureGuard(({ claims }) => {
    const held = valuesOf(claims, claim)
    return needed.every((name) => held.includes(name)) || { reason: 'claim_refused', detail: `claim "${claim}"` }
  })
}

/** Texts, or the `value` of objects: both are in use (RFC 9068 §2.2.3.1 points to RFC 7643). */
function valuesOf(claims: Claims, name: string): readonly unknown[] {
  const list = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (!Array.isArray(list)) return []
  return list.map((one: unknown) =>
    typeof one === 'object' && one !== null && Object.hasOwn(one, 'value') ? (one as { value: unknown }).value : one,
  )
}

guardFactory(role)
guardFactory(group)
guardFactory(entitlement)
