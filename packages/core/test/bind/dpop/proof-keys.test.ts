import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { type ProofHeader, ProofKeys } from '../../../src/bind/dpop/proof-keys.ts'
import { thumbprintOf } from '../../../src/keys/jwk.ts'
import type { JsonObject } from '../../../src/syntax/json.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = publicKey.export({ format: 'jwk' }) as JsonObject

function headerWith(more: JsonObject): ProofHeader {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk, ...more }
  const segment = Buffer.from(JSON.stringify(header)).toString('base64url')
  const thumbprint = thumbprintOf(jwk)
  return { segment, header, jwk, algorithm: 'ES256', thumbprint, key: undefined }
}

test('a header is remembered by its text, its algorithm and its key, and by nothing that its client added', () => {
  const keys = new ProofKeys()
  const header = headerWith({ more: [[], [], []] })
  const key = keys.of(header)
  keys.remember(header, key)
  keys.remember(header, key)
  const { segment, thumbprint } = header
  expect(keys.known(segment)).toEqual({ segment, header: {}, jwk: {}, algorithm: 'ES256', thumbprint, key })
  expect(keys.of(keys.known(segment)!)).toBe(key)
})

test('a key is remembered after its first good proof, a header after the second by its key', () => {
  const keys = new ProofKeys()
  const header = headerWith({})
  expect(keys.of(header)).not.toBe(keys.of(header))
  const key = keys.of(header)
  keys.remember(header, key)
  expect([keys.of(header), keys.known(header.segment)]).toEqual([key, undefined])
  keys.remember(header, keys.of(header))
  expect(keys.known(header.segment)?.key).toBe(key)
})

test('a key is that of one algorithm', () => {
  const keys = new ProofKeys()
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' }) as JsonObject
  const signed = (algorithm: ProofHeader['algorithm']): ProofHeader => ({
    ...headerWith({}),
    jwk: rsa,
    algorithm,
    thumbprint: thumbprintOf(rsa),
  })
  keys.remember(signed('PS256'), keys.of(signed('PS256')))
  expect(keys.of(signed('PS256')).algorithm).toBe('PS256')
  expect(keys.of(signed('RS256')).algorithm).toBe('RS256')
})

test('a header that is longer than one with the largest key is read anew each time, and its key is not', () => {
  const keys = new ProofKeys()
  const long = headerWith({ more: Array.from({ length: 700 }, () => []) })
  const key = keys.of(long)
  keys.remember(long, key)
  keys.remember(long, key)
  expect(keys.known(long.segment)).toBeUndefined()
  expect(keys.of(headerWith({}))).toBe(key)
})
