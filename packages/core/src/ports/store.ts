/**
 * Where a process keeps what it must not forget over a restart: last good metadata and key sets, and revocations.
 * Values hold no raw token. Whoever can write them can mint identities, so keep them where configuration is kept.
 * A failing store is an event, never an authentication failure; while it says nothing at all, right after the start,
 * requests wait for the revocations in it and then get 503.
 */
export interface Store {
  /** The value saved last under this name, or `undefined`. */
  load(name: string): Promise<string | undefined>
  /** Resolves once the value would survive a restart. */
  save(name: string, value: string): Promise<void>
}
