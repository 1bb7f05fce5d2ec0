import { digestOf } from '../../src/cache/digest.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { VerifiedToken, type VerifiedTokenFields } from '../../src/verify/verified-token.ts'
import type { Presented, Verifier } from '../../src/verify/verifier.ts'

const nobody: Verifier = {
  recall: () => undefined,
  now: () => undefined,
  verify: () => Promise.reject(new Error('nobody verifies this')),
  ask: () => undefined,
  explain: () => Promise.resolve(undefined),
  forget: () => undefined,
}

export function verifiedToken(claims: Claims, clock: Clock, fields: Partial<VerifiedTokenFields> = {}): VerifiedToken {
  return new VerifiedToken({
    digest: digestOf(JSON.stringify(claims)),
    issuer: 'https://as.example',
    claims,
    since: { wall: clock.wall(), monotonic: clock.monotonic() },
    by: 'introspection',
    key: undefined,
    scopeSource: undefined,
    verifier: nobody,
    ...fields,
  })
}

export function presented(token: string, clock: Clock, signal?: AbortSignal): Presented {
  return { token, digest: digestOf(token), jwt: undefined, arrivedAt: clock.monotonic(), signal, source: undefined }
}
