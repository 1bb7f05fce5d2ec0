import { AuthError, orThrow } from '../../src/errors.ts'

/** The error a call ends with: thrown, rejected or returned. Fails the test when it ends well. */
export async function errorOf(run: () => unknown): Promise<AuthError> {
  try {
    orThrow(await run())
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
  throw new Error('it was not refused')
}

export async function reasonOf(run: () => unknown): Promise<string> {
  return (await errorOf(run)).reason
}
