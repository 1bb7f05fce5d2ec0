import { ConfigError } from '@holdfast/core'
import { DEFAULTS } from '#core/options/defaults'
import { expect } from 'vitest'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { inVirtualTime, until } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

const base = { issuer: 'https://as.test', audience: AUDIENCE }

function bounded(
  face: Face,
  write: (value: unknown) => object,
  taken: readonly unknown[],
  refused: readonly unknown[],
): void {
  for (const value of taken) face.protect({ ...base, ...write(value) })
  for (const value of refused) {
    expect(() => face.protect({ ...base, ...write(value) })).toThrow(ConfigError)
  }
}

const resilience = (name: string) => (value: unknown) => ({ resilience: { [name]: value } })

verifies(
  ['LM-06', 'XC-24'],
  'uses keys for 24 h after they were fetched last, or for what is written',
  async (face) => {
    bounded(face, resilience('keysHardBound'), ['2h', '30d'], ['0s', '119m', '31d', 86_400])
    for (const [options, within, beyond] of [
      [{}, '23h', '1h'],
      [{ resilience: 'strict' }, '119m', '1m'],
      [{ resilience: 'available' }, '167h', '1h'],
      [{ resilience: { keysHardBound: '2h' } }, '119m', '1m'],
      [{ resilience: { keysHardBound: '30d' } }, '719h', '1h'],
    ] as const) {
      const { as, get } = await api(face, { options })
      const token = as.jwt({ expiresIn: '60d' })
      expect((await get('/', token)).status).toBe(200)
      as.outage()
      as.clock.advance(within)
      expect([within, (await get('/', token)).status]).toEqual([within, 200])
      as.clock.advance(beyond)
      const reply = await inVirtualTime(as.clock, get('/', token))
      expect([within, reply.status, reply.lines('www-authenticate')]).toEqual([within, 503, []])
    }
  },
)

verifies('LM-07', 'looks three times at once for unknown kids, and once more every 30 s', async (face) => {
  const { as, get } = await api(face)
  expect((await get('/', as.jwt())).status).toBe(200)
  const statuses: number[] = []
  const unknown = async (after: '6s' | '20s'): Promise<void> => {
    await as.clock.advance(after)
    const token = as.jwt({ header: { kid: `unknown-${as.clock.monotonic()}` } })
    statuses.push((await inVirtualTime(as.clock, get('/', token))).status)
  }
  for (let look = 0; look < 3; look += 1) await unknown('6s')
  expect([statuses, as.calls.keys]).toEqual([[401, 401, 401], 4])
  // The fourth would need a look that is not to be had yet: nobody can tell.
  await unknown('6s')
  expect([statuses.at(-1), as.calls.keys]).toEqual([503, 4])
  await unknown('20s')
  expect([statuses.at(-1), as.calls.keys]).toEqual([401, 5])
})

const padded = (document: object, octets: number): string => {
  const text = JSON.stringify(document)
  return text + ' '.repeat(octets - text.length)
}

verifies('LM-08', 'reads documents of 256 KiB, and none that is longer', async (face) => {
  for (const endpoint of ['metadata', 'keys'] as const) {
    for (const [octets, status] of [
      [262_144, 200],
      [262_145, 503],
    ] as const) {
      const { as, get } = await api(face)
      const document = endpoint === 'metadata' ? as.metadata : as.keys
      as.respond(endpoint, { body: padded(document, octets), contentType: 'application/json' })
      expect([endpoint, octets, (await get('/', as.jwt())).status]).toEqual([endpoint, octets, status])
    }
  }
})

verifies('LM-12', 'reads introspection answers of 64 KiB, and none that is longer', async (face) => {
  const { as, get } = await api(face)
  for (const [octets, status] of [
    [65_536, 200],
    [65_537, 503],
  ] as const) {
    as.respond('introspection', {
      body: padded({ active: true, aud: AUDIENCE }, octets),
      contentType: 'application/json',
    })
    expect([octets, (await get('/', as.opaque())).status]).toEqual([octets, status])
  }
})

verifies(
  ['LM-11', 'XC-24'],
  'ends an introspection after 2 s, a document after 5 s, a connection after 0.5 s',
  async (face) => {
    for (const name of ['connectTimeout', 'introspectionDeadline', 'documentDeadline', 'wait']) {
      bounded(face, resilience(name), ['10ms', '60s', '1m'], ['9ms', '61s', 1_000, '0s', 'forever'])
    }
    expect(DEFAULTS).toMatchObject({ connectTimeout: '500ms', introspectionDeadline: '2s', documentDeadline: '5s' })
    const { as, server, get, events } = await api(face)
    await server.ready()
    as.hang('introspection')
    const waiting = get('/', as.opaque())
    await until(() => as.calls.introspection === 1)
    await as.clock.advance('1999ms')
    expect((await waiting).status).toBe(503)
    expect(events.filter((event) => event.type === 'introspection')).toEqual([])
    await as.clock.advance('1ms')
    expect(events.find((event) => event.type === 'introspection')).toMatchObject({
      trouble: 'timeout',
      duration: 2_000,
    })

    const cold = await api(face)
    cold.as.hang('metadata')
    const first = cold.get('/', cold.as.jwt())
    await until(() => cold.as.calls.metadata === 1)
    await cold.as.clock.advance('4999ms')
    expect((await first).status).toBe(503)
    expect(cold.events.filter((event) => event.type === 'document')).toEqual([])
    await cold.as.clock.advance('1ms')
    expect(cold.events.find((event) => event.type === 'document')).toMatchObject({ trouble: 'timeout' })
  },
)

verifies(
  ['LM-13', 'XC-24'],
  'goes by an answer for 60 s, asks ahead of that in use, and stands by it for 300 s more',
  async (face) => {
    bounded(face, resilience('fresh'), ['0s', '1h'], ['-1s', '61m', 60])
    bounded(face, resilience('grace'), ['0s', '24h'], ['-1s', '25h', 300])
    const { as, get } = await api(face)
    const [used, idle] = [as.opaque(), as.opaque()]
    const status = async (token: string): Promise<readonly [number, boolean, number]> => {
      const reply = await inVirtualTime(as.clock, get('/', token))
      return [reply.status, reply.status === 200 && JSON.parse(reply.body).stale, as.calls.introspection]
    }
    expect(await status(used)).toEqual([200, false, 1])
    expect(await status(idle)).toEqual([200, false, 2])
    await as.clock.advance('40s')
    expect(await status(used)).toEqual([200, false, 2])
    await as.clock.advance('18s')
    expect((await status(used)).slice(0, 2)).toEqual([200, false])
    await until(() => as.calls.introspection === 3) // behind the request, which waits for nothing
    await as.clock.advance('1s')
    expect(await status(idle)).toEqual([200, false, 4]) // in its last second: asked ahead, too
    await as.clock.advance('1s')
    as.outage()
    await as.clock.advance('297s')
    expect((await status(idle)).slice(0, 2)).toEqual([200, true])
    await as.clock.advance('61s')
    expect((await status(idle)).slice(0, 2)).toEqual([200, true])
    await as.clock.advance('1s')
    expect((await status(idle))[0]).toBe(503)
  },
)

verifies('LM-13', 'stands by an answer no longer than is written', async (face) => {
  for (const [terms, within, beyond] of [
    ['strict', '59s', '1s'],
    [{ fresh: '10s', grace: '20s' }, '29s', '1s'],
    [{ fresh: '0s', grace: '5s' }, '4s', '1s'],
  ] as const) {
    const { as, get } = await api(face, { options: { resilience: terms } })
    const token = as.opaque()
    expect((await get('/', token)).status).toBe(200)
    as.outage()
    as.clock.advance(within)
    expect([terms, (await inVirtualTime(as.clock, get('/', token))).status]).toEqual([terms, 200])
    as.clock.advance(beyond)
    expect([terms, (await inVirtualTime(as.clock, get('/', token))).status]).toEqual([terms, 503])
  }
})

verifies(
  ['LM-14', 'XC-24'],
  'refuses an inactive token for 10 s without asking, or for what is written',
  async (face) => {
    bounded(face, (ttl) => ({ cache: { negative: { ttl } } }), ['0s', '300s'], ['301s', '-1s', 10])
    for (const [negative, ttl] of [
      [{}, 10_000],
      [{ ttl: '300s' }, 300_000],
    ] as const) {
      const { as, get } = await api(face, { options: { cache: { negative } } })
      const asked = async (): Promise<number> => {
        expect((await get('/', 'junk')).status).toBe(401)
        return as.calls.introspection
      }
      expect(await asked()).toBe(1)
      await as.clock.advance(`${ttl - 1}ms`)
      expect(await asked()).toBe(1)
      await as.clock.advance('1ms')
      expect(await asked()).toBe(2)
    }
    const { as, get } = await api(face, { options: { cache: { negative: { ttl: '0s' } } } })
    for (let again = 1; again <= 3; again += 1) {
      expect((await get('/', 'junk')).status).toBe(401)
      expect(as.calls.introspection).toBe(again)
    }
  },
)

verifies(['LM-21', 'XC-24'], 'lets its own metadata be kept for an hour, or for what is written', async (face) => {
  bounded(face, (maxAge) => ({ resourceMetadata: { maxAge } }), ['0s', '86400s', '24h'], ['86401s', '-1s', 3_600])
  for (const [resourceMetadata, seconds] of [
    [{}, 3_600],
    [{ maxAge: '0s' }, 0],
    [{ maxAge: '86400s' }, 86_400],
  ] as const) {
    const { get } = await api(face, {
      options: { resourceMetadata },
      before: (server) => [{ is: 'resourceMetadata', server }],
    })
    const reply = await get('/.well-known/oauth-protected-resource')
    expect([reply.status, reply.headers['cache-control']]).toEqual([200, `public, max-age=${seconds}`])
  }
})

verifies(['LM-27', 'XC-24'], 'bounds every cache by what is written', (face) => {
  for (const name of ['introspected', 'jwts']) {
    bounded(face, (entries) => ({ cache: { [name]: { entries } } }), [1, 10_000_000], [0, 10_000_001, 1.5, '10'])
    bounded(face, (bytes) => ({ cache: { [name]: { bytes } } }), [1_024, 2 ** 36], [1_023, 2 ** 36 + 1])
  }
  for (const name of ['negative', 'revocations']) {
    bounded(face, (entries) => ({ cache: { [name]: { entries } } }), [1, 1_000_000], [0, 1_000_001])
  }
  expect(DEFAULTS).toMatchObject({ entries: 20_000, bytes: 2 ** 25, negative: { entries: 5_000 }, revocations: 10_000 })
})

verifies(['LM-28', 'XC-24'], 'bounds calls under way, requests that wait, and their wait', async (face) => {
  bounded(face, resilience('maxInFlight'), [1, 10_000], [0, 10_001])
  bounded(face, resilience('maxWaitingKnown'), [1, 1_000_000], [0, 1_000_001])
  bounded(face, resilience('maxWaitingNew'), [1, 1_000_000], [0, 1_000_001])
  expect(DEFAULTS).toMatchObject({ maxInFlight: 100, maxWaitingKnown: 1_000, maxWaitingNew: 256, wait: '1s' })
  const { as, server, get, reasons } = await api(face, {
    options: { resilience: { maxInFlight: 1, maxWaitingNew: 3 } },
  })
  await server.ready()
  as.hang('introspection')
  const status = (): { readonly inFlight: number; readonly queued: object } =>
    server.status().issuers[0]!.introspection!
  const first = get('/', as.opaque())
  await until(() => status().inFlight === 1)
  const waiting = [get('/', as.opaque()), get('/', as.opaque()), get('/', as.opaque())]
  const queued = (): number => Object.values(status().queued).reduce((sum: number, one: number) => sum + one, 0)
  await until(() => queued() === 3)
  // One more than there is room for: the oldest one of them leaves at once.
  const pushed = get('/', as.opaque())
  expect((await Promise.race([...waiting, pushed])).status).toBe(503)
  expect([status().inFlight, queued(), as.calls.introspection]).toEqual([1, 3, 1])
  await as.clock.advance('1s')
  for (const one of [first, ...waiting, pushed]) expect((await one).status).toBe(503)
  expect(as.calls.introspection).toBe(1)
  expect(reasons().filter((reason) => reason === 'overloaded')).toHaveLength(4)
})

verifies('LM-29', 'leaves an endpoint alone after five failures in 5 s, but for probes', async (face) => {
  const { as, server, get } = await api(face)
  await server.ready()
  const state = (): string => server.status().issuers[0]!.introspection!.state
  as.reset('introspection')
  for (let failure = 1; failure <= 5; failure += 1) {
    expect([failure, state() === 'down']).toEqual([failure, false])
    await inVirtualTime(as.clock, get('/', as.opaque()), '10ms')
  }
  expect(state()).toBe('down')
  const calls = as.calls.introspection
  // Twenty seconds of requests: a probe every 0.25 s at first and every 5 s in the end, whatever comes.
  for (let tenth = 0; tenth < 40; tenth += 1) {
    await as.clock.advance('500ms')
    await inVirtualTime(as.clock, get('/', as.opaque()), '10ms')
  }
  const probes = as.calls.introspection - calls
  expect(probes).toBeGreaterThanOrEqual(4)
  expect(probes).toBeLessThanOrEqual(16)
  as.recover('introspection')
  await as.clock.advance('6s')
  expect((await inVirtualTime(as.clock, get('/', as.opaque()))).status).toBe(200)
  expect(state()).not.toBe('down')
})

verifies('LM-29', 'does not leave alone one that answers half of what it is asked', async (face) => {
  const { as, server, get } = await api(face)
  await server.ready()
  for (let round = 0; round < 12; round += 1) {
    as.respond('introspection', { status: 500, times: 1 })
    await inVirtualTime(as.clock, get('/', as.opaque()), '10ms')
    expect([round, (await inVirtualTime(as.clock, get('/', as.opaque()), '10ms')).status]).toEqual([round, 200])
  }
  expect(server.status().issuers[0]!.introspection!.state).not.toBe('down')
})
