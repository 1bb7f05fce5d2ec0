import { type Duration, milliseconds } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { isScopeToken } from '../syntax/scope.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

export interface LoginOptions {
  /** Authentication context class references, one of which `acr` must equal exactly, in order of preference. */
  readonly acr?: string | readonly string[]
  /** How long ago, at most, the user may have authenticated (`auth_time`), and the server's `clockSkew` longer. Whole seconds. */
  readonly maxAge?: Duration
  /** Whether the challenge names what is needed (RFC 9470 §9). Default true. */
  readonly disclose?: boolean
}

/** Seconds by which clocks may differ, where nobody says. */
const SKEW = 30

/**
 * Asks for a stronger or more recent authentication of the user (RFC 9470): refuses with 401
 * `insufficient_user_authentication`, with `acr_values` and `max_age`. A token that does not say is not enough; one whose
 * `auth_time` lies in the future is malformed.
 */
export function login(options: LoginOptions): PureGuard {
  const { acr, maxAge, disclose = true, ...unknown } = options ?? {}
  const acrValues = acr === undefined ? undefined : Object.freeze([acr].flat())
  const seconds = maxAge === undefined ? undefined : milliseconds(maxAge) / 1_000
  if (Object.keys(unknown).length > 0)
    throw new ConfigError(`login(): unknown option "${Object.keys(unknown)[0]}"; write { acr, maxAge, disclose }`)
  if (acrValues === undefined && seconds === undefined)
    throw new ConfigError(`login(): say what is needed: { acr: 'gold' }, { maxAge: '5m' } or both`)
  if (acrValues && (acrValues.length === 0 || !acrValues.every(isScopeToken))) {
    throw new ConfigError('login(): an acr value is printable ASCII without space, quote and backslash')
  }
  if (seconds !== undefined && !Number.isInteger(seconds))
    throw new ConfigError(`login(): "maxAge" is whole seconds, not ${maxAge}`)
  if (typeof disclose !== 'boolean') throw new ConfigError('login(): "disclose" is true or false')
  const needs = disclose ? { acrValues, maxAge: seconds } : {}

  return pureGuard(({ claims }, { now, skew = SKEW }) => {
    const { acr: level, auth_time: at } = claims as { acr?: string; auth_time?: number }
    const levelFits = acrValues === undefined || (level !== undefined && acrValues.includes(level))
    if (seconds !== undefined && at !== undefined && at - now > skew)
      return { reason: 'claims_malformed', detail: '"auth_time" lies in the future' }
    const recent = seconds === undefined || (at !== undefined && now - at <= seconds + skew)
    return (levelFits && recent) || { reason: 'login_insufficient', ...needs }
  })
}

guardFactory(login)
