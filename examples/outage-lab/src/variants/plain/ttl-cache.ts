/** Something that was found out, and when the question was asked, in milliseconds of `performance.now()`. */
export interface Found<T> {
  readonly value: T
  readonly at: number
  readonly source: 'live' | 'cache'
}

/** Entries. The oldest goes first. */
const CAPACITY = 20_000

/**
 * The cache that everybody writes: an answer counts for so long, then it is asked for again. Questions about one key
 * that are asked at once become one. What fails is not kept, and nothing old stands in for it.
 *
 * @param ttl In milliseconds; with 0, every request asks for itself.
 */
export function ttlCache<T>(ttl: number, ask: (key: string) => Promise<T>): (key: string) => Promise<Found<T>> {
  const kept = new Map<string, { readonly at: number; readonly answer: Promise<T> }>()

  return async function get(key) {
    const now = performance.now()
    const known = kept.get(key)
    if (known && now - known.at < ttl) {
      return { value: await known.answer, at: known.at, source: 'cache' }
    }
    const answer = ask(key)
    if (ttl > 0) {
      kept.delete(key)
      kept.set(key, { at: now, answer })
      if (kept.size > CAPACITY) kept.delete(kept.keys().next().value!)
      answer.catch(() => kept.get(key)?.answer === answer && kept.delete(key))
    }
    return { value: await answer, at: now, source: 'live' }
  }
}
