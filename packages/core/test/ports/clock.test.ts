import { describe, expect, test } from 'vitest'
import { ageOf, instantOf, systemClock } from '../../src/ports/clock.ts'
import { systemRandom } from '../../src/ports/random.ts'
import { ManualClock } from '../support/manual-clock.ts'

describe('age', () => {
  test('it is what has passed', async () => {
    const clock = new ManualClock()
    const since = instantOf(clock)
    await clock.advance(1_000)
    expect(ageOf(since, clock)).toBe(1_000)
  })

  test.each([
    [-3_600_000, 1_000],
    [3_600_000, 3_601_000],
    [-500, 1_000],
  ])('with the wall clock set by %d ms it is the larger difference', async (jump, age) => {
    const clock = new ManualClock()
    const since = instantOf(clock)
    await clock.advance(1_000)
    clock.jump(jump)
    expect(ageOf(since, clock)).toBe(age)
  }) // XC-07, IN-53

  test('a moment that cannot be placed on the monotonic clock is infinitely old', () => {
    const clock = new ManualClock()
    expect(ageOf({ wall: clock.wall() + 1, monotonic: -Infinity }, clock)).toBe(Infinity)
  }) // XC-07
})

describe("the machine's clock", () => {
  test('it does not go back', () => {
    const readings = Array.from({ length: 1_000 }, () => systemClock.monotonic())
    expect(readings).toEqual(readings.toSorted((one, other) => one - other))
  }) // XC-07

  test('no timer fires early', async () => {
    const lengths = Array.from({ length: 60 }, (_, index) => 5 + index / 7)
    const early = await Promise.all(
      lengths.map(
        (ms) =>
          new Promise<boolean>((resolve) => {
            const started = systemClock.monotonic()
            systemClock.after(ms, () => resolve(systemClock.monotonic() - started < ms))
            // Timers alone do not keep a process alive.
            setTimeout(() => undefined, ms + 20)
          }),
      ),
    )
    expect(early).not.toContain(true)
  })

  test('a timer that is cancelled does not fire', async () => {
    let fired = false
    const cancel = systemClock.after(0, () => (fired = true))
    cancel()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(fired).toBe(false)
  })

  test('a timer longer than Node knows does not fire at once', async () => {
    let fired = false
    const cancel = systemClock.after(30 * 86_400_000, () => (fired = true))
    await new Promise((resolve) => setTimeout(resolve, 10))
    cancel()
    expect(fired).toBe(false)
  })

  test('its timers do not keep the process alive', () => {
    const before = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
    const cancel = systemClock.after(60_000, () => undefined)
    const after = process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
    cancel()
    expect(after).toBe(before)
  }) // XC-16
})

describe("the machine's chance", () => {
  test('numbers lie between zero and one', () => {
    const numbers = Array.from({ length: 1_000 }, () => systemRandom.next())
    expect(numbers.every((one) => one >= 0 && one < 1)).toBe(true)
    expect(new Set(numbers).size).toBeGreaterThan(990)
  })

  test('identifiers are new each time and have 144 bits', () => {
    const ids = Array.from({ length: 100 }, () => systemRandom.id())
    expect([new Set(ids).size, ids.every((id) => /^[\w-]{24}$/.test(id))]).toEqual([100, true])
  }) // CA-06
})
