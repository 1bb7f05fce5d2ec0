import { setImmediate } from 'node:timers/promises'
import { bearerToken, type BearerSource } from '@holdfast/core'
import { expect, vi } from 'vitest'
import { expectUnavailable, withClient } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { until } from '../virtual.ts'

/** A server that takes these bearer tokens of ours. */
const takes = (...good: readonly string[]) => ({
  client: ({ headers }: { readonly headers: Readonly<Record<string, string>> }) =>
    good.some((one) => headers['authorization'] === `Bearer ${one}`),
})

/** A source that gives one after the other, and how often it was asked. */
function source(...answers: readonly unknown[]): { readonly give: BearerSource; readonly asked: () => number } {
  let asked = 0
  const give = () => {
    asked += 1
    return answers[Math.min(asked, answers.length) - 1] as string
  }
  return { give, asked: () => asked }
}

verifies('CA-14', 'a token of ours is static, or asked for before every call', async (face) => {
  const fixed = await withClient(face, bearerToken('ours'), { as: takes('ours') })
  expect((await fixed.get('/', fixed.as.opaque())).status).toBe(200)
  const { give, asked } = source('one', 'two')
  const { as, get, asked: sent } = await withClient(face, bearerToken(give), { as: takes('one', 'two') })
  for (let use = 0; use < 2; use += 1) expect((await get('/', as.opaque())).status).toBe(200)
  expect(sent().map(({ headers }) => headers['authorization'])).toEqual(['Bearer one', 'Bearer two'])
  expect(asked()).toBe(2)
})

verifies(
  'CA-14',
  'a token of ours that says how long it is good is kept until shortly before its end',
  async (face) => {
    const { give, asked } = source({ token: 'one', expiresIn: '10m' }, { token: 'two', expiresIn: '10m' })
    const { as, get, asked: sent } = await withClient(face, bearerToken(give), { as: takes('one', 'two') })
    const last = async (): Promise<string | undefined> => {
      expect((await get('/', as.opaque({ expiresIn: '1h' }))).status).toBe(200)
      return sent().at(-1)!.headers['authorization']
    }
    expect(await last()).toBe('Bearer one')
    as.clock.advance('569s')
    expect([await last(), asked()]).toEqual(['Bearer one', 1])
    as.clock.advance('1s') // 30 s are left
    expect([await last(), asked()]).toEqual(['Bearer two', 2])
    // A clock that is set forward ends it, too.
    as.clock.setWall(as.clock.wall() + 600_000)
    expect([await last(), asked()]).toEqual(['Bearer two', 3])
  },
)

verifies('CA-14', 'a short-lived token of ours is kept for nine tenths of its life', async (face) => {
  const { give, asked } = source({ token: 'one', expiresIn: '10s' })
  const { as, get } = await withClient(face, bearerToken(give), { as: takes('one') })
  for (const wait of ['0s', '8999ms', '1ms'] as const) {
    as.clock.advance(wait)
    await get('/', as.opaque())
  }
  expect(asked()).toBe(2)
})

verifies('CA-14', 'a 401 asks again, once', async (face) => {
  const { give, asked } = source({ token: 'old', expiresIn: '1h' }, { token: 'new', expiresIn: '1h' })
  const renewed = await withClient(face, bearerToken(give), { as: takes('new') })
  for (let use = 0; use < 2; use += 1) expect((await renewed.get('/', renewed.as.opaque())).status).toBe(200)
  expect([asked(), renewed.asked().length]).toEqual([2, 3])
  const { give: stale, asked: again } = source({ token: 'old', expiresIn: '1h' })
  const rejected = await withClient(face, bearerToken(stale), { as: takes('new') })
  expectUnavailable(await rejected.get('/', rejected.as.opaque()))
  expect([again(), rejected.asked().length]).toEqual([2, 2])
})

verifies('CA-14', 'all who need a token wait for the same one', async (face) => {
  const waiting: ((token: string) => void)[] = []
  const client = bearerToken(() => new Promise<string>((resolve) => waiting.push(resolve)))
  const { as, get, server } = await withClient(face, client, { as: takes('ours') })
  await server.ready()
  const arrived = vi.spyOn(server, 'authenticate')
  const replies = [1, 2, 3].map(() => get('/', as.opaque()))
  await until(() => arrived.mock.calls.length === 3)
  for (let turn = 0; turn < 5; turn += 1) await setImmediate()
  expect(waiting).toHaveLength(1)
  waiting[0]!('ours')
  expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200, 200])
  expect(waiting).toHaveLength(1)
})

verifies('CA-14', 'a token of ours that never comes holds nobody up for ever', async (face) => {
  const waiting: ((token: string) => void)[] = []
  const client = bearerToken(() => new Promise<string>((resolve) => waiting.push(resolve)))
  const { as, get, server } = await withClient(face, client, { as: takes('ours') })
  const arrived = vi.spyOn(server, 'authenticate')
  const first = get('/', as.opaque())
  await until(() => arrived.mock.calls.length === 1 && waiting.length === 1)
  await as.clock.advance('10s')
  expectUnavailable(await first)
  const second = get('/', as.opaque())
  await until(() => waiting.length === 2)
  waiting[1]!('ours')
  expect((await second).status).toBe(200)
})

verifies('CA-15', 'the token that is asked about authorizes nothing', async (face) => {
  const { as, get, asked } = await withClient(face, bearerToken('ours'))
  const token = as.opaque()
  await get('/', token)
  expect(asked().map(({ headers }) => headers['authorization'])).toEqual(['Bearer ours'])
  // Not even where somebody presents our own.
  as.opaque({ token: 'ours' })
  expectUnavailable(await get('/', 'ours'))
  expect(asked()).toHaveLength(1)
  expect((await get('/', as.opaque())).status).toBe(200)
})
