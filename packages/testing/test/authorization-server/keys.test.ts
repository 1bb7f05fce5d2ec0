import { createResourceServer } from '@holdfast/core'
import { beforeEach, describe, expect, it } from 'vitest'
import { type TestAuthorizationServer, testAuthorizationServer } from '../../src/index.ts'

const audience = 'https://api.example.com'
let as: TestAuthorizationServer
beforeEach(async () => {
  as = await testAuthorizationServer({ audience })
})
const published = (): unknown[] => as.keys.keys.map(({ kid }) => kid)

describe('keys', () => {
  it('publishes public members only', () => {
    expect(Object.keys(as.keys.keys[0]!).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  it('rotates: a new key signs, the old one is withdrawn', async () => {
    const server = createResourceServer(as.options())
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    const [before] = published()
    as.clock.advance('1m')
    as.rotateKeys()
    expect(published()).toEqual(['es256-2'])
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    as.clock.advance('1m')
    const old = await server.verify(as.jwt({ kid: before as string }))
    expect(old).toEqual({ outcome: 'invalid', reason: 'key_unknown' })
  })

  it('rotates every algorithm in use', async () => {
    as.addKey({ alg: 'Ed25519' })
    expect(as.rotateKeys().map(({ alg }) => alg)).toEqual(['ES256', 'Ed25519'])
  })

  it('signs with an unpublished key where it is named', async () => {
    const server = createResourceServer(as.options())
    as.addKey({ kid: 'secretly', publish: false })
    expect(await server.verify(as.jwt())).toMatchObject({ outcome: 'valid' })
    as.clock.advance('1m')
    const token = as.jwt({ kid: 'secretly' })
    expect(await server.verify(token)).toEqual({ outcome: 'invalid', reason: 'key_unknown' })
    as.publishKey('secretly')
    as.clock.advance('1m')
    expect(await server.verify(token)).toMatchObject({ outcome: 'valid' })
  })

  it('withdraws a key and can still sign with it', () => {
    as.unpublishKey('es256-1')
    expect(published()).toEqual([])
    expect(as.jwt({ kid: 'es256-1' })).toBeTypeOf('string')
  })

  it('replaces a key under its name', () => {
    const [before] = as.keys.keys
    as.addKey({ kid: 'es256-1' })
    expect(published()).toEqual(['es256-1'])
    expect(as.keys.keys[0]!['x']).not.toBe(before!['x'])
  })

  it('publishes a key with other members, or without some', () => {
    as.addKey({ kid: 'odd', jwk: { alg: undefined, use: 'enc' } })
    expect(JSON.parse(JSON.stringify(as.keys.keys.at(-1)))).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: expect.any(String) as string,
      y: expect.any(String) as string,
      kid: 'odd',
      use: 'enc',
    })
  })

  it('forgets a removed key', () => {
    as.removeKey('es256-1')
    expect(() => as.jwt({ kid: 'es256-1' })).toThrow('there is no key "es256-1"')
  })
})
