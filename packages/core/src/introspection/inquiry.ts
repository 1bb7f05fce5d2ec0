import type { Instant } from '../ports/clock.ts'
import type { AdmissionClass, Urgency, Waiting } from '../resilience/admission-queue.ts'
import type { Answer, Trouble } from './introspector.ts'

/** Who wants to know of a token, and until when (monotonic milliseconds). */
export interface Want {
  readonly urgency: Urgency
  readonly deadline: number
}

/** One question about one token, on its way through the queue to an answer. */
export class Inquiry implements Waiting {
  /** The token's digest. */
  readonly id: string
  readonly token: string
  urgency: Urgency
  deadline: number
  /** Monotonic milliseconds until which a caller is blocked. */
  blockedUntil: number
  /** Monotonic milliseconds since which it has waited for its turn. */
  queuedAt: number
  /** The class in which it waited, once it has its turn. */
  waitedIn: AdmissionClass | undefined
  /** How long, in milliseconds: before the call that {@link startedAt} is about. */
  waited = 0
  /** When its call began; `undefined` while it waits for its turn. */
  startedAt: Instant | undefined
  /** True once its request went out. */
  sent = false
  /** Set when its turn will never come. */
  turnedAway = false
  retried = false
  /** Rejects with a {@link Trouble}. */
  readonly answer: Promise<Answer>
  resolve!: (answer: Answer) => void
  reject!: (trouble: Trouble) => void

  constructor(id: string, token: string, { urgency, deadline }: Want, queuedAt: number) {
    this.id = id
    this.token = token
    this.urgency = urgency
    this.deadline = deadline
    this.queuedAt = queuedAt
    this.blockedUntil = urgency.is === 'blocked' ? deadline : -Infinity
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = (trouble) => {
        this.turnedAway = this.startedAt === undefined
        reject(trouble)
      }
    })
  }
}
