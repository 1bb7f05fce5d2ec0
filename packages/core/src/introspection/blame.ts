import type { Clock } from '../ports/clock.ts'
import type { Inquiry } from './inquiry.ts'
import { Trouble, TROUBLES } from './introspector.ts'
import { TokenTroubles } from './token-troubles.ts'

/**
 * What trouble is put down to. `us`: the endpoint rejects our credentials. `nobody`: it says nothing of the endpoint, or
 * may be one token's.
 */
export type Blame = 'endpoint' | 'us' | 'nobody'

/** Milliseconds after its last answer in which the rejection of a stranger's token is not yet a rejection of us. */
const TRUSTED_FOR = 60_000

/** Decides what trouble is put down to, so that no stranger's token can close an endpoint for everybody else. */
export class Blamer {
  readonly #tokens: TokenTroubles

  constructor(clock: Clock) {
    this.#tokens = new TokenTroubles(clock)
  }

  /** @param silence Milliseconds since the endpoint answered anything. @param rejected Whether it rejects us already. */
  of({ id, urgency }: Inquiry, trouble: Trouble, silence: number, rejected: boolean): Blame {
    const { whose } = TROUBLES[trouble.kind]
    if (trouble.kind === 'keys_unavailable') this.#tokens.noteUnjudged(id, trouble)
    if (whose === 'nobody' || whose === 'endpoint') return whose
    // A firewall rejects what a token looks like as a server rejects a client.
    const byLooks = urgency.is === 'new' && silence < TRUSTED_FOR && !rejected
    if (whose === 'us' && !byLooks) return whose
    return this.#tokens.note(id, itsOwn(trouble)) ? 'endpoint' : 'nobody'
  }

  answered(): void {
    this.#tokens.answered()
  }

  /** The trouble of a token that is kept apart for now. */
  apart(digest: string): Trouble | undefined {
    return this.#tokens.of(digest)
  }
}

/** How the rejection of one token is told, so that nobody looks for a mistake in our credentials. */
export function itsOwn(trouble: Trouble): Trouble {
  return trouble.kind === 'misconfigured' ? new Trouble('unexpected_status', trouble) : trouble
}
