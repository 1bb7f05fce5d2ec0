import type { AuthContext } from '../context.ts'
import type { ResourceServer } from '../resource-server.ts'

/** What a gate has found out about a request. */
export interface Seat {
  readonly server: ResourceServer
  /** `undefined` for a request that was let through without credentials. */
  readonly auth: AuthContext | undefined
  /** The property in which an adapter shows `auth`. */
  readonly attach: string
  /** Whether refusals go to the framework. */
  readonly handOn: boolean
}

const SEAT = Symbol('holdfast.seat')

interface Seated {
  [SEAT]?: { readonly subject: object; readonly seat: Seat } | undefined
}

/**
 * Where a request remembers: on its own list of field lines, which lives as long. On a request itself a new property, and
 * one that is not there, take 4 µs in a busy Express on Node 20, because Express gives each request a new prototype.
 */
function holderOf(subject: object): Seated {
  const { rawHeaders } = subject as { readonly rawHeaders?: unknown }
  const isOwn = Array.isArray(rawHeaders) && rawHeaders.length > 0 && Object.isExtensible(rawHeaders)
  return isOwn ? (rawHeaders as unknown[] & Seated) : subject
}

/** Remembers what was found out, where no other copy of this module sees it. */
export function sit(subject: object, seat: Seat): Seat {
  holderOf(subject)[SEAT] = { subject, seat }
  return seat
}

/** Puts the context where handlers of the framework look for it. Assigned: `Object.assign` takes four times as long. */
export function show(holder: object, { attach, auth }: Seat): void {
  if (auth) (holder as Record<string, unknown>)[attach] = auth
}

export function seatOf(subject: object): Seat | undefined {
  const seated = holderOf(subject)[SEAT]
  // Stand-ins for requests may share a list; what one was allowed is not for another.
  return seated?.subject === subject ? seated.seat : undefined
}

/**
 * The context of a request that a gate let in.
 *
 * @throws {Error} when no gate has seen the request, or it carried no credentials.
 */
export function authOf(subject: object): AuthContext {
  const auth = seatOf(subject)?.auth
  if (!auth)
    throw new Error(
      'there is no auth on this request: protect() did not run before, or it is optional and no credentials came',
    )
  return auth
}

/** The same for routes behind `optional: true`: `undefined` where no credentials came. @throws {Error} without a gate. */
export function maybeAuthOf(subject: object): AuthContext | undefined {
  const seat = seatOf(subject)
  if (!seat) throw new Error('there is no auth on this request: protect() did not run before')
  return seat.auth
}
