import { expect, test, vi } from 'vitest'
import { RecencyCache } from '../../packages/core/src/cache/recency-cache.ts'
import { keyOf } from '../../packages/core/src/cache/digest.ts'
import { Tally } from '../../packages/core/src/counters.ts'
import { instantOf, systemClock } from '../../packages/core/src/ports/clock.ts'
import { parseJsonObject } from '../../packages/core/src/syntax/json.ts'
import { TokenColumns } from '../../packages/core/src/verify/token-columns.ts'
import { LEAST_BYTES, type Provenance, VerifiedToken } from '../../packages/core/src/verify/verified-token.ts'
import type { Verifier } from '../../packages/core/src/verify/verifier.ts'
import { occupied } from './heap.ts'

vi.setConfig({ testTimeout: 60_000 })

type Make = (n: number) => object

const many = <T>(count: number, make: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => make(k))
const text = (n: number, length: number): string =>
  `${n}-${Math.imul(n + 1, 2_654_435_761) >>> 0}-`.repeat(length).slice(0, length)

const usual: Make = (n) => ({
  iss: 'https://as.test',
  aud: 'https://api.test',
  sub: `user-${n}`,
  client_id: `app-${n % 50}`,
  jti: text(n, 20),
  exp: 1_800_000_000 + n,
  iat: 1_800_000_000,
  scope: 'orders:read orders:write',
})
const bare: Make = (n) => ({ active: true, sub: `${n}` })
const withList =
  (count: number, element: (k: number, n: number) => unknown): Make =>
  (n) => ({ ...usual(n), list: many(count, (k) => element(k, n)) })
const withMap =
  (count: number, member: (k: number, n: number) => readonly [string, unknown]): Make =>
  (n) => ({ ...usual(n), map: Object.fromEntries(many(count, (k) => member(k, n))) })

/** Heap that one entry with such claims takes, and what it is reckoned to take. */
async function measure(make: Make): Promise<{ readonly actual: number; readonly reckoned: number }> {
  const octets = JSON.stringify(make(1)).length
  const count = Math.max(200, Math.min(5_000, Math.floor(10_000_000 / (700 + 10 * octets))))
  const before = await occupied()
  const cache = new RecencyCache({ entries: count * 5, bytes: 1e10 }, systemClock, new TokenColumns())
  for (let n = 0; n < count; n += 1) {
    const token = entry(n, Buffer.from(JSON.stringify(make(n))))
    cache.set(token.digest, token)
  }
  const actual = (await occupied()) - before
  expect(cache.entries).toBe(count)
  return { actual: actual / count, reckoned: cache.bytes / count }
}

const provenance: Provenance = {
  issuer: 'https://as.test',
  by: 'introspection',
  key: undefined,
  scopeSource: undefined,
  verifier: undefined as unknown as Verifier,
  tally: new Tally('opaque'),
}

function entry(n: number, json: Buffer): VerifiedToken {
  const token = new VerifiedToken({
    digest: keyOf(`token-${n}`),
    claims: parseJsonObject(json)!,
    provenance,
    since: instantOf(systemClock),
  })
  // As after the first request: what these say is kept, too.
  return token.scopeSet.size + token.audience.length < 0 ? entry(n, json) : token
}

const NEAR: readonly [string, Make][] = [
  ['no more than has to be', bare],
  ['200 octets', usual],
  ['1 KB in one text', (n) => ({ ...usual(n), text: text(n, 800) })],
  ['1 KB in 20 groups', withList(20, (k, n) => `group-${k}-${text(n, 30)}`)],
  ['8 KB in one text', (n) => ({ ...usual(n), text: text(n, 8_000) })],
  ['text beyond Latin-1', (n) => ({ ...usual(n), text: text(n, 10) + '→'.repeat(800) })],
  ['20 scopes', (n) => ({ ...usual(n), scope: many(20, (k) => `orders${k}:read`).join(' ') })],
  ['1,000 decimal numbers', withList(1_000, (k, n) => k + (n % 97) / 100 + 0.001)],
  ['1,000 small integers', withList(1_000, (k) => k)],
  ['arrays in arrays', withList(200, () => [[[[[[[[1]]]]]]]])],
  ['a map with 20 names of its own', withMap(20, (k, n) => [`${text(n, 8)}${k}`, k])],
  ['a map with 100 names of its own', withMap(100, (k, n) => [`${text(n, 8)}${k}`, k])],
]

/** What the engine happens to share, or to keep smaller than could be relied on. */
const SMALLER: readonly [string, Make][] = [
  ['a map with 400 names of its own', withMap(400, (k, n) => [`${text(n, 8)}${k}`, k])],
  ['a map with 50 usual names', withMap(50, (k) => [`name${k}`, k])],
  ['300 objects with a name of its own', withList(300, (k, n) => ({ [`${text(n, 8)}${k}`]: k }))],
  ['20 more members', (n) => ({ ...usual(n), ...Object.fromEntries(many(20, (k) => [`name${k}`, k])) })],
  ['1,000 empty arrays', withList(1_000, () => [])],
  ['1,000 empty objects', withList(1_000, () => ({}))],
  ['500 objects of the same name', withList(500, (k) => ({ id: k }))],
  ['1,000 short texts', withList(1_000, (k) => `t${k}`)],
  ['1,000 scopes', (n) => ({ ...usual(n), scope: many(1_000, (k) => `s${k}`).join(' ') })],
]

test.each([
  ...NEAR.map(([name, make]) => ({ name, make, least: 0.6 })),
  ...SMALLER.map(([name, make]) => ({ name, make, least: 0.1 })),
])(
  'an entry takes about what it is reckoned to take, and never 1.4 times as much: claims of $name',
  async ({ make, least }) => {
    const { actual, reckoned } = await measure(make)
    expect(actual / reckoned).toBeGreaterThan(least)
    expect(actual / reckoned).toBeLessThan(1.4)
  },
)

test('20,000 usual entries fit into 32 MiB', async () => {
  const { reckoned } = await measure(usual)
  expect(20_000 * reckoned).toBeLessThan(32 * 2 ** 20)
})

test('no entry is reckoned smaller than what stores set places aside for', () => {
  expect(entry(1, Buffer.from('{}')).bytes).toBeGreaterThanOrEqual(LEAST_BYTES)
})
