import { connect } from 'node:net'
import { createResourceServer } from '@holdfast/core'
import { testAuthorizationServer, testClock } from '@holdfast/testing'
import { expect, vi } from 'vitest'
import { rawGet } from '../raw.ts'
import { verifies } from '../verifies.ts'
import { inVirtualTime, until } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

verifies('XC-06', 'runs on the clock, chance, network and arithmetic that it is given', async (face) => {
  const used = { clock: 0, random: 0, http: 0, signatures: 0 }
  const counted = <T extends object>(name: keyof typeof used, inner: T): T => {
    const count = ([member, run]: [string, unknown]): [string, unknown] => [
      member,
      (...given: readonly unknown[]): unknown => {
        used[name] += 1
        return (run as (...given: readonly unknown[]) => unknown)(...given)
      },
    ]
    return Object.fromEntries(Object.entries(inner).map(count)) as T
  }
  const { as, get } = await api(face, {
    server: (known, observe) => {
      const { ports, ...options } = known.options()
      const { clock, random, http, signatures } = ports as Required<NonNullable<typeof ports>>
      return createResourceServer({
        ...options,
        observe,
        ports: {
          clock: counted('clock', clock),
          random: counted('random', random),
          http: counted('http', http),
          signatures: counted('signatures', signatures),
        },
      })
    },
  })
  const chance = vi.spyOn(Math, 'random')
  expect((await get('/', as.jwt())).status).toBe(200)
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(Object.values(used).every((count) => count > 0)).toBe(true)
  expect(chance).not.toHaveBeenCalled()
  chance.mockRestore()
  for (const ports of [
    { clock: {} },
    { clock: Date },
    { http: fetch },
    { random: Math },
    { signatures: {} },
    { dns: {} },
  ]) {
    expect(() => face.protect({ issuer: 'https://as.test', audience: AUDIENCE, ports } as never)).toThrow(/ports/)
  }
})

verifies('XC-07', 'waits on the monotonic clock, however the wall clock jumps', async (face) => {
  const { as, server, get } = await api(face)
  await server.ready()
  const token = as.opaque({ claims: { nbf: undefined } })
  as.slow('900ms', 'introspection')
  const waiting = get('/', token)
  await until(() => as.calls.introspection === 1)
  as.clock.setWall(as.clock.wall() + 1_800_000)
  await as.clock.advance('899ms')
  expect(as.calls.introspection).toBe(1)
  await as.clock.advance('1ms')
  expect((await waiting).status).toBe(200)
})

verifies('XC-07', 'holds claims against the wall clock, and counts the age of evidence on both', async (face) => {
  const { as, get } = await api(face)
  const [jwt, opaque] = [as.jwt(), as.opaque()]
  expect((await get('/', jwt)).status).toBe(200)
  expect((await get('/', opaque)).status).toBe(200)
  as.clock.setWall(as.clock.wall() + 61_000) // the machine slept: no time has passed on the other clock
  expect((await get('/', opaque)).status).toBe(200)
  expect(as.calls.introspection).toBe(2)
  as.clock.setWall(as.clock.wall() + 3_600_000)
  expect((await get('/', jwt)).status).toBe(401)
  expect((await get('/', opaque)).status).toBe(401)
  as.clock.setWall(as.clock.wall() - 3_661_000)
  expect((await get('/', jwt)).status).toBe(200)
})

verifies('XC-15', 'lets a client leave without ending what others wait for', async (face) => {
  const { as, origin, server, get, reasons, handled } = await api(face)
  await server.ready()
  const rejections: unknown[] = []
  const note = (reason: unknown): void => void rejections.push(reason)
  process.on('unhandledRejection', note)
  const token = as.opaque()
  as.slow('500ms', 'introspection')
  const leaver = connect(Number(new URL(origin).port), '127.0.0.1')
  leaver.write(rawGet('/', `Authorization: Bearer ${token}`))
  await until(() => as.calls.introspection === 1)
  const timers = as.clock.timers
  leaver.destroy()
  await until(() => as.clock.timers < timers) // its wait is over
  const staying = get('/', token)
  await until(() => as.clock.timers === timers)
  await as.clock.advance('500ms')
  expect((await staying).status).toBe(200)
  expect(as.calls.introspection).toBe(1)
  expect(handled()).toBe(1)
  // The answer that was waited for by nobody but the leaver is kept all the same.
  const alone = as.opaque()
  const other = connect(Number(new URL(origin).port), '127.0.0.1')
  other.write(rawGet('/', `Authorization: Bearer ${alone}`))
  await until(() => as.calls.introspection === 2)
  other.destroy()
  await as.clock.advance('500ms')
  as.outage()
  expect((await get('/', alone)).status).toBe(200)
  expect(handled()).toBe(2)
  expect(reasons().every((reason) => reason === 'introspection_unavailable')).toBe(true)
  process.off('unhandledRejection', note)
  expect(rejections).toEqual([])
})

verifies('XC-16', 'ends every timer with close(), and answers 503 to who waits and who comes', async (face) => {
  const { as, server, get } = await api(face)
  const [jwt, opaque] = [as.jwt(), as.opaque()]
  expect((await get('/', jwt)).status).toBe(200)
  expect((await get('/', opaque)).status).toBe(200)
  as.hang('introspection')
  const waiting = get('/', as.opaque())
  await until(() => as.calls.introspection === 2)
  await server.close()
  await as.clock.advance('1s')
  expect((await waiting).status).toBe(503)
  for (const token of [jwt, opaque, as.jwt(), as.opaque()]) expect((await get('/', token)).status).toBe(503)
  const calls = as.calls.total
  await as.clock.advance('10s') // the deadline of the call that was under way
  expect(as.clock.timers).toBe(0)
  await as.clock.advance('2h')
  expect(as.calls.total).toBe(calls)
  await server.close()
})

const alive = (): readonly string[] => process.getActiveResourcesInfo().filter((name) => name === 'Timeout')

verifies('XC-16', 'keeps no process alive, before or after close()', async (face) => {
  const as = await testAuthorizationServer({ audience: AUDIENCE, listen: true })
  const { ports: _, ...options } = as.options()
  const before = alive()
  const { get } = await api(face, { as, server: (_known, observe) => createResourceServer({ ...options, observe }) })
  // The machine's own clock: these tokens have long expired there, and the keys are fetched all the same.
  expect((await get('/', as.jwt())).status).toBe(200)
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(alive().length).toBeLessThanOrEqual(before.length)
})

const busy = (): number => process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length

const seen = (): unknown => ({
  listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
  globals: Object.getOwnPropertyNames(globalThis).length,
  symbols: Object.getOwnPropertySymbols(globalThis).length,
  prototypes: [Object, Array, String, Promise, Buffer, Error].map(
    (one) => Object.getOwnPropertyNames(one.prototype).length,
  ),
  environment: Object.keys(process.env).length,
})

verifies('XC-17', 'does nothing when it is imported', async (face) => {
  const module = {
    core: '@holdfast/core',
    express4: '@holdfast/express',
    express5: '@holdfast/express',
    koa2: '@holdfast/koa',
    koa3: '@holdfast/koa',
  }[face.id]
  // Sockets of tests before may still be closing: fewer is no sign of work.
  const before = seen()
  const busyBefore = busy()
  vi.resetModules()
  const fresh = (await import(module)) as { createResourceServer: unknown }
  expect(seen()).toEqual(before)
  expect(busy()).toBeLessThanOrEqual(busyBefore)
  expect(fresh.createResourceServer).not.toBe(createResourceServer)
})

verifies('XC-13', 'keeps the endpoint states of two servers apart', async (face) => {
  const clock = testClock()
  const one = await api(face, { as: { clock } })
  const other = await api(face, { as: { clock } })
  await one.server.ready()
  one.as.outage()
  for (let index = 0; index < 6; index += 1) await inVirtualTime(clock, one.get('/', one.as.opaque()))
  expect(one.server.status().issuers[0]!.introspection!.state).toBe('down')
  expect(other.server.status().issuers[0]!.introspection!.state).toBe('healthy')
  expect((await other.get('/', other.as.opaque())).status).toBe(200)
  const token = other.as.jwt()
  await one.server.revoke({ sub: 'test-user' })
  expect((await other.get('/', token)).status).toBe(200)
})
