import type { Clock } from '../ports/clock.ts'
import { type Introspector, Trouble, type TroubleKind } from './introspector.ts'

/** Kinds by which an endpoint asks for a pause, rather than about some token. */
const ASKS: readonly TroubleKind[] = ['throttled', 'server_error']

/** Leaves an endpoint alone for as long as it asked to be (RFC 9110 §10.2.3): calls fail at once until then. */
export function pausing(inner: Introspector, clock: Clock): Introspector {
  let pause: { readonly until: number; readonly kind: TroubleKind } | undefined
  return {
    async introspect(request) {
      const left = pause ? pause.until - clock.monotonic() : 0
      if (pause && left > 0) throw new Trouble(pause.kind, { pause: left })
      try {
        return await inner.introspect(request)
      } catch (error) {
        if (error instanceof Trouble && error.pause > 0 && ASKS.includes(error.kind)) {
          pause = { until: clock.monotonic() + error.pause, kind: error.kind }
        }
        throw error
      }
    },
  }
}
