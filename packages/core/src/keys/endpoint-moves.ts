import type { Metadata, Named } from './discovery.ts'

/** The endpoints that metadata names. */
const ENDPOINTS = ['jwksUri', 'introspectionEndpoint', 'introspectionMtlsEndpoint'] as const

type EndpointMember = (typeof ENDPOINTS)[number]

export interface EndpointMoves {
  /** Keeps each endpoint at the origin where it was first seen. */
  readonly pinned: boolean
  /** Whether we authenticate by certificate: an endpoint for that, where one is named, is then the one that is called. */
  readonly byCertificate?: boolean
  /** Hears of every change, once; `refused` where the endpoint stays where it was. */
  readonly moved: (endpoint: 'keys' | 'introspection', refused: boolean) => void
}

/**
 * Compares the endpoints that a document names with those that the one before named. A path may change; an origin that
 * is pinned may not, not even by a detour over a document that names no endpoint at all.
 */
export function watchEndpoints({
  pinned,
  byCertificate = false,
  moved,
}: EndpointMoves): (next: Metadata, previous: Metadata | undefined) => Metadata {
  const pins = new Map<EndpointMember, string>()
  /** What was written last, accepted or not: one change is told once. */
  let written: Metadata | undefined

  return (next, previous) => {
    // What was written and refused is no pin.
    const restored = written ? undefined : previous
    const before = written ?? previous
    written = next
    // What was called as long as there was none for certificates: naming one moves the calls.
    const called = byCertificate ? (pins.get('introspectionEndpoint') ?? restored?.introspectionEndpoint) : undefined
    const kept: Partial<Record<EndpointMember, string | undefined>> = {}
    const changes = new Map<'keys' | 'introspection', boolean>()
    for (const member of ENDPOINTS) {
      const own = pins.get(member) ?? restored?.[member] ?? undefined
      const pin = own ?? (member === 'introspectionMtlsEndpoint' ? called : undefined) ?? undefined
      const refused = pinned && pin !== undefined && isElsewhere(next[member], pin)
      if (refused) kept[member] = own
      const place = refused ? own : (next[member] ?? own)
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
