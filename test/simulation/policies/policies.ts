import type { Policy } from '../world/contender.ts'
import { asking } from './asking.ts'
import { breaking } from './breaking.ts'
import { caching } from './caching.ts'
import { holdfast } from './holdfast.ts'
import { none } from './none.ts'

export const POLICY_NAMES = ['none', 'ttl', 'stale-if-error', 'breaker', 'holdfast'] as const
export type PolicyName = (typeof POLICY_NAMES)[number]

const MINUTE = 60_000

/** What stands in the table, each with what builds it. */
export const POLICIES: Readonly<Record<PolicyName, Policy>> = {
  none,
  // The usual cache: five minutes, then the authorization server decides.
  ttl: (ports) => caching(ports, { fresh: 5 * MINUTE, staleIfError: 0, whileRevalidating: false }, asking(ports)),
  // RFC 5861 §4: what is stale stands in for a failed question.
  'stale-if-error': (ports) =>
    caching(ports, { fresh: MINUTE, staleIfError: 5 * MINUTE, whileRevalidating: false }, asking(ports)),
  // And RFC 5861 §3 with a circuit breaker as services have it.
  breaker: (ports) =>
    caching(
      ports,
      { fresh: MINUTE, staleIfError: 5 * MINUTE, whileRevalidating: true },
      breaking(asking(ports), { failures: 0.5, calls: 20, window: 10_000, pause: 30_000 }, ports.clock),
    ),
  holdfast: holdfast(),
}
