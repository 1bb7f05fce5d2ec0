import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type ProofHeader, ProofKeys } from '../../../src/bind/dpop/proof-keys.ts'
import { AuthError } from '../../../src/errors.ts'
import { thumbprintOf } from '../../../src/keys/jwk.ts'
import type { JsonObject } from '../../../src/syntax/json.ts'
import { errorOf } from '../../support/refusals.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = publicKey.export({ format: 'jwk' }) as JsonObject
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey.export({ format: 'jwk' }) as JsonObject

function headerWith(more: JsonObject): ProofHeader {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk, ...more }
  const segment = Buffer.from(JSON.stringify(header)).toString('base64url')
  const thumbprint = thumbprintOf(jwk)
  return { segment, header, jwk, algorithm: 'ES256', thumbprint, key: undefined }
}

const signed = (algorithm: ProofHeader['algorithm'], shown: JsonObject = rsa): ProofHeader => ({
  ...headerWith({}),
  jwk: shown,
  algorithm,
  thumbprint: thumbprintOf(shown),
})

/** The same number with a zero before it. */
const padded = (number: unknown): string =>
  Buffer.concat([Buffer.alloc(1), Buffer.from(number as string, 'base64url')]).toString('base64url')

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

test('the longest header that is remembered has 2,048 characters', () => {
  const missing = 1_536 - Buffer.from(headerWith({ more: '' }).segment, 'base64url').length
  const remembered = [0, 1].map((more) => {
    const keys = new ProofKeys()
    const header = headerWith({ more: 'm'.repeat(missing + more) })
    const key = keys.of(header)
    keys.remember(header, key)
    keys.remember(header, key)
    return [header.segment.length, keys.known(header.segment)?.key === key]
  })
  expect(remembered).toEqual([
    [2_048, true],
    [2_050, false],
  ])
})

test('a header that is remembered is not remembered anew', () => {
  const keys = new ProofKeys()
  const header = headerWith({})
  const key = keys.of(header)
  keys.remember(header, key)
  keys.remember(header, key)
  const known = keys.known(header.segment)!
  keys.remember(known, key)
  expect(keys.known(header.segment)).toBe(known)
})

describe('a key is refused', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' }) as JsonObject

  test.each<[string, ProofHeader['algorithm'], JsonObject, string]>([
    ['with a zero before its modulus', 'PS256', { ...rsa, n: padded(rsa['n']) }, 'unusable'],
    ['with a zero before its exponent', 'PS256', { ...rsa, e: padded(rsa['e']) }, 'unusable'],
    ['with a modulus that is no text', 'PS256', { ...rsa, n: { toString: 1 } }, 'unusable'],
    ['that is too small', 'PS256', small, 'weak'],
    ['that is off its curve', 'ES256', { ...jwk, y: jwk['x']! }, 'unusable'],
    ['that signs anything', 'Ed25519', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }, 'weak'],
  ])('%s', async (_, algorithm, shown, detail) => {
    const refusal = await errorOf(() => new ProofKeys().of(signed(algorithm, shown)))
    expect([refusal.reason, AuthError.detailsOf(refusal)]).toEqual(['proof_key_unfit', { detail }])
  })
})

test('a member that means nothing for its type is no matter', () => {
  expect(new ProofKeys().of(signed('ES256', { ...jwk, n: 'AAAA', e: 'AAAA' })).algorithm).toBe('ES256')
})
