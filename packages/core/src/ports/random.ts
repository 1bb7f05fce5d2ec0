import { randomBytes, randomInt } from 'node:crypto'

/** Chance: jitter and identifiers. A seeded implementation reproduces a run. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A new identifier of at least 128 bits, base64url. */
  id(): string
}

const STEPS = 2 ** 32

/** The machine's cryptographic random numbers. */
export const systemRandom: Random = Object.freeze({
  next: () => randomInt(STEPS) / STEPS,
  id: () => randomBytes(18).toString('base64url'),
})
