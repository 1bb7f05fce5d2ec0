import type { Clock, Instant } from '../ports/clock.ts'
import { type Store, StoreError, type StoreErrorKind } from '../ports/store.ts'
import { withDeadline } from '../resilience/deadline.ts'

/** A document as the store keeps it. */
interface Snapshot {
  readonly text: string
  /** Wall milliseconds of the load behind it. */
  readonly since: number
}

/** Makes what is to be kept from what is kept. Synchronous; perhaps called again. */
export type Merge = (kept: string | undefined) => string

/** Milliseconds after which a store that says nothing counts as failed: keys and requests wait for it. */
const DEADLINE = 2_000

/** The store, with its failures turned into events: what it cannot keep, this process keeps alone. */
export class Snapshots {
  readonly #store: Store | undefined
  readonly #clock: Clock
  readonly #failed: (operation: 'load' | 'save', kind?: StoreErrorKind) => void

  constructor(
    store: Store | undefined,
    clock: Clock,
    failed: (operation: 'load' | 'save', kind?: StoreErrorKind) => void,
  ) {
    this.#store = store
    this.#clock = clock
    this.#failed = failed
  }

  get durable(): boolean {
    return this.#store !== undefined
  }

  /** The longest value the store takes, in octets. */
  get maxBytes(): number {
    return this.#store?.maxBytes ?? Infinity
  }

  /** What is kept under a name, or that nothing is; `'failed'` when the store did not say. */
  async load(name: string): Promise<{ readonly kept: string | undefined } | 'failed'> {
    const store = this.#store
    if (!store) return { kept: undefined }
    try {
      const kept = await withDeadline(DEADLINE, this.#clock, async () => store.load(name))
      return { kept: textIn(kept) }
    } catch (error) {
      this.#failed('load', kindOf(error))
      return 'failed'
    }
  }

  /** @returns True when the value would survive a restart. */
  save(name: string, value: string): Promise<boolean> {
    return this.#saving((store) => store.save(name, value))
  }

  /**
   * Saves what `merge` makes of the kept value. Where the store cannot do both in one step, `merge` gets `undefined`.
   * What is kept and cannot be read stays as it is. @returns As {@link save}.
   */
  update(name: string, merge: Merge): Promise<boolean> {
    return this.#saving((store) => updated(store, name, merge))
  }

  /** The same for what can be had again: what is kept and cannot be read is replaced. */
  replace(name: string, merge: Merge): Promise<boolean> {
    return this.#saving(async (store) => {
      try {
        await updated(store, name, merge)
      } catch (error) {
        if (kindOf(error) !== 'refused' && kindOf(error) !== 'too_large') throw error
        await store.save(name, merge(undefined))
      }
    })
  }

  async #saving(work: (store: Store) => Promise<void>): Promise<boolean> {
    const store = this.#store
    if (!store) return false
    try {
      await withDeadline(DEADLINE, this.#clock, async () => work(store))
      return true
    } catch (error) {
      this.#failed('save', kindOf(error))
      return false
    }
  }

  /** Keeps a document, unless another process has kept a newer one. */
  keepDocument(name: string, text: string, since: Instant): void {
    const ours = JSON.stringify({ text, since: since.wall } satisfies Snapshot)
    void this.replace(name, (kept) => (this.#isNewer(kept, since.wall) ? kept! : ours))
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
      return value === undefined || !Number.isFinite(since)
        ? undefined
        : { value, since: instantAt(since, this.#clock) }
    } catch {
      this.#failed('load')
      return undefined
    }
  }

  /** A document of the future was kept by a clock that was wrong: it must not stay for ever. */
  #isNewer(kept: string | undefined, since: number): boolean {
    try {
      const other = kept === undefined ? undefined : (JSON.parse(kept) as Partial<Snapshot> | null)?.since
      return typeof other === 'number' && other > since && other <= this.#clock.wall()
    } catch {
      return false
    }
  }
}

/**
 * A moment of an earlier process: from here on both clocks count its age. One in the future, by a clock that was wrong,
 * is infinitely long ago.
 */
export function instantAt(wall: number, clock: Clock): Instant {
  const age = clock.wall() - wall
  return { wall, monotonic: age < 0 ? -Infinity : clock.monotonic() - age }
}

function updated(store: Store, name: string, merge: Merge): Promise<void> {
  return store.update ? store.update(name, (kept) => merge(textIn(kept))) : store.save(name, merge(undefined))
}

/** A key-value store may say `null`. @throws {TypeError} for what is no text: some clients give octets. */
function textIn(kept: unknown): string | undefined {
  if (kept === undefined || kept === null) return undefined
  if (typeof kept !== 'string') throw new TypeError('the store gave something that is no text')
  return kept
}

function kindOf(error: unknown): StoreErrorKind | undefined {
  return error instanceof StoreError ? error.kind : undefined
}
