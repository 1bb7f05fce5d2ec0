import type { Clock, Instant } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import { withDeadline } from './deadline.ts'

/** A document as the store keeps it. */
interface Snapshot {
  readonly text: string
  /** Wall milliseconds of the load behind it. */
  readonly since: number
}

/** Milliseconds after which a store that says nothing counts as failed: keys and requests wait for it. */
const DEADLINE = 2_000

/** The store, with its failures turned into events: what it cannot keep, this process keeps alone. */
export class Snapshots {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #failed: (operation: 'load' | 'save') => void

  constructor(store: Store | undefined, clock: Clock, failed: (operation: 'load' | 'save') => void) {
    this.#store = store
    this.#clock = clock
    this.#failed = failed
  }

  get durable(): boolean {
    return this.#store !== undefined
  }

  /** What is kept under a name, or that nothing is; `'failed'` when the store did not say. */
  async load(name: string): Promise<{ readonly kept: string | undefined } | 'failed'> {
    const store = this.#store
    if (!store) return { kept: undefined }
    try {
      const kept = await withDeadline(DEADLINE, this.#clock, async () => store.load(name))
      return { kept: kept ?? undefined } // a key-value store may say `null`
    } catch {
      this.#failed('load')
      return 'failed'
    }
  }

  /** @returns True when the value would survive a restart. */
  async save(name: string, value: string): Promise<boolean> {
    const store = this.#store
    if (!store) return false
    try {
      await withDeadline(DEADLINE, this.#clock, async () => store.save(name, value))
      return true
    } catch {
      this.#failed('save')
      return false
    }
  }

  keepDocument(name: string, text: string, since: Instant): void {
    void this.save(name, JSON.stringify({ text, since: since.wall } satisfies Snapshot))
  }

  /** A document kept earlier, if the store has it and `parse` makes something of it. Never rejects. */
  async restoreDocument<T>(
    name: string,
    parse: (text: string) => T | undefined,
  ): Promise<{ value: T; since: Instant } | undefined> {
    const loaded = await this.load(name)
    if (loaded === 'failed' || loaded.kept === undefined) return undefined
    try {
      const { text, since } = JSON.parse(loaded.kept) as Snapshot
      const value = parse(text)
      return value === undefined || !Number.isFinite(since) ? undefined : { value, since: this.#instantAt(since) }
    } catch {
      this.#failed('load')
      return undefined
    }
  }

  /** From here on both clocks count the age; a moment in the future, by a clock that was wrong, is infinitely long ago. */
  #instantAt(wall: number): Instant {
    const age = this.#clock.wall() - wall
    return { wall, monotonic: age < 0 ? -Infinity : this.#clock.monotonic() - age }
  }
}
