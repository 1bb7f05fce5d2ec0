import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { EndpointHealth, type EndpointState } from '../resilience/endpoint-health.ts'
import type { Trouble, TroubleKind } from './introspector.ts'

export interface ReachPorts {
  readonly clock: Clock
  readonly random: Random
  /** Hears of every change of the state and of the flag. */
  readonly report: (state: EndpointState, previous: EndpointState, misconfigured: boolean) => void
}

/** Milliseconds between two calls while our credentials are rejected. */
const MISCONFIGURED_PAUSE = 10_000

/** Whether an endpoint may be asked now: how it does, the pause that it asked for, and whether it rejects us. */
export class Reach {
  readonly #ports: ReachPorts
  readonly #health: EndpointHealth
  #misconfigured = false
  /** Monotonic milliseconds until which nobody is sent because we were rejected. */
  #rejectedUntil = -Infinity
  /** The same because the endpoint asked to be left alone, and how it said so. */
  #pause: { readonly until: number; readonly kind: TroubleKind } | undefined

  constructor(ports: ReachPorts) {
    this.#ports = ports
    const { clock, random } = ports
    this.#health = new EndpointHealth(clock, random, (state, previous) =>
      ports.report(state, previous, this.#misconfigured),
    )
  }

  get state(): EndpointState {
    return this.#health.state
  }

  get misconfigured(): boolean {
    return this.#misconfigured
  }

  /** Milliseconds since the endpoint answered anything. */
  get silence(): number {
    return this.#health.silence
  }

  /** Whether the latest call that says something of the endpoint failed. */
  get failing(): boolean {
    return this.#health.failing
  }

  /** Why nobody but a probe is sent, if that is so. */
  get obstacle(): TroubleKind | undefined {
    if (this.#misconfigured) return 'misconfigured'
    if (this.#pause && this.pauseLeft > 0) return this.#pause.kind
    return this.#health.state === 'down' ? 'down' : undefined
  }

  /** Milliseconds for which the endpoint asked to be left alone, or for which it is because it rejects us. */
  get pauseLeft(): number {
    const until = Math.max(this.#pause?.until ?? -Infinity, this.#rejectedUntil)
    return until === -Infinity ? 0 : Math.max(0, until - this.#ports.clock.monotonic())
  }

  /** Milliseconds until somebody may be sent. */
  get resumesIn(): number {
    return Math.max(this.pauseLeft, this.#health.probeAt - this.#ports.clock.monotonic(), 0)
  }

  /** Calls that may be in flight now, of those that the limit allows. */
  allowed(limit: number): number {
    if (this.pauseLeft > 0) return 0
    return this.#misconfigured ? Math.min(1, this.#health.allowed) : Math.min(limit, this.#health.allowed)
  }

  answered(): void {
    this.#rejectedUntil = -Infinity
    this.#health.answered()
    this.#setMisconfigured(false)
  }

  /** @param startedAt Monotonic milliseconds at which the call that failed began. */
  failed({ kind, pause }: Trouble, startedAt: number): void {
    this.#health.failed(startedAt)
    if (pause > 0) this.#pauseFor(pause, kind)
  }

  rejected({ pause }: Trouble): void {
    const until = this.#ports.clock.monotonic() + Math.max(MISCONFIGURED_PAUSE, pause)
    this.#rejectedUntil = Math.max(this.#rejectedUntil, until)
    this.#setMisconfigured(true)
  }

  /** Looks again at the state. @param crowded Whether somebody waits for room. */
  review(crowded: boolean): void {
    this.#health.review(crowded)
  }

  /** Calls end in any order: a shorter pause does not end a longer one. */
  #pauseFor(ms: number, kind: TroubleKind): void {
    const until = this.#ports.clock.monotonic() + ms
    if (until > (this.#pause?.until ?? -Infinity)) this.#pause = { until, kind }
  }

  #setMisconfigured(misconfigured: boolean): void {
    if (this.#misconfigured === misconfigured) return
    this.#misconfigured = misconfigured
    this.#ports.report(this.state, this.state, misconfigured)
  }
}
