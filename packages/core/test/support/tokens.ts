import { keyOf } from '../../src/cache/digest.ts'
import { Tally } from '../../src/counters.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { Caller } from '../../src/request.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { type Provenance, VerifiedToken, type VerifiedTokenFields } from '../../src/verify/verified-token.ts'
import type { Presented, Verifier } from '../../src/verify/verifier.ts'

const nobody: Verifier = {
  recall: () => undefined,
  now: () => undefined,
  verify: () => Promise.reject(new Error('nobody verifies this')),
  ask: () => undefined,
  explain: () => Promise.resolve(undefined),
  forget: () => undefined,
}

export function verifiedToken(
  claims: Claims,
  clock: Clock,
  fields: Partial<VerifiedTokenFields & Provenance> = {},
): VerifiedToken {
  const { issuer = 'https://as.example', by = 'introspection', key, nested, scopeSource, verifier = nobody } = fields
  const { tally = new Tally('opaque') } = fields
  return new VerifiedToken({
    digest: keyOf(JSON.stringify(claims)),
    claims,
    since: { wall: clock.wall(), monotonic: clock.monotonic() },
    provenance: { issuer, by, key, nested, scopeSource, verifier, tally },
    ...fields,
  })
}

export function presented(token: string, clock: Clock, signal?: AbortSignal): Presented {
  return { token, digest: keyOf(token), jwt: undefined, arrivedAt: clock.monotonic(), caller: new Caller({ signal }) }
}
