import { createHash } from 'node:crypto'
import type { Random } from '@holdfast/core'

const STEPS = 2 ** 32

/**
 * Chance that repeats itself: the same seed gives the same numbers and identifiers, in the same order, on every machine.
 * For tests only: whoever knows the seed knows what comes.
 */
export function seededRandom(seed: number | string): Random {
  const digest = createHash('sha256').update(String(seed)).digest()
  let [a, b, c, counter] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at)) as [number, number, number, number]

  /** One step of sfc32: small, fast, and far better distributed than tests need. */
  function step(): number {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  return Object.freeze({
    next: () => step() / STEPS,
    id: () => Buffer.from(Array.from({ length: 18 }, () => step() & 0xff)).toString('base64url'),
  })
}
