import type { Store } from '../../src/ports/store.ts'

/** A store that outlives its processes, and can be made to fail. */
export class MemoryStore implements Store {
  readonly kept = new Map<string, string>()
  /** Names in the order in which they were written. */
  readonly written: string[] = []
  /** Names that cannot be loaded, and never answer. */
  readonly broken = new Set<string>()
  readonly silent = new Set<string>()

  async load(name: string): Promise<string | undefined> {
    if (this.broken.has(name)) throw new Error('no')
    if (this.silent.has(name)) return new Promise(() => undefined)
    return this.kept.get(name)
  }

  async save(name: string, value: string): Promise<void> {
    this.written.push(name)
    this.kept.set(name, value)
  }

  async update(name: string, merge: (kept: string | undefined) => string): Promise<void> {
    await this.save(name, merge(await this.load(name)))
  }
}

/** The same for one that only knows the last value. */
export function withoutUpdate(store: MemoryStore): Store {
  return { load: (name) => store.load(name), save: (name, value) => store.save(name, value) }
}
