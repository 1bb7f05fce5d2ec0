import { type TestAuthorizationServer, testAuthorizationServer, type TestKey } from '@holdfast/testing'
import { AUDIENCE } from './peers.ts'

const keys = new WeakMap<TestAuthorizationServer, TestKey>()

/** A real authorization server on loopback, with one RS256 key: what every peer can do. */
export async function authorizationServer(): Promise<TestAuthorizationServer> {
  const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true, algorithms: ['RS256'] })
  keys.set(as, as.rotateKeys()[0]!)
  return as
}

/** The key that signs; for tokens that no option describes. */
export function keyOf(as: TestAuthorizationServer): TestKey {
  return keys.get(as)!
}
