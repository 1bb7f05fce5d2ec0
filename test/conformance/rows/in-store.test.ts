import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash, randomBytes } from 'node:crypto'
import { clientSecretBasic, fileStore, type Store } from '@holdfast/core'
import { testAuthorizationServer, type TestAuthorizationServer } from '@holdfast/testing'
import { expect } from 'vitest'
import { folder } from '../../../packages/core/test/support/folder.ts'
import { MemoryStore } from '../../../packages/core/test/support/memory-store.ts'
import type { Face } from '../faces.ts'
import { expectInvalid, expectUnavailable, patiently } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, openApi, type Plan } from '../world.ts'

const key = randomBytes(32)
const SECRETS = { username: 'needle-username', email: 'needle@mail.example', sub: 'needle-subject' }

const persisting = (store: Store): NonNullable<Plan['options']> => ({
  store,
  cache: { introspected: { persist: true } },
})

/** A process that verified a token, and ended well. */
async function before(face: Face, as: TestAuthorizationServer, store: Store, token: string): Promise<void> {
  const { get, close } = await openApi(face, { as, options: persisting(store) })
  expect((await get('/', token)).status).toBe(200)
  await close()
}

/** What a process that starts in an outage answers. */
async function after(
  face: Face,
  as: TestAuthorizationServer,
  store: Store,
  token: string,
  more: object = {},
): Promise<number> {
  as.outage('introspection')
  const { get } = await api(face, { as, options: { ...persisting(store), ...more } })
  const { status } = await patiently(as, () => get('/', token))
  as.recover('introspection')
  return status
}

function everythingTold({ events, server }: Api): string {
  return JSON.stringify([events, server.status()])
}

verifies('IN-24', 'what an answer says of a person is told to nobody but the handler', async (face) => {
  const opened = await api(face, { options: { audience: AUDIENCE } })
  const { as, get } = opened
  const good = as.opaque({ claims: SECRETS })
  const refused = as.opaque({ claims: { ...SECRETS, aud: 'https://other.example' } })
  expect((await get('/', good)).status).toBe(200)
  const replies = [await get('/', refused)]
  as.respond('introspection', { body: { active: 'no', ...SECRETS } })
  replies.push(await get('/', as.opaque()))
  for (const { body, headers } of replies) expect(JSON.stringify([body, headers])).not.toContain('needle')
  expect(replies.map(({ status }) => status)).toEqual([401, 503])
  expect(everythingTold(opened)).not.toContain('needle')
})

verifies('IN-24', 'only the members that are named are kept', async (face) => {
  const store = new MemoryStore()
  const { as, get, server } = await api(face, {
    options: {
      ...persisting(store),
      introspection: { pick: ['tenant'] },
      requiredClaims: { kind: 'access' },
      scopeClaims: ['permissions'],
    },
    handle: ({ auth }) => ({ status: 200, text: Object.keys(auth().claims).toSorted().join(' ') }),
  })
  const claims = { ...SECRETS, tenant: 'acme', kind: 'access', permissions: 'read', address: {}, acr: 'gold' }
  const token = as.opaque({ claims })
  const kept = 'acr active aud client_id exp iat iss jti kind nbf permissions sub tenant token_type'
  for (let use = 0; use < 2; use += 1) expect((await get('/', token)).body).toBe(kept)
  await server.close()
  const text = [...store.kept.values()].join()
  expect(text).toContain('acme')
  for (const secret of [SECRETS.username, SECRETS.email]) expect(text).not.toContain(secret)
})

verifies('IN-25', 'what one client was told is not used by another after a restart', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE, client: () => true })
  const store = new MemoryStore()
  const token = as.opaque()
  await before(face, as, store, token)
  expect(await after(face, as, store, token)).toBe(200)
  const others = [
    { client: clientSecretBasic('another-client', 'secret') },
    { parameters: { resource: 'https://a.example' } },
    { endpoint: `${as.issuer}/introspect` },
  ]
  for (const introspection of others) expect(await after(face, as, store, token, { introspection })).toBe(503)
})

verifies('IN-30', 'whoever sees the store cannot tell whether a token is in it', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const path = folder()
  const token = as.opaque({ token: 'guess-1234', claims: SECRETS })
  await before(face, as, fileStore({ path, key }), token)
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
  const dump = files.map((name) => name + readFileSync(join(path, name), 'latin1')).join()
  expect(files.some((name) => name.startsWith('answers-'))).toBe(true)
  const digest = createHash('sha256').update(token).digest()
  const traces = [
    token,
    'needle',
    ...(['base64url', 'base64', 'hex', 'latin1'] as const).map((one) => digest.toString(one)),
  ]
  for (const trace of traces) expect(dump).not.toContain(trace)
  expect(await after(face, as, fileStore({ path, key }), token)).toBe(200)
})

verifies('IN-38', 'a store that fails changes no verdict', async (face) => {
  const failing: Store = {
    load: () => Promise.reject(new Error('needle in a stack')),
    save: () => Promise.reject(new Error('needle in a stack')),
  }
  const opened = await api(face, { options: persisting(failing) })
  const { as, get, server, events } = opened
  const token = as.opaque()
  await server.ready()
  expect((await get('/', token)).status).toBe(200)
  expectInvalid(await get('/', 'unknown-token'))
  as.outage('introspection')
  expectUnavailable(await get('/', as.opaque()))
  expect((await get('/', token)).status).toBe(200)
  await server.close()
  const failed = events.flatMap((event) => (event.type === 'store_failed' ? [event.operation] : []))
  expect(new Set(failed)).toEqual(new Set(['load', 'save']))
  expect(everythingTold(opened)).not.toContain('needle')
})

verifies('IN-39', 'an answer that was changed in the store is not there', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const path = folder()
  const token = as.opaque()
  await before(face, as, fileStore({ path, key }), token)
  const file = join(
    path,
    readdirSync(path).find((name) => name.startsWith('answers-'))!,
  )
  const sealed = readFileSync(file)
  const open = () => fileStore({ path, key })
  for (const at of [8, 60, sealed.length - 1]) {
    const changed = Buffer.from(sealed)
    changed[at]! ^= 1
    writeFileSync(file, changed)
    expect(await after(face, as, open(), token)).toBe(503)
  }
  writeFileSync(file, sealed.subarray(0, -20))
  expect(await after(face, as, open(), token)).toBe(503)
  writeFileSync(file, sealed)
  expect(await after(face, as, fileStore({ path, key: randomBytes(32) }), token)).toBe(503)
  writeFileSync(file, sealed)
  expect(await after(face, as, open(), token)).toBe(200)
  // Where the server can be asked, nobody notices.
  writeFileSync(file, 'nonsense')
  const { get } = await api(face, { as, options: persisting(open()) })
  const calls = as.calls.introspection
  expect([(await get('/', token)).status, as.calls.introspection - calls]).toEqual([200, 1])
})

verifies('IN-39', 'what comes from a store is read like a live answer', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE })
  const store = new MemoryStore()
  const token = as.opaque()
  await before(face, as, store, token)
  const good = store.kept.get('answers')!
  const changes: readonly (readonly [string, string])[] = [
    ['"active":true', '"active":"true"'],
    ['"active":true', '"active":false'],
    ['"active":true', '"active":true,"active":true'],
    ['"sub":"test-user"', '"sub":7'],
    [as.issuer, 'https://other.example'],
  ]
  for (const [text, other] of changes) {
    expect(good).toContain(text)
    store.kept.set('answers', good.replace(text, other))
    expect(await after(face, as, store, token)).toBe(503)
  }
  // What is well-formed is still judged: it is not meant for this API, or has ended.
  store.kept.set('answers', good.replaceAll(AUDIENCE, 'https://other.example'))
  expect(await after(face, as, store, token)).toBe(401)
  store.kept.set('answers', good)
  expect(await after(face, as, store, token)).toBe(200)
})
