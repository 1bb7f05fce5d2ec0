import type * as nodeCrypto from 'node:crypto'
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { expect, vi } from 'vitest'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const compared = vi.hoisted((): (readonly [number, number])[] => [])

vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof nodeCrypto>()
  return {
    ...crypto,
    timingSafeEqual: (one: NodeJS.ArrayBufferView, other: NodeJS.ArrayBufferView): boolean => {
      compared.push([one.byteLength, other.byteLength])
      return crypto.timingSafeEqual(one, other)
    },
  }
})

verifies(['NG-109', 'CH-22'], 'compares secret digests in constant time, and lengths before', async (face) => {
  const secret = randomBytes(32)
  const { as, get, handled, reasons } = await api(face, {
    options: { jwt: { sharedSecret: secret }, introspection: false },
  })
  const [header, payload] = as
    .jwt({ alg: 'HS256', header: { kid: undefined }, key: createSecretKey(secret) })
    .split('.')
  const signed = `${header}.${payload}`
  const mac = createHmac('sha256', secret).update(signed).digest()
  const nearly = Buffer.from(mac)
  nearly[31]! ^= 1
  compared.length = 0
  expect((await get('/', `${signed}.${mac.toString('base64url')}`)).status).toBe(200)
  expect((await get('/', `${signed}.${nearly.toString('base64url')}`)).status).toBe(401)
  expect((await get('/', `${signed}.${Buffer.alloc(32).toString('base64url')}`)).status).toBe(401)
  expect(compared).toEqual([
    [32, 32],
    [32, 32],
    [32, 32],
  ])
  for (const length of [0, 1, 16, 31, 33, 64, 512]) {
    const other = Buffer.concat([mac, Buffer.alloc(512)]).subarray(0, length)
    expect([length, (await get('/', `${signed}.${other.toString('base64url')}`)).status]).toEqual([length, 401])
  }
  expect(compared).toHaveLength(3)
  expect(new Set(reasons())).toEqual(new Set(['signature_invalid']))
  expect(handled()).toBe(1)
})
