import { type Cancel, type Clock, instantOf } from '../ports/clock.ts'
import { AdaptiveLimit, type LimitBounds } from '../resilience/adaptive-limit.ts'
import {
  ADMISSION_CLASSES,
  type AdmissionClass,
  AdmissionQueue,
  type QueueBounds,
  type Urgency,
} from '../resilience/admission-queue.ts'
import { SourceMix } from '../resilience/source-mix.ts'
import { Sources } from '../resilience/sources.ts'
import { Blamer, itsOwn } from './blame.ts'
import type { EndpointStatus } from './endpoint-status.ts'
import { Inquiry, type Want } from './inquiry.ts'
import { type Answer, type Introspector, Trouble, type TroubleKind } from './introspector.ts'
import { Reach, type ReachPorts } from './reach.ts'
import { Retries } from './retries.ts'

export interface EndpointBounds {
  /** Calls in flight. */
  readonly inFlight: number
  /** Inquiries that wait for their turn. */
  readonly waiting: QueueBounds
  /** When an answer counts as a sign of too much load: milliseconds. */
  readonly slow: LimitBounds['slow']
}

export interface EndpointPorts extends ReachPorts {
  /** Called once when nearly all new tokens come from one source. */
  readonly oneSource: () => void
}

/** Calls in flight until more is learnt. */
const LIMIT_START = 10
/**
 * The part of the turns that is kept for tokens never verified here; more after an outage, when most of the known can
 * wait in grace. Chosen by simulation.
 */
const NEW_SHARE = { usually: 0.2, recovering: 0.5 } as const

/**
 * One issuer's introspection endpoint: as many calls as it can take, most urgent first, and hardly any while it cannot
 * answer. Inquire, and wait for as long as you like: the answer belongs to whoever comes next, too.
 */
export class IntrospectionEndpoint {
  readonly #inner: Introspector
  readonly #ports: EndpointPorts
  readonly #clock: Clock
  readonly #limit: AdaptiveLimit
  readonly #reach: Reach
  readonly #queue: AdmissionQueue<Inquiry>
  readonly #sources: Sources
  readonly #mix: SourceMix
  readonly #blamer: Blamer
  readonly #retries: Retries
  readonly #counters = { calls: 0, answered: 0, failed: 0, retried: 0, coalesced: 0, late: 0 }
  readonly #shed = Object.fromEntries(ADMISSION_CLASSES.map((one) => [one, 0])) as Record<AdmissionClass, number>
  #inFlight = 0
  #lastTrouble: TroubleKind | undefined
  #wake: Cancel | undefined
  #closed = false

  constructor(inner: Introspector, { inFlight, waiting, slow }: EndpointBounds, ports: EndpointPorts) {
    const { clock } = ports
    this.#inner = inner
    this.#ports = ports
    this.#clock = clock
    this.#limit = new AdaptiveLimit({ start: Math.min(LIMIT_START, inFlight), max: inFlight, slow })
    this.#reach = new Reach({
      ...ports,
      report: (state, previous, misconfigured) => {
        if (previous === 'down' && state === 'recovering') this.#limit.restart()
        ports.report(state, previous, misconfigured)
      },
    })
    this.#sources = new Sources(clock)
    this.#mix = new SourceMix(clock)
    this.#blamer = new Blamer(clock)
    this.#retries = new Retries(ports)
    this.#queue = new AdmissionQueue(
      waiting,
      (source) => this.#sources.isQuiet(source),
      (inquiry, from) => this.#sendAway(inquiry, from, new Trouble('overloaded')),
    )
  }

  /** Asks as soon as it is this token's turn. Where asking makes no sense now, the inquiry has failed already. */
  inquire(token: string, digest: string, want: Want): Inquiry {
    const inquiry = new Inquiry(digest, token, want, this.#clock.monotonic())
    if (want.urgency.is === 'new') this.#noteSource(want.urgency.source)
    const refusal = this.#refusal(inquiry)
    if (refusal) inquiry.reject(refusal)
    else this.#enqueue(inquiry)
    return inquiry
  }

  /** Another use of a token that is being inquired about: it moves up. A caller who is blocked stays so. */
  press(inquiry: Inquiry, { urgency, deadline }: Want): void {
    if (inquiry.startedAt || inquiry.turnedAway || this.#closed) return
    const waitedIn = this.#queue.remove(inquiry)
    if (urgency.is === 'blocked') inquiry.blockedUntil = Math.max(inquiry.blockedUntil, deadline)
    const stillBlocked = inquiry.blockedUntil > this.#clock.monotonic()
    inquiry.urgency = stillBlocked ? { is: 'blocked' } : urgency
    inquiry.deadline = Math.max(inquiry.deadline, deadline)
    const refusal = this.#refusal(inquiry)
    if (refusal) this.#sendAway(inquiry, waitedIn, refusal)
    else this.#enqueue(inquiry)
  }

  /** True while nobody but a probe is sent: the endpoint is down, asked for a pause, or rejects us. */
  get outOfReach(): boolean {
    return this.#reach.obstacle !== undefined
  }

  /** Milliseconds after which a known token that comes now can expect its turn; 0 in health, where nobody waits for long. */
  get expectedWait(): number {
    if (this.#reach.state === 'healthy') return 0
    return (this.#queue.known / Math.max(1, this.#allowed())) * this.#limit.recentDuration
  }

  /** The long-term median duration of a call in milliseconds; 0 before the first answer. */
  get usualDuration(): number {
    return this.#limit.usualDuration
  }

  /** Whether there is room for a call that nobody waits for. */
  get hasRoom(): boolean {
    this.#review() // with nothing to ask, nobody else does
    return this.#reach.state === 'healthy' && this.#queue.empty && this.#inFlight < this.#allowed()
  }

  /** Notes a caller who waits for what another one waits for, too. */
  coalesced(): void {
    this.#counters.coalesced += 1
  }

  /** Notes an answer that no caller waited for any more. */
  cameLate(): void {
    this.#counters.late += 1
  }

  get status(): EndpointStatus {
    this.#review()
    const { state, misconfigured, resumesIn } = this.#reach
    return {
      state,
      misconfigured,
      inFlight: this.#inFlight,
      limit: this.#allowed(),
      queued: this.#queue.sizes,
      lastTrouble: this.#lastTrouble,
      resumesIn: resumesIn > 0 ? resumesIn : undefined,
      counters: { ...this.#counters, shed: { ...this.#shed } },
    }
  }

  close(): void {
    this.#closed = true
    this.#wake?.()
    for (const inquiry of [...this.#queue.drain(), ...this.#retries.drain()]) inquiry.reject(new Trouble('closed'))
  }

  #noteSource(source: string | undefined): void {
    if (source !== undefined && this.#mix.observe(source)) this.#ports.oneSource()
  }

  /** What is not even queued. A token in grace always is: its caller does not wait, and it makes the best probe. */
  #refusal({ id, urgency }: Inquiry): Trouble | undefined {
    if (this.#closed) return new Trouble('closed')
    const apart = this.#blamer.apart(id)
    if (apart) return apart
    const { obstacle, pauseLeft } = this.#reach
    if (!obstacle || urgency.is === 'grace') return undefined
    if (this.#inFlight < this.#allowed() && this.#mayProbe(obstacle, urgency)) return undefined
    return new Trouble(obstacle, { pause: pauseLeft })
  }

  /** While we are rejected, a source that was served lately leaves the next try to others: its tokens may be why. */
  #mayProbe(obstacle: TroubleKind, urgency: Urgency): boolean {
    const source = urgency.is === 'new' ? urgency.source : undefined
    return obstacle !== 'misconfigured' || source === undefined || this.#sources.isQuiet(source)
  }

  #allowed(): number {
    return this.#reach.allowed(this.#limit.value)
  }

  #enqueue(inquiry: Inquiry): void {
    if (this.#queue.empty && this.#hasPlace) {
      const next = this.#queue.pass(inquiry, this.#clock.monotonic(), this.#newShare)
      if (next) this.#run(next)
    } else this.#queue.put(inquiry)
    this.#dispatch()
  }

  #dispatch(): void {
    while (!this.#queue.empty && this.#hasPlace) {
      const next = this.#queue.take(this.#clock.monotonic(), this.#newShare)
      if (!next) break
      this.#run(next)
    }
    this.#review()
    this.#planWake()
  }

  get #hasPlace(): boolean {
    return !this.#closed && this.#inFlight < this.#allowed()
  }

  get #newShare(): number {
    return this.#reach.state === 'recovering' ? NEW_SHARE.recovering : NEW_SHARE.usually
  }

  #review(): void {
    this.#reach.review(!this.#queue.empty)
  }

  /** Whoever waits for a pause to end is woken by it. */
  #planWake(): void {
    if (this.#wake || this.#closed || this.#queue.empty) return
    const { resumesIn } = this.#reach
    if (resumesIn === 0) return
    this.#wake = this.#clock.after(Math.max(1, resumesIn), () => {
      this.#wake = undefined
      this.#dispatch()
    })
  }

  #run(inquiry: Inquiry): void {
    const { urgency, token } = inquiry
    const startedAt = instantOf(this.#clock)
    inquiry.startedAt = startedAt
    inquiry.waited = startedAt.monotonic - inquiry.queuedAt
    inquiry.waitedIn = this.#queue.classOf(inquiry)
    this.#inFlight += 1
    this.#counters.calls += 1
    if (urgency.is === 'new') this.#sources.served(urgency.source)
    const inFlight = this.#inFlight
    const sent = (): void => {
      inquiry.sent = true
    }
    const over = (outcome: Answer | Trouble): void => {
      const duration = this.#clock.monotonic() - startedAt.monotonic
      this.#inFlight -= 1
      if (outcome instanceof Trouble) this.#failed(inquiry, outcome, startedAt.monotonic, duration)
      else this.#answered(inquiry, outcome, duration, inFlight)
      this.#dispatch()
    }
    void this.#inner.introspect({ token, sent }).then(over, (error: unknown) => over(Trouble.of(error)))
  }

  #answered(inquiry: Inquiry, answer: Answer, duration: number, inFlight: number): void {
    const { urgency } = inquiry
    this.#counters.answered += 1
    this.#limit.answered(duration, inFlight)
    this.#retries.earn()
    this.#blamer.answered()
    this.#reach.answered()
    if (answer.is === 'inactive' && urgency.is === 'new') this.#sources.sentInactive(urgency.source)
    inquiry.resolve(answer)
  }

  #failed(inquiry: Inquiry, trouble: Trouble, startedAt: number, duration: number): void {
    this.#counters.failed += 1
    // While all is well otherwise: the call before was answered.
    const again = !this.#closed && !this.#reach.failing && this.#well && this.#retries.spend(inquiry, trouble)
    const blame = this.#blamer.of(inquiry, trouble, this.#reach.silence, this.#reach.misconfigured)
    if (blame === 'us' || this.#reach.misconfigured) this.#reach.rejected(trouble) // a probe that fails proves nothing
    const told = blame === 'us' ? trouble : itsOwn(trouble)
    if (blame === 'endpoint') {
      this.#limit.failed(duration)
      this.#reach.failed(told, startedAt)
    }
    this.#lastTrouble = told.kind
    if (again) this.#retry(inquiry, told)
    else inquiry.reject(told)
    this.#turnAway()
  }

  /** Whoever waits for a turn that will not come in time hears so at once. */
  #turnAway(): void {
    const { obstacle, pauseLeft } = this.#reach
    if (!obstacle) return
    this.#queue.drainCallers((inquiry, from) =>
      this.#sendAway(inquiry, from, new Trouble(obstacle, { pause: pauseLeft })),
    )
  }

  /** @param waitedIn The class that it left without a turn. */
  #sendAway(inquiry: Inquiry, waitedIn: AdmissionClass | undefined, trouble: Trouble): void {
    if (waitedIn) this.#shed[waitedIn] += 1
    inquiry.reject(trouble)
  }

  get #well(): boolean {
    return this.#reach.state === 'healthy' && !this.outOfReach
  }

  #retry(inquiry: Inquiry, trouble: Trouble): void {
    this.#counters.retried += 1
    this.#retries.plan(inquiry, () => {
      inquiry.queuedAt = this.#clock.monotonic()
      if (this.#well) this.#enqueue(inquiry)
      else inquiry.reject(trouble)
    })
  }
}
