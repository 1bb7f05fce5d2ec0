import type { Random } from '../../src/ports/random.ts'

/** Chance that always comes out the same; identifiers still differ. */
export function chance(value = 0.5): Random {
  let ids = 0
  return {
    next: () => value,
    id: () => `id-${(ids += 1)}`,
  }
}
