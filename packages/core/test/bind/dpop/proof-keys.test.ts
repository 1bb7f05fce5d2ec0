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
  expect(keys.known(header.segment)).toBeUndefined()
  const key = keys.of(header)
  keys.remember(header, key)
  const { segment, thumbprint } = header
  expect(keys.known(segment)).toEqual({ segment, header: {}, jwk: {}, algorithm: 'ES256', thumbprint, key })
  expect(keys.of(keys.known(segment)!)).toBe(key)
})

test('a header that is longer than one with the largest key is read anew each time, and its key is not', () => {
  const keys = new ProofKeys()
  const long = headerWith({ more: Array.from({ length: 700 }, () => []) })
  const key = keys.of(long)
  keys.remember(long, key)
  expect(keys.known(long.segment)).toBeUndefined()
  expect(keys.of(headerWith({}))).toBe(key)
})
