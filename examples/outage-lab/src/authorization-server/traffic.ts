import type { Provider } from 'oidc-provider'
import { endpointAt } from '../names.ts'

/** What the authorization server did since its start, by its own count. */
export interface Traffic {
  /** Introspection requests that reached it, and what became of them: the last three are of those that are answered. */
  introspection: number
  active: number
  inactive: number
  rejected: number
  /** Requests for its key set and its metadata. */
  keys: number
  metadata: number
  /** Requests that it works on now. */
  inFlight: number
}

export function noTraffic(): Traffic {
  return { introspection: 0, active: 0, inactive: 0, rejected: 0, keys: 0, metadata: 0, inFlight: 0 }
}

/** Counts around everything that the provider does. */
export function countTraffic(provider: Provider, traffic: Traffic): void {
  provider.use(async (ctx, next) => {
    const endpoint = endpointAt(ctx.path)
    if (endpoint) traffic[endpoint] += 1
    traffic.inFlight += 1
    try {
      await next()
    } finally {
      traffic.inFlight -= 1
    }
    if (endpoint === 'introspection') traffic[outcomeOf(ctx.status, ctx.body)] += 1
  })
}

function outcomeOf(status: number, body: unknown): 'active' | 'inactive' | 'rejected' {
  if (status !== 200) return 'rejected'
  return (body as { active: boolean }).active ? 'active' : 'inactive'
}
