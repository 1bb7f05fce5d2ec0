import { setImmediate as turn } from 'node:timers/promises'
import { type Http, undiciHttp } from '@holdfast/core'
import type { FaultProxy } from '@holdfast/testing'

/** Longer than DNS allows for a label: the machine's own resolver fails, and asks nobody. */
const NOWHERE = `https://${'x'.repeat(64)}.invalid`

/** The real network of a resource server, watched. */
export interface Network {
  readonly http: Http
  /** Requests that were sent to an origin so far. */
  sentTo(origin: string): number
  /** From now on the name of this origin's host is unknown. */
  forget(origin: string | undefined): void
  /**
   * Resolves when nothing more will happen until time moves: every request under way waits in a proxy, for the clock or
   * for ever.
   */
  calm(): Promise<void>
  /** Requests under way. */
  readonly underWay: number
}

/** Turns of the event loop in which nothing happened, after which nothing will. */
const QUIET = 5
const PATIENCE = 100_000

export function network(proxies: readonly FaultProxy[]): Network {
  const inner = undiciHttp({ connections: 4, connectTimeout: 5_000 })
  const sent: string[] = []
  let unknown: string | undefined
  let underWay = 0

  return {
    http: {
      async send(request) {
        const { origin } = new URL(request.url)
        sent.push(origin)
        underWay += 1
        try {
          const url = origin === unknown ? request.url.replace(origin, NOWHERE) : request.url
          return await inner.send({ ...request, url })
        } finally {
          underWay -= 1
        }
      },
      close: () => inner.close(),
    },
    sentTo: (origin) => sent.filter((one) => one === origin).length,
    forget: (origin) => {
      unknown = origin
    },
    async calm() {
      let quiet = 0
      for (let turns = 0; quiet < QUIET; turns += 1) {
        if (turns > PATIENCE) throw new Error('the network does not come to rest')
        await turn()
        const waiting = proxies.reduce((sum, proxy) => sum + proxy.waiting, 0)
        quiet = waiting === underWay ? quiet + 1 : 0
      }
    },
    get underWay() {
      return underWay
    },
  }
}
