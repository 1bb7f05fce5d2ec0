import type { Reason } from './errors.ts'
import type { Drill } from './forecast/drill.ts'
import { Traffic } from './forecast/traffic.ts'

/** How a token is judged: `jwt` by its signature, whoever is asked beside it; `opaque` by introspection alone. */
export type TokenKind = 'jwt' | 'opaque'
export const TOKEN_KINDS: readonly TokenKind[] = ['jwt', 'opaque']

/** Tokens accepted, by the evidence used: established for the request, before it, or past its freshness. */
export interface EvidenceCounts {
  readonly live: number
  readonly cache: number
  readonly stale: number
}

/** Plain integers since the start. */
export interface Counters {
  /** A token that is verified again, for a route that asks for fresh evidence, counts twice. */
  readonly accepted: EvidenceCounts
  /** Requests refused or not decided, by reason. */
  readonly refused: Readonly<Partial<Record<Reason, number>>>
}

/** The same for one issuer. Refusals that name no issuer are in those of the server only. */
export interface IssuerCounters extends Omit<Counters, 'accepted'> {
  readonly accepted: Readonly<Record<TokenKind, EvidenceCounts>>
}

/** The tokens of one kind and issuer that were accepted: within reach of each of them, so that counting is one addition. */
export class Tally implements EvidenceCounts {
  readonly kind: TokenKind
  /** The requests of the last minute. */
  readonly traffic: Traffic = new Traffic()
  /** Hears of every request while it runs. */
  drill: Drill | undefined
  live = 0
  cache = 0
  stale = 0

  constructor(kind: TokenKind) {
    this.kind = kind
  }

  get counts(): EvidenceCounts {
    const { live, cache, stale } = this
    return { live, cache, stale }
  }
}

/** The sum of counts. */
export function sumOf(all: readonly EvidenceCounts[]): EvidenceCounts {
  const sum = { live: 0, cache: 0, stale: 0 }
  for (const { live, cache, stale } of all) {
    sum.live += live
    sum.cache += cache
    sum.stale += stale
  }
  return sum
}

/** Refusals by reason. */
export class RefusalCounts {
  readonly #by = new Map<Reason, number>()

  add(reason: Reason): void {
    this.#by.set(reason, (this.#by.get(reason) ?? 0) + 1)
  }

  get counts(): Counters['refused'] {
    return Object.fromEntries(this.#by)
  }
}
