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
  [SEAT]?: Seat
}

/** Remembers what was found out, on the request itself: it lives as long, and no other copy of this module sees it. */
export function sit(subject: object, seat: Seat): Seat {
  ;(subject as Seated)[SEAT] = seat
  return seat
}

export function seatOf(subject: object): Seat | undefined {
  return (subject as Seated)[SEAT]
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
