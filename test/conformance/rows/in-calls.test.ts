import { request } from 'node:http'
import { scope } from '@holdfast/core'
import { expect, vi } from 'vitest'
import { type Reply, send } from '../http.ts'
import { broken, expectInvalid, expectUnavailable, watchedApi } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { until } from '../virtual.ts'
import { api, type Api } from '../world.ts'

const bearer = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`]
const routes = { '/read': [scope('read')], '/write': [scope('write')] }

/** Requests at once, all of which have arrived; their answers come in any order, so the transcript is no place for them. */
async function atOnce(
  { server, origin }: Api,
  paths: readonly (readonly [string, string])[],
): Promise<Promise<Reply>[]> {
  const arrived = vi.spyOn(server, 'authenticate')
  const replies = paths.map(([path, token]) => send(origin, 'GET', path, bearer(token)))
  await until(() => arrived.mock.calls.length === paths.length)
  arrived.mockRestore()
  return replies
}

const statuses = async (replies: readonly Promise<Reply>[]): Promise<readonly number[]> =>
  (await Promise.all(replies)).map(({ status }) => status)

verifies('IN-36', 'many requests with one token make one call, and each meets its own guards', async (face) => {
  const opened = await api(face, { routes })
  const { as } = opened
  as.slow('100ms', 'introspection')
  const token = as.opaque({ scope: 'read' })
  const paths = Array.from({ length: 30 }, (_, index) => [index % 2 === 0 ? '/read' : '/write', token] as const)
  const replies = await atOnce(opened, paths)
  expect(as.calls.introspection).toBe(1)
  await as.clock.advance('100ms')
  expect(await statuses(replies)).toEqual(paths.map(([path]) => (path === '/read' ? 200 : 403)))
  expect(as.calls.introspection).toBe(1)
})

verifies('IN-36', 'the verdict that a token is inactive is shared, too', async (face) => {
  const opened = await api(face)
  const { as } = opened
  as.slow('100ms', 'introspection')
  const replies = await atOnce(
    opened,
    Array.from({ length: 10 }, () => ['/', 'nobody-knows-it'] as const),
  )
  await as.clock.advance('100ms')
  expect(await statuses(replies)).toEqual(replies.map(() => 401))
  expect(as.calls.introspection).toBe(1)
})

verifies('IN-36', 'who leaves takes nobody along, and leaves the answer behind', async (face) => {
  const opened = await api(face)
  const { as, server, origin, handled } = opened
  as.slow('100ms', 'introspection')
  const token = as.opaque()
  const arrived = vi.spyOn(server, 'authenticate')
  const leaving = request(origin, { headers: { authorization: `Bearer ${token}` }, agent: false })
  leaving.on('error', () => undefined).end()
  await until(() => arrived.mock.calls.length === 1)
  const { signal } = arrived.mock.calls[0]![0]
  const replies = await atOnce(opened, [
    ['/', token],
    ['/', token],
  ])
  leaving.destroy()
  await until(() => signal!.aborted)
  await as.clock.advance('100ms')
  expect(await statuses(replies)).toEqual([200, 200])
  expect((await opened.get('/', token)).status).toBe(200)
  expect([as.calls.introspection, handled()]).toEqual([1, 3])
})

verifies('IN-37', 'a token in use is asked about ahead, and nobody waits for it', async (face) => {
  const { as, get, events } = await api(face)
  const token = as.opaque()
  await get('/', token)
  as.clock.advance('43s') // 80 % of a minute, less the spread
  await get('/', token)
  expect(as.calls.introspection).toBe(1)
  as.clock.advance('10s')
  as.slow('1s', 'introspection')
  as.revoke(token)
  expect((await get('/', token)).status).toBe(200) // at once: no time has passed
  expect((await get('/', token)).status).toBe(200)
  expect(as.calls.introspection).toBe(2)
  await as.clock.advance('1s')
  expectInvalid(await get('/', token))
  expect(as.calls.introspection).toBe(2)
  expect(events.some(({ type }) => type === 'stale')).toBe(false)
})

verifies('IN-37', 'a token that nobody uses is not asked about', async (face) => {
  const { as, get } = await api(face)
  await get('/', as.opaque())
  await as.clock.advance('59s')
  expect(as.calls.introspection).toBe(1)
})

verifies('IN-41', 'an order to forget is stronger than an answer under way', async (face) => {
  const opened = await api(face)
  const { as, server, get } = opened
  const token = as.opaque()
  as.slow('100ms', 'introspection')
  const replies = await atOnce(opened, [['/', token]])
  server.invalidate(token)
  await as.clock.advance('100ms')
  expect(await statuses(replies)).toEqual([200])
  expect(server.status().caches.introspected.entries).toBe(0)
  as.recover()
  as.revoke(token)
  expectInvalid(await get('/', token))
  expect(as.calls.introspection).toBe(2)
})

verifies('IN-41', 'a revocation refuses what was being asked about', async (face) => {
  const opened = await api(face)
  const { as, server, get } = opened
  const token = as.opaque()
  as.slow('100ms', 'introspection')
  const replies = await atOnce(opened, [['/', token]])
  await server.revoke({ token })
  await as.clock.advance('100ms')
  expect(await statuses(replies)).toEqual([401])
  as.recover()
  expectInvalid(await get('/', token))
  expect(as.calls.introspection).toBe(1)
})

verifies('IN-41', 'what is forgotten does not come back stale', async (face) => {
  const { as, server, get } = await api(face)
  const [asked, revoked, others, stays] = [as.opaque(), as.opaque(), as.opaque({ sub: 'gone' }), as.opaque()]
  for (const token of [asked, revoked, others, stays]) await get('/', token)
  as.clock.advance('61s')
  as.outage('introspection')
  server.invalidate(asked)
  await server.revoke({ token: revoked })
  await server.revoke({ sub: 'gone', issuer: as.issuer })
  expectUnavailable(await get('/', asked))
  expectInvalid(await get('/', revoked))
  expectInvalid(await get('/', others))
  expect((await get('/', stays)).status).toBe(200)
})

verifies('IN-49', 'calls and waiting tokens are bounded', async (face) => {
  const opened = await api(face, { options: { resilience: { maxInFlight: 3, maxWaitingNew: 4 } } })
  const { as, server, get } = opened
  const known = as.opaque()
  await get('/', known)
  as.clock.advance('61s')
  as.hang('introspection')
  const tokens = Array.from({ length: 20 }, () => as.opaque())
  const replies = await atOnce(
    opened,
    tokens.map((token) => ['/', token] as const),
  )
  const { inFlight, queued } = server.status().issuers[0]!.introspection!
  expect([as.calls.introspection - 1, inFlight, queued.busy + queued.quiet]).toEqual([3, 3, 4])
  const settled: number[] = []
  for (const reply of replies) void reply.then(({ status }) => settled.push(status))
  await until(() => settled.length === 13)
  expect(settled).toEqual(Array.from({ length: 13 }, () => 503)) // at once, for want of room
  expect(opened.reasons()).toEqual(settled.map(() => 'overloaded'))
  const meanwhile = await atOnce(opened, [['/', known]])
  await as.clock.advance('1s')
  expect(await statuses(replies)).toEqual(tokens.map(() => 503))
  expect(await statuses(meanwhile)).toEqual([200]) // on what is known of it
  expect(as.calls.introspection - 1).toBe(3)
})

verifies('IN-49', 'ten calls at first, where nothing is configured', async (face) => {
  const opened = await api(face)
  const { as, server } = opened
  as.hang('introspection')
  const replies = await atOnce(
    opened,
    Array.from({ length: 40 }, () => ['/', as.opaque()] as const),
  )
  await until(() => as.calls.introspection === 10)
  const { inFlight, queued } = server.status().issuers[0]!.introspection!
  expect([inFlight, queued.busy + queued.quiet]).toEqual([10, 30])
  await as.clock.advance('1s')
  expect(new Set(await statuses(replies))).toEqual(new Set([503]))
})

/** A known token that must be asked about again, at an endpoint that fails as told. */
async function again(face: Parameters<typeof api>[0], fail: (call: number) => void): Promise<[Reply, number, number]> {
  let sent = 0
  let failing = false
  const opened = await watchedApi(face, {
    network: ({ method }) => {
      if (!failing || method !== 'POST') return undefined
      sent += 1
      fail(sent)
      return undefined
    },
  })
  const { as, get, server } = opened
  const token = as.opaque()
  await get('/', token)
  as.clock.advance('361s') // past its grace: nothing but an answer will do
  failing = true
  const calls = as.calls.introspection
  const reply = get('/', token)
  await until(() => sent > 0)
  for (let step = 0; step < 40; step += 1) await as.clock.advance('10ms')
  const before = server.status().issuers[0]!.introspection!.counters
  return [await reply, as.calls.introspection - calls, before.retried]
}

for (const kind of ['connect', 'reset'] as const) {
  verifies('IN-50', `a lost connection is tried again once (${kind})`, async (face) => {
    const [reply, calls, retried] = await again(face, (call) => void (call === 1 && broken(kind)))
    expect([reply.status, calls, retried]).toEqual([200, 1, 1])
    const [second, none, tried] = await again(face, () => broken(kind))
    expectUnavailable(second)
    expect([none, tried]).toEqual([0, 1])
  })
}

verifies('IN-50', 'a kept socket that the server closed is no failure, and is tried again at once', async (face) => {
  const [reply, calls, retried] = await again(
    face,
    (call) => void (call === 1 && broken('reset', { reusedSocket: true })),
  )
  expect([reply.status, calls, retried]).toEqual([200, 1, 0])
})

for (const kind of ['timeout', 'tls', 'dns', 'protocol', 'too_large'] as const) {
  verifies('IN-50', `other trouble is not tried again (${kind})`, async (face) => {
    const [reply, calls, retried] = await again(face, () => broken(kind))
    expectUnavailable(reply)
    expect([calls, retried]).toEqual([0, 0])
  })
}

for (const status of [400, 401, 403, 404, 429, 500, 502, 503, 504]) {
  verifies('IN-50', `an answered ${status} is not tried again`, async (face) => {
    const { as, get } = await api(face)
    const token = as.opaque()
    await get('/', token)
    as.clock.advance('361s')
    as.respond('introspection', { status, body: {} })
    expectUnavailable(await get('/', token))
    await as.clock.advance('900ms')
    expect(as.calls.introspection).toBe(2)
  })
}
