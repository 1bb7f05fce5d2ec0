import type { Cancel, Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { backoff, USUAL_BACKOFF } from '../resilience/backoff.ts'

export interface WriterPorts {
  readonly clock: Clock
  readonly random: Random
}

/** Writes one record: once at a time, once more for what changed meanwhile, and again after a failure. */
export class Writer {
  readonly #write: () => Promise<boolean>
  readonly #ports: WriterPorts
  #changed = false
  #running: Promise<boolean> | undefined
  #failures = 0
  #closed = false
  #cancel: Cancel = () => undefined

  /** @param write Resolves to whether all of the record would survive a restart now. Never rejects. */
  constructor(write: () => Promise<boolean>, ports: WriterPorts) {
    this.#write = write
    this.#ports = ports
  }

  /** True while something was not written. */
  get behind(): boolean {
    return this.#changed
  }

  /** Notes that something has to be written, and writes nothing yet. */
  change(): void {
    this.#changed = true
  }

  /** Writes what changed. @returns True when all of it would survive a restart. */
  write(): Promise<boolean> {
    if (this.#running) return this.#running
    // A run that waits for nothing is over before it could be noted: it would be taken for the one under way, for good.
    if (!this.#changed) return Promise.resolve(true)
    return (this.#running = this.#run())
  }

  /** Writes what was not written yet, for the last time. */
  async close(): Promise<void> {
    this.#closed = true
    this.#cancel()
    if (this.#running) await this.#running
    if (this.#changed) await this.write()
  }

  async #run(): Promise<boolean> {
    this.#cancel()
    try {
      while (this.#changed) {
        this.#changed = false
        if (await this.#write()) continue
        this.#changed = true
        this.#retryLater()
        return false
      }
      this.#failures = 0
      return true
    } finally {
      this.#running = undefined // at once: a change that comes now must not take this write for its own
    }
  }

  #retryLater(): void {
    if (this.#closed) return
    const { clock, random } = this.#ports
    this.#failures += 1
    const wait = backoff(this.#failures, USUAL_BACKOFF, random)
    this.#cancel = clock.after(wait, () => void this.write())
  }
}
