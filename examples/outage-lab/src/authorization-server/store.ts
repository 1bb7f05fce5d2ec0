import type { Adapter, AdapterPayload } from 'oidc-provider'

/** Expired entries are looked for once in so many writes: one-shot tokens would fill the memory of a long run. */
const WRITES_BETWEEN_SWEEPS = 1_000

/** Where the authorization server keeps grants and tokens. Its built-in store forgets all but the last 1,000. */
export function memoryStore(): new (model: string) => Adapter {
  const kept = new Map<string, { readonly payload: AdapterPayload; readonly until: number }>()
  let writes = 0

  function sweep(): void {
    const now = Date.now()
    for (const [key, { until }] of kept) if (until <= now) kept.delete(key)
  }

  return class MemoryStore implements Adapter {
    readonly #model: string

    constructor(model: string) {
      this.#model = model
    }

    async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
      kept.set(this.#key(id), { payload, until: Date.now() + expiresIn * 1_000 })
      writes += 1
      if (writes % WRITES_BETWEEN_SWEEPS === 0) sweep()
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      const found = kept.get(this.#key(id))
      return found && found.until > Date.now() ? found.payload : undefined
    }

    async destroy(id: string): Promise<void> {
      kept.delete(this.#key(id))
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      for (const [key, { payload }] of kept) if (payload.grantId === grantId) kept.delete(key)
    }

    // No browser and no device comes here.
    async consume(): Promise<void> {}
    async findByUid(): Promise<undefined> {}
    async findByUserCode(): Promise<undefined> {}

    #key(id: string): string {
      return `${this.#model} ${id}`
    }
  }
}
