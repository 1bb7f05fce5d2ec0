import type { Clock } from '@holdfast/core'
import { type Introspector, Trouble } from '#core/introspection/introspector'

export interface BreakerTerms {
  /** Share of failed calls that opens it. */
  readonly failures: number
  /** Calls that it must have seen in the window before. */
  readonly calls: number
  /** Milliseconds over which calls are counted. */
  readonly window: number
  /** Milliseconds for which it stays open; then one call is let through. */
  readonly pause: number
}

type Breaker = { readonly is: 'closed' } | { readonly is: 'open'; readonly until: number } | { readonly is: 'probing' }

/** A circuit breaker around an introspector: where too many calls fail, none is made for a while. */
export function breaking(inner: Introspector, terms: BreakerTerms, clock: Clock): Introspector {
  let state: Breaker = { is: 'closed' }
  let seen: { readonly at: number; readonly failed: boolean }[] = []
  let failed = 0

  function count(call: { readonly at: number; readonly failed: boolean }): void {
    seen.push(call)
    if (call.failed) failed += 1
    let old = 0
    while (seen[old]!.at < call.at - terms.window) {
      if (seen[old]!.failed) failed -= 1
      old += 1
    }
    if (old > 0) seen = seen.slice(old)
  }

  function over(isFailure: boolean): void {
    const now = clock.monotonic()
    if (state.is === 'open') return // it was sent before
    if (state.is === 'closed') {
      count({ at: now, failed: isFailure })
      if (seen.length < terms.calls || failed < terms.failures * seen.length) return
    }
    seen = []
    failed = 0
    state = isFailure ? { is: 'open', until: now + terms.pause } : { is: 'closed' }
  }

  return {
    async introspect(request) {
      if (state.is === 'probing') throw new Trouble('overloaded')
      if (state.is === 'open') {
        if (clock.monotonic() < state.until) throw new Trouble('overloaded')
        state = { is: 'probing' }
      }
      try {
        const answer = await inner.introspect(request)
        over(false)
        return answer
      } catch (error) {
        over(true)
        throw error
      }
    },
  }
}
