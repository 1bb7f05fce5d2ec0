import { describe, expect, it } from 'vitest'
import { testClock } from '../../src/index.ts'

describe('testClock', () => {
  it('stands still until it is moved', async () => {
    const clock = testClock()
    const before = [clock.wall(), clock.monotonic()]
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([clock.wall(), clock.monotonic()]).toEqual(before)
  })

  it('starts where it is told to', () => {
    expect(testClock({ start: '2030-02-03T04:05:06Z' }).wall()).toBe(Date.parse('2030-02-03T04:05:06Z'))
  })

  it('moves both clocks', async () => {
    const clock = testClock({ start: 1_000 })
    await clock.advance('2m')
    expect([clock.wall(), clock.monotonic()]).toEqual([121_000, 120_000])
  })

  it('has moved at once when it is not awaited', () => {
    const clock = testClock({ start: 0 })
    clock.advance('2m')
    clock.advance('1s')
    expect(clock.wall()).toBe(121_000)
  })

  it('runs timers in the order in which they are due, each at its moment', async () => {
    const clock = testClock()
    const ran: [string, number][] = []
    for (const [name, ms] of [
      ['b', 200],
      ['a', 100],
      ['c', 200],
      ['later', 301],
    ] as const)
      clock.after(ms, () => ran.push([name, clock.monotonic()]))
    await clock.advance('300ms')
    expect(ran).toEqual([
      ['a', 100],
      ['b', 200],
      ['c', 200],
    ])
  })

  it('lets promise chains settle between timers, so that their timers run, too', async () => {
    const clock = testClock()
    const beats: number[] = []
    const beat = async (): Promise<void> => {
      await Promise.resolve()
      beats.push(clock.monotonic())
      clock.after(60_000, () => void beat())
    }
    clock.after(60_000, () => void beat())
    await clock.advance('5m')
    expect(beats).toEqual([60_000, 120_000, 180_000, 240_000, 300_000])
  })

  it('lets what is under way set its timers before time passes', async () => {
    const clock = testClock()
    const waited = (async () => {
      await Promise.resolve()
      await new Promise<void>((resolve) => clock.after(1_000, resolve))
      return clock.monotonic()
    })()
    await clock.advance('1s')
    expect(await waited).toBe(1_000)
  })

  it('runs timers late, at the new time, when it is not awaited', async () => {
    const clock = testClock()
    const ran = new Promise<number>((resolve) => clock.after(100, () => resolve(clock.monotonic())))
    clock.advance('2m')
    expect(await ran).toBe(120_000)
  })

  it('never goes back for those who looked before it was awaited', async () => {
    const clock = testClock()
    const seen: number[] = []
    clock.after(10, () => seen.push(clock.monotonic()))
    const advance = clock.advance('1s')
    seen.push(clock.monotonic())
    await advance
    expect(seen).toEqual([1_000, 1_000])
  })

  it('goes on to the later goal when it is moved while it moves', async () => {
    const clock = testClock()
    await Promise.all([clock.advance('1s'), clock.advance('2s')])
    expect(clock.monotonic()).toBe(3_000)
  })

  it('runs no cancelled timer', async () => {
    const clock = testClock()
    const ran: string[] = []
    clock.after(10, () => ran.push('kept'))
    const cancel = clock.after(10, () => ran.push('cancelled'))
    cancel()
    cancel()
    await clock.advance('1s')
    expect(ran).toEqual(['kept'])
  })

  it('runs a timer without length although time stands still', async () => {
    const clock = testClock()
    await new Promise<void>((resolve) => clock.after(0, resolve))
    expect(clock.monotonic()).toBe(0)
  })

  it('counts the timers that are set', async () => {
    const clock = testClock()
    clock.after(10, () => undefined)
    const cancel = clock.after(20, () => undefined)
    expect(clock.timers).toBe(2)
    cancel()
    await clock.advance('10ms')
    expect(clock.timers).toBe(0)
  })

  it('steps the wall clock alone', async () => {
    const clock = testClock()
    await clock.advance('1s')
    clock.setWall('2020-01-01T00:00:00Z')
    expect([clock.wall(), clock.monotonic()]).toEqual([Date.parse('2020-01-01T00:00:00Z'), 1_000])
  })

  it('refuses to go back', () => {
    expect(() => testClock().advance('-1s')).toThrow('a clock only goes forward')
  })

  it('refuses what is no duration', () => {
    expect(() => testClock().advance('2 minutes' as '2m')).toThrow('2 minutes')
  })

  it('refuses what is no date', () => {
    expect(() => testClock({ start: 'soon' })).toThrow('"soon" is not a date')
  })

  it('hands an error in a timer to whoever moves the clock', async () => {
    const clock = testClock()
    clock.after(10, () => {
      throw new Error('in a timer')
    })
    await expect(Promise.resolve(clock.advance('1s'))).rejects.toThrow('in a timer')
  })
})
