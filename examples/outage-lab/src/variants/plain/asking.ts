import type { JsonWebKey } from 'node:crypto'
import { ORDERS_API, PATHS } from '../../names.ts'

/** A generous client: most have no timeout at all. Milliseconds. */
const PATIENCE = 5_000

/** The token is bad, as far as this API can tell. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** What an introspection answer says of an active token (RFC 7662 §2.2). */
export interface Introspected {
  readonly active: true
  readonly aud?: string | readonly string[]
  /** Seconds since 1970. */
  readonly exp?: number
}

export interface Jwk extends JsonWebKey {
  readonly kid?: string
}

/** The authorization server, asked with plain `fetch`. */
export interface Asking {
  /** @throws {Refusal} for an inactive token; any other error where there is no verdict. */
  readonly introspect: (token: string) => Promise<Introspected>
  readonly keys: () => Promise<readonly Jwk[]>
}

export function asking(server: string): Asking {
  const authorization = `Basic ${btoa(`${ORDERS_API.id}:${ORDERS_API.secret}`)}`

  async function json(path: string, init: RequestInit = {}): Promise<unknown> {
    const response = await fetch(`${server}${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE) })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}`)
    return JSON.parse(text)
  }

  return {
    async introspect(token) {
      const body = new URLSearchParams({ token })
      const answer = (await json(PATHS.introspection, { method: 'POST', headers: { authorization }, body })) as {
        readonly active?: unknown
      }
      if (answer.active === false) throw new Refusal('inactive')
      if (answer.active !== true) throw new Error('no verdict')
      return answer as Introspected
    },
    async keys() {
      const { keys } = (await json(PATHS.keys)) as { readonly keys?: readonly Jwk[] }
      if (!Array.isArray(keys)) throw new Error('no key set')
      return keys
    },
  }
}
