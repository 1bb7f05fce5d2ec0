import { openDoor } from '../../door.ts'
import type { FaultProxy } from '../../weather/fault-proxy.ts'
import { expressApi } from '../express-api.ts'
import type { Variant } from '../variant.ts'
import { asking } from './asking.ts'
import { checkJwt } from './jwt.ts'
import { keySet, type KeySetTerms, noKeySet } from './key-set.ts'
import { letInBy, plainProtect } from './protect.ts'
import { ttlCache } from './ttl-cache.ts'

export interface PlainOptions {
  readonly name: 'ttl' | 'none'
  readonly issuer: string
  readonly proxy: FaultProxy
  /** How long an introspection answer counts, in milliseconds. 0: every request asks. */
  readonly ttl: number
  /** `undefined`: every request asks for the key set, too. */
  readonly keys: KeySetTerms | undefined
}

/** The same Express API, protected by a plain cache or by none. */
export async function startPlain({ name, issuer, proxy, ttl, keys }: PlainOptions): Promise<Variant> {
  const { introspect, keys: askForKeys } = asking(proxy.url)
  const introspected = ttlCache(ttl, introspect)
  const keyOf = keys ? keySet(keys, askForKeys) : noKeySet(askForKeys)
  const { handler, counters } = plainProtect({
    introspected,
    checkJwt: (token) => checkJwt(token, issuer, keyOf),
  })
  const door = await openDoor(expressApi({ protect: handler, letInBy: (_request, response) => letInBy(response) }))

  return {
    name,
    url: door.url,
    metrics: null,
    proxy,
    look: () => ({ ...structuredClone(counters), endpoint: null, survivable: null }),
    // It has nothing that could remember: the answer that it holds counts until its time is over.
    revoke: () => Promise.resolve(),
    drill: () => Promise.resolve(),
    close: () => door.close(),
  }
}
