import type { HoldfastEvent } from '@holdfast/core'
import { expect } from 'vitest'
import { expectInvalid, expectUnavailable, isStale, patiently, watchedApi } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { api, type Api } from '../world.ts'

/** Brings the endpoint down: five calls fail, and nothing is answered. */
async function bringDown({ as, get, server }: Api): Promise<void> {
  as.outage('introspection')
  for (let call = 0; call < 5; call += 1) expectUnavailable(await get('/', as.opaque()))
  expect(server.status().issuers[0]!.introspection!.state).toBe('down')
}

const states = (events: readonly HoldfastEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'endpoint' ? [event.state] : []))

verifies('IN-48', 'while the endpoint is down only probes reach it, and nobody waits', async (face) => {
  const opened = await api(face)
  const { as, get } = opened
  const known = as.opaque()
  await get('/', known)
  as.clock.advance('61s')
  await bringDown(opened)
  as.recover('introspection')
  as.hang('introspection') // from here on whoever asks waits
  const before = [as.calls.introspection, as.clock.monotonic()]
  for (let use = 0; use < 20; use += 1) {
    expect(isStale(await get('/', known))).toBe(true)
    expectUnavailable(await get('/', as.opaque()))
  }
  // Time stands still unless it is moved: all of them were answered at once.
  expect([as.calls.introspection, as.clock.monotonic()]).toEqual(before)
})

verifies('IN-48', 'probes come one by one, at growing distance', async (face) => {
  const opened = await watchedApi(face)
  const { as, get, asked, server } = opened
  const known = as.opaque()
  await get('/', known)
  await as.clock.advance('61s')
  await bringDown(opened)
  const before = asked().length
  for (let second = 0; second < 60; second += 1) {
    expect(isStale(await get('/', known))).toBe(true) // whoever uses it wants it asked about
    expect(server.status().issuers[0]!.introspection!.inFlight).toBeLessThanOrEqual(1)
    await as.clock.advance('1s')
  }
  const probes = asked().length - before
  expect(probes).toBeGreaterThanOrEqual(10)
  expect(probes).toBeLessThanOrEqual(45)
})

verifies('IN-48', 'the first answer begins the recovery, and it needs no restart', async (face) => {
  const opened = await api(face)
  const { as, get, events } = opened
  await bringDown(opened)
  as.recover('introspection')
  await as.clock.advance('10s')
  expect((await get('/', as.opaque())).status).toBe(200)
  for (let second = 0; second < 15; second += 1) {
    await as.clock.advance('1s')
    expect((await get('/', as.opaque())).status).toBe(200)
  }
  expect(states(events)).toEqual(['down', 'recovering', 'healthy'])
})

for (const status of [429, 503]) {
  verifies('IN-51', `Retry-After of a ${status} is a pause that is kept`, async (face) => {
    const { as, get } = await api(face)
    const respond = (headers: Record<string, string>) => as.respond('introspection', { status, headers })
    const tokens = [as.opaque(), as.opaque(), as.opaque()]
    for (const token of tokens) await get('/', token)
    as.clock.advance('361s')
    respond({ 'retry-after': '7' })
    // A 503 may be one token's trouble, until three of them met it.
    for (const token of tokens) expectUnavailable(await patiently(as, () => get('/', token)))
    const calls = as.calls.introspection
    as.recover('introspection')
    const paused = await get('/', as.opaque())
    expectUnavailable(paused)
    expect(paused.headers['retry-after']).toBe('7')
    as.clock.advance('6900ms')
    expectUnavailable(await get('/', as.opaque()))
    expect(as.calls.introspection).toBe(calls)
    as.clock.advance('100ms')
    expect((await get('/', as.opaque())).status).toBe(200)
  })
}

verifies('IN-51', 'a pause is 30 s at most, however it is asked for', async (face) => {
  for (const value of ['999999', '9999999999', 'Fri, 31 Dec 2100 23:59:59 GMT']) {
    const { as, get } = await api(face)
    as.respond('introspection', { status: 429, headers: { 'retry-after': value } })
    const reply = await get('/', as.opaque())
    expectUnavailable(reply)
    expect(reply.headers['retry-after']).toBe('30')
    as.recover('introspection')
    as.clock.advance('29900ms')
    expectUnavailable(await get('/', as.opaque()))
    expect(as.calls.introspection).toBe(1)
    as.clock.advance('100ms')
    expect((await get('/', as.opaque())).status).toBe(200)
  }
})

verifies('IN-51', 'what is no time asks for no pause', async (face) => {
  for (const value of ['soon', '-5', '1e3', '', '0', 'Fri, 31 Dec 1999 23:59:59 GMT']) {
    const { as, get } = await api(face)
    as.respond('introspection', { status: 429, headers: { 'retry-after': value } })
    expectUnavailable(await get('/', as.opaque()))
    as.recover('introspection')
    expect((await get('/', as.opaque())).status).toBe(200)
  }
})

verifies('IN-52', 'after an outage tokens are asked about a few at a time', async (face) => {
  const opened = await watchedApi(face)
  const { as, get, asked, server } = opened
  const tokens = Array.from({ length: 60 }, () => as.opaque())
  for (const token of tokens) await get('/', token)
  await as.clock.advance('61s')
  await bringDown(opened)
  for (const token of tokens) expect(isStale(await get('/', token))).toBe(true) // all of them wait to be asked about
  as.recover('introspection')
  as.slow('100ms', 'introspection')
  const began = asked().length
  const perSecond: number[] = []
  for (let step = 1; step <= 75; step += 1) {
    await as.clock.advance('200ms')
    const { inFlight, limit } = server.status().issuers[0]!.introspection!
    expect(inFlight).toBeLessThanOrEqual(Math.max(1, limit))
    if (step % 5 === 0) perSecond.push(asked().length - began)
  }
  const first = perSecond.find((calls) => calls > 0)!
  expect(first).toBeLessThan(40)
  expect(perSecond.at(-1)).toBeGreaterThanOrEqual(60)
  for (const token of tokens) expect(isStale(await get('/', token))).toBe(false)
})

verifies('IN-53', 'a wall clock that is set back makes nothing younger', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque({ claims: { nbf: undefined } })
  const start = as.clock.wall()
  await get('/', token)
  await as.clock.advance('30s')
  as.clock.setWall(start - 3_600_000)
  await as.clock.advance('30s')
  as.outage('introspection')
  expect(isStale(await get('/', token))).toBe(true)
  await as.clock.advance('300s')
  expectUnavailable(await patiently(as, () => get('/', token)))
})

verifies('IN-53', 'a wall clock that is set forward ages an answer, and ends what has ended', async (face) => {
  const { as, get, reasons } = await api(face)
  const [token, short] = [as.opaque({ expiresIn: '2h' }), as.opaque({ expiresIn: '30m' })]
  for (const one of [token, short]) await get('/', one)
  as.outage('introspection')
  as.clock.setWall(as.clock.wall() + 61_000)
  expect(isStale(await get('/', token))).toBe(true)
  as.clock.setWall(as.clock.wall() + 3_600_000)
  expectInvalid(await patiently(as, () => get('/', short)))
  expect(reasons()).toEqual(['token_expired'])
  expectUnavailable(await patiently(as, () => get('/', token)))
})

verifies('IN-54', 'a change of state is told once', async (face) => {
  const opened = await api(face)
  const { as, get, events } = opened
  const known = as.opaque()
  await get('/', known)
  as.clock.advance('61s')
  await bringDown(opened)
  for (let use = 0; use < 60; use += 1) {
    await get('/', use % 2 === 0 ? known : as.opaque())
  }
  expect(states(events)).toEqual(['limited', 'down'])
  as.recover('introspection')
  for (let second = 0; second < 20; second += 1) {
    await as.clock.advance('1s')
    await get('/', as.opaque())
  }
  expect(states(events)).toEqual(['limited', 'down', 'recovering', 'healthy'])
})
