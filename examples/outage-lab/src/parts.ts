import { type AuthorizationServer, startAuthorizationServer } from './authorization-server/authorization-server.ts'
import type { Journal } from './frames/journal.ts'
import { type Caller, createCaller } from './load/caller.ts'
import type { Terms } from './terms.ts'
import { holdfastExpress } from './variants/holdfast-express.ts'
import { type HoldfastOptions, startHoldfast } from './variants/holdfast.ts'
import { koaApi } from './variants/koa-api.ts'
import { noteTaker } from './variants/observers.ts'
import { startPlain } from './variants/plain/plain.ts'
import type { Variant } from './variants/variant.ts'
import { type FaultProxy, startFaultProxy } from './weather/fault-proxy.ts'

/** Everything that has a socket, but for the page. */
export interface Parts {
  readonly server: AuthorizationServer
  readonly variants: readonly Variant[]
  /** One for each API, in the same order. */
  readonly callers: readonly Caller[]
  close(): Promise<void>
}

/** Starts the authorization server and the four APIs, each behind a proxy of its own, all on loopback. */
export async function startParts(terms: Terms, journal: Journal): Promise<Parts> {
  const server = await startAuthorizationServer()
  const { issuer } = server
  const proxy = (): Promise<FaultProxy> => startFaultProxy(issuer)

  async function holdfast(name: 'express' | 'koa', api: HoldfastOptions['api']): Promise<Variant> {
    const observer = noteTaker((about, text) => journal.note(about, text, name))
    return startHoldfast({ name, issuer, proxy: await proxy(), terms, api, observer })
  }

  const variants = await Promise.all([
    holdfast('express', holdfastExpress),
    holdfast('koa', koaApi),
    startPlain({
      name: 'ttl',
      issuer,
      proxy: await proxy(),
      ttl: terms.ttl,
      keys: { ttl: terms.keys, cooldown: terms.keysCooldown },
    }),
    startPlain({ name: 'none', issuer, proxy: await proxy(), ttl: 0, keys: undefined }),
  ])
  const callers = variants.map(({ url }) => createCaller(url))

  return {
    server,
    variants,
    callers,
    async close() {
      for (const caller of callers) caller.close()
      await Promise.all(variants.map((variant) => variant.close()))
      await Promise.all(variants.map((variant) => variant.proxy.close()))
      await server.close()
    },
  }
}
