import type * as Crypto from 'node:crypto'
import { expect, vi } from 'vitest'
import { ecKey, ownKey, publish, tokenBy } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const imports = vi.hoisted(() => ({ count: 0 }))
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof Crypto>()
  const createPublicKey: typeof crypto.createPublicKey = (key) => {
    // JWKs are what key sets are made of; the test itself makes keys from other things.
    if (typeof key === 'object' && 'format' in key && key.format === 'jwk') imports.count += 1
    return crypto.createPublicKey(key)
  }
  return { ...crypto, createPublicKey }
})

const { generateKeyPairSync } = await import('node:crypto')
const first = ecKey('first')
const second = ownKey(generateKeyPairSync('ed25519').privateKey, { kid: 'second' })

verifies('JK-39', 'a key is imported once, whatever it verifies and however often the set is fetched', async (face) => {
  const { as, get, server } = await api(face)
  publish(as, [first.jwk, second.jwk])
  imports.count = 0
  for (let times = 0; times < 100; times += 1) {
    expect(await server.verify(tokenBy(as, first))).toMatchObject({ outcome: 'valid' })
  }
  // One to know that its point is on the curve, which serves from then on.
  expect(imports.count).toBe(1)
  expect((await get('/', tokenBy(as, second))).status).toBe(200)
  expect((await get('/', tokenBy(as, second))).status).toBe(200)
  expect(imports.count).toBe(2)
})

verifies('JK-39', 'a key that stays in the set keeps what was imported', async (face) => {
  const { as, get } = await api(face)
  publish(as, [second.jwk])
  imports.count = 0
  for (let hour = 0; hour < 5; hour += 1) {
    expect((await get('/', tokenBy(as, second))).status).toBe(200)
    await as.clock.advance('10m')
  }
  expect(as.calls.keys).toBeGreaterThan(4)
  expect(imports.count).toBe(1)
})
