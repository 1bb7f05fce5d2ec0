import { createPublicKey, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALGORITHMS, type Algorithm } from '../../src/verify/algorithms.ts'
import { derOf } from '../../src/verify/ecdsa.ts'
import { pairFor, signatureOf } from '../support/jwt.ts'

const CURVES = ['ES256', 'ES384', 'ES512'] as const satisfies readonly Algorithm[]

const octets = (length: number): fc.Arbitrary<Buffer> =>
  fc
    .tuple(fc.nat({ max: length }), fc.uint8Array({ minLength: length, maxLength: length }), fc.boolean())
    // Leading zeros and first bits are what the encoding is about; chance alone brings few.
    .map(([zeros, random, isHigh]) => {
      const number = Buffer.from(random).fill(0, 0, zeros)
      if (isHigh && zeros < length) number[zeros]! |= 0x80
      return number
    })

/** The number in a DER INTEGER, and what follows it; the encoding must be the shortest (X.690 §8.3.2). */
function integer(der: Buffer): { readonly value: bigint; readonly rest: Buffer } {
  const [tag, length] = der
  const content = der.subarray(2, 2 + length!)
  expect([tag, content.length]).toEqual([0x02, length])
  const isPadded = content.length > 1 && content[0] === 0 && content[1]! < 0x80
  expect([content[0]! < 0x80, isPadded]).toEqual([true, false])
  return { value: BigInt(`0x${content.toString('hex')}`), rest: der.subarray(2 + length!) }
}

function numbersIn(der: Buffer): bigint[] {
  const isLong = der[1] === 0x81
  const content = der.subarray(isLong ? 3 : 2)
  expect([der[0], isLong ? der[2] : der[1]]).toEqual([0x30, content.length])
  expect(isLong).toBe(content.length >= 0x80)
  const r = integer(content)
  const s = integer(r.rest)
  expect(s.rest).toHaveLength(0)
  return [r.value, s.value]
}

describe.each(CURVES)('the DER of a signature by %s', (algorithm) => {
  const half = ALGORITHMS[algorithm].coordinate!

  test('holds both numbers, in the shortest form, whatever they are', () => {
    fc.assert(
      fc.property(octets(half), octets(half), (r, s) => {
        const expected = [r, s].map((number) => BigInt(`0x${number.toString('hex')}`))
        expect(numbersIn(derOf(Buffer.concat([r, s])))).toEqual(expected)
      }),
    )
  })

  test('is judged by crypto.verify as the raw one is', () => {
    const { hash } = ALGORITHMS[algorithm]
    const key = createPublicKey({ key: pairFor(algorithm).publicKey.export({ format: 'jwk' }), format: 'jwk' })
    const raw = { key, dsaEncoding: 'ieee-p1363' } as const
    const judged = (data: Buffer, signature: Buffer): boolean => {
      const verdict = verify(hash, data, key, derOf(signature))
      expect(verdict).toBe(verify(hash, data, raw, signature))
      return verdict
    }
    // Among so many are numbers with a leading zero octet, and with and without a first bit.
    for (let made = 0; made < 64; made += 1) {
      const data = Buffer.from(`what number ${made} says`)
      const signature = signatureOf(algorithm, data.toString())
      expect(judged(data, signature)).toBe(true)
      const other = Buffer.from(signature)
      other[made % other.length]! ^= 1
      expect(judged(data, other)).toBe(false)
    }
  })
})
