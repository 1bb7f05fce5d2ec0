import type { Adapter, AdapterPayload } from 'oidc-provider'

/** Where the authorization server keeps tokens. A plain Map: its built-in store forgets all but the last 1,000. */
export function memoryStore(): new (model: string) => Adapter {
  const kept = new Map<string, { readonly payload: AdapterPayload; readonly until: number }>()

  return class MemoryStore implements Adapter {
    readonly #model: string

    constructor(model: string) {
      this.#model = model
    }

    async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
      kept.set(this.#key(id), { payload, until: Date.now() + expiresIn * 1_000 })
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      const found = kept.get(this.#key(id))
      return found && found.until > Date.now() ? found.payload : undefined
    }

    async destroy(id: string): Promise<void> {
      kept.delete(this.#key(id))
    }

    async consume(): Promise<void> {}

    // Only grants that involve a user come here; this server has none.
    async findByUid(): Promise<undefined> {}
    async findByUserCode(): Promise<undefined> {}
    async revokeByGrantId(): Promise<void> {}

    #key(id: string): string {
      return `${this.#model} ${id}`
    }
  }
}
