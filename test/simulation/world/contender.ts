import type { AuthRequest, Clock, Http, Random, ResourceServer } from '@holdfast/core'

/** What came of a request. `undecided` is a 503: nobody could tell. */
export interface Decision {
  readonly outcome: 'accepted' | 'refused' | 'undecided'
  /** For `accepted`: milliseconds since the verification that vouches for the token began. */
  readonly age: number
  /** Why not, for traces. */
  readonly reason?: string
}

/** What a resource server is given to work with. */
export interface ContenderPorts {
  readonly clock: Clock
  readonly random: Random
  readonly http: Http
  readonly issuer: string
}

/** A resource server in a run: the real one, or a simpler policy to compare it with. */
export interface Contender {
  /** Decides at once where it can. Never rejects. */
  decide(request: AuthRequest): Decision | Promise<Decision>
  /** The real one, where it is; for its status. */
  readonly server?: ResourceServer
  close(): Promise<void>
}

/** Builds a resource server for one replica. */
export type Policy = (ports: ContenderPorts) => Contender

export const REFUSED: Decision = Object.freeze({ outcome: 'refused', age: 0 })
export const UNDECIDED: Decision = Object.freeze({ outcome: 'undecided', age: 0 })
export const accepted = (age: number): Decision => ({ outcome: 'accepted', age })
