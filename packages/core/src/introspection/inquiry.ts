import type { Instant } from '../ports/clock.ts'
import type { Urgency, Waiting } from '../resilience/admission-queue.ts'
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

  constructor(id: string, token: string, { urgency, deadline }: Want) {
    this.id = id
    this.token = token
    this.urgency = urgency
    this.deadline = deadline
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
