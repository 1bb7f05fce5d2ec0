import type { Shape, Target } from './target.ts'

/** Twice the input may take so many times as long. */
const MAX_RATIO = 3
/** Characters: well above what is fixed cost, well below what takes long if it is quadratic. */
const SIZE = 32_768
const MEASUREMENTS = 5
/** Measurements that another process spoils are repeated; work that does grow stays slow. */
const ATTEMPTS = 4
/** Milliseconds that a measurement takes at least, so that the clock can tell. */
const LONG_ENOUGH = 2

export interface Growth {
  readonly shape: string
  /** The time for twice the size, as a multiple. */
  readonly ratio: number
  readonly bounded: boolean
}

/** How the work of a target grows with its input: the worst of its shapes, each by the shortest of five measurements. */
export function growthOf({ shapes }: Target): Growth | undefined {
  const grown = Object.entries(shapes).map(([shape, make]) => ({ shape, ratio: lowestRatio(make) }))
  const worst = grown.toSorted((one, other) => other.ratio - one.ratio)[0]
  return worst && { ...worst, bounded: worst.ratio <= MAX_RATIO }
}

function lowestRatio(make: Shape): number {
  let ratio = ratioOf(make)
  for (let attempt = 1; attempt < ATTEMPTS && ratio > MAX_RATIO; attempt += 1) ratio = Math.min(ratio, ratioOf(make))
  return ratio
}

function ratioOf(make: Shape): number {
  const [once, twice] = [make(SIZE), make(SIZE * 2)]
  const repeats = repeatsFor(once)
  let [short, long] = [Infinity, Infinity]
  for (let measurement = 0; measurement < MEASUREMENTS; measurement += 1) {
    short = Math.min(short, timeOf(once, repeats))
    long = Math.min(long, timeOf(twice, repeats))
  }
  return long / short
}

function repeatsFor(call: () => unknown): number {
  let repeats = 1
  while (timeOf(call, repeats) < LONG_ENOUGH && repeats < 100_000) repeats *= 2
  return repeats
}

function timeOf(call: () => unknown, repeats: number): number {
  const began = performance.now()
  for (let count = 0; count < repeats; count += 1) call()
  return performance.now() - began
}
