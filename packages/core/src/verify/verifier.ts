import type { DpopProof } from '../bind/dpop/proof.ts'
import type { AuthError } from '../errors.ts'
import type { Checks } from '../explain/checks.ts'
import type { Sighting } from '../forecast/sighting.ts'
import type { Instant } from '../ports/clock.ts'
import type { Caller } from '../request.ts'
import type { UnverifiedJwt } from '../syntax/jws.ts'
import type { VerifiedToken } from './verified-token.ts'

/** A token in front of a verifier. */
export interface Presented {
  readonly token: string
  readonly digest: string
  /** The token taken apart, where it is a JWT that was not known. */
  readonly jwt: UnverifiedJwt | undefined
  /** Monotonic milliseconds at which the request arrived. */
  readonly arrivedAt: number
  /** What the request was for. */
  readonly url?: string | undefined
  /** Who waits, once somebody does. */
  readonly caller: Caller | undefined
  /** What is remembered of the request, where something is. */
  sighting?: Sighting | undefined
  /** What came with a token under the scheme DPoP, and with no other. */
  readonly proof?: DpopProof | undefined
}

/** A token found good, and how that is known. */
export interface Verdict {
  readonly token: VerifiedToken
  readonly source: 'live' | 'cache'
  /** True when the evidence is past its freshness and the authorization server did not answer in time. */
  readonly stale: boolean
}

/**
 * Judges the tokens of one issuer. Every method throws an {@link AuthError} for a token that is bad, and one of code
 * `unavailable` where nobody can tell.
 */
export interface Verifier {
  /**
   * What an entry found in a store is worth now; `undefined` when it must be verified again. May start a call behind the
   * request, never one that it waits for.
   *
   * @param now Read from the clocks once for all that judges a request at once: a look at one costs as much as all rules.
   */
  recall(entry: VerifiedToken, presented: Presented, now: Instant): Verdict | undefined
  /**
   * Judges an unknown token at once, or `undefined` where it takes waiting. What strangers send most is refused by a
   * returned error, as `orThrow` explains.
   */
  now(presented: Presented): Verdict | AuthError | undefined
  verify(presented: Presented): Promise<Verdict>
  /** Evidence from a call to the authority that began at `since` (monotonic) or later; `undefined` where there is no such authority. */
  ask(presented: Presented, since: number): Promise<Verdict> | undefined
  /** Makes every check with what is at hand, asking nobody. @returns what the token says, where all of them passed. */
  explain(presented: Presented, checks: Checks): Promise<VerifiedToken | undefined>
  /** Forgets a token: it is verified again at its next use. */
  forget(digest: string): void
}
