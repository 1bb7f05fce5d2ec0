import { AuthError, REASONS } from '#core/errors'
import { Trouble, TROUBLES } from '#core/introspection/introspector'
import { LoadTrouble } from '#core/resilience/last-good'
import { broken } from './target.ts'

/**
 * What came of a call: `accepted` when it returns, else the reason of a refusal or the kind of a trouble, each from its
 * closed list. Anything else that is thrown goes on, and fails the input.
 */
export function outcomeOf(call: () => unknown): string {
  try {
    call()
    return 'accepted'
  } catch (error) {
    return refusalIn(error)
  }
}

/** The same of what answers later. */
export async function laterOutcomeOf(pending: Promise<unknown>): Promise<string> {
  try {
    await pending
    return 'accepted'
  } catch (error) {
    return refusalIn(error)
  }
}

function refusalIn(error: unknown): string {
  if (error instanceof AuthError) {
    const known = Object.hasOwn(REASONS, error.reason) && error.status >= 400 && error.status !== 500
    return known ? error.reason : broken(`refused for "${error.reason}", status ${error.status}`)
  }
  if (error instanceof Trouble) return Object.hasOwn(TROUBLES, error.kind) ? error.kind : broken('unknown trouble')
  if (error instanceof LoadTrouble && /^[a-z_]+(?:_\d{3})?$/.test(error.trouble)) return error.trouble
  throw error
}
