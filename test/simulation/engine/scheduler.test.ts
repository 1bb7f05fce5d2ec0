import { describe, expect, test } from 'vitest'
import { EPOCH, Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'

const scheduler = (): Scheduler => new Scheduler(new Trace())

describe('the scheduler', () => {
  test('runs events in the order in which they are due, those of one moment in the order in which they were set', async () => {
    const time = scheduler()
    const seen: string[] = []
    for (const [at, name] of [
      [30, 'd'],
      [10, 'a'],
      [20, 'b'],
      [20, 'c'],
      [40, 'e'],
    ] as const) {
      time.at(at, () => seen.push(`${name} at ${time.monotonic()}`))
    }
    await time.run(30)
    expect(seen).toEqual(['a at 10', 'b at 20', 'c at 20', 'd at 30'])
    await time.run(100)
    expect(seen.at(-1)).toBe('e at 40')
    expect(time.monotonic()).toBe(100)
  })

  test('keeps the order among many thousands of events', async () => {
    const time = scheduler()
    const seen: number[] = []
    for (let n = 0; n < 5_000; n += 1) time.after((n * 7_919) % 5_003, () => seen.push(time.monotonic()))
    await time.run(10_000)
    expect(seen).toHaveLength(5_000)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
  })

  test('runs no event that was cancelled', async () => {
    const time = scheduler()
    const seen: string[] = []
    const cancel = time.after(5, () => seen.push('cancelled'))
    time.after(1, () => cancel())
    time.after(6, () => seen.push('kept'))
    await time.run(10)
    expect(seen).toEqual(['kept'])
    expect(time.processed).toBe(2)
  })

  test('lets promise chains of any length settle before the next event', async () => {
    const time = scheduler()
    const seen: string[] = []
    time.at(1, () => {
      let chain = Promise.resolve()
      for (let link = 0; link < 200; link += 1) chain = chain.then(() => undefined)
      void chain.then(() => seen.push('settled'))
    })
    time.at(1, () => seen.push('next'))
    await time.run(2)
    expect(seen).toEqual(['settled', 'next'])
  })

  test('calls `afterEach` when all that an event set off is over', async () => {
    const time = scheduler()
    let settled = 0
    const seen: number[] = []
    for (const at of [1, 2]) time.at(at, () => void Promise.resolve().then(() => (settled += 1)))
    await time.run(5, () => seen.push(settled))
    expect(seen).toEqual([1, 2])
  })

  test('moves the wall clock alone when told to', async () => {
    const time = scheduler()
    await time.run(1_000)
    time.shiftWall(-5_000)
    expect(time.wall()).toBe(EPOCH - 4_000)
    expect(time.monotonic()).toBe(1_000)
  })

  test('ends a run with what an event throws, and with what is reported from a promise', async () => {
    const thrown = scheduler()
    thrown.at(1, () => {
      throw new Error('thrown')
    })
    await expect(thrown.run(2)).rejects.toThrow('thrown')
    const reported = scheduler()
    reported.at(1, () => reported.fail(new Error('reported')))
    await expect(reported.run(2)).rejects.toThrow('reported')
  })
})
