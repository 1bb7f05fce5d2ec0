import { describe, expect, it } from 'vitest'
import { shiftedClock } from '../../src/index.ts'

describe('shiftedClock', () => {
  it("is the machine's clock at first", () => {
    expect(Math.abs(shiftedClock().wall() - Date.now())).toBeLessThan(1_000)
  })

  it('adds what it is moved by to both clocks at once', () => {
    const clock = shiftedClock()
    const [wall, monotonic] = [clock.wall(), clock.monotonic()]
    clock.advance('1h')
    expect(Math.round((clock.wall() - wall) / 60_000)).toBe(60)
    expect(Math.round((clock.monotonic() - monotonic) / 60_000)).toBe(60)
  })

  it('runs timers in real time', async () => {
    const clock = shiftedClock()
    await new Promise<void>((resolve) => {
      const keepsAlive = setTimeout(() => undefined, 1_000)
      clock.after(5, () => {
        clearTimeout(keepsAlive)
        resolve()
      })
    })
    expect(clock.timers).toBe(0)
  })

  it('runs, in order, what a shift makes due', async () => {
    const clock = shiftedClock()
    const ran: string[] = []
    clock.after(60_000, () => ran.push('later'))
    clock.after(30_000, () => ran.push('sooner'))
    clock.after(7_200_000, () => ran.push('much later'))
    await clock.advance('1h')
    expect(ran).toEqual(['sooner', 'later'])
  })

  it('runs no cancelled timer', async () => {
    const clock = shiftedClock()
    const ran: string[] = []
    clock.after(1_000, () => ran.push('cancelled'))()
    await clock.advance('1h')
    expect(ran).toEqual([])
  })

  it('steps the wall clock alone', () => {
    const clock = shiftedClock()
    const monotonic = clock.monotonic()
    clock.setWall('2020-01-01T00:00:00Z')
    expect(clock.wall() - Date.parse('2020-01-01T00:00:00Z')).toBeLessThan(1_000)
    expect(clock.monotonic() - monotonic).toBeLessThan(1_000)
  })
})
