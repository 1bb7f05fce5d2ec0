import { describe, expect, test } from 'vitest'
import { smallRuns } from './many.ts'

/** Seeds in one test. */
const BATCH = 50

/** Small runs of random faults, checked after every event; a failure says how to replay it. */
export function holdsInSmallRuns({ from, count }: { readonly from: number; readonly count: number }): void {
  const batches = Array.from({ length: count / BATCH }, (_, n) => from + n * BATCH)
  describe('under random faults, floods, orders, restarts and clock jumps every rule of degraded mode holds', () => {
    test.each(batches)(`seeds from %i, ${BATCH} of them`, { timeout: 120_000 }, async (first) => {
      const results = await smallRuns({ from: first, count: BATCH })
      const broken = results.filter((one) => one.broken !== undefined)
      expect(broken.map((one) => `pnpm run simulate --seed ${one.seed} --trace: ${one.broken!.message}`)).toEqual([])
    })
  })
}
