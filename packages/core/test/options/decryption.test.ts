import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { checkDecryptionKeys, decryptionRules } from '../../src/options/decryption.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const x25519 = generateKeyPairSync('x25519')
const jwk = (key: typeof rsa, more: object = {}): object => ({ ...key.privateKey.export({ format: 'jwk' }), ...more })
const algorithms = ['RSA-OAEP-256', 'RSA-OAEP', 'ECDH-ES+A256KW', 'ECDH-ES']
const good = { keys: { keys: [jwk(rsa)] }, algorithms, encodings: ['A256GCM'] }

const rules = (changes: object): ReturnType<typeof decryptionRules> =>
  decryptionRules({ ...good, ...changes }, 'decryption')

/** The message with which options are refused. */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return 'accepted'
}

describe('decryptionRules', () => {
  test('binds each key to the first algorithm that fits it, or to its own', () => {
    const keys = [
      jwk(rsa, { kid: 'a' }),
      jwk(rsa, { kid: 'b', alg: 'RSA-OAEP', use: 'enc', key_ops: ['unwrapKey'] }),
      jwk(ec, { kid: 'c', key_ops: ['deriveBits'] }),
      jwk(x25519, { kid: 'd', alg: 'ECDH-ES' }),
    ]
    const { keys: read, encodings, required } = rules({ keys: { keys } })
    expect(read.map(({ kid, algorithm, crv, modulus }) => [kid, algorithm, crv, modulus])).toEqual([
      ['a', 'RSA-OAEP-256', undefined, 256],
      ['b', 'RSA-OAEP', undefined, 256],
      ['c', 'ECDH-ES+A256KW', 'P-384', undefined],
      ['d', 'ECDH-ES', 'X25519', undefined],
    ])
    expect([encodings, required]).toEqual([['A256GCM'], false])
    expect(read.every(({ material }) => material.type === 'private')).toBe(true)
  })

  test('takes key objects by name, and a single one without', () => {
    expect(rules({ keys: [{ kid: 'a', key: rsa.privateKey }] }).keys[0]).toMatchObject({
      kid: 'a',
      material: rsa.privateKey,
    })
    expect(rules({ keys: [{ key: ec.privateKey }], required: true })).toMatchObject({ required: true })
  })

  test.each([
    ['no "kid"', [jwk(rsa), jwk(ec)]],
    ['one "kid"', [jwk(rsa, { kid: 'a' }), jwk(ec, { kid: 'a' })]],
    ['a "kid" for one of them', [jwk(rsa, { kid: 'a' }), jwk(ec)]],
  ])('tells keys apart: not by %s', (_, keys) => {
    expect(refusal(() => rules({ keys: { keys } }))).toContain(
      'option "decryption.keys" has keys that no name tells apart',
    )
  })

  test('never quotes a key', () => {
    const { d } = rsa.privateKey.export({ format: 'jwk' })
    for (const keys of [
      { keys: [jwk(rsa, { use: 'sig' })] },
      { keys: [{ kty: 'RSA', d }] },
      d,
      [d],
      [{ kid: 'a', key: d }],
    ]) {
      const message = refusal(() => rules({ keys }))
      expect(message).toContain('option "decryption.keys')
      expect(message).not.toContain(d!)
    }
  })

  test.each(['RSA1_5', 'dir', 'A256KW', 'PBES2-HS512+A256KW', 'toString'])('offers no %s', (name) => {
    expect(refusal(() => rules({ algorithms: [name] }))).toContain(`option "decryption.algorithms[0]" is "${name}"`)
  }) // JW-38, JW-42
})

const named = (issuer: string, kid?: string) => ({
  issuer,
  decryption: rules({ keys: { keys: [jwk(rsa, kid === undefined ? {} : { kid })] } }),
})

describe('checkDecryptionKeys', () => {
  const none = { issuer: 'https://c', decryption: undefined }

  test('leaves a single issuer alone', () => {
    expect(refusal(() => checkDecryptionKeys([named('https://a'), none]))).toBe('accepted')
  })

  test('asks several for names of their own', () => {
    expect(refusal(() => checkDecryptionKeys([named('https://a', 'a'), none, named('https://b', 'b')]))).toBe(
      'accepted',
    )
    expect(refusal(() => checkDecryptionKeys([named('https://a', 'a'), named('https://b', 'a')]))).toBe(
      'option "jwt.decryption.keys" of "https://b" has a key that is named as one of "https://a"; several issuers encrypt, so write for each a key of its own, with a "kid" of its own',
    )
    expect(refusal(() => checkDecryptionKeys([named('https://a'), named('https://b', 'b')]))).toBe(
      'option "jwt.decryption.keys" of "https://a" has a key without "kid"; several issuers encrypt, so write for each a key of its own, with a "kid" of its own',
    )
  })
})
