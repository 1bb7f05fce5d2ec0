import { ageAt, ageOf, type Cancel, type Clock, type Instant, instantOf } from '../ports/clock.ts'
import type { DocumentEvent } from '../ports/observer.ts'
import type { Random } from '../ports/random.ts'
import { TracelessError } from '../traceless-error.ts'
import { backoff, USUAL_BACKOFF } from './backoff.ts'

export type Trigger = DocumentEvent['trigger']

/** A load that succeeded. */
export interface Loaded<T> {
  readonly value: T
  /** Milliseconds for which the value is fresh. */
  readonly freshFor: number
  /** Milliseconds after which the value is not used any more, where that is sooner than the hard bound. */
  readonly usableFor?: number | undefined
  /** The document as it came, for a snapshot; `undefined` where it is not to be kept. */
  readonly text: string | undefined
}

/** A value, and since when. */
interface Held<T> {
  readonly value: T
  readonly since: Instant
  readonly usableFor?: number | undefined
}

/** A load that failed, with its kind of trouble from a closed list, and the pause that the server asked for. */
export class LoadTrouble extends TracelessError {
  override readonly name = 'LoadTrouble'
  readonly trouble: string
  /** Milliseconds. */
  readonly pause: number

  constructor(trouble: string, options: { cause?: unknown; pause?: number } = {}) {
    super(trouble, { cause: options.cause })
    this.trouble = trouble
    this.pause = options.pause ?? 0
  }
}

/** Where the document comes from. */
export interface Source<T> {
  /** @throws {LoadTrouble} */
  readonly load: (previous: T | undefined) => Promise<Loaded<T>>
  /** What an earlier process held. Asked once, before the first load; never rejects. */
  readonly restore?: (() => Promise<{ readonly value: T; readonly since: Instant } | undefined>) | undefined
  /** Keeps what was loaded for a later process. */
  readonly keep?: ((text: string, since: Instant) => void) | undefined
}

export interface LastGoodPorts {
  readonly clock: Clock
  readonly random: Random
  /** Tells what became of a load. */
  readonly report: (result: 'loaded' | 'restored' | 'failed', trigger: Trigger, trouble?: string) => void
}

export interface LastGoodStatus {
  /** Milliseconds since the load behind the value began. */
  readonly age: number | undefined
  /** Milliseconds for which the value counts as fresh, as its answer said; `undefined` without a load of this process. */
  readonly freshFor: number | undefined
  /** Milliseconds of age from which on the value is not used any more. */
  readonly usableFor: number
  /** Failed loads since the last success. */
  readonly failures: number
  readonly lastTrouble: string | undefined
  /** Milliseconds until the next scheduled load. */
  readonly nextIn: number | undefined
}

/** The part of the fresh time after which a refresh runs ahead, off every request's path; and how far it is spread. */
const AHEAD = 0.8
const SPREAD = 0.1

/**
 * One remote document: loaded once for all who ask, refreshed ahead of its staleness, kept on failure to a hard bound
 * after the last success, retried with growing pauses.
 */
export class LastGood<T> {
  readonly #source: Source<T>
  readonly #hardBound: number
  readonly #ports: LastGoodPorts
  #held: Held<T> | undefined
  #first: Promise<unknown> | undefined
  #flight: Promise<boolean> | undefined
  #askedAt = -Infinity
  #freshUntil = -Infinity
  #failures = 0
  #lastTrouble: string | undefined
  /** Monotonic; no load starts before it. */
  #pausedUntil = -Infinity
  #nextAt: number | undefined
  #cancel: Cancel = () => undefined
  #closed = false

  /** @param hardBound Milliseconds after the last success beyond which the value is not used at all. */
  constructor(source: Source<T>, hardBound: number, ports: LastGoodPorts) {
    this.#source = source
    this.#hardBound = hardBound
    this.#ports = ports
  }

  /** The value, while it is inside its hard bound. */
  get value(): T | undefined {
    return this.#held && this.valueAt(instantOf(this.#ports.clock))
  }

  /** The same, for who has read the clock. */
  valueAt(now: Instant): T | undefined {
    const held = this.#held
    return held && ageAt(held.since, now) < this.#usableFor ? held.value : undefined
  }

  get #usableFor(): number {
    return Math.min(this.#hardBound, this.#held?.usableFor ?? Infinity)
  }

  /** Milliseconds for which the value will be used if no load succeeds; 0 without one. */
  get remaining(): number {
    return Math.max(0, this.#usableFor - this.age)
  }

  /** Milliseconds since the load behind the value began; `Infinity` without one. */
  get age(): number {
    return this.#held ? ageOf(this.#held.since, this.#ports.clock) : Infinity
  }

  /** Monotonic milliseconds at which the load behind the value began; `-Infinity` where no load of this process did. */
  get askedAt(): number {
    return this.#askedAt
  }

  /** True while a load of this process says that nothing has changed yet. */
  get fresh(): boolean {
    return this.#ports.clock.monotonic() < this.#freshUntil
  }

  get loading(): boolean {
    return this.#flight !== undefined
  }

  /** Milliseconds until a load may be tried again; 0 when now. */
  get pause(): number {
    return Math.max(0, this.#pausedUntil - this.#ports.clock.monotonic())
  }

  /** Resolves when there is a value, restored or loaded, or when the attempt at one ended. Never rejects. */
  async obtain(): Promise<void> {
    await (this.#first ??= this.#begin())
    if (this.value === undefined) await this.refresh(this.#held ? 'expired' : 'start')
  }

  /** Joins the running load, or starts one unless failures ask for a pause. Resolves to its success; never rejects. */
  refresh(trigger: Trigger): Promise<boolean> {
    if (this.#flight) return this.#flight
    if (this.#closed || this.pause > 0) return Promise.resolve(false)
    this.#cancel()
    this.#flight = this.#run(trigger).finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  close(): void {
    this.#closed = true
    this.#cancel()
  }

  get status(): LastGoodStatus {
    return {
      age: this.#held ? this.age : undefined,
      freshFor: Number.isFinite(this.#askedAt) ? this.#freshUntil - this.#askedAt : undefined,
      usableFor: this.#usableFor,
      failures: this.#failures,
      lastTrouble: this.#lastTrouble,
      nextIn: this.#nextAt === undefined ? undefined : Math.max(0, this.#nextAt - this.#ports.clock.monotonic()),
    }
  }

  async #begin(): Promise<void> {
    const restored = await this.#source.restore?.()
    if (!restored) return void (await this.refresh('start'))
    // What was loaded meanwhile is newer than what was kept.
    if (this.#held) return
    this.#held = restored
    this.#ports.report('restored', 'start')
    void this.refresh('start')
  }

  async #run(trigger: Trigger): Promise<boolean> {
    const { clock, random, report } = this.#ports
    // Age counts from the question: what changed while the answer travelled is not in it.
    const since = instantOf(clock)
    try {
      const loaded = await this.#source.load(this.#held?.value)
      this.#held = { value: loaded.value, since, usableFor: loaded.usableFor }
      this.#askedAt = since.monotonic
      this.#freshUntil = since.monotonic + loaded.freshFor
      this.#failures = 0
      this.#lastTrouble = undefined
      this.#schedule(loaded.freshFor * (AHEAD + (random.next() * 2 - 1) * SPREAD), 'ahead')
      if (loaded.text !== undefined) this.#source.keep?.(loaded.text, since)
      report('loaded', trigger)
      return true
    } catch (error) {
      const { trouble, pause } = error instanceof LoadTrouble ? error : new LoadTrouble('internal', { cause: error })
      this.#failures += 1
      this.#lastTrouble = trouble
      const wait = Math.max(pause, backoff(this.#failures, USUAL_BACKOFF, random))
      this.#pausedUntil = clock.monotonic() + wait
      this.#schedule(wait, this.#held ? 'expired' : 'start')
      report('failed', trigger, trouble)
      return false
    }
  }

  #schedule(ms: number, trigger: Trigger): void {
    if (this.#closed) return
    const { clock } = this.#ports
    this.#nextAt = clock.monotonic() + ms
    this.#cancel = clock.after(ms, () => {
      // The timer ends the pause it was set for: one that fires a hair early must not end the chain of attempts.
      this.#pausedUntil = -Infinity
      void this.refresh(trigger)
    })
  }
}
