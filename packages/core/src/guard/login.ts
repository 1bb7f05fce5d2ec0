import { type Duration, milliseconds } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { isScopeToken } from '../syntax/scope.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

export interface LoginOptions {
  /** Authentication context class references, one of which `acr` must equal exactly, in order of preference. */
  readonly acr?: string | readonly string[]
  /** How long ago, at most, the user may have authenticated (`auth_time`). Whole seconds. */
  readonly maxAge?: Duration
}

/** Seconds by which `auth_time` may lie in the future: clocks differ. */
const SKEW = 30

/**
 * Asks for a stronger or more recent authentication of the user (RFC 9470): refuses with 401
 * `insufficient_user_authentication`, with `acr_values` and `max_age`. A token that does not say is not enough.
 */
export function login(options: LoginOptions): PureGuard {
  const { acr, maxAge, ...unknown } = options ?? {}
  const acrValues = acr === undefined ? undefined : Object.freeze([acr].flat())
  const seconds = maxAge === undefined ? undefined : milliseconds(maxAge) / 1_000
  if (Object.keys(unknown).length > 0)
    throw new ConfigError(`login(): unknown option "${Object.keys(unknown)[0]}"; write { acr, maxAge }`)
  if (acrValues === undefined && seconds === undefined)
    throw new ConfigError(`login(): say what is needed: { acr: 'gold' }, { maxAge: '5m' } or both`)
  if (acrValues && (acrValues.length === 0 || !acrValues.every(isScopeToken))) {
    throw new ConfigError('login(): an acr value is printable ASCII without space, quote and backslash')
  }
  if (seconds !== undefined && !Number.isInteger(seconds))
    throw new ConfigError(`login(): "maxAge" is whole seconds, not ${maxAge}`)

  return pureGuard(({ claims }, { now }) => {
    const { acr: level, auth_time: at } = claims as { acr?: string; auth_time?: number }
    const levelFits = acrValues === undefined || (level !== undefined && acrValues.includes(level))
    const recent = seconds === undefined || (at !== undefined && now - at <= seconds && at - now <= SKEW)
    return (levelFits && recent) || { reason: 'login_insufficient', acrValues, maxAge: seconds }
  })
}

guardFactory(login)
