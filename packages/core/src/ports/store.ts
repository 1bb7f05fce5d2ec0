/**
 * Where a process keeps what it must not forget over a restart: last good metadata and key sets, revocations, and, where
 * `cache.introspected.persist` says so, introspection answers. Values hold no raw token. Whoever can write them can mint
 * identities, so keep them where configuration is kept, or seal them, as `fileStore` does.
 * A failing store is an event, never an authentication failure; while it says nothing at all, right after the start,
 * requests wait for the revocations in it and then get 503.
 */
export interface Store {
  /** The value saved last under this name, or `undefined`. What is no text counts as a failure. */
  load(name: string): Promise<string | undefined>
  /** Resolves once the value would survive a restart. */
  save(name: string, value: string): Promise<void>
  /**
   * For stores that several processes share: loads, merges and saves in one step, so that none of them undoes what
   * another one saved. `merge` is synchronous, and is called once for each attempt. Without it the last `save` wins.
   */
  update?(name: string, merge: (kept: string | undefined) => string): Promise<void>
  /** The longest value it takes, in octets of UTF-8, where it has such a bound. */
  readonly maxBytes?: number | undefined
}

/**
 * `refused`: what is kept was changed, or is not for this name, or was sealed with a key that is not known here.
 * `too_large`: longer than the store allows. `busy`: another process held it too long. `io`: the machine's fault, such
 * as a full disk.
 */
export type StoreErrorKind = 'refused' | 'too_large' | 'busy' | 'io'

/** A store that did not do what it was asked. The message is its kind; the cause stays with the debugger. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: StoreErrorKind

  constructor(kind: StoreErrorKind, options: { cause?: unknown } = {}) {
    super(kind)
    this.kind = kind
    Object.defineProperty(this, 'cause', { value: options.cause, enumerable: false })
  }
}
