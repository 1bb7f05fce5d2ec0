import type { Metadata, Named } from './discovery.ts'

/** The endpoints that metadata names. */
const ENDPOINTS = ['jwksUri', 'introspectionEndpoint', 'introspectionMtlsEndpoint'] as const

type EndpointMember = (typeof ENDPOINTS)[number]

export interface EndpointMoves {
  /** Keeps each endpoint at the origin where it was first seen. */
  readonly pinned: boolean
  /** Hears of every change, once; `refused` where the endpoint stays where it was. */
  readonly moved: (endpoint: 'keys' | 'introspection', refused: boolean) => void
}

/**
 * Compares the endpoints that a document names with those that the one before named. A path may change; an origin that
 * is pinned may not, not even by a detour over a document that names no endpoint at all.
 */
export function watchEndpoints({
  pinned,
  moved,
}: EndpointMoves): (next: Metadata, previous: Metadata | undefined) => Metadata {
  const pins = new Map<EndpointMember, string>()
  /** What was written last, accepted or not: one change is told once. */
  let written: Metadata | undefined

  return (next, previous) => {
    const before = written ?? previous
    written = next
    const kept: Partial<Record<EndpointMember, string>> = {}
    const changes = new Map<'keys' | 'introspection', boolean>()
    for (const member of ENDPOINTS) {
      const pin = pins.get(member) ?? before?.[member] ?? undefined
      const refused = pinned && pin !== undefined && isElsewhere(next[member], pin)
      if (refused) kept[member] = pin
      const place = refused ? pin : (next[member] ?? pin)
      if (place !== undefined) pins.set(member, place)
      if (!before || before[member] === next[member]) continue
      const endpoint = member === 'jwksUri' ? 'keys' : 'introspection'
      changes.set(endpoint, refused || changes.get(endpoint) === true)
    }
    for (const [endpoint, refused] of changes) moved(endpoint, refused)
    return Object.keys(kept).length === 0 ? next : { ...next, ...kept }
  }
}

function isElsewhere(next: Named, pin: string): boolean {
  return typeof next === 'string' && new URL(next).origin !== new URL(pin).origin
}
