import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { thumbprintOf, VerificationKey, verificationKey } from '../../src/keys/jwk.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS } from '../../src/verify/algorithms.ts'
import { ALL_ALGORITHMS, ASYMMETRIC, b64, jwkFor, pairFor } from '../support/jwt.ts'

/** The algorithm a JWK is bound to, or what is wrong with it. */
function judge(jwk: object, allowed: readonly Algorithm[] = ASYMMETRIC): string {
  const key = verificationKey(jwk as JsonObject, allowed)
  return key instanceof VerificationKey ? key.algorithm : key
}

const octets = (jwk: JsonObject, member: string): Buffer => Buffer.from(jwk[member] as string, 'base64url')
/** An encoded point of Ed25519: y, and the sign of x in the last bit. */
const littleEndian = (y: bigint, sign: bigint): Uint8Array =>
  Buffer.from((y | (sign << 255n)).toString(16).padStart(64, '0'), 'hex').toReversed()
const rsa = jwkFor('RS256')
const ec = jwkFor('ES256')
const ed = jwkFor('Ed25519')

describe('verificationKey', () => {
  test.each(ASYMMETRIC)('binds a key to %s when that is what the list allows', (algorithm) => {
    expect(judge(jwkFor(algorithm), [algorithm])).toBe(algorithm)
  })

  test('takes over the kid and imports the material', () => {
    const key = verificationKey(jwkFor('ES256', { kid: 'k1' }), ['ES256']) as VerificationKey
    expect([key.kid, key.retired, key.material?.asymmetricKeyType]).toEqual(['k1', false, 'ec'])
  })

  test('ignores members that it does not know', () => {
    expect(judge({ ...ec, foo: 1, ext: true, iat: 5, x5u: 'https://evil.example', x5c: [], x5t: 'x' })).toBe('ES256') // JK-02, JK-20
  })

  test.each([
    [['RS256', 'PS256'], 'RS256'],
    [['PS256', 'RS256'], 'PS256'],
    [['ES256', 'RS512', 'RS256'], 'RS512'],
    [DEFAULT_ALGORITHMS, 'RS256'],
  ] as const)('binds an RSA key without alg, of %j, to the first that fits', (allowed, bound) => {
    expect(judge(rsa, allowed)).toBe(bound) // JW-13
  })

  test('binds a key with alg to that algorithm, wherever it stands in the list', () => {
    expect(judge({ ...rsa, alg: 'PS384' }, DEFAULT_ALGORITHMS)).toBe('PS384') // JK-08
  })

  test.each(['RS512', 'RSA-OAEP', 'rs256', 'none', 'HS256', '', null, 1, ['RS256']])(
    'refuses a key whose alg is %j where only RS256 is allowed',
    (alg) => {
      expect(judge({ ...rsa, alg }, ['RS256'])).toBe('not_allowed') // NG-07
    },
  )

  test.each([
    [{ ...rsa, alg: 'ES256' }],
    [{ ...ec, alg: 'RS256' }],
    [{ ...ec, alg: 'ES384' }],
    [{ ...ec, alg: 'EdDSA' }],
    [{ ...ed, alg: 'ES256' }],
    [{ ...ed, alg: 'Ed448' }],
  ])('refuses a key whose alg is for another kind of key', (jwk) => {
    expect(judge(jwk)).toBe('not_allowed') // JW-12
  })

  test('takes EdDSA in a key for the curve that it names', () => {
    expect(judge({ ...ed, alg: 'EdDSA' })).toBe('Ed25519')
    expect(judge({ ...jwkFor('Ed448'), alg: 'EdDSA' })).toBe('Ed448') // JW-27
  })

  test.each(['rsa', 'EC ', 'XYZ', '', 1, null, undefined])('refuses the kty %j', (kty) => {
    expect(judge({ ...rsa, kty })).toBe('not_allowed') // JK-05
  })

  test.each(['p-256', 'P-192', 'secp256k1', 'P-384', '', 1, null, undefined])('refuses the crv %j for ES256', (crv) => {
    expect(judge({ ...ec, crv }, ['ES256'])).toBe('not_allowed') // JW-24, JW-28, NG-22
  })

  test('refuses oct', () => {
    expect(judge({ kty: 'oct', k: b64(randomBytes(32)) }, ALL_ALGORITHMS)).toBe('symmetric') // JK-19, JW-14
  })

  test.each(['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'])('takes a key with the member %s for compromised', (name) => {
    expect(judge({ ...rsa, [name]: 'AA' })).toBe('private')
    expect(judge({ ...rsa, [name]: null })).toBe('private') // JK-18, JK-17
  })

  test.each(['RS256', 'ES256', 'Ed25519'] as const)('refuses a whole private key for %s', (algorithm) => {
    expect(judge(pairFor(algorithm).privateKey.export({ format: 'jwk' }))).toBe('private') // JK-18
  })

  test.each(['enc', 'SIG', '', null, 1, ['sig']])('refuses use: %j', (use) => {
    expect(judge({ ...ec, use })).toBe('unusable') // JK-06
  })

  test('takes use: sig', () => {
    expect(judge({ ...ec, use: 'sig' })).toBe('ES256') // JK-06
  })

  test.each([
    [['encrypt']],
    [['sign']],
    [[]],
    [['verify', 'verify']],
    [['verify', 'sign', 'sign']],
    ['verify'],
    [null],
    [{}],
    [['Verify']],
  ])('refuses key_ops: %j', (operations) => {
    expect(judge({ ...ec, key_ops: operations })).toBe('unusable')
    expect(judge({ ...ec, key_ops: operations, use: 'sig' })).toBe('unusable') // JK-07
  })

  test.each([[['verify']], [['sign', 'verify']]])('takes key_ops: %j', (operations) => {
    expect(judge({ ...ec, key_ops: operations })).toBe('ES256') // JK-07
  })

  test.each([1, null, {}, ['k'], true])('refuses the kid %j', (kid) => {
    expect(judge({ ...ec, kid })).toBe('unusable')
  })

  test('imports a key whose document forbids export, or lists its operations', () => {
    const key = verificationKey({ ...ec, ext: false, key_ops: ['verify'] }, ['ES256']) as VerificationKey
    expect(key.material?.type).toBe('public')
  })
})

describe('an RSA key', () => {
  const e = (bytes: readonly number[] | Buffer): string => judge({ ...rsa, e: b64(Buffer.from(bytes)) }, ['RS256'])
  const n = (bytes: Buffer): string => judge({ ...rsa, n: b64(bytes) }, ['RS256'])
  const modulus = octets(rsa, 'n')

  test.each([512, 1_024, 2_040, 2_047])('of %i bits is weak', (bits) => {
    const short = randomBytes(Math.ceil(bits / 8))
    short[0] = (short[0]! | 0x80) >> (bits % 8 === 0 ? 0 : 8 - (bits % 8))
    expect(n(short)).toBe('weak') // JW-17, NG-22
  })

  test.each([2_048, 3_072, 4_096, 8_192])('of %i bits is taken', (bits) => {
    const long = randomBytes(bits / 8)
    long[0]! |= 0x80
    expect(n(long)).toBe('RS256') // JW-17, LM-10
  })

  test.each([8_193, 16_384, 32_768])('of %i bits is refused before any arithmetic', (bits) => {
    const long = randomBytes(Math.ceil(bits / 8))
    long[0] = bits % 8 === 0 ? 0x80 : 0x01
    expect(n(long)).toBe('weak') // JW-18, NG-23, LM-10
  })

  test('that is really short is refused, however it was made', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    expect(judge(publicKey.export({ format: 'jwk' }))).toBe('weak') // JW-17
  })

  test('has its size computed as a number: a leading zero octet adds nothing', () => {
    expect(n(Buffer.concat([Buffer.alloc(1), modulus]))).toBe('RS256')
    expect(n(Buffer.concat([Buffer.alloc(128), modulus.subarray(128)]))).toBe('weak') // JK-16
  })

  test('with a leading zero octet verifies like the same key without', () => {
    const jwk = { ...rsa, n: b64(Buffer.concat([Buffer.alloc(1), modulus])) }
    const key = verificationKey(jwk, ['RS256']) as VerificationKey
    expect(key.material?.equals(pairFor('RS256').publicKey)).toBe(true) // JK-16
  })

  test.each([
    ['zero', [0]],
    ['1', [1]],
    ['2', [2]],
    ['even', [1, 0, 0]],
    ['2^32 + 2', [1, 0, 0, 0, 2]],
    ['2^32 + 3', [1, 0, 0, 0, 3]],
    ['2^33 - 1', [1, 255, 255, 255, 255]],
    ['2^40 + 1', [1, 0, 0, 0, 0, 1]],
    ['256 octets', Buffer.alloc(256, 0xff)],
  ])('with the exponent %s is weak', (_, exponent) => {
    expect(e(exponent)).toBe('weak') // JW-19, NG-22, NG-23
  })

  test.each([
    ['3', [3]],
    ['17', [17]],
    ['65537', [1, 0, 1]],
    ['65537 with a leading zero octet', [0, 1, 0, 1]],
    ['2^32 + 1', [1, 0, 0, 0, 1]],
  ])('with the exponent %s is taken', (_, exponent) => {
    expect(e(exponent)).toBe('RS256') // JW-19
  })

  test.each([undefined, '', 1, null, 'AQAB=', 'AQ AB', 'AQAB+', ['AQAB']])('with e: %j is unusable', (value) => {
    expect(judge({ ...rsa, e: value })).toBe('unusable') // JK-16
  })

  test.each([undefined, '', 1, null, 'A', '===='])('with n: %j is unusable', (value) => {
    expect(judge({ ...rsa, n: value })).toBe('unusable') // JK-16
  })
})

describe.each(['ES256', 'ES384', 'ES512'] as const)('a key for %s', (algorithm) => {
  const jwk = jwkFor(algorithm)
  const length = ALGORITHMS[algorithm].coordinate!
  const curve = { ES256: 'prime256v1', ES384: 'secp384r1', ES512: 'secp521r1' }[algorithm]
  const material = (point: object): unknown =>
    (verificationKey({ ...jwk, ...point }, [algorithm]) as VerificationKey).material

  test.each(['x', 'y'])('has %s of the full length and no other', (name) => {
    const value = octets(jwk, name)
    for (const other of [
      value.subarray(1),
      Buffer.concat([Buffer.alloc(1), value]),
      value.subarray(0, -1),
      Buffer.alloc(0),
    ])
      expect(judge({ ...jwk, [name]: b64(other) }, [algorithm])).toBe('unusable') // JK-14
  })

  test.each(['x', 'y'])('has %s in canonical base64url', (name) => {
    for (const other of [`${jwk[name] as string}=`, ` ${jwk[name] as string}`, 1, null, undefined, [jwk[name]]])
      expect(judge({ ...jwk, [name]: other }, [algorithm])).toBe('unusable') // JK-14
  })

  test('that is a point of the curve is imported', () => {
    const ecdh = createECDH(curve)
    const point = ecdh.generateKeys()
    const [x, y] = [point.subarray(1, 1 + length), point.subarray(1 + length)]
    expect(material({ x: b64(x), y: b64(y) })).toBeDefined()
  })

  test('that is off the curve is no key', () => {
    const y = octets(jwk, 'y')
    y[length - 1]! ^= 1
    expect(material({ y: b64(y) })).toBeUndefined() // JK-15, NG-20
  })

  test('that is (0, 0) is no key', () => {
    expect(material({ x: b64(Buffer.alloc(length)), y: b64(Buffer.alloc(length)) })).toBeUndefined() // NG-20
  })

  test('whose coordinates exceed the field is no key', () => {
    expect(material({ x: b64(Buffer.alloc(length, 0xff)), y: b64(Buffer.alloc(length, 0xff)) })).toBeUndefined() // NG-20
  })
})

describe('an Ed25519 key', () => {
  const point = octets(ed, 'x')

  test.each([
    ['31 octets', point.subarray(1)],
    ['33 octets', Buffer.concat([point, Buffer.alloc(1)])],
    ['no octets', Buffer.alloc(0)],
  ])('of %s is unusable', (_, x) => {
    expect(judge({ ...ed, x: b64(x) })).toBe('unusable') // JK-17
  })

  test.each([undefined, 1, null, `${ed['x'] as string}=`])('with x: %j is unusable', (x) => {
    expect(judge({ ...ed, x })).toBe('unusable') // JK-17
  })

  const P = 2n ** 255n - 19n
  /** y of the points of order 8 (RFC 8032 curve); the other orders have y = 1, -1, 0. */
  const order8 = Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex').toReversed()
  const y8 = BigInt(`0x${Buffer.from(order8).toString('hex')}`)
  const small = [0n, 1n, P - 1n, y8, P - y8].flatMap((y) => [y, y + P]).filter((y) => y < 2n ** 255n)

  test('meets seven spellings of a small-order y', () => {
    expect(small).toHaveLength(7) // five values; 0 and 1 have a second spelling
  })

  test.each(small.map((y) => [y.toString(16), y] as const))('of small order, y = %s, is weak', (_, y) => {
    expect(judge({ ...ed, x: b64(littleEndian(y, 0n)) })).toBe('weak')
    expect(judge({ ...ed, x: b64(littleEndian(y, 1n)) })).toBe('weak') // NG-21
  })

  test('next to a small-order point is not weak', () => {
    expect(judge({ ...ed, x: b64(littleEndian(2n, 0n)) })).toBe('Ed25519')
  })
})

/** An Ed448 point with this y (RFC 8032 §5.2.2). */
function ed448Point(y: bigint, sign: number): Buffer {
  const point = Buffer.from(Buffer.from(y.toString(16).padStart(114, '0'), 'hex').toReversed())
  point[56]! |= sign
  return point
}

describe('an Ed448 key', () => {
  const jwk = jwkFor('Ed448')

  test.each([56, 58, 32, 0])('of %i octets is unusable', (length) => {
    expect(judge({ ...jwk, x: b64(Buffer.alloc(length, 3)) })).toBe('unusable') // JK-17
  })

  const P = 2n ** 448n - 2n ** 224n - 1n

  test.each([0n, 1n, P - 1n, P, P + 1n])('of small order, y = %s, is weak', (y) => {
    expect(judge({ ...jwk, x: b64(ed448Point(y, 0)) })).toBe('weak')
    expect(judge({ ...jwk, x: b64(ed448Point(y, 0x80)) })).toBe('weak') // NG-21
  })

  test('next to a small-order point is not weak', () => {
    expect(judge({ ...jwk, x: b64(ed448Point(2n, 0)) })).toBe('Ed448')
  })

  test.each(['X448', 'X25519'])('under the name %s is not allowed', (crv) => {
    expect(judge({ ...jwk, crv })).toBe('not_allowed') // JW-26
  })
})

describe('thumbprintOf', () => {
  const example = {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  }

  test('of the example in RFC 7638 is what the RFC says', () => {
    expect(thumbprintOf(example)).toBe('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs') // JK-41
  })

  test.each(['RS256', 'ES256', 'ES384', 'ES512', 'Ed25519', 'Ed448'] as const)(
    'of a key for %s is the one that jose computes',
    async (algorithm) => {
      const jwk = jwkFor(algorithm)
      expect(thumbprintOf(jwk)).toBe(await calculateJwkThumbprint(jwk as JWK, 'sha256')) // JK-42
    },
  )

  test.each(['RS256', 'ES256', 'Ed25519'] as const)(
    'of a key for %s knows no optional member and no order',
    (algorithm) => {
      const jwk = jwkFor(algorithm)
      const other = { use: 'sig', kid: 'x', ...Object.fromEntries(Object.entries(jwk).toReversed()), alg: 'y' }
      expect(thumbprintOf(other)).toBe(thumbprintOf(jwk)) // JK-42
    },
  )
})
