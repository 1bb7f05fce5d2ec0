import { type Introspector, Trouble } from './introspector.ts'

export interface ConcurrencyBounds {
  /** Calls in flight. */
  readonly inFlight: number
  /** Calls waiting for their turn; one more is shed. */
  readonly waiting: number
}

/** Bounds the calls to one endpoint. First come, first served; a call that finds the queue full is shed at once. */
export function limited(inner: Introspector, bounds: ConcurrencyBounds): Introspector {
  let inFlight = 0
  const waiting: (() => void)[] = []

  async function turn(): Promise<void> {
    if (inFlight < bounds.inFlight) {
      inFlight += 1
      return
    }
    if (waiting.length >= bounds.waiting) throw new Trouble('overloaded')
    await new Promise<void>((resolve) => waiting.push(resolve)) // the place of the call that ended becomes ours
  }

  function done(): void {
    const next = waiting.shift()
    if (next) next()
    else inFlight -= 1
  }

  return {
    async introspect(request) {
      await turn()
      request.sent?.()
      try {
        return await inner.introspect(request)
      } finally {
        done()
      }
    },
  }
}
