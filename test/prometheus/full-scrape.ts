import { createResourceServer, type ResourceServer, type Store } from '@holdfast/core'
import { prometheus } from '@holdfast/prometheus'
import { type TestAuthorizationServer, testAuthorizationServer } from '@holdfast/testing'
import { Registry } from 'prom-client'

const AUDIENCE = 'https://api.example.com'

/** Knows nothing, and keeps nothing. */
const brokenStore: Store = {
  load: async () => undefined,
  save: () => Promise.reject(new Error('the disk is full')),
}

/**
 * What a scrape says of a server that has seen everything: each metric has series with all of its labels. In virtual time;
 * what takes a misbehaving issuer or many clients to happen is told to the observer as the core would tell it.
 */
export async function fullScrape(): Promise<string> {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const register = new Registry()
  const observer = prometheus(register)
  const server = createResourceServer(as.options({ observe: observer, store: brokenStore }))
  const { issuer } = as

  const [jwt, opaque, revoked] = [as.jwt(), as.opaque(), as.opaque()]
  for (const token of [jwt, jwt, opaque, opaque, as.jwt({ expiresIn: '-5m' }), 'a b', undefined])
    await ask(as, server, token)
  await ask(as, server, as.jwt({ kid: as.addKey({ publish: false }).kid }))
  await server.revoke({ token: revoked })
  await ask(as, server, revoked)

  const drill = server.drill({ issuer, for: '1m' })
  await as.clock.advance('1m')
  await drill

  as.outage()
  await as.clock.advance('90s')
  for (let count = 0; count < 10; count += 1) {
    await ask(as, server, opaque) // stale
    await ask(as, server, as.opaque()) // nobody can tell
    await as.clock.advance('1s')
  }
  await as.clock.advance('10m') // keys and metadata cannot be renewed
  await ask(as, server, jwt)

  observer.on({ type: 'endpoint_moved', issuer, endpoint: 'keys', refused: true })
  observer.on({ type: 'key_skipped', issuer, why: 'private' })
  observer.on({ type: 'signal', signal: 'inactive_surge', issuer, count: 30, window: 10_000 })
  observer.on({ type: 'advice', code: 'HOLDFAST_TYP', issuer, message: 'write …' })
  const text = await register.metrics()
  await server.close()
  await as.close()
  return text
}

/** One request. Network and waits are virtual: time moves on until it is answered, whatever the answer. */
async function ask(as: TestAuthorizationServer, server: ResourceServer, token: string | undefined): Promise<void> {
  const rawHeaders = token === undefined ? [] : ['authorization', `Bearer ${token}`]
  const call = { isAnswered: false }
  const end = (): void => {
    call.isAnswered = true
  }
  void server.authenticate({ rawHeaders, source: '192.0.2.1' }).then(end, end)
  while (!call.isAnswered) await as.clock.advance('20ms')
}
