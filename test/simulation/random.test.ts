import { describe, expect, test } from 'vitest'
import { smallRun } from './random/run.ts'
import { holdsInSmallRuns } from './random/tests.ts'

// The other half is in random-second-half.test.ts, so that two processors share the work.
holdsInSmallRuns({ from: 1, count: 500 })

describe('a small run', () => {
  test('goes the same way to the last event when it is made again', async () => {
    const [one, other] = [await smallRun(7), await smallRun(7)]
    expect(other).toEqual(one)
    expect((await smallRun(8)).hash).not.toBe(one.hash)
  })
})
