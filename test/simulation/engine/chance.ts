import type { Random } from '@holdfast/core'
import { seededRandom } from '@holdfast/testing'

/** Chance for a run: the same seed gives the same numbers. */
export interface Chance extends Random {
  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number
  /** True in this share of all cases. */
  happens(share: number): boolean
  /** A waiting time with this mean, as between independent arrivals. */
  exponential(mean: number): number
  /** 32 hexadecimal digits. */
  hex(): string
  /** One of these. */
  pick<T>(list: readonly T[]): T
}

/** @param seed One stream for each use, such as `7/arrivals`: what one part draws changes nothing for the others. */
export function chance(seed: number | string): Chance {
  const random = seededRandom(seed)
  const next = (): number => random.next()
  const word = (): string =>
    Math.floor(next() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    next,
    id: () => random.id(),
    below,
    happens: (share) => next() < share,
    exponential: (mean) => -mean * Math.log(1 - next()),
    hex: () => word() + word() + word() + word(),
    pick: (list) => list[below(list.length)]!,
  }
}

/** Whole numbers from 0 to `size - 1`, of which number `n` comes up in proportion to `(n + 1) ** -exponent`. */
export function zipf(size: number, exponent: number, random: Random): () => number {
  const cumulative = new Float64Array(size)
  let sum = 0
  for (const [n, share] of zipfShares(size, exponent).entries()) cumulative[n] = sum += share
  return () => {
    const point = random.next() * sum
    let [low, high] = [0, size - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (cumulative[middle]! <= point) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** How often each number comes up, as a share of all draws. */
export function zipfShares(size: number, exponent: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, n) => (n + 1) ** -exponent)
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
