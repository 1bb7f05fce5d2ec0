import { type AuthContext, originOf } from '../context.ts'
import { type Duration, milliseconds } from '../duration.ts'
import { ConfigError } from '../errors.ts'
import { type PureGuard, pureGuard, guardFactory } from './guard.ts'

export interface FreshOptions {
  /** `counts`: a signature checked within the age is enough, for issuers without introspection. */
  readonly signature?: 'counts'
}

/**
 * Asks for evidence from the authorization server that is at most so old when the request arrives: `fresh('5s')` on a
 * payment. Older evidence is renewed by one live introspection; when that cannot be had the answer is 503, never stale.
 */
export function fresh(age: Duration, options: FreshOptions = {}): PureGuard {
  const maxAge = milliseconds(age)
  const { signature, ...unknown } = options ?? {}
  if (Object.keys(unknown).length > 0 || ![undefined, 'counts'].includes(signature)) {
    throw new ConfigError(`fresh(): the only option is { signature: 'counts' }`)
  }
  const signatureCounts = signature === 'counts'
  const isFresh = (auth: AuthContext): boolean => {
    const origin = originOf(auth)
    if (!origin) return false
    if (!(signatureCounts && origin.token.by === 'signature')) origin.presented.sighting?.demand(maxAge)
    if (auth.evidence.stale) return false
    const counts = auth.evidence.by === 'introspection' || signatureCounts
    return counts && origin.token.since.monotonic >= origin.presented.arrivedAt - maxAge
  }
  return pureGuard(
    (auth) =>
      isFresh(auth) || {
        reason: 'evidence_too_old',
        maxEvidenceAge: maxAge,
        signatureCounts,
      },
  )
}

guardFactory(fresh)
