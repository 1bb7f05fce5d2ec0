import { describe, expect, test } from 'vitest'
import { parseJws } from '#core/syntax/jws'
import { judgeJwe, judgeJws } from './raw.ts'
import { DEVIATIONS, isAgainstPolicy, nameOf, VECTORS, vector } from './wycheproof.ts'

const signed = VECTORS.filter(({ encrypted }) => !encrypted)
const verdict = (name: string, changes: object = {}): string => {
  const { text, keys } = vector(name)
  return judgeJws(
    text,
    keys.map((key) => ({ ...key, ...changes })),
  )
}

describe('the Wycheproof vectors', () => {
  test('are all there', () => {
    const files = ['signature', 'key', 'crypto', 'encryption']
    const counts = files.map((file) => VECTORS.filter((one) => one.file === file).length)
    expect(counts).toEqual([401, 26, 83, 139])
  })

  test('of signatures and keys are judged as the files say, with the listed deviations and no other', () => {
    const deviating = signed.filter(({ text, keys, valid }) => (judgeJws(text, keys) === 'verified') !== valid)
    expect(deviating.map(nameOf).toSorted()).toEqual(Object.values(DEVIATIONS).flat().toSorted())
  }) // JW-62

  test('are judged for good reasons', () => {
    const reasons = new Map<string, number>()
    for (const { text, keys } of signed) {
      const reason = judgeJws(text, keys)
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
    // A runner that refused everything for one reason would agree with every invalid vector.
    expect([...reasons.keys()].toSorted()).toEqual([
      'algorithm_not_allowed',
      'key_unfit',
      'key_unknown',
      'signature_invalid',
      'token_malformed',
      'verified',
    ])
  })
})

describe('deviations', () => {
  test.each([
    ['signature 346', 'PS384'],
    ['signature 350', 'PS384'],
    ['signature 347', 'ES512'],
    ['signature 351', 'ES512'],
  ])('%s verifies once its key says %s', (name, alg) => {
    expect(verdict(name)).toMatch(/^key_un(fit|known)$/)
    expect(verdict(name, { alg })).toBe('verified')
  }) // WY-01, WY-02

  test('two vectors are the valid one, octet for octet; padded ones are refused', () => {
    const { text, keys } = vector('signature 357')
    for (const name of DEVIATIONS['WY-03']!) expect(vector(name).text).toBe(text)
    const [header, payload, mac] = text.split('.') as [string, string, string]
    for (const padding of ['=', '==']) {
      expect(judgeJws(`${header}${padding}.${payload}.${mac}`, keys)).toBe('token_malformed')
      expect(judgeJws(`${header}.${payload}${padding}.${mac}`, keys)).toBe('token_malformed')
      expect(judgeJws(`${text}${padding}`, keys)).toBe('token_malformed')
    }
  }) // WY-03

  test('no character outside the alphabet is skipped', () => {
    for (const name of DEVIATIONS['WY-04']!) {
      expect(vector(name).text).toContain('?')
      expect(verdict(name)).toBe('token_malformed')
    }
  }) // WY-04

  test('a secret beside a public key verifies here, and only here', () => {
    for (const name of [...DEVIATIONS['WY-06']!, ...DEVIATIONS['WY-07']!]) expect(verdict(name)).toBe('verified')
  }) // WY-06, WY-07

  test('payloads that are no claims verify here, and make no JWT', () => {
    const noClaims = signed.filter(({ text, valid }) => valid && parseJws(text) === undefined)
    expect(noClaims.length).toBe(55)
    const refused = noClaims.filter(({ text, keys }) => judgeJws(text, keys) !== 'verified')
    // For what their keys and their spelling say, not for their payload.
    expect(refused.map(nameOf).toSorted()).toEqual(
      ['WY-01', 'WY-02', 'WY-04'].flatMap((id) => DEVIATIONS[id]!).toSorted(),
    )
  }) // WY-09
})

describe('encrypted vectors', () => {
  const encrypted = VECTORS.filter((one) => one.encrypted)

  test('are opened as the files say, as far as policy allows', async () => {
    const opened = await Promise.all(encrypted.map((one) => judgeJwe(one.text, one.privateKeys)))
    const deviating = encrypted.filter((one, at) => (opened[at] === 'opened') !== (one.valid && !isAgainstPolicy(one)))
    expect(deviating.map(nameOf)).toEqual([])
    // Neither side of that comparison is empty.
    const valid = encrypted.filter((one) => one.valid)
    expect([valid.filter(isAgainstPolicy).length, valid.filter((one) => !isAgainstPolicy(one)).length]).toEqual([
      27, 40,
    ])
  })

  test('that are refused say one thing, whatever was wrong inside', async () => {
    const modified = encrypted.filter((one) => !one.valid && !isAgainstPolicy(one) && one.comment.includes('Modified'))
    const reasons = new Set(await Promise.all(modified.map((one) => judgeJwe(one.text, one.privateKeys))))
    expect(modified.length).toBe(10)
    expect([...reasons]).toEqual(['decryption_failed'])
  })
}) // WY-08
