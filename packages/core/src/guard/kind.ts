import type { AuthContext } from '../context.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

/**
 * Asks for a token that stands for a user (RFC 9700 §4.15). A token that does not say whom it stands for is refused, too:
 * say how this issuer tells them apart with its option `kind`. Refuses with 403 `access_denied`.
 */
export function userOnly(): PureGuard {
  return only('user')
}

/** Asks for a token that stands for a client itself. A token that does not say is refused, too. */
export function clientOnly(): PureGuard {
  return only('client')
}

function only(kind: AuthContext['kind']): PureGuard {
  return pureGuard(
    (auth) => auth.kind === kind || { reason: 'claim_refused', detail: `the token's kind: ${auth.kind}` },
  )
}

guardFactory(userOnly)
guardFactory(clientOnly)
