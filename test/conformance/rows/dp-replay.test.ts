import { fresh, type ReplayMemory } from '@holdfast/core'
import { expect } from 'vitest'
import { dpopApi, errorOf, expectProved, expectUnproved, type Proving } from '../dpop.ts'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { AUDIENCE } from '../world.ts'

/** A memory that two servers share, and what it was asked. */
function sharedMemory(): ReplayMemory & { readonly asked: (readonly [key: string, until: number])[] } {
  const seen = new Set<string>()
  const asked: (readonly [string, number])[] = []
  return {
    asked,
    consume: async (key, until) => {
      asked.push([key, until])
      if (seen.has(key)) return false
      seen.add(key)
      return true
    },
  }
}

verifies(['DP-36', 'NG-74', 'NG-80', 'CH-28', 'FP-10'], 'takes a proof once', async (face) => {
  const one = await dpopApi(face)
  for (const token of [one.token, one.as.opaque(one.client.bound())]) {
    const proof = one.proofFor({ token })
    await expectProved(one, { first: { token, proof } })
    await expectUnproved(one, 'proof_replayed', { second: { token, proof }, third: { token, proof } })
    one.as.clock.advance('59s')
    await expectUnproved(one, 'proof_replayed', { 'a minute later': { token, proof } })
    one.as.clock.advance('2s')
    await expectUnproved(one, 'proof_out_of_time', { 'when its time is over': { token, proof } })
  }
})

verifies(
  ['DP-37', 'NG-80'],
  'tells the proofs of one key and URI by their jti, and those of others apart',
  async (face) => {
    const memory = sharedMemory()
    const one = await dpopApi(face, { options: { dpop: { replay: { memory } } }, routes: { '/a': [] } })
    const other = one.as.dpopClient()
    const token = one.as.jwt(other.bound())
    const jti = { jti: 'the-same' }
    await expectProved(one, {
      first: { claims: jti },
      'another key': { token, proof: other.proof({ url: `${AUDIENCE}/`, token, claims: jti }) },
      'another URI': { path: '/a', claims: jti },
    })
    await expectUnproved(one, 'proof_replayed', {
      'the same, another way': { claims: { ...jti, htu: 'HTTPS://api.example.com:443/?x' }, method: 'POST' },
    })
    // Digests alone are shown to it.
    for (const [key, until] of memory.asked) {
      expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/)
      expect(until).toBeGreaterThan(one.as.clock.wall() + 60_000)
    }
  },
)

const jtiOf = (length: number): Proving => ({ claims: { jti: 'x'.repeat(length) } })

verifies(['DP-38', 'LM-18'], 'takes a jti of 256 characters, and no longer one', async (face) => {
  const one = await dpopApi(face)
  await expectProved(one, { 'the longest': jtiOf(256), short: jtiOf(1) })
  await expectUnproved(one, 'proof_malformed', {
    longer: jtiOf(257),
    'of 6,000 characters': jtiOf(6_000),
    none: jtiOf(0),
  })
  const strict = await dpopApi(face, { options: { dpop: { maxJtiLength: 16 } } })
  await expectProved(strict, { short: jtiOf(16) })
  await expectUnproved(strict, 'proof_malformed', { longer: jtiOf(17) })
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const maxJtiLength of [15, 1_025, 16.5]) {
    expect(() => face.protect({ ...base, dpop: { maxJtiLength } })).toThrow(/^option "dpop.maxJtiLength" is /)
  }
})

verifies(['DP-39', 'NG-79'], 'remembers a proof after every other check, in one step', async (face) => {
  const memory = sharedMemory()
  const one = await dpopApi(face, { options: { dpop: { replay: { memory }, nonce: true } }, routes: { '/a': [] } })
  const nonce = (await one.prove()).headers['dpop-nonce'] as string
  const jti = { jti: 'victim' }
  const thief = one.as.dpopClient()
  const [header, payload] = one.proofFor({ nonce, claims: jti }).split('.')
  const unsigned = `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`
  await one.prove({ nonce, claims: { ...jti, ath: 'x' } })
  await one.prove({ nonce, claims: { ...jti, iat: 0 } })
  await one.prove({ nonce, claims: jti, sent: 'POST' })
  await one.prove({ claims: jti })
  await one.prove({ nonce: 'x', claims: jti })
  await one.prove({ proof: unsigned })
  await one.prove({ proof: thief.proof({ url: `${AUDIENCE}/`, token: one.token, nonce, claims: jti }) })
  await one.prove({ nonce, claims: jti, token: one.as.jwt(one.client.bound({ expiresIn: '-1m' })) })
  await one.prove({ nonce, claims: jti, token: one.as.opaque(one.client.bound({ audience: 'https://other.example' })) })
  expect([memory.asked, one.handled()]).toEqual([[], 0])
  await expectProved(one, { 'the victim': { nonce, claims: jti } })

  const local = await dpopApi(face)
  for (const token of [local.token, local.as.opaque(local.client.bound())]) {
    const proof = local.proofFor({ token })
    const replies = await Promise.all(Array.from({ length: 100 }, () => local.prove({ token, proof })))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 401]))
  }
})

verifies(
  ['DP-40', 'LM-27'],
  'remembers as many as it may, and then takes no new proof until their time is over',
  async (face) => {
    const one = await dpopApi(face, { options: { dpop: { replay: { entries: 3 } } } })
    const first = one.proofFor()
    await expectProved(one, { first: { proof: first }, second: {}, third: {} })
    const full = await one.prove()
    expect([full.status, full.headers['retry-after'], full.lines('www-authenticate')]).toEqual([503, '1', []])
    expect(one.reasons().at(-1)).toBe('replay_memory_full')
    await expectUnproved(one, 'proof_replayed', { first: { proof: first } })
    expect((await one.get('/', one.as.jwt())).status).toBe(200)
    one.as.clock.advance('60s')
    await expectUnproved(one, 'proof_replayed', { 'first, at the end of its time': { proof: first } })
    one.as.clock.advance('30s')
    await expectProved(one, { 'a new one': {} })
    const ahead = one.proofFor({ claims: { iat: one.as.clock.wall() / 1_000 + 30 } })
    await expectProved(one, { ahead: { proof: ahead } })
    for (const advance of ['45s', '44s'] as const) {
      one.as.clock.advance(advance)
      await expectUnproved(one, 'proof_replayed', { [`after ${advance}`]: { proof: ahead } })
    }
  },
)

const says = (answer: boolean) => () => answer

verifies('DP-41', 'answers 503 where the memory does not say whether a proof was used', async (face) => {
  let answer: () => unknown = says(true)
  const memory = { consume: () => answer() } as ReplayMemory
  const one = await dpopApi(face, { options: { dpop: { replay: { memory } } } })
  const local = await dpopApi(face, { options: { dpop: { replay: { memory, onFailure: 'local' } } } })
  const failing: readonly (readonly [string, () => unknown])[] = [
    [
      'throws',
      () => {
        throw new Error('secret')
      },
    ],
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['says nothing', () => undefined],
    ['says something else', () => 'OK'],
    ['never answers', () => new Promise(() => undefined)],
  ]
  for (const [name, fails] of failing) {
    answer = fails
    const reply = await inVirtualTime(one.as.clock, one.prove())
    expect([name, reply.status, reply.headers['retry-after'], reply.lines('www-authenticate')]).toEqual([
      name,
      503,
      '1',
      [],
    ])
    expect(one.reasons().at(-1)).toBe('replay_memory_unavailable')
    expect([...Object.values(reply.headers), reply.body].join()).not.toContain('secret')
    // Where that is written, what this process has seen counts instead.
    const proof = local.proofFor()
    expect([name, (await inVirtualTime(local.as.clock, local.prove({ proof }))).status]).toEqual([name, 200])
    await expectUnproved(local, 'proof_replayed', { again: { proof } })
  }
  answer = says(true)
  await expectProved(one, { 'when it answers again': {} })
  answer = says(false)
  await expectUnproved(one, 'proof_replayed', { 'when it says no': {} })
  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  expect(() => face.protect({ ...base, dpop: { replay: { onFailure: 'local' } } })).toThrow(
    '"dpop.replay.memory" is missing',
  )
  expect(() => face.protect({ ...base, dpop: { replay: { onFailure: 'allow' as never } } })).toThrow(
    /^option "dpop.replay.onFailure" is /,
  )
})

verifies(
  ['DP-36', 'DP-27'],
  'asks for fresh evidence without using a proof up again, and holds it to what was proved',
  async (face) => {
    const one = await dpopApi(face, { routes: { '/pay': [fresh('1s')] } })
    const token = one.as.opaque(one.client.bound())
    await expectProved(one, { warm: { token } })
    one.as.clock.advance('30s')
    const before = one.as.calls.introspection
    await expectProved(one, { fresh: { path: '/pay', token } })
    expect(one.as.calls.introspection - before).toBe(1)
    one.as.clock.advance('30s')
    const answer = { active: true, aud: AUDIENCE, token_type: 'DPoP', cnf: { jkt: one.as.dpopClient().jkt } }
    one.as.respond('introspection', { body: answer, times: 1 })
    const rebound = await one.prove({ path: '/pay', token })
    expect([rebound.status, errorOf(rebound, 'DPoP'), one.reasons().at(-1)]).toEqual([
      401,
      'invalid_token',
      'binding_mismatch',
    ])
  },
)
