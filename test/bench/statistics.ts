/** A median, and where the true one lies with a confidence of 95 %. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** What interferes with a measurement only ever adds to it, now and then by much: a mean would tell of that. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  if (sorted.length === 0) return Number.NaN
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * The interval between two order statistics that holds the median with a probability of at least 95 %, whatever the
 * distribution. Fewer than six values have none: then all of their range, which holds it with 94 % for five.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((one, other) => one - other)
  const cut = outside(sorted.length)
  return { median: median(sorted), low: sorted[cut] ?? Number.NaN, high: sorted.at(-1 - cut) ?? Number.NaN }
}

/** How many values may be cut off at either end: the median is below all of `count` with a probability of 2^-count. */
function outside(count: number): number {
  let cut = 0
  let ways = 1 // of choosing `cut` out of `count`
  let below = 2 ** -count // the probability of more than the kept ones on one side
  for (;;) {
    ways = (ways * (count - cut)) / (cut + 1)
    const next = below + ways * 2 ** -count
    if (next > 0.025) return cut
    below = next
    cut += 1
  }
}

/** Round by round: drift of the machine from one round to the next is in both. */
export function ratios(values: readonly number[], others: readonly number[]): number[] {
  return values.slice(0, others.length).map((value, round) => value / others[round]!)
}

/** Fisher and Yates, with chance that can be repeated. */
export function shuffled<T>(values: readonly T[], random: () => number): T[] {
  const shuffling = [...values]
  for (let at = shuffling.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1))
    ;[shuffling[at], shuffling[other]] = [shuffling[other]!, shuffling[at]!]
  }
  return shuffling
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
