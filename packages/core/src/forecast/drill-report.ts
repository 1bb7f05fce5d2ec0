import type { TokenKind } from '../counters.ts'

/**
 * Why a request would have been refused (503). `new`: nothing was known of its token when the drill began. `old`: what was
 * known would have been too old. `keys`: its key was not in the set, or the set past its hard bound. `fresh`: its route
 * asks for newer evidence. `unavailable`: it was refused for want of an answer without any drill.
 */
export type DrillLoss = 'new' | 'old' | 'keys' | 'fresh' | 'unavailable'

/** What would have become of the requests of one issuer's tokens if its authorization server had died at `from`. */
export interface DrillReport {
  readonly issuer: string
  /** Seconds since 1970. */
  readonly from: number
  readonly until: number
  /** `time`: it ran to its end; `aborted`: by the signal; `closed`: with the server. */
  readonly ended: 'time' | 'aborted' | 'closed'
  /** Requests that would have been served. */
  readonly served: Readonly<Record<TokenKind, number>>
  /** Requests that would have been refused (503). */
  readonly refused: Readonly<Record<TokenKind, Readonly<Record<DrillLoss, number>>>>
  /** The part that would have been served, from 0 to 1; `undefined` without requests. */
  readonly ratio: number | undefined
  /** Of those served, with JWTs issued since `from` by their `iat`: nobody would have had them. */
  readonly issuedSince: number
  /** Requests refused because their token was called inactive since `from`: in an outage they would have been served. */
  readonly inactiveSince: number
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** Counts what goes into a report. */
export class DrillCounts {
  readonly #served: Writable<DrillReport['served']> = { jwt: 0, opaque: 0 }
  readonly #refused: Record<TokenKind, Record<DrillLoss, number>> = { jwt: noLosses(), opaque: noLosses() }
  issuedSince = 0
  inactiveSince = 0

  /** @param by 1, or -1 to take back what was counted. */
  add(kind: TokenKind, loss: DrillLoss | undefined, by: 1 | -1 = 1): void {
    if (loss === undefined) this.#served[kind] += by
    else this.#refused[kind][loss] += by
  }

  report(of: Pick<DrillReport, 'issuer' | 'from' | 'until' | 'ended'>): DrillReport {
    const served = this.#served.jwt + this.#served.opaque
    const refused = Object.values(this.#refused).flatMap((losses) => Object.values(losses))
    const requests = refused.reduce((sum, count) => sum + count, served)
    const { issuedSince, inactiveSince } = this
    return Object.freeze({
      ...of,
      served: Object.freeze({ ...this.#served }),
      refused: Object.freeze({
        jwt: Object.freeze({ ...this.#refused.jwt }),
        opaque: Object.freeze({ ...this.#refused.opaque }),
      }),
      ratio: requests === 0 ? undefined : served / requests,
      issuedSince,
      inactiveSince,
    })
  }
}

const noLosses = (): Record<DrillLoss, number> => ({ new: 0, old: 0, keys: 0, fresh: 0, unavailable: 0 })
