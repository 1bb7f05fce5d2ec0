import type { VerificationKey } from '../keys/jwk.ts'
import type { VerifiedToken } from '../verify/verified-token.ts'

/** Hears of a request whose route puts up with no older evidence. */
export interface DemandListener {
  demanded(sighting: Sighting): void
}

/** What is remembered of a request that was accepted, to say what would become of another like it. No token, no claims. */
export class Sighting {
  readonly digest: string
  /** The key that signed, for JWTs. */
  readonly key: VerificationKey | undefined
  /** Seconds since 1970, as the claims. */
  readonly exp: number | undefined
  readonly iat: number | undefined
  /** Milliseconds: the oldest answer of the authorization server that its route puts up with. */
  maxEvidenceAge: number = Infinity
  listener: DemandListener | undefined

  constructor(digest: string, { key, claims }: VerifiedToken) {
    const { exp, iat } = claims as { readonly exp?: number; readonly iat?: number }
    this.digest = digest
    this.key = key
    this.exp = exp
    this.iat = iat
  }

  /** Said by a guard that asks for newer evidence than any. */
  demand(maxEvidenceAge: number): void {
    if (maxEvidenceAge >= this.maxEvidenceAge) return
    this.maxEvidenceAge = maxEvidenceAge
    this.listener?.demanded(this)
  }
}
