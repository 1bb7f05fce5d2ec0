import type { Cancel, Clock } from '../../src/ports/clock.ts'

interface Timer {
  readonly at: number
  readonly run: () => void
}

/** Seconds at which every {@link ManualClock} starts. */
export const START = 1_800_000_000

/** Lets promises that are ready run on, as far as they get without time passing. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Time that passes only when told to. */
export class ManualClock implements Clock {
  #wall = START * 1_000
  #monotonic = 5_000_000
  readonly #timers = new Set<Timer>()

  wall(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#monotonic
  }

  after(ms: number, run: () => void): Cancel {
    const timer: Timer = { at: this.#monotonic + ms, run }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  /** Timers that wait. */
  get timers(): number {
    return this.#timers.size
  }

  /** Milliseconds until the next timer. */
  get nextIn(): number | undefined {
    const next = this.#next()
    return next && next.at - this.#monotonic
  }

  /** Passes time, timer by timer; what each one starts gets as far as it can. */
  async advance(ms: number): Promise<void> {
    const until = this.#monotonic + ms
    await settled()
    for (let timer = this.#next(); timer && timer.at <= until; timer = this.#next()) {
      this.#pass(Math.max(0, timer.at - this.#monotonic))
      this.#timers.delete(timer)
      timer.run()
      await settled()
    }
    this.#pass(until - this.#monotonic)
    await settled()
  }

  /** Sets the wall clock by so much, as an operator or a time server does. */
  jump(ms: number): void {
    this.#wall += ms
  }

  #pass(ms: number): void {
    this.#wall += ms
    this.#monotonic += ms
  }

  #next(): Timer | undefined {
    return [...this.#timers].toSorted((one, other) => one.at - other.at)[0]
  }
}
