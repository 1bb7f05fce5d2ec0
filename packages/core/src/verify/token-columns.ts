import type { Columns } from '../cache/columns.ts'
import type { Claims } from './claims.ts'
import { type Provenance, VerifiedToken } from './verified-token.ts'

/** Which of the numbers is the wall clock at the beginning of the verification. */
export const SINCE = 0

/**
 * What a store keeps of verified tokens: both clocks at the beginning of the verification, `freshFor` (`NaN` for none) and
 * `aheadAfter` as numbers; claims and provenance as references.
 */
export class TokenColumns implements Columns<VerifiedToken> {
  readonly width = 4
  /** In turn: claims and provenance. */
  readonly #references: (Claims | Provenance | undefined)[] = []

  put(place: number, token: VerifiedToken, numbers: Float64Array, at: number): void {
    const { claims, provenance, since, freshFor, aheadAfter } = token
    numbers[at + SINCE] = since.wall
    numbers[at + 1] = since.monotonic
    numbers[at + 2] = freshFor ?? Number.NaN
    numbers[at + 3] = aheadAfter
    this.#references[2 * place] = claims
    this.#references[2 * place + 1] = provenance
  }

  read(place: number, digest: string, numbers: Float64Array, at: number): VerifiedToken {
    const freshFor = numbers[at + 2]!
    return new VerifiedToken({
      digest,
      claims: this.#references[2 * place] as Claims,
      provenance: this.#references[2 * place + 1] as Provenance,
      since: { wall: numbers[at + SINCE]!, monotonic: numbers[at + 1]! },
      freshFor: Number.isNaN(freshFor) ? undefined : freshFor,
      aheadAfter: numbers[at + 3]!,
    })
  }

  expiresAt(place: number): number | undefined {
    return (this.#references[2 * place] as Claims)['exp'] as number | undefined
  }

  clear(place: number): void {
    this.#references[2 * place] = undefined
    this.#references[2 * place + 1] = undefined
  }
}
