import type { ExplainedCheck } from './checks.ts'

/** What would become of a token, and why: see {@link ResourceServer.explain}. */
export interface Explanation {
  /** What a request with this token would get now; `unknown` where only the network could tell. Guards are not asked. */
  readonly outcome: 'valid' | 'invalid' | 'unknown'
  /** The configured issuer that judges it. */
  readonly issuer: string | undefined
  /** In the order in which they are made; those behind a no that ends everything are not there. */
  readonly checks: readonly ExplainedCheck[]
}

export function explanationOf(issuer: string | undefined, checks: readonly ExplainedCheck[]): Explanation {
  const some = (outcome: ExplainedCheck['outcome']): boolean => checks.some((check) => check.outcome === outcome)
  const outcome = some('failed') ? 'invalid' : some('unknown') ? 'unknown' : 'valid'
  return Object.freeze({ outcome, issuer, checks: Object.freeze(checks.map((check) => Object.freeze(check))) })
}
