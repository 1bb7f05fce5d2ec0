import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { prepareKey, VerificationKey } from '../../src/keys/jwk.ts'
import { pinnedKeys } from '../../src/keys/key-source.ts'
import { inlineSignatures, type Signatures } from '../../src/ports/signatures.ts'
import { systemSignatures } from '../../src/ports/system-signatures.ts'
import { type Algorithm, ALGORITHMS, DEFAULT_ALGORITHMS, isAlgorithm, means } from '../../src/verify/algorithms.ts'
import { signedByNow } from '../../src/verify/signature.ts'
import {
  ALL_ALGORITHMS,
  ASYMMETRIC,
  bench,
  b64,
  jwkFor,
  keySetOf,
  laterVerdictOf,
  pairFor,
  present,
  pssWithSalt,
  SECRET,
  signatureIn,
  signatureOf,
  tokenOf,
  verdictOf,
  withSignature,
} from '../support/jwt.ts'

const RSA = ALL_ALGORITHMS.filter((one) => ALGORITHMS[one].kty === 'RSA')
const ECDSA = ALL_ALGORITHMS.filter((one) => ALGORITHMS[one].kty === 'EC')
const PSS = ALL_ALGORITHMS.filter((one) => one.startsWith('PS'))

/** The order of each curve's group. */
const ORDER: Readonly<Record<string, string>> = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ES512: `01${'ff'.repeat(32)}fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409`,
}

const verdict = (algorithm: Algorithm, token: string): string =>
  verdictOf(() => bench(algorithm).verifier.now(present(token)))

/** A token of the algorithm, but for its signature. */
const signedAs = (algorithm: Algorithm, signature: (signed: string) => Uint8Array): string =>
  withSignature(tokenOf({ algorithm }), signature)

const meant = (name: string): Algorithm[] => ALL_ALGORITHMS.filter((one) => means(name, one))

describe.each(PSS)('%s', (algorithm) => {
  test('wants every octet of a signature, leading zeros included', () => {
    let short = Buffer.alloc(0)
    for (let tried = 0; short.length === 0 && tried < 10_000; tried += 1) {
      const signature = signatureOf(algorithm, 'data')
      if (signature[0] === 0) short = Buffer.from(signature.subarray(1))
    }
    const prepared = prepareKey(fresh(algorithm), algorithm)
    const { hash } = ALGORITHMS[algorithm]
    // What makes the check necessary.
    expect(verify(hash, Buffer.from('data'), prepared, short)).toBe(true)

    const key = new VerificationKey({ algorithm, kid: undefined, thumbprint: 'x', load: () => prepared })
    const jws = { header: {}, payload: Buffer.alloc(0), signed: Buffer.from('data'), signature: short }
    expect(signedByNow(jws, key, inlineSignatures)).toBe(false)
    expect(signedByNow({ ...jws, signature: Buffer.concat([Buffer.alloc(1), short]) }, key, inlineSignatures)).toBe(
      true,
    )
  }) // NG-16, RFC 8017 §8.1.2
})

describe('the algorithms', () => {
  test('are known by their names, and those are texts', () => {
    expect([...ALL_ALGORITHMS, ['RS256'], 'rs256', undefined].map(isAlgorithm)).toEqual([
      ...ALL_ALGORITHMS.map(() => true),
      false,
      false,
      false,
    ])
  }) // JW-10

  test('have no none', () => {
    expect(isAlgorithm('none')).toBe(false) // JW-10
  })

  test.each(['constructor', '__proto__', 'toString', '', 1, null, undefined])('do not know %j', (name) => {
    expect(isAlgorithm(name)).toBe(false) // NG-12
  })

  test('that are slow are not among the defaults, nor is HMAC', () => {
    expect(DEFAULT_ALGORITHMS.filter((one) => ALGORITHMS[one].slow === true || ALGORITHMS[one].kty === 'oct')).toEqual(
      [],
    )
  })

  test('among the defaults begin with RS256', () => {
    expect(DEFAULT_ALGORITHMS[0]).toBe('RS256') // AT-03
  })

  test('mean themselves, and EdDSA means those of the Edwards curves', () => {
    expect(ALL_ALGORITHMS.map(meant)).toEqual(ALL_ALGORITHMS.map((one) => [one]))
    expect(meant('EdDSA')).toEqual(['Ed25519', 'Ed448']) // JW-27
  })
})

describe.each(ALL_ALGORITHMS)('%s', (algorithm) => {
  const token = tokenOf({ algorithm })
  const good = signatureIn(token)

  test('is accepted when the signature is right', () => {
    expect(verdict(algorithm, token)).toBe('accepted') // AT-09
  })

  test('is accepted through the thread pool, too', async () => {
    const { verifier } = bench(algorithm, { signatures: systemSignatures() })
    expect(await laterVerdictOf(() => verifier.verify(present(token)))).toBe('accepted')
  })

  test('is refused with any one of a sample of bits flipped', () => {
    for (let bit = 0; bit < good.length * 8; bit += 37) {
      const other = Buffer.from(good)
      other[bit >> 3]! ^= 1 << (bit & 7)
      expect(
        verdict(
          algorithm,
          withSignature(token, () => other),
        ),
        `bit ${bit}`,
      ).toBe('signature_invalid')
    }
  })

  test.each([
    ['empty', () => Buffer.alloc(0)],
    ['one octet', () => good.subarray(0, 1)],
    ['half', () => good.subarray(0, good.length / 2)],
    ['one octet short', () => good.subarray(0, -1)],
    ['without its first octet', () => good.subarray(1)],
    ['one octet too long', () => Buffer.concat([good, Buffer.alloc(1)])],
    ['one octet too long at the front', () => Buffer.concat([Buffer.alloc(1), good])],
    ['doubled', () => Buffer.concat([good, good])],
    ['all zeros', () => Buffer.alloc(good.length)],
    ['all ones', () => Buffer.alloc(good.length, 0xff)],
    ['reversed', () => good.toReversed()],
  ])('is refused when the signature is %s', async (_, signature) => {
    const forged = withSignature(token, signature)
    expect(verdict(algorithm, forged)).toBe('signature_invalid')
    const { verifier } = bench(algorithm, { signatures: systemSignatures() })
    expect(await laterVerdictOf(() => verifier.verify(present(forged)))).toBe('signature_invalid') // NG-16, NG-15, JW-16
  })

  test('is refused when another token was signed', () => {
    const [header, , signature] = token.split('.') as [string, string, string]
    const claims = tokenOf({ algorithm, claims: { sub: 'mallory' } }).split('.')[1]!
    expect(verdict(algorithm, `${header}.${claims}.${signature}`)).toBe('signature_invalid')
  })

  test('is refused when the header was changed after signing', () => {
    const [, claims, signature] = token.split('.') as [string, string, string]
    const header = tokenOf({ algorithm, header: { extra: 1 } }).split('.')[0]!
    expect(verdict(algorithm, `${header}.${claims}.${signature}`)).toBe('signature_invalid')
  })
})

describe.each(ASYMMETRIC)('%s', (algorithm) => {
  test('is refused when another key of the kind signed', () => {
    const forged = tokenOf({ algorithm, key: pairFor(algorithm, 'second').privateKey })
    expect(verdict(algorithm, forged)).toBe('signature_invalid') // AT-09
  })

  test('is refused when an embedded key signed', () => {
    const attacker = pairFor(algorithm, 'second')
    const header = { jwk: jwkFor(algorithm, {}, 'second'), jku: 'https://evil.example/keys', x5c: ['AAAA'] }
    const forged = tokenOf({ algorithm, header, key: attacker.privateKey })
    expect(verdict(algorithm, forged)).toBe('signature_invalid') // JW-32, NG-09, NG-10, NG-11
  })

  test('is refused when HMAC was computed with the public key, in any form', () => {
    const { publicKey } = pairFor(algorithm)
    const jwk = publicKey.export({ format: 'jwk' })
    const forms: (string | Buffer)[] = [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'pem', type: 'spki' }).toString().trim(),
      publicKey.export({ format: 'der', type: 'spki' }),
      JSON.stringify(jwk),
      Buffer.from(String(jwk['n'] ?? jwk['x']), 'base64url'),
    ]
    for (const form of forms) {
      const forged = tokenOf({ algorithm: 'HS256', key: secretFrom(form) })
      const { verifier } = bench(algorithm)
      expect(verdictOf(() => verifier.now(present(forged)))).toBe('algorithm_not_allowed')
      // Nor under a mistaken list that allows both: the key stays bound to its own algorithm.
      const mixed = bench(algorithm, { algorithms: [algorithm, 'HS256'] }).verifier
      expect(verdictOf(() => mixed.now(present(forged)))).toBe('key_unfit') // NG-03, NG-05, NG-06
    }
  })

  test('is refused where its key is bound to another algorithm', () => {
    for (const other of ASYMMETRIC.filter((one) => one !== algorithm)) {
      const { verifier } = bench(other, { algorithms: [other, algorithm] })
      const judged = verdictOf(() => verifier.now(present(tokenOf({ algorithm }))))
      expect([other, judged]).toEqual([other, 'key_unfit']) // JW-12, JK-08
    }
  })
})

const secretFrom = (form: string | Buffer): KeyObject => createSecretKey(Buffer.from(form))

describe.each(RSA)('%s', (algorithm) => {
  test('is refused when any other RSA algorithm made the signature', () => {
    for (const other of RSA.filter((one) => one !== algorithm)) {
      const forged = signedAs(algorithm, (signed) => signatureOf(other, signed))
      expect([other, verdict(algorithm, forged)]).toEqual([other, 'signature_invalid']) // JW-21, JW-13
    }
  })

  test('refuses a signature that is not below the modulus', () => {
    const modulus = Buffer.from(String(pairFor(algorithm).publicKey.export({ format: 'jwk' })['n']), 'base64url')
    expect(
      verdict(
        algorithm,
        signedAs(algorithm, () => modulus),
      ),
    ).toBe('signature_invalid') // JW-21
  })
})

describe.each(PSS)('%s', (algorithm) => {
  test('is refused when the salt is not as long as the hash', () => {
    const { hash, keyOptions } = ALGORITHMS[algorithm]
    for (const saltLength of [0, 20, 31, 33, 100]) {
      const forged = signedAs(algorithm, (signed) =>
        sign(hash, Buffer.from(signed), { key: pairFor(algorithm).privateKey, ...keyOptions, saltLength }),
      )
      expect([saltLength, verdict(algorithm, forged)]).toEqual([saltLength, 'signature_invalid']) // JW-20
    }
  })
})

describe.each(ECDSA)('%s', (algorithm) => {
  const half = ALGORITHMS[algorithm].coordinate!
  const order = Buffer.from(ORDER[algorithm]!, 'hex')
  const zero = Buffer.alloc(half)
  const one = Buffer.concat([Buffer.alloc(half - 1), Buffer.from([1])])

  test('is refused in DER', () => {
    const { privateKey: key } = pairFor(algorithm)
    const forged = signedAs(algorithm, (signed) => sign(ALGORITHMS[algorithm].hash, Buffer.from(signed), { key }))
    expect(verdict(algorithm, forged)).toBe('signature_invalid') // JW-22, NG-19
  })

  test.each([
    ['r = s = 0', zero, zero],
    ['r = 0', zero, one],
    ['s = 0', one, zero],
    ['r = n', order, one],
    ['s = n', one, order],
    ['r = s = n', order, order],
    ['r = s = 1', one, one],
  ])('is refused with %s', (_, r, s) => {
    expect(r).toHaveLength(half)
    expect(
      verdict(
        algorithm,
        signedAs(algorithm, () => Buffer.concat([r, s])),
      ),
    ).toBe('signature_invalid') // JW-23, NG-15
  })

  test('is accepted with the other s of the same signature', () => {
    const token = tokenOf({ algorithm })
    const signature = signatureIn(token)
    const s = BigInt(`0x${ORDER[algorithm]}`) - BigInt(`0x${signature.subarray(half).toString('hex')}`)
    const other = Buffer.concat([
      signature.subarray(0, half),
      Buffer.from(s.toString(16).padStart(half * 2, '0'), 'hex'),
    ])
    expect(
      verdict(
        algorithm,
        withSignature(token, () => other),
      ),
    ).toBe('accepted') // JW-25
  })

  test('is refused when a key of another curve signed', () => {
    for (const other of ECDSA.filter((one_) => one_ !== algorithm)) {
      const forged = signedAs(algorithm, (signed) => signatureOf(other, signed))
      expect([other, verdict(algorithm, forged)]).toEqual([other, 'signature_invalid']) // JW-24, NG-19
    }
  })

  test('does not bind to a key of another curve', () => {
    for (const other of ECDSA.filter((one_) => one_ !== algorithm)) {
      expect(() => keySetOf([jwkFor(other)], [algorithm])).toThrow('not_allowed') // JW-24
    }
  })
})

const unlabelled = (algorithms: readonly Algorithm[]) => pinnedKeys(keySetOf([jwkFor('RS256')], algorithms))

/** The verdict on a token under a key without `alg`. */
const unlabelledVerdict = (algorithms: readonly Algorithm[], algorithm: Algorithm): string => {
  const { verifier } = bench(algorithm, { algorithms, keys: unlabelled(algorithms) })
  return verdictOf(() => verifier.now(present(tokenOf({ algorithm }))))
}

describe('PS256', () => {
  test.each([0, 20])('is refused with a salt of %i octets', (salt) => {
    expect(
      verdict(
        'PS256',
        signedAs('PS256', (signed) => pssWithSalt(salt, signed)),
      ),
    ).toBe('signature_invalid') // JW-20
  })

  test('is refused where the unlabelled key is bound to RS256, and the reverse', () => {
    expect(unlabelledVerdict(['RS256', 'PS256'], 'RS256')).toBe('accepted')
    expect(unlabelledVerdict(['RS256', 'PS256'], 'PS256')).toBe('key_unfit')
    expect(unlabelledVerdict(['PS256', 'RS256'], 'PS256')).toBe('accepted')
    expect(unlabelledVerdict(['PS256', 'RS256'], 'RS256')).toBe('key_unfit') // JW-13, NG-05
  })
})

describe('EdDSA', () => {
  test.each(['Ed25519', 'Ed448'] as const)('in a header means %s where the key is one', (algorithm) => {
    expect(verdict(algorithm, tokenOf({ algorithm, header: { alg: 'EdDSA' } }))).toBe('accepted') // JW-27
  })

  test.each(['Ed25519', 'Ed448'] as const)('in a JWK fits a header that says %s', (algorithm) => {
    const keys = pinnedKeys(keySetOf([jwkFor(algorithm, { alg: 'EdDSA' })], [algorithm]))
    const { verifier } = bench(algorithm, { keys })
    expect(verdictOf(() => verifier.now(present(tokenOf({ algorithm }))))).toBe('accepted') // JW-27
  })

  test('does not let Ed25519 in a header choose a key of Ed448', () => {
    const algorithms = ['Ed448', 'Ed25519'] as const
    const token = tokenOf({ algorithm: 'Ed448', header: { alg: 'Ed25519' } })
    const { verifier } = bench('Ed448', { algorithms })
    expect(verdictOf(() => verifier.now(present(token)))).toBe('key_unfit') // JW-27
  })

  test('never verifies with X25519', () => {
    const jwk = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
    expect(() => keySetOf([jwk as never], ['Ed25519', 'Ed448'])).toThrow('not_allowed') // JW-26
  })
})

describe('HS256', () => {
  test('is refused under another secret', () => {
    const forged = tokenOf({ algorithm: 'HS256', key: createSecretKey(Buffer.alloc(32, 8)) })
    expect(verdict('HS256', forged)).toBe('signature_invalid')
  })

  test('is refused under the same secret with a different length', () => {
    const forged = tokenOf({ algorithm: 'HS256', key: createSecretKey(SECRET.subarray(0, 31)) })
    expect(verdict('HS256', forged)).toBe('signature_invalid')
  })

  test('never takes its secret from a key set', () => {
    const jwk = { kty: 'oct', k: b64(SECRET), alg: 'HS256' }
    expect(() => keySetOf([jwk], ['HS256'])).toThrow('symmetric') // JW-14, JK-19
  })

  test.each(['HS384', 'HS512', 'RS256', 'none'])('is the only algorithm beside a secret: %s is refused', (alg) => {
    expect(verdict('HS256', tokenOf({ algorithm: 'HS256', header: { alg } }))).toBe('algorithm_not_allowed') // JW-14
  })
})

describe('algorithms without signature', () => {
  test.each(['none', 'None', 'nOnE'])('%s is refused with and without the rest of a signature', (alg) => {
    const token = tokenOf({ algorithm: 'RS256', header: { alg } })
    const signed = token.slice(0, token.lastIndexOf('.'))
    expect(verdict('RS256', token)).toBe('algorithm_not_allowed')
    expect(verdict('RS256', `${signed}.`)).toBe('algorithm_not_allowed')
    expect(verdict('RS256', signed)).toBe('token_malformed') // JW-10, NG-01
  })

  test('cost no arithmetic when they are not on the list', () => {
    const untouched: Signatures = {
      now: () => expect.unreachable('a signature was checked'),
      later: () => expect.unreachable('a signature was checked'),
    }
    const { verifier } = bench('ES256', { signatures: untouched })
    expect(verdictOf(() => verifier.now(present(tokenOf({ algorithm: 'ES384' }))))).toBe('algorithm_not_allowed') // JW-11
  })
})

const fresh = (algorithm: Algorithm): KeyObject =>
  createPublicKey({ key: pairFor(algorithm).publicKey.export({ format: 'jwk' }), format: 'jwk' })

// The core hands `crypto.verify` a bare key object. If a version of Node stopped reading the options off it, padding
// would fall back to PKCS#1 v1.5, and salt length to anything.
describe('crypto.verify', () => {
  const data = Buffer.from('data')
  const pooled = (hash: string | null, key: KeyObject, signature: Buffer): Promise<boolean> =>
    new Promise((resolve, reject) => {
      verify(hash, data, key, signature, (error, valid) => (error ? reject(error) : resolve(valid)))
    })

  test.each(PSS)('reads the options of %s off the key object', async (algorithm) => {
    const { hash } = ALGORITHMS[algorithm]
    const signature = signatureOf(algorithm, 'data')
    const prepared = prepareKey(fresh(algorithm), algorithm)
    expect(verify(hash, data, prepared, signature)).toBe(true)
    expect(await pooled(hash, prepared, signature)).toBe(true)
    // The same key without the options refuses it, so it is they that make the difference.
    expect(verify(hash, data, fresh(algorithm), signature)).toBe(false)
    expect(await pooled(hash, fresh(algorithm), signature)).toBe(false)
  })

  test.each([0, 20])('reads the salt length off the key object and refuses %i octets', async (salt) => {
    const prepared = prepareKey(fresh('PS256'), 'PS256')
    const signature = pssWithSalt(salt, 'data')
    expect(verify('sha256', data, prepared, signature)).toBe(false)
    expect(await pooled('sha256', prepared, signature)).toBe(false) // JW-20
  })

  test('takes PKCS#1 v1.5 from a key of RS256, which needs no options', () => {
    expect(verify('sha256', data, prepareKey(fresh('RS256'), 'RS256'), signatureOf('RS256', 'data'))).toBe(true)
  })
})

describe('a verification key', () => {
  test('imports its material once, at first use', () => {
    let imports = 0
    const key = new VerificationKey({
      algorithm: 'HS256',
      kid: undefined,
      thumbprint: 'x',
      load: () => {
        imports += 1
        return createSecretKey(SECRET)
      },
    })
    expect(imports).toBe(0)
    expect(key.material).toBe(key.material)
    expect(imports).toBe(1) // JK-39
  })

  test('that cannot be imported is tried once, too', () => {
    let imports = 0
    const load = (): undefined => void (imports += 1)
    const key = new VerificationKey({ algorithm: 'ES256', kid: undefined, thumbprint: 'x', load })
    expect([key.material, key.material, imports]).toEqual([undefined, undefined, 1])
  })
})

describe('slow algorithms', () => {
  test.each(['ES384', 'ES512', 'Ed448'] as const)('%s never run on the event loop', (algorithm) => {
    const { verifier } = bench(algorithm, { signatures: systemSignatures() })
    expect(verdictOf(() => verifier.now(present(tokenOf({ algorithm }))))).toBe('waits')
  })

  test('are refused as overload, not as bad tokens, when the pool is full', async () => {
    const full: Signatures = { now: () => undefined, later: async () => undefined }
    const { verifier } = bench('ES384', { signatures: full })
    expect(await laterVerdictOf(() => verifier.verify(present(tokenOf({ algorithm: 'ES384' }))))).toBe('overloaded')
  })
})
