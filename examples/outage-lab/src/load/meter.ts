import type { Outcomes, Sender, VariantFrame } from '../frame.ts'
import { percentile } from './percentile.ts'

type Measured = Pick<VariantFrame, 'sent' | 'heldBack' | 'outcomes' | 'statuses' | 'latency' | 'evidenceAge'>

const SENDERS: readonly Sender[] = ['jwt', 'opaque', 'oneShotJwt', 'oneShotOpaque', 'revoked', 'madeUp']
/** Samples of one frame. More than ever come; it bounds the memory of a laboratory that nobody takes frames of. */
const SAMPLES = 10_000

/** One answer, or that none came. */
export interface Answered {
  readonly sender: Sender
  readonly status: number | undefined
  /** Since the request was due, in milliseconds. */
  readonly latency: number
  /** Of the evidence, in milliseconds; only for an opaque token that was accepted. */
  readonly age: number | undefined
}

/** What the callers of one API saw since the last frame. */
export class Meter {
  sent = 0
  heldBack = 0
  #outcomes = noOutcomes()
  #statuses: Record<string, number> = {}
  #latencies: number[] = []
  #ages: number[] = []

  add({ sender, status, latency, age }: Answered): void {
    const name = status === undefined ? 'none' : String(status)
    this.#statuses[name] = (this.#statuses[name] ?? 0) + 1
    this.#outcomes[sender][outcomeOf(status)] += 1
    if (this.#latencies.length < SAMPLES) this.#latencies.push(latency)
    if (age !== undefined && this.#ages.length < SAMPLES) this.#ages.push(age)
  }

  /** What was measured since this was called last. */
  take(): Measured {
    const latencies = this.#latencies.toSorted((a, b) => a - b)
    const ages = this.#ages.toSorted((a, b) => a - b)
    const measured: Measured = {
      sent: this.sent,
      heldBack: this.heldBack,
      outcomes: this.#outcomes,
      statuses: this.#statuses,
      latency: { p50: percentile(latencies, 50), p90: percentile(latencies, 90), p99: percentile(latencies, 99) },
      evidenceAge: { p50: percentile(ages, 50), max: percentile(ages, 100) },
    }
    this.sent = 0
    this.heldBack = 0
    this.#outcomes = noOutcomes()
    this.#statuses = {}
    this.#latencies = []
    this.#ages = []
    return measured
  }
}

type Counts = { -readonly [Name in keyof Outcomes]: number }

const NONE: Outcomes = { accepted: 0, refused: 0, unavailable: 0, failed: 0 }

function noOutcomes(): Record<Sender, Counts> {
  return Object.fromEntries(SENDERS.map((sender) => [sender, { ...NONE }])) as Record<Sender, Counts>
}

function outcomeOf(status: number | undefined): keyof Outcomes {
  if (status === 200) return 'accepted'
  if (status === 400 || status === 401 || status === 403) return 'refused'
  return status === 503 ? 'unavailable' : 'failed'
}
