import { type Jwk, Refusal } from './asking.ts'

/** How a key set is kept, in milliseconds. */
export interface KeySetTerms {
  readonly ttl: number
  /** For so long after a fetch an unknown key is refused without another. */
  readonly cooldown: number
}

/** Finds a key by its name. */
export type KeyOf = (kid: string) => Promise<Jwk>

/** Asks for the key set each time. */
export function noKeySet(ask: () => Promise<readonly Jwk[]>): KeyOf {
  return async (kid) => named(kid, await ask())
}

/** Keeps the key set as `createRemoteJWKSet` of jose does. */
export function keySet(terms: KeySetTerms, ask: () => Promise<readonly Jwk[]>): KeyOf {
  let known: { readonly keys: readonly Jwk[]; readonly at: number } | undefined
  let fetching: Promise<void> | undefined

  async function load(): Promise<void> {
    const keys = await ask()
    known = { keys, at: performance.now() }
  }

  function fetchOnce(): Promise<void> {
    fetching ??= load().finally(() => {
      fetching = undefined
    })
    return fetching
  }

  const isYounger = (than: number): boolean => known !== undefined && performance.now() - known.at < than
  const has = (kid: string): boolean => known?.keys.some((key) => key.kid === kid) ?? false

  return async function keyOf(kid) {
    if (!isYounger(terms.ttl)) await fetchOnce()
    else if (!has(kid) && !isYounger(terms.cooldown)) await fetchOnce()
    return named(kid, known?.keys ?? [])
  }
}

function named(kid: string, keys: readonly Jwk[]): Jwk {
  const key = keys.find((one) => one.kid === kid)
  if (!key) throw new Refusal('unknown key')
  return key
}
