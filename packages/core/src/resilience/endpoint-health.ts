import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { RecentOutcomes } from './recent-outcomes.ts'

/**
 * How an endpoint does. `healthy`: there is room for every call. `limited`: there is not, or too many fail. `down`:
 * nothing is answered, and one call at a time finds out when that ends. `recovering`: something is answered again.
 */
export type EndpointState = 'healthy' | 'limited' | 'down' | 'recovering'

/** The part of calls that fail above which an endpoint is limited, and below which it is not any more. */
const FAILING = { enter: 0.1, leave: 0.05 } as const
/** Fewer failures than that are no trend. */
const FEW_FAILURES = 3
/** Down: so many failures, and milliseconds, without one answer. */
const SILENCE = { failures: 5, ms: 5_000 } as const
/** Milliseconds for which callers may wait for room before the endpoint is called limited. */
const PRESSURE_MS = 20
/** Milliseconds that a state lasts at least, so that it does not flap. */
const DWELL_MS = 1_000
/** Milliseconds between two probes: at least, at first at most, and at most after many. */
const PROBE = { min: 250, first: 500, max: 5_000 } as const
/** Calls in flight at the start of a recovery; twice as many each second without a failure. */
const SLOW_START = 2
/** The slow start is over when it allows so many calls. */
const RAMPED = 8
/** Milliseconds after which a recovery that still lacks room is a limitation like any other. */
const LONGEST_RECOVERY_MS = 120_000

/** Derives the state of an endpoint from what becomes of its calls. Nothing here is configured. */
export class EndpointHealth {
  readonly #clock: Clock
  readonly #random: Random
  readonly #changed: (state: EndpointState, previous: EndpointState) => void
  readonly #outcomes: RecentOutcomes
  #state: EndpointState = 'healthy'
  /** When the state began, and when the endpoint last answered: monotonic milliseconds, as all moments here. */
  #since: number
  #answeredAt = -Infinity
  #failuresInARow = 0
  /** Probes planned in this outage. */
  #probes = 0
  #probeAt = -Infinity
  /** When the slow start began, or began again after a failure. */
  #rampFrom = 0
  /** Since when callers wait for room. */
  #pressedSince: number | undefined

  constructor(clock: Clock, random: Random, changed: (state: EndpointState, previous: EndpointState) => void) {
    this.#clock = clock
    this.#random = random
    this.#changed = changed
    this.#outcomes = new RecentOutcomes(clock)
    this.#since = clock.monotonic()
  }

  get state(): EndpointState {
    return this.#state
  }

  /** Milliseconds since the endpoint answered anything. */
  get silence(): number {
    return this.#clock.monotonic() - this.#answeredAt
  }

  /** Whether the latest call that says something of the endpoint failed. */
  get failing(): boolean {
    return this.#failuresInARow > 0
  }

  /** Calls that the state allows in flight; the learnt limit may be lower. */
  get allowed(): number {
    if (this.#state === 'down') return this.#clock.monotonic() >= this.#probeAt ? 1 : 0
    return this.#state === 'recovering' ? this.#ramp() : Infinity
  }

  /** Monotonic milliseconds from which on a probe may go; in the past where nothing has to wait. */
  get probeAt(): number {
    return this.#state === 'down' ? this.#probeAt : -Infinity
  }

  answered(): void {
    this.#answeredAt = this.#clock.monotonic()
    this.#failuresInARow = 0
    this.#outcomes.record(true)
    if (this.#state === 'down') {
      this.#outcomes.clear() // the outage says nothing of the time after it
      this.#rampFrom = this.#clock.monotonic()
      this.#enter('recovering')
    }
  }

  /** @param startedAt Monotonic milliseconds at which the call that failed began. */
  failed(startedAt: number): void {
    this.#failuresInARow += 1
    this.#outcomes.record(false)
    this.#rampFrom = this.#clock.monotonic()
    if (this.#state !== 'down') {
      if (this.#failuresInARow >= SILENCE.failures && this.silence >= SILENCE.ms) {
        this.#probes = 0
        this.#planProbe()
        this.#enter('down')
      }
    } else if (startedAt >= this.#since) this.#planProbe() // calls from before are no probes
  }

  /** Looks again. @param crowded Whether somebody waits for room. */
  review(crowded: boolean): void {
    if (!crowded && this.#state === 'healthy' && this.#outcomes.failures === 0) {
      this.#pressedSince = undefined // as nearly always: without a look at the clock
      return
    }
    const now = this.#clock.monotonic()
    this.#pressedSince = crowded ? (this.#pressedSince ?? now) : undefined
    const pressed = this.#pressedSince !== undefined && now - this.#pressedSince > PRESSURE_MS
    if (this.#state === 'down' || now - this.#since < DWELL_MS) return
    if (this.#state === 'healthy') {
      const failing = this.#outcomes.failures >= FEW_FAILURES && this.#outcomes.failureShare > FAILING.enter
      if (pressed || failing) this.#enter('limited')
    } else if (this.#state === 'limited') {
      if (!crowded && this.#outcomes.failureShare < FAILING.leave) this.#enter('healthy')
    } else if (now - this.#since >= LONGEST_RECOVERY_MS) this.#enter('limited')
    else if (!crowded && this.#ramp() >= RAMPED && this.#outcomes.failureShare < FAILING.leave) this.#enter('healthy')
  }

  #ramp(): number {
    return SLOW_START * 2 ** Math.min(30, Math.floor((this.#clock.monotonic() - this.#rampFrom) / 1_000))
  }

  /** Full jitter, so that replicas do not probe together. */
  #planProbe(): void {
    const ceiling = Math.min(PROBE.max, PROBE.first * 2 ** Math.min(this.#probes, 30))
    this.#probes += 1
    this.#probeAt = this.#clock.monotonic() + PROBE.min + this.#random.next() * (ceiling - PROBE.min)
  }

  #enter(state: EndpointState): void {
    const previous = this.#state
    this.#state = state
    this.#since = this.#clock.monotonic()
    this.#changed(state, previous)
  }
}
