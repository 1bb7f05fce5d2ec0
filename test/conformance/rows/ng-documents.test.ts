import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { createResourceServer } from '@holdfast/core'
import { expect, onTestFinished } from 'vitest'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

const entry = (index: number): object => ({ kty: 'EC', crv: 'P-256', kid: `k${index}`, x: 'AAAA', y: 'AAAA' })
const many = (count: number): object => ({ keys: Array.from({ length: count }, (_, index) => entry(index)) })

verifies(
  'NG-88',
  'drops a hostile key set, and goes on with the keys of before',
  async (face) => {
    const { as, get, handled, events } = await api(face)
    const good = as.jwt({ expiresIn: '12h' })
    expect((await get('/', good)).status).toBe(200)
    const hostile = [
      { body: many(10_000) },
      { body: many(101) },
      { body: { keys: as.keys.keys, padding: 'x'.repeat(262_144) } },
      { body: gzipSync(JSON.stringify(as.keys)), headers: { 'content-encoding': 'gzip' } },
      { body: JSON.stringify(as.keys).replace('{', '{"keys":[],') },
      { body: JSON.stringify(as.keys).slice(0, -2) },
      { body: `\uFEFF${JSON.stringify(as.keys)}` },
      { body: '<html></html>' },
      { body: '' },
      { body: 'null' },
      { body: '[]' },
      { body: { keys: {} } },
      { body: { keys: 'x' } },
      { body: {} },
      { body: `{"keys":${'['.repeat(5_000)}${']'.repeat(5_000)}}` },
    ]
    for (const answer of hostile) {
      as.respond('keys', answer)
      await as.clock.advance('11m')
      expect([answer, (await get('/', good)).status]).toEqual([answer, 200])
      expect([answer, (await get('/', as.jwt({ sub: 'new' }))).status]).toEqual([answer, 200])
      as.recover('keys')
      await as.clock.advance('11m') // a good answer between two bad ones
    }
    const failed = events.filter((event) => event.type === 'document' && event.result === 'failed')
    expect(failed.length).toBeGreaterThanOrEqual(hostile.length)
    expect(handled()).toBe(1 + 2 * hostile.length)
  },
  { timeout: 30_000 },
)

verifies('NG-88', 'believes a set without a usable key when it comes twice, and then knows nothing', async (face) => {
  const x = 'AAAA'
  for (const withdrawn of [{ keys: [] }, many(3), { keys: Array.from({ length: 100 }, () => ({ ...entry(1), x })) }]) {
    const { as, get, events } = await api(face)
    const token = as.jwt({ expiresIn: '12h' })
    expect((await get('/', token)).status).toBe(200)
    as.respond('keys', { body: withdrawn })
    await as.clock.advance('11m')
    const reply = await get('/', token)
    expect([reply.status, reply.lines('www-authenticate')]).toEqual([503, []])
    expect(events).toContainEqual(expect.objectContaining({ type: 'document', result: 'dropped' }))
    as.recover('keys')
    await as.clock.advance('2m')
    expect((await get('/', token)).status).toBe(200)
  }
})

verifies('NG-88', 'waits for no key set that comes by drips, and for none that never ends', async (face) => {
  const { as, get } = await api(face)
  as.drip('keys')
  expect((await inVirtualTime(as.clock, get('/', as.jwt()))).status).toBe(503)
  await as.clock.advance('4s')
  expect(as.calls.keys).toBe(1)
  as.hang('keys')
  await as.clock.advance('10s')
  as.recover('keys')
  await as.clock.advance('30s')
  expect((await get('/', as.jwt())).status).toBe(200)
})

verifies('NG-88', 'reads no more of an endless body than its limit', async (face) => {
  let sent = 0
  const http = createServer((request, response) => {
    if (request.url?.startsWith('/.well-known')) {
      const issuer = `http://${request.headers.host}`
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))
      return
    }
    const write = (): void => {
      while (!response.destroyed && sent < 64_000_000 && response.write('x'.repeat(65_536))) sent += 65_536
    }
    response.on('drain', write)
    write()
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const { as, get } = await api(face, {
    server: (_, observe) => createResourceServer({ issuer, audience: AUDIENCE, allowInsecureLoopback: true, observe }),
  })
  expect((await get('/', as.jwt({ claims: { iss: issuer, exp: 9_999_999_999 } }))).status).toBe(503)
  expect(sent).toBeLessThan(16_000_000) // what socket buffers take beyond 256 KiB
})

/** Minutes after the load at which the set is fetched again, to a tenth. */
async function refetchedAfter(face: Parameters<typeof api>[0], headers: Record<string, string>): Promise<number> {
  const { as, get } = await api(face)
  as.respond('keys', { body: as.keys, headers, contentType: 'application/json' })
  expect((await get('/', as.jwt())).status).toBe(200)
  for (let tenth = 1; tenth <= 700; tenth += 1) {
    await as.clock.advance('6s')
    if (as.calls.keys > 1) return tenth / 10
  }
  return Infinity
}

const DATE = 'Thu, 01 Jan 2026 00:00:00 GMT'

verifies(
  ['NG-89', 'LM-05'],
  'keeps what caching headers say within its bounds',
  async (face) => {
    // Fetched ahead, at 70 to 90 % of the fresh time: at least of one minute, at most of one hour, of ten without a word.
    const soon = [
      { 'cache-control': 'max-age=0' },
      { 'cache-control': 'no-store' },
      { 'cache-control': 'no-cache, max-age=3600' },
      { 'cache-control': 'max-age=600, max-age=7200' },
      { 'cache-control': 'max-age=-1' },
      { 'cache-control': 'max-age=1e9' },
      { 'cache-control': 'max-age=600', age: '99999999' },
      { expires: '0', date: DATE },
      { expires: DATE, date: 'Fri, 01 Jan 2027 00:00:00 GMT' },
      { expires: 'tomorrow' },
    ]
    for (const headers of soon) {
      const after = await refetchedAfter(face, headers)
      expect([headers, after >= 0.6 && after <= 1]).toEqual([headers, true])
    }
    const hour = [
      { 'cache-control': 'max-age=31536000, immutable' },
      { 'cache-control': 'max-age=9999999999' },
      { expires: 'Wed, 01 Jan 2126 00:00:00 GMT', date: DATE },
    ]
    for (const headers of hour) {
      const after = await refetchedAfter(face, headers)
      expect([headers, after >= 40 && after <= 55]).toEqual([headers, true])
    }
    const tenMinutes = [
      {},
      { 'cache-control': 'public, s-maxage=31536000' },
      { 'cache-control': 'max-age=600', age: '-5' },
      { 'cache-control': 'max-age=600', vary: '*' },
      { age: '31536000' },
    ]
    for (const headers of tenMinutes) {
      const after = await refetchedAfter(face, headers)
      expect([headers, after >= 6.5 && after <= 9.5]).toEqual([headers, true])
    }
  },
  { timeout: 60_000 },
)

verifies('NG-89', 'takes 200 for an answer, and no other success', async (face) => {
  for (const status of [201, 202, 203, 204, 205, 206, 226, 299]) {
    for (const endpoint of ['metadata', 'keys', 'introspection'] as const) {
      const { as, get } = await api(face)
      const token = endpoint === 'introspection' ? as.opaque() : as.jwt()
      const body = { metadata: as.metadata, keys: as.keys, introspection: { active: true, aud: AUDIENCE } }[endpoint]
      as.respond(endpoint, { status, body })
      expect([status, endpoint, (await get('/', token)).status]).toEqual([status, endpoint, 503])
    }
  }
})

verifies('NG-90', "reckons freshness from the server's own times, wherever its clock stands", async (face) => {
  for (const year of [1990, 2026, 2090]) {
    const date = new Date(Date.UTC(year, 5, 1)).toUTCString()
    const expires = new Date(Date.UTC(year, 5, 1, 0, 20)).toUTCString()
    const after = await refetchedAfter(face, { date, expires })
    expect([year, after >= 13.5 && after <= 18.5]).toEqual([year, true])
  }
})
