/** Numbers from 0 to under 1. The same seed gives the same numbers in the same order. */
export type Chance = () => number

/** mulberry32: small, fast, and random enough for arrivals. */
export function seeded(seed: number): Chance {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Picks 0 to `count - 1`, where the one of rank `r` comes with a weight of `1 / r ** exponent` (Zipf). */
export function zipf(count: number, exponent: number, chance: Chance): () => number {
  const sums: number[] = []
  for (let rank = 1; rank <= count; rank += 1) sums.push((sums.at(-1) ?? 0) + 1 / rank ** exponent)
  const total = sums.at(-1)!
  return () => {
    const at = chance() * total
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (sums[middle]! <= at) low = middle + 1
      else high = middle
    }
    return low
  }
}
