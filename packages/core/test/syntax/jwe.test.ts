import { describe, expect, test } from 'vitest'
import { parseJwe, parseJweHeader } from '../../src/syntax/jwe.ts'
import { b64, json } from '../support/jwt.ts'

const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM' }
const parts = [json(header), b64('key'), b64('vector'), b64('content'), b64('tag')]
const replaced = (at: number, part: string): string => parts.map((one, index) => (index === at ? part : one)).join('.')

/** A header of so many octets. */
const sized = (octets: number): string => b64(JSON.stringify({ pad: 'x'.repeat(octets - 10) }))

describe('parseJwe', () => {
  test('gives the header, and the octets of each other part', () => {
    expect(parseJwe(parts.join('.'))).toEqual({ header, encryptedKey: 3, iv: 6, ciphertext: 7, tag: 3 })
  })

  test('takes an empty key, which an agreed one needs, and no other empty part', () => {
    expect(parseJwe(replaced(1, ''))?.encryptedKey).toBe(0)
    for (const at of [0, 2, 3, 4]) expect(parseJwe(replaced(at, ''))).toBeUndefined()
  })

  test.each([0, 1, 2, 3, 4])('takes one spelling of part %i', (at) => {
    for (const part of [`${parts[at]}=`, `${parts[at]}~`, `+${parts[at]!.slice(1)}`, ` ${parts[at]}`, `${parts[at]}\n`])
      expect(parseJwe(replaced(at, part))).toBeUndefined()
  })

  test.each([4, 6, 7, 1])('takes no %i parts', (count) => {
    expect(parseJwe([...parts, ...parts].slice(0, count).join('.'))).toBeUndefined()
  })

  test('takes a header of 2,048 octets and no longer one', () => {
    expect(parseJwe(replaced(0, sized(2_048)))).toBeDefined()
    expect(parseJwe(replaced(0, sized(2_049)))).toBeUndefined()
  })
})

describe('parseJweHeader', () => {
  test('reads the header of what may be no JWE at all', () => {
    expect(parseJweHeader(`${json(header)}.x`)).toEqual(header)
  })

  test.each(['', '.', 'e30', '[]', `${b64('[]')}.x`, `${b64('{"alg":1,"alg":2}')}.x`, `${b64('{}x')}.x`])(
    'finds no header in %j',
    (token) => {
      expect(parseJweHeader(token)).toBeUndefined()
    },
  )
})
