import { expect } from 'vitest'
import { documentsOf, ecKey, publish, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { type Api, api } from '../world.ts'

const forger = ecKey('forger')
const DAY = { expiresIn: '48h' } as const

/** A token that names a key which nobody publishes. */
const forged = ({ as }: Api, name: string): string => tokenBy(as, forger, { kid: `forged ${name}` })

const failures = ({ events }: Api): readonly string[] =>
  documentsOf(events).filter((one) => one.startsWith('keys failed'))

/** A server whose set was had a minute ago: it is fresh, and proves nothing about new keys. */
async function warm(face: Parameters<typeof api>[0]): Promise<Api> {
  const all = await api(face)
  expect((await all.get('/', all.as.jwt())).status).toBe(200)
  await all.as.clock.advance('1m')
  return all
}

/** Takes every fetch that there is for unknown names. */
async function exhaust(all: Api): Promise<void> {
  for (const name of ['a', 'b', 'c']) {
    expect((await all.get('/', forged(all, name))).status).toBe(401)
    await all.as.clock.advance('5001ms')
  }
  expect(all.as.calls.keys).toBe(4)
}

verifies(
  'JK-29',
  'a thousand unknown names within a second cause one fetch, and known tokens do not notice',
  async (face) => {
    const all = await warm(face)
    const { as, get, server } = all
    const known = as.jwt()
    const [head, payload, signature] = forged(all, 'x').split('.')
    const names = Array.from({ length: 1_000 }, (_, at) => `"forged ${at}"`)
    const header = Buffer.from(head!, 'base64url').toString()
    const tokens = names.map((name) => {
      const other = Buffer.from(header.replace('"forged x"', name)).toString('base64url')
      return `${other}.${payload}.${signature}`
    })
    for (let part = 0; part < 4; part += 1) {
      const verdicts = await Promise.all(
        tokens.slice(part * 250, (part + 1) * 250).map((token) => server.verify(token)),
      )
      expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['invalid']))
      await as.clock.advance('250ms')
    }
    expect((await get('/', known)).status).toBe(200)
    expect((await get('/', as.jwt())).status).toBe(200)
    expect(as.calls.keys).toBe(2)
  },
)

verifies(
  'JK-29',
  'unknown kids cause three fetches, then one each 30 s; the rest gets 503, never 401',
  async (face) => {
    const all = await warm(face)
    const { as, get, reasons } = all
    await exhaust(all)
    const reply = await get('/', forged(all, 'd'))
    expect(reply.status).toBe(503)
    expect(Number(reply.headers['retry-after'])).toBeLessThanOrEqual(30)
    expect(reply.headers['www-authenticate']).toBeUndefined()
    expect(reasons().at(-1)).toBe('keys_unavailable')
    expect(as.calls.keys).toBe(4)
    expect((await get('/', as.jwt())).status).toBe(200)
    for (let minute = 0; minute < 4; minute += 1) {
      for (const at of ['d', 'e', 'f']) {
        await get('/', forged(all, `${at}${minute}`))
        await as.clock.advance('20s')
      }
    }
    // 15 s of the burst, and 240 s since.
    expect(as.calls.keys).toBeLessThanOrEqual(4 + Math.floor(255 / 30))
    expect(as.calls.keys).toBeGreaterThan(4)
  },
)

verifies('JK-30', 'a key that appears while no fetch is left is found when the next is due', async (face) => {
  const all = await warm(face)
  const { as, get } = all
  await exhaust(all)
  as.rotateKeys()
  const token = as.jwt()
  expect((await get('/', token)).status).toBe(503)
  await as.clock.advance('30s')
  expect((await get('/', token)).status).toBe(200)
})

verifies('JK-30', 'scheduled refreshes do not wait for the budget of unknown kids', async (face) => {
  const all = await warm(face)
  const { as, get, server, events } = all
  await exhaust(all)
  expect(documentsOf(events).at(-1)).toBe('keys loaded unknown_kid')
  as.rotateKeys()
  expect((await get('/', forged(all, 'd'))).status).toBe(503)
  await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.keys!.nextIn!)}ms`)
  expect(
    documentsOf(events)
      .filter((one) => one.startsWith('keys'))
      .at(-1),
  ).toBe('keys loaded ahead')
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('JK-31', 'whatever a refresh brings instead of a set, the last good one stays', async (face) => {
  const all = await warm(face)
  const { as, get, server } = all
  const weather: readonly (readonly [kind: string, begin: () => void])[] = [
    ['status_500', () => as.respond('keys', { status: 500 })],
    ['status_404', () => as.respond('keys', { status: 404 })],
    ['malformed', () => as.respond('keys', { body: '{"keys":[' })],
    ['malformed', () => as.respond('keys', { body: 'null' })],
    ['timeout', () => as.hang('keys')],
    ['timeout', () => as.drip('keys')],
    ['reset', () => as.reset('keys')],
    ['connect', () => as.outage('keys')],
    ['too_large', () => as.respond('keys', { body: Buffer.alloc(262_145, ' ') })],
  ]
  for (const [kind, begin] of weather) {
    begin()
    await as.clock.advance('10m')
    expect(failures(all).at(-1), kind).toMatch(new RegExp(`^keys failed \\w+ ${kind}$`))
    expect((await get('/', as.jwt())).status, kind).toBe(200)
    void as.recover('keys')
    await as.clock.advance('61s')
    expect(server.status().issuers[0]!.keys!.failures, kind).toBe(0)
  }
})

verifies('JK-32', 'a cold start without keys is 503, and recovers unaided', async (face) => {
  const all = await api(face)
  const { as, get, reasons, handled } = all
  as.outage('keys')
  const reply = await get('/', as.jwt())
  expect(reply.status).toBe(503)
  expect(reply.headers['retry-after']).toMatch(/^[1-9]\d?$/)
  expect(reply.headers['www-authenticate']).toBeUndefined()
  expect(JSON.parse(reply.body)).toEqual({ error: 'unavailable' })
  expect(reasons()).toEqual(['keys_unavailable'])
  expect(handled()).toBe(0)
  await as.recover()
  await as.clock.advance('30s')
  expect(as.calls.keys).toBeGreaterThan(1)
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('JK-32', 'what needs no key is refused all the same: an expired token, a wrong algorithm', async (face) => {
  const all = await api(face)
  const { as, get, reasons } = all
  as.outage()
  expect((await get('/', as.jwt({ expiresIn: '-5m' }))).status).toBe(401)
  expect((await get('/', as.jwt({ alg: 'none' }))).status).toBe(401)
  expect(reasons()).toEqual(['token_expired', 'algorithm_not_allowed'])
  expect(as.calls.total).toBe(0)
})

verifies(
  'JK-33',
  'while the set cannot be had, an unknown name is 503, and 401 only where the set is current',
  async (face) => {
    const all = await api(face)
    const { as, get, reasons } = all
    expect((await get('/', as.jwt())).status).toBe(200)
    as.outage('keys')
    expect((await get('/', forged(all, 'at once'))).status).toBe(401)
    await as.clock.advance('5s')
    expect((await get('/', forged(all, 'after 5 s'))).status).toBe(401)
    await as.clock.advance('1ms')
    expect((await get('/', forged(all, 'while fresh'))).status).toBe(503)
    as.clock.advance('20m')
    expect((await get('/', forged(all, 'while stale'))).status).toBe(503)
    expect((await get('/', as.jwt())).status).toBe(200)
    expect(reasons()).toEqual(['key_unknown', 'key_unknown', 'keys_unavailable', 'keys_unavailable'])
  },
)

verifies('JK-34', 'two empty sets a minute apart withdraw all keys, with an event', async (face) => {
  for (const empty of [[], [{ kty: 'XYZ' }], [{ ...forger.jwk, use: 'enc' }]]) {
    const all = await warm(face)
    const { as, get, server, events, reasons } = all
    const seen = as.jwt(DAY)
    expect((await get('/', seen)).status).toBe(200)
    publish(as, empty)
    await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.keys!.nextIn!)}ms`)
    expect(failures(all)).toEqual(['keys failed ahead no_usable_key'])
    await as.clock.advance('59s')
    expect((await get('/', seen)).status).toBe(200)
    expect((await get('/', as.jwt(DAY))).status).toBe(200)
    await as.clock.advance('2s')
    expect(documentsOf(events)).toContain('keys dropped expired no_usable_key')
    for (const token of [seen, as.jwt(DAY)]) expect((await get('/', token)).status).toBe(503)
    expect(reasons()).toEqual(['keys_unavailable', 'keys_unavailable'])
    void as.recover('keys')
    await as.clock.advance('10m')
    expect((await get('/', as.jwt())).status).toBe(200)
  }
})

verifies('JK-34', 'one empty set is a broken deployment: the keys stay', async (face) => {
  const all = await warm(face)
  const { as, get, events } = all
  as.respond('keys', { body: { keys: [] }, times: 1 })
  await as.clock.advance('9m')
  await as.clock.advance('2m')
  expect(failures(all)).toEqual(['keys failed ahead no_usable_key'])
  expect(documentsOf(events).filter((one) => one.includes('dropped'))).toEqual([])
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('JK-35', 'a key that is gone verifies nothing, not even what it verified before', async (face) => {
  const all = await warm(face)
  const { as, get, reasons, server } = all
  const [old] = as.keys.keys
  const seen = as.jwt()
  expect((await get('/', seen)).status).toBe(200)
  as.addKey()
  as.unpublishKey(old!['kid'] as string)
  await as.clock.advance(`${Math.ceil(server.status().issuers[0]!.keys!.nextIn!)}ms`)
  expect((await get('/', seen)).status).toBe(401)
  expect((await get('/', as.jwt({ kid: old!['kid'] as string }))).status).toBe(401)
  expect(reasons()).toEqual(['key_unknown', 'key_unknown'])
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('JK-35', 'a key that was renewed under its name takes the old one with it', async (face) => {
  const all = await warm(face)
  const { as, get, reasons } = all
  const [kid] = [as.keys.keys[0]!['kid'] as string]
  const seen = as.jwt()
  expect((await get('/', seen)).status).toBe(200)
  as.addKey({ kid })
  expect((await get('/', as.jwt())).status).toBe(200)
  expect((await get('/', seen)).status).toBe(401)
  expect(reasons()).toEqual(['signature_invalid'])
})

verifies('JK-38', 'attempts come at growing, random pauses, and Retry-After counts up to 30 s', async (face) => {
  const all = await api(face)
  const { as, server } = all
  const next = (): number => server.status().issuers[0]!.keys!.nextIn!
  as.respond('keys', { status: 500 })
  await server.ready()
  const ceilings = [1, 2, 4, 8, 16, 30, 30]
  const pauses: number[] = []
  for (const ceiling of ceilings) {
    expect(next()).toBeGreaterThanOrEqual(ceiling * 500)
    expect(next()).toBeLessThanOrEqual(ceiling * 1_000)
    pauses.push(next() / ceiling)
    await as.clock.advance(`${Math.ceil(next())}ms`)
  }
  expect(new Set(pauses).size).toBeGreaterThan(1)
  expect(as.calls.keys).toBe(1 + ceilings.length)
})

verifies('JK-38', 'nobody asks before Retry-After has passed, nor is it believed for ever', async (face) => {
  for (const [written, seconds] of [
    ['5', 5],
    ['Thu, 01 Jan 2026 00:00:20 GMT', 20],
    ['86400', 30],
    ['soon', 1],
    ['-5', 1],
  ] as const) {
    const all = await api(face)
    const { as, get, server } = all
    as.respond('keys', { status: 429, headers: { 'retry-after': written } })
    const reply = await get('/', as.jwt())
    expect(reply.status).toBe(503)
    const { nextIn } = server.status().issuers[0]!.keys!
    expect(nextIn, written).toBeLessThanOrEqual(seconds * 1_000)
    expect(nextIn, written).toBeGreaterThanOrEqual(seconds * 500)
    expect(Number(reply.headers['retry-after'])).toBeGreaterThanOrEqual(Math.ceil(nextIn! / 1_000))
    expect((await get('/', as.jwt())).status).toBe(503)
    expect(as.calls.keys, written).toBe(1)
  }
})
