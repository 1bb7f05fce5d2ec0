import { verify } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { checked, type SignatureCheck, type Signatures } from './signatures.ts'

/** Milliseconds of a turn of the event loop for checks at once, and as many for those that wait; one begun is ended. */
const SLICE = 1
/** Checks that wait and are left to the event loop: of ES256 and Ed25519 about a slice. Beyond it the pool helps. */
const OF_THE_LOOP = 8
/** Fast checks in the thread pool at once. More than it has threads: they come back once in a turn. */
const POOLED = 16
/** Checks that wait or are in the pool; beyond it the answer is 503. Slow ones take most of a millisecond each. */
const MOST = { slow: 64, fast: 4_096 } as const

const FULL = Promise.resolve(undefined)

interface Waiting {
  readonly check: SignatureCheck
  readonly settle: (valid: boolean) => void
  /** Who came after. */
  next: Waiting | undefined
}

/**
 * `crypto.verify` for a process: on the event loop, in slices between which other requests are served; in the thread pool
 * what is slow, and, where there is another core, what a burst brings beyond the next slice. RSA stays on the event loop.
 *
 * A trip through the pool costs 30 to 100 µs beside 40 (RS256) or 110 (ES256) of arithmetic, and four busy threads on two
 * cores hold the event loop up for as long as the system lets a thread run, 3 to 4 ms.
 */
export class SystemSignatures implements Signatures {
  readonly #mostPooled: number
  readonly #millis: () => number
  #first: Waiting | undefined
  #last: Waiting | undefined
  #waiting = 0
  #pooled = 0
  #slow = 0
  /** Milliseconds that checks took of this turn. */
  #spent = 0
  #turnIsDue = false

  /** @param cores That this process may use. @param millis Of a clock. */
  constructor(cores: number = availableParallelism(), millis: () => number = () => performance.now()) {
    this.#mostPooled = cores > 1 ? POOLED : 0
    this.#millis = millis
  }

  /** For the first fast checks of a turn, where none waits: the rest of a request's way is shorter without a promise. */
  now(check: SignatureCheck): boolean | undefined {
    if (check.cost === 'large' || this.#waiting > 0 || this.#spent >= SLICE) return undefined
    this.#takeTurn()
    return this.#check(check)
  }

  later(check: SignatureCheck): Promise<boolean | undefined> {
    return check.cost === 'large' ? this.#slowly(check) : this.#inTurn(check)
  }

  #slowly(check: SignatureCheck): Promise<boolean | undefined> {
    if (this.#slow >= MOST.slow) return FULL
    return new Promise((resolve) => {
      inPool(check, (valid) => {
        this.#slow -= 1
        resolve(valid)
      })
      this.#slow += 1
    })
  }

  #inTurn(check: SignatureCheck): Promise<boolean | undefined> {
    if (this.#waiting + this.#pooled >= MOST.fast) return FULL
    return new Promise((settle) => {
      this.#append({ check, settle, next: undefined })
      this.#feedPool()
      this.#takeTurn()
    })
  }

  #feedPool(): void {
    while (this.#pooled < this.#mostPooled && this.#waiting > OF_THE_LOOP && this.#first!.check.cost !== 'small') {
      const { check, settle } = this.#next()
      inPool(check, (valid) => {
        this.#pooled -= 1
        this.#feedPool()
        settle(valid)
      })
      this.#pooled += 1
    }
  }

  #takeTurn(): void {
    if (this.#turnIsDue) return
    this.#turnIsDue = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#turnIsDue = false
    this.#spent = 0
    while (this.#waiting > 0 && this.#spent < SLICE) {
      const { check, settle } = this.#next()
      settle(this.#check(check))
    }
    if (this.#waiting > 0) this.#takeTurn()
    else this.#spent = 0
  }

  #check(check: SignatureCheck): boolean {
    const start = this.#millis()
    const valid = checked(check)
    this.#spent += this.#millis() - start
    return valid
  }

  #append(one: Waiting): void {
    if (this.#last) this.#last.next = one
    else this.#first = one
    this.#last = one
    this.#waiting += 1
  }

  #next(): Waiting {
    const first = this.#first!
    this.#first = first.next
    if (!this.#first) this.#last = undefined
    this.#waiting -= 1
    return first
  }
}

function inPool({ hash, data, key, signature }: SignatureCheck, done: (valid: boolean) => void): void {
  verify(hash, data, key, signature, (error, valid) => done(error === null && valid))
}

const ofThisProcess = new SystemSignatures()

/** Those of this process: its servers share the event loop, and so its turns. */
export function systemSignatures(): Signatures {
  return ofThisProcess
}
