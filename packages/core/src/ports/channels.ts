import { type Channel, channel } from 'node:diagnostics_channel'
import type { TokenKind } from '../counters.ts'
import type { HoldfastEvent } from './observer.ts'

/** A token was accepted. For who counts or traces every request; made only while somebody listens. */
export interface AcceptedMessage {
  readonly issuer: string
  readonly kind: TokenKind
  /** `live`: verified for this request; `cache`: before it. */
  readonly source: 'live' | 'cache'
  /** True where the evidence is past its freshness, and no answer came in time. */
  readonly stale: boolean
  /** Milliseconds that the evidence is older than the request; absent where `source` is `live`. */
  readonly age?: number
}

/**
 * What each channel of `node:diagnostics_channel` carries: one for each type of {@link HoldfastEvent}, with the event, and
 * `holdfast:accepted`. Every message is frozen, and holds as little as an event does.
 */
export type ChannelMessages = {
  readonly [T in HoldfastEvent['type'] as `holdfast:${T}`]: Extract<HoldfastEvent, { readonly type: T }>
} & { readonly 'holdfast:accepted': AcceptedMessage }

export type ChannelName = keyof ChannelMessages

/** The names of the channels, by what they tell. */
export const CHANNELS: { readonly [T in HoldfastEvent['type'] | 'accepted']: `holdfast:${T}` } = Object.freeze({
  accepted: 'holdfast:accepted',
  refused: 'holdfast:refused',
  verified: 'holdfast:verified',
  stale: 'holdfast:stale',
  document: 'holdfast:document',
  endpoint_moved: 'holdfast:endpoint_moved',
  key_skipped: 'holdfast:key_skipped',
  introspection: 'holdfast:introspection',
  endpoint: 'holdfast:endpoint',
  revocation: 'holdfast:revocation',
  store_failed: 'holdfast:store_failed',
  signal: 'holdfast:signal',
  drill: 'holdfast:drill',
  advice: 'holdfast:advice',
})

/** The channels themselves, held for good: Node forgets one that nobody holds. */
const OPEN = Object.fromEntries(
  Object.entries(CHANNELS).map(([type, name]) => [type, channel(name)]),
) as unknown as Readonly<Record<keyof typeof CHANNELS, Channel>>

/** Looked at for every accepted request. */
export const acceptedChannel: Channel = OPEN.accepted

/** Whether anybody listens for events of a type. */
export function isListenedTo(type: HoldfastEvent['type']): boolean {
  return OPEN[type].hasSubscribers
}

export function publish(event: HoldfastEvent): void {
  const to = OPEN[event.type]
  if (to.hasSubscribers) to.publish(event)
}

/**
 * Listens to a channel, of all servers in this process. What the listener throws, or rejects with, is ignored. One that
 * was subscribed by `node:diagnostics_channel` itself hurts no request either, but Node then ends the process unless it
 * handles `uncaughtException`.
 *
 * @returns Ends it.
 */
export function listen<N extends ChannelName>(name: N, listener: (message: ChannelMessages[N]) => void): () => void {
  const to = channel(name)
  const quiet = (message: unknown): void => {
    try {
      const heard: unknown = listener(message as ChannelMessages[N])
      if (heard instanceof Promise) heard.catch(() => undefined)
    } catch {
      // Listening is never an authentication failure.
    }
  }
  to.subscribe(quiet)
  return () => {
    to.unsubscribe(quiet)
  }
}
