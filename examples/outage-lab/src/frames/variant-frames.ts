import type { VariantFrame } from '../frame.ts'
import type { Caller } from '../load/caller.ts'
import type { Counters, Variant } from '../variants/variant.ts'
import type { FaultProxy } from '../weather/fault-proxy.ts'
import { since } from './since.ts'

/** Takes frames of one API: what its callers saw, what it counted, and what it asked. The first has all since the start. */
export function variantFrames({ look, proxy }: Variant, caller: Caller): () => VariantFrame {
  let before: (Counters & Pick<FaultProxy, 'asked'>) | undefined

  return () => {
    const { accepted, refused, endpoint, survivable } = look()
    const now = structuredClone({ accepted, refused, asked: proxy.asked })
    const added = since(before, now)
    before = now
    return {
      ...caller.meter.take(),
      inFlight: caller.inFlight,
      accepted: added.accepted,
      refused: Object.fromEntries(Object.entries(added.refused).filter(([, count]) => count > 0)),
      asked: { ...added.asked, waiting: proxy.waiting },
      endpoint,
      survivable,
    }
  }
}
