import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, fresh, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { active, expectInvalid, expectUnavailable, isStale, patiently, watchedApi } from '../introspection.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

verifies('IN-26', 'answers are kept for a while, unless a server does without', async (face) => {
  const usual = await api(face)
  const token = usual.as.opaque()
  for (let use = 0; use < 3; use += 1) expect((await usual.get('/', token)).status).toBe(200)
  expect(usual.as.calls.introspection).toBe(1)
  const without = await api(face, { options: { resilience: { fresh: '0s', grace: '0s' } } })
  const other = without.as.opaque()
  for (let use = 0; use < 3; use += 1) expect((await without.get('/', other)).status).toBe(200)
  expect(without.as.calls.introspection).toBe(3)
  without.as.outage('introspection')
  expectUnavailable(await patiently(without.as, () => without.get('/', other)))
})

verifies('IN-26', 'a route can do without while others do not', async (face) => {
  const { as, get } = await api(face, { routes: { '/payments': [fresh('0s')] } })
  const token = as.opaque()
  await get('/', token)
  for (let use = 1; use <= 3; use += 1) {
    as.clock.advance('1s')
    expect((await get('/payments', token)).status).toBe(200)
    expect(as.calls.introspection).toBe(1 + use)
    expect((await get('/', token)).status).toBe(200)
    expect(as.calls.introspection).toBe(1 + use)
  }
  as.revoke(token)
  as.clock.advance('1s')
  expectInvalid(await get('/payments', token))
})

verifies('IN-26', 'the trade-off is written down', () => {
  const options = readFileSync(join(import.meta.dirname, '../../../docs/options.md'), 'utf8')
  const rows = options.split('\n').filter((line) => /^\| `resilience\.(?:fresh|grace)` /.test(line))
  expect(rows).toHaveLength(2)
  expect(rows[0]).toContain('the lag of a revocation in health')
  expect(options).toContain('How long a revoked token, or a withdrawn key, may work in an outage')
})

verifies('IN-27', 'no fresh answer is used past its exp', async (face) => {
  const { as, get, reasons } = await api(face)
  const token = as.opaque({ expiresIn: '5s' })
  expect((await get('/', token)).status).toBe(200)
  as.outage('introspection')
  as.clock.advance('4999ms')
  expect((await get('/', token)).status).toBe(200)
  as.clock.advance('1ms')
  expectInvalid(await get('/', token))
  as.clock.advance('20s')
  expectInvalid(await get('/', token))
  expect(reasons()).toEqual(['token_expired', 'token_expired'])
})

for (const [resilience, within] of [
  ['strict', 503],
  ['balanced', 200],
  ['available', 200],
] as const) {
  verifies('IN-27', `no stale answer is used past its exp (${resilience})`, async (face) => {
    const { as, get } = await api(face, { options: { resilience } })
    const token = as.opaque({ expiresIn: '90s' })
    expect((await get('/', token)).status).toBe(200)
    as.outage('introspection')
    as.clock.advance('89s')
    expect((await patiently(as, () => get('/', token))).status).toBe(within)
    as.clock.advance('1s')
    expectInvalid(await get('/', token))
  })
}

for (const mode of ['online', 'onlineWhenHealthy'] as const) {
  verifies('IN-27', `no answer about a JWT is used past the exp of the JWT (${mode})`, async (face) => {
    const { as, get } = await api(face, { options: { jwt: { mode } } })
    const token = as.jwt({ expiresIn: '50s' })
    expect((await get('/', token)).status).toBe(200)
    as.outage('introspection')
    as.clock.advance('50s')
    expectInvalid(await get('/', token))
  })
}

verifies('IN-28', 'without exp the fresh time and the grace are all there is', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque({ claims: { exp: undefined } })
  await get('/', token)
  as.outage('introspection')
  as.clock.advance('59999ms')
  expect(isStale(await get('/', token))).toBe(false)
  as.clock.advance('1ms')
  expect(isStale(await get('/', token))).toBe(true)
  as.clock.advance('299999ms')
  expect(isStale(await get('/', token))).toBe(true)
  as.clock.advance('1ms')
  expectUnavailable(await get('/', token))
})

verifies('IN-29', 'tokens that are nearly alike are known apart', async (face) => {
  const { as, get } = await api(face)
  const stem = 'x'.repeat(400)
  const known = as.opaque({ token: `${stem}0`, sub: 'one', claims: { jti: 'same' } })
  expect((await get('/', known)).status).toBe(200)
  for (const other of [`${stem}1`, stem, `${stem}0=`, `X${stem.slice(1)}0`, `0${stem}`]) {
    expectInvalid(await get('/', other))
  }
  const twin = as.opaque({ token: `${stem}2`, sub: 'two', claims: { jti: 'same' } })
  expect(JSON.parse((await get('/', twin)).body)).toMatchObject({ subject: 'two' })
  expect(JSON.parse((await get('/', known)).body)).toMatchObject({ subject: 'one' })
  expect(as.calls.introspection).toBe(7)
})

verifies('IN-29', 'nobody can say by what a token is found', (face) => {
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const name of ['key', 'keyOf', 'cacheKey', 'hash']) {
    const build = () => face.protect({ ...base, cache: { introspected: { [name]: () => 'x' } } })
    expect(build).toThrow(ConfigError)
    expect(build).toThrow(`unknown option "cache.introspected.${name}"`)
  }
})

verifies('IN-31', 'what is kept is judged anew by every request', async (face) => {
  const { as, get, reasons } = await api(face, { routes: { '/read': [scope('read')], '/write': [scope('write')] } })
  const token = as.opaque({ scope: 'read', expiresIn: '30s' })
  expect((await get('/read', token)).status).toBe(200)
  expect((await get('/write', token)).status).toBe(403)
  expect((await get('/', token)).status).toBe(200)
  as.clock.advance('30s')
  expectInvalid(await get('/read', token))
  expect([as.calls.introspection, reasons()]).toEqual([1, ['scope_missing', 'token_expired']])
})

verifies('IN-31', 'an answer that does not fit this API is refused each time', async (face) => {
  const { as, get, reasons } = await api(face)
  const unfit = [
    [as.opaque({ audience: 'https://other.example' }), 'audience_wrong'],
    [as.opaque({ claims: { iss: 'https://other.example' } }), 'issuer_wrong'],
    [as.opaque({ claims: { cnf: { jkt: 'x' } } }), 'binding_unsupported'],
    [as.opaque({ claims: { nbf: as.clock.wall() / 1_000 + 40 } }), 'token_not_yet_valid'],
  ] as const
  for (const [token, reason] of unfit) {
    for (let use = 0; use < 2; use += 1) {
      expectInvalid(await get('/', token))
      expect(reasons().at(-1)).toBe(reason)
    }
  }
  expect(as.calls.introspection).toBe(unfit.length)
  as.clock.advance('10s') // the last of them is valid by now, and known
  expect((await get('/', unfit[3][0])).status).toBe(200)
  expect(as.calls.introspection).toBe(unfit.length)
})

verifies('IN-32', 'max-age shortens the fresh time, and never lengthens it', async (face) => {
  const { as, get } = await api(face)
  const token = as.opaque()
  const asked = async (cacheControl: string, after: readonly number[]): Promise<readonly number[]> => {
    as.respond('introspection', { body: active(as), headers: { 'cache-control': cacheControl } })
    const other = as.opaque()
    await get('/', other)
    const before = as.calls.introspection
    const calls = []
    for (const [index, ms] of after.entries()) {
      as.clock.advance(`${ms - (after[index - 1] ?? 0)}ms`)
      await get('/', other)
      calls.push(as.calls.introspection - before)
    }
    return calls
  }
  expect(await asked('max-age=5', [3_000, 5_000])).toEqual([0, 1])
  expect(await asked('private, MAX-AGE=5', [3_000, 5_000])).toEqual([0, 1])
  expect(await asked('max-age=0', [0, 0])).toEqual([1, 2])
  expect(await asked('s-maxage=5', [40_000])).toEqual([0])
  expect(await asked('max-age=3600', [40_000, 60_000])).toEqual([0, 1])
  expect((await get('/', token)).status).toBe(200)
})

verifies('IN-33', 'no-store binds this cache only where it is told so', async (face) => {
  const usual = await api(face)
  const token = usual.as.opaque()
  for (let use = 0; use < 2; use += 1) await usual.get('/', token)
  expect(usual.as.calls.introspection).toBe(1) // whose answers all say no-store
  const { as, get, server } = await api(face, { options: { introspection: { honourNoStore: true } } })
  const other = as.opaque()
  for (let use = 0; use < 3; use += 1) expect((await get('/', other)).status).toBe(200)
  expect([as.calls.introspection, server.status().caches.introspected.entries]).toEqual([3, 0])
  as.outage('introspection')
  expectUnavailable(await get('/', other))
})

verifies('IN-33', 'an answer without no-store is kept until a newer one says it', async (face) => {
  const { as, get, server } = await api(face, { options: { introspection: { honourNoStore: true } } })
  const kept = () => server.status().caches.introspected.entries
  const say = (cacheControl: string) =>
    as.respond('introspection', { body: active(as), headers: { 'cache-control': cacheControl } })
  const token = as.opaque()
  for (const cacheControl of ['private', 'x-no-store', 'no-cache', 'no-storeage']) {
    say(cacheControl)
    as.clock.advance('61s')
    expect((await get('/', token)).status).toBe(200)
    expect(kept()).toBe(1)
  }
  for (const cacheControl of ['No-Store', 'private,no-store', 'max-age=60, no-store']) {
    say('private')
    await get('/', token)
    expect(kept()).toBe(1)
    say(cacheControl)
    as.clock.advance('61s')
    expect((await get('/', token)).status).toBe(200)
    expect(kept()).toBe(0)
  }
})

verifies('IN-34', 'random tokens displace no active one', async (face) => {
  const bounds = { introspected: { entries: 2 }, negative: { entries: 10 } }
  const { as, get, server } = await api(face, { options: { cache: bounds } })
  const known = as.opaque()
  await get('/', known)
  for (let one = 0; one < 40; one += 1) expectInvalid(await get('/', `guess-${one}`))
  const { introspected, negative } = server.status().caches
  expect([introspected.entries, negative.entries]).toEqual([1, 10])
  as.outage('introspection')
  expect((await get('/', known)).status).toBe(200)
  expect(as.calls.introspection).toBe(41)
})

verifies('IN-35', 'an inactive token is asked about again after 10 s', async (face) => {
  const { as, get } = await api(face)
  const late = 'replicated-late'
  expectInvalid(await get('/', late))
  as.opaque({ token: late })
  as.clock.advance('9999ms')
  expectInvalid(await get('/', late))
  expect(as.calls.introspection).toBe(1)
  as.clock.advance('1ms')
  expect((await get('/', late)).status).toBe(200)
  expect(as.calls.introspection).toBe(2)
})

verifies('IN-40', 'what a handler does to an answer stays with it', async (face) => {
  const { as, get } = await watchedApi(face, {
    handle: ({ auth }) => {
      const { claims, scopes, audience } = auth()
      const seen = JSON.stringify({ claims, scopes, audience })
      const frozen = [auth(), auth().evidence, claims, claims['tags'], scopes, audience].map(Object.isFrozen)
      for (const target of [claims, claims['tags'], scopes, audience] as Record<string, unknown>[]) {
        for (const write of [() => (target['0'] = 'x'), () => (target['active'] = 'x'), () => delete target['0']]) {
          try {
            write()
          } catch {
            // As it should be.
          }
        }
      }
      return { status: 200, text: JSON.stringify({ seen: createHash('sha256').update(seen).digest('hex'), frozen }) }
    },
  })
  const token = as.opaque({ scope: 'a b', claims: { tags: [{ deep: ['x'] }] } })
  const replies = [await get('/', token), await get('/', token), await get('/', token)].map(({ body }) => body)
  expect(new Set(replies).size).toBe(1)
  expect(JSON.parse(replies[0]!)).toMatchObject({ frozen: [true, true, true, true, true, true] })
})
