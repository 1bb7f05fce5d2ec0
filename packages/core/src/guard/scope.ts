import { ConfigError } from '../errors.ts'
import { isScopeToken } from '../syntax/scope.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

function checked(of: string, scopes: readonly string[]): readonly string[] {
  const tokens = scopes.flatMap((one) => (typeof one === 'string' ? one.split(' ') : [one]))
  if (tokens.length === 0 || !tokens.every(isScopeToken)) {
    const wrong = tokens.find((token) => !isScopeToken(token))
    throw new ConfigError(
      `${of}(): ${JSON.stringify(wrong ?? '')} is no scope; write printable ASCII without space, quote and backslash, such as ${of}('orders:read')`,
    )
  }
  if (tokens.includes('offline_access')) {
    throw new ConfigError(
      `${of}(): "offline_access" asks for a refresh token and is no right at an API; leave it out (OpenID Connect Core §11)`,
    )
  }
  return Object.freeze(tokens)
}

/**
 * Asks for every one of these scopes: `scope('orders:read', 'orders:write')` or `scope('orders:read orders:write')`.
 * Exact and case-sensitive (RFC 6749 §3.3), but for what `scopeImplies` says; refuses with 403 `insufficient_scope` and
 * names them all.
 */
export function scope(...scopes: readonly [string, ...string[]]): PureGuard {
  const needed = checked('scope', scopes)
  return pureGuard((auth) => needed.every((one) => auth.hasScope(one)) || { reason: 'scope_missing', scopes: needed }, {
    scopes: needed,
  })
}

/** Asks for one of these scopes. Its challenge names the first, as the one to ask for. */
export function anyScope(...scopes: readonly [string, ...string[]]): PureGuard {
  const accepted = checked('anyScope', scopes)
  const first = Object.freeze(accepted.slice(0, 1))
  return pureGuard((auth) => accepted.some((one) => auth.hasScope(one)) || { reason: 'scope_missing', scopes: first }, {
    scopes: first,
  })
}

guardFactory(scope)
guardFactory(anyScope)
