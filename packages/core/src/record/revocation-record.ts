import type { Revocations } from '../cache/revocations.ts'
import type { Cancel } from '../ports/clock.ts'
import { backoff, USUAL_BACKOFF } from '../resilience/backoff.ts'
import type { Telemetry } from '../telemetry.ts'
import type { Snapshots } from './snapshots.ts'
import { Writer, type WriterPorts } from './writer.ts'

const NAME = 'revocations'

/** Keeps revocations over a restart where there is a store. Processes that share it learn from each other as they write. */
export class RevocationRecord {
  readonly #revocations: Revocations
  readonly #snapshots: Snapshots
  readonly #telemetry: Telemetry
  readonly #ports: WriterPorts
  readonly #writer: Writer
  #restoring: Promise<void> | undefined
  /** False while the store has a record that was not read: writing now would erase it. */
  #read = false
  #failures = 0
  #closed = false
  #cancel: Cancel = () => undefined

  constructor(revocations: Revocations, snapshots: Snapshots, telemetry: Telemetry, ports: WriterPorts) {
    this.#revocations = revocations
    this.#snapshots = snapshots
    this.#telemetry = telemetry
    this.#ports = ports
    this.#writer = new Writer(() => this.#write(), ports)
    if (!snapshots.durable) return
    revocations.onChange = () => {
      this.#writer.change()
      void this.saved()
    }
    this.#restoring = this.#restore().finally(() => {
      this.#restoring = undefined
    })
  }

  /** Pending until the store has answered for the first time, or was given up; `undefined` from then on. */
  get restoring(): Promise<void> | undefined {
    return this.#restoring
  }

  /** Writes what was not written yet. @returns True when everything recorded so far would survive a restart. */
  async saved(): Promise<boolean> {
    return this.#read && this.#writer.write()
  }

  /** The same for the last time. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    if (this.#read) await this.#writer.close()
  }

  #write(): Promise<boolean> {
    return this.#snapshots.update(NAME, (kept) => {
      if (kept !== undefined) this.#learn(kept)
      return this.#revocations.serialize()
    })
  }

  /** Until the record has been read, nothing may rest on its being complete. */
  async #restore(): Promise<void> {
    const loaded = await this.#snapshots.load(NAME)
    this.#revocations.unread = loaded === 'failed'
    if (loaded === 'failed') {
      if (this.#closed) return
      this.#failures += 1
      const wait = backoff(this.#failures, USUAL_BACKOFF, this.#ports.random)
      this.#cancel = this.#ports.clock.after(wait, () => void this.#restore())
      return
    }
    this.#read = true
    if (loaded.kept !== undefined) this.#learn(loaded.kept)
    if (this.#writer.behind) void this.#writer.write()
  }

  /** Adds what is kept; where that is no record, something is missing for good. */
  #learn(kept: string): void {
    if (this.#revocations.restore(kept)) return
    this.#revocations.lose()
    this.#telemetry.emit({ type: 'store_failed', operation: 'load' })
  }
}
