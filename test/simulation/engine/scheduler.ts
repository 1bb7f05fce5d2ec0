import { setImmediate } from 'node:timers' // bound before a test framework can replace the global one
import type { Cancel, Clock } from '@holdfast/core'
import { type Event, EventQueue } from './event-queue.ts'
import type { Trace } from './trace.ts'

/** The wall clock at the start of every run: 2026-01-01T00:00:00Z. */
export const EPOCH = 1_767_225_600_000

/**
 * Virtual time: a discrete-event scheduler that is the core's clock, too. Nothing happens between two events, and the
 * promise chains that an event sets off settle before the next one: one turn of the event loop runs them all, because
 * with inline signatures and a scripted network nothing in the core waits for anything but promises and this clock.
 */
export class Scheduler implements Clock {
  readonly #queue = new EventQueue()
  readonly #trace: Trace
  #now = 0
  #order = 0
  #wallOffset = EPOCH
  #processed = 0
  #failure: Error | undefined

  constructor(trace: Trace) {
    this.#trace = trace
  }

  readonly wall = (): number => this.#wallOffset + this.#now
  readonly monotonic = (): number => this.#now

  readonly after = (ms: number, run: () => void): Cancel => this.at(this.#now + Math.max(0, ms), run)

  /** Events that have happened. */
  get processed(): number {
    return this.#processed
  }

  /** Runs `run` at this moment (monotonic milliseconds), or next when the moment has passed. */
  at(moment: number, run: () => void): Cancel {
    const event: Event = { at: Math.max(moment, this.#now), order: (this.#order += 1), run }
    this.#queue.push(event)
    return () => {
      event.run = undefined
    }
  }

  /** Moves the wall clock alone, forward or back, as an operator or NTP may. Fires no timer. */
  shiftWall(ms: number): void {
    this.#wallOffset += ms
  }

  /** Ends the run with this error: for what goes wrong in a promise that nobody awaits. */
  fail(error: Error): void {
    this.#failure ??= error
  }

  /**
   * Lets time pass until this moment (monotonic milliseconds). `afterEach` is called when an event and all that it set
   * off is over; what it throws ends the run. Rejects with what an event throws.
   */
  run(until: number, afterEach?: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (this.#failure) return reject(this.#failure)
          if (this.#processed > 0) afterEach?.()
          const next = this.#queue.peek()
          if (!next || next.at > until) {
            this.#now = Math.max(this.#now, until)
            return resolve()
          }
          this.#queue.take()
          this.#now = next.at
          this.#processed += 1
          this.#trace.event(next.at, next.order)
          const { run } = next
          next.run = undefined
          run?.()
        } catch (error) {
          return reject(error instanceof Error ? error : new Error(String(error)))
        }
        setImmediate(step)
      }
      setImmediate(step)
    })
  }
}
