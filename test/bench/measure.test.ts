import { describe, expect, test } from 'vitest'
import { measure, type Operation, QUICK, type Row } from './measure.ts'

const work: Operation = (index) => Math.sqrt(index).toString()

/** Nothing here is timed: what comes out of a clock is only looked at for its shape. */
describe('a measured row', () => {
  const row: Row = {
    name: 'row',
    baseline: 'one',
    subjects: [
      { name: 'one', run: (index) => work(index) },
      { name: 'other', run: async (index) => work(index), from: work },
    ],
  }

  test.each([false, true])('has a figure of every round for every subject (in turns: %s)', async (turns) => {
    const results = await measure({ ...row, turns }, QUICK)
    expect(results.map(({ subject }) => subject)).toEqual(['one', 'other'])
    for (const result of results) {
      expect(result).toMatchObject({ row: 'row', baseline: 'one', measure: 'cpu', node: process.version })
      expect(result.samples).toHaveLength(QUICK.rounds)
      expect(result.samples.every((sample) => Number.isFinite(sample) && sample > 0)).toBe(true)
    }
    expect(results[0]!.ratio).toBe(1)
  })

  test('counts up, so that tokens come in turn', async () => {
    const seen: number[] = []
    const run: Operation = (index) => seen.push(index)
    await measure({ name: 'row', baseline: 'one', subjects: [{ name: 'one', run }] }, QUICK)
    expect(seen.every((index, at) => index === at)).toBe(true)
  })

  test.each([false, true])('fails when an operation does not do what is claimed (in turns: %s)', async (turns) => {
    const measuring = (run: Operation, expected?: (result: unknown) => boolean): Promise<unknown> => {
      const subject = expected ? { name: 'one', run, expect: expected } : { name: 'one', run }
      return measure({ name: 'row', baseline: 'one', subjects: [subject], turns }, QUICK)
    }
    await expect(measuring(work, () => false)).rejects.toThrow('row, one: did something else')
    await expect(
      measuring((index) => (index > 3 ? Promise.reject(new Error('lost')) : Promise.resolve())),
    ).rejects.toThrow('lost')
  })

  test('needs its baseline among its subjects', async () => {
    await expect(measure({ ...row, baseline: 'none' }, QUICK)).rejects.toThrow(RangeError)
  })
})
