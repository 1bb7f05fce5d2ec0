import { keyOf } from '#core/cache/digest'
import { type Cacheable, RecencyCache } from '#core/cache/recency-cache'
import { extract } from '#core/extract'
import type { Answer, Introspector } from '#core/introspection/introspector'
import { accepted, type ContenderPorts, type Contender, type Decision, REFUSED, UNDECIDED } from '../world/contender.ts'

/** How a plain cache treats what it holds. Milliseconds. */
export interface CachingTerms {
  /** An answer counts without another question. */
  readonly fresh: number
  /** After that it may stand in when a question fails. */
  readonly staleIfError: number
  /** Whether it stands in at once, and the question is asked beside it. */
  readonly whileRevalidating: boolean
}

/** What an active answer leaves behind. */
interface Entry extends Cacheable {
  /** Monotonic: when the question was asked. */
  readonly since: number
  /** Seconds, as `exp`. */
  readonly expiresAt: number
}

type Outcome = { readonly is: 'active'; readonly entry: Entry } | { readonly is: 'inactive' | 'trouble' }

/** As many as the real server has by default. */
const BOUNDS = { entries: 20_000, bytes: 33_554_432 }
const ENTRY_BYTES = 1_000

/** A cache in front of an introspector, with one question in flight for each token. */
export function caching({ clock }: ContenderPorts, terms: CachingTerms, introspector: Introspector): Contender {
  const cache = new RecencyCache<Entry>(BOUNDS, clock)
  const running = new Map<string, Promise<Outcome>>()

  function ask(token: string, digest: string): Promise<Outcome> {
    const already = running.get(digest)
    if (already) return already
    const since = clock.monotonic()
    const call = introspector
      .introspect({ token })
      .then(
        (answer) => learn(digest, answer, since),
        (): Outcome => ({ is: 'trouble' }),
      )
      .finally(() => running.delete(digest))
    running.set(digest, call)
    return call
  }

  function learn(digest: string, answer: Answer, since: number): Outcome {
    if (answer.is === 'inactive') {
      cache.delete(digest)
      return answer
    }
    const expiresAt = answer.claims['exp'] as number
    const entry = { since, expiresAt, bytes: ENTRY_BYTES }
    cache.set(digest, entry)
    return { is: 'active', entry }
  }

  /** The age of what is known, while it may still count. */
  function known(entry: Entry | undefined): number | undefined {
    if (!entry || clock.wall() >= entry.expiresAt * 1_000) return undefined
    const age = clock.monotonic() - entry.since
    return age < terms.fresh + terms.staleIfError ? age : undefined
  }

  function judge(digest: string, outcome: Outcome): Decision {
    if (outcome.is === 'inactive') return REFUSED
    const age = known(outcome.is === 'active' ? outcome.entry : cache.get(digest))
    return age === undefined ? UNDECIDED : accepted(age)
  }

  return {
    decide(request) {
      const token = extract(request, { maxLength: Infinity })
      const digest = keyOf(token)
      const age = known(cache.get(digest))
      if (age !== undefined && age < terms.fresh) return accepted(age)
      const call = ask(token, digest)
      if (age !== undefined && terms.whileRevalidating) return accepted(age)
      return call.then((outcome) => judge(digest, outcome))
    },
    close: () => Promise.resolve(),
  }
}
