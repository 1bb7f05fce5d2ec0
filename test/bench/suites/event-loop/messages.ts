import type { Alg } from '../micro/tokens.ts'

/** Requests that arrive at once. */
export const AT_ONCE = 64

export type BurstSubject = 'holdfast' | 'synchronous'

export type BurstMessage =
  /** Signs the tokens of a pass. */
  | { readonly do: 'prepare'; readonly alg: Alg; readonly bursts: number }
  | { readonly do: 'pass'; readonly subject: BurstSubject; readonly bursts: number }

export type BurstServerMessage =
  /** Signs the tokens of a pass, and listens. */
  | { readonly do: 'start'; readonly alg: Alg; readonly bursts: number }
  /** Judges in this way from now on, and measures. */
  | { readonly do: 'use'; readonly subject: BurstSubject }
  /** What it took since then, told how many requests there were. */
  | { readonly do: 'end'; readonly count: number }

/** What one pass took: all of its bursts. */
export interface Burst {
  /** Event-loop delay over all bursts, with the millisecond after which a timer that is not late fires. */
  readonly p50Millis: number
  readonly p99Millis: number
  /** Microseconds for one verification. */
  readonly cpuMicros: number
  readonly wallMicros: number
}
