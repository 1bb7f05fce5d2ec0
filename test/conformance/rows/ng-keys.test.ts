import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { countCalls } from '../crypto-calls.ts'
import {
  base64url,
  bigEndian,
  claimsOf,
  expectAccepted,
  expectRefusals,
  expectRefused,
  type ForgedAlgorithm,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { skippedOf } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const numberIn = (text: string): bigint => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`)
const huge = (octets: number): string => base64url(Buffer.alloc(octets, 0xff))
const littleEndian = (number: bigint, length: number): Buffer => Buffer.from(bigEndian(number, length).toReversed())

verifies('NG-20', 'skips points that are not on their curve, and keeps the other keys', async (face) => {
  const curves = [
    ['ES256', 32, 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n],
    ['ES384', 48, 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n],
    ['ES512', 66, 2n ** 521n - 1n],
  ] as const
  for (const [alg, length, prime] of curves) {
    const { x, y, ...rest } = jwkFor(alg) as { x: string; y: string }
    const zero = base64url(Buffer.alloc(length))
    const point = (one: bigint, other: bigint): object => ({
      x: base64url(bigEndian(one, length)),
      y: base64url(bigEndian(other, length)),
    })
    const points = {
      'y changed': { x, y: base64url(bigEndian(numberIn(y) ^ 1n, length)) },
      'x changed': { x: base64url(bigEndian(numberIn(x) ^ 1n, length)), y },
      swapped: { x: y, y: x },
      origin: { x: zero, y: zero },
      'x = 0': { x: zero, y },
      'y = 0': { x, y: zero },
      'x = p': point(prime, numberIn(y)),
      'y = p': point(numberIn(x), prime),
      short: { x: base64url(Buffer.from(x, 'base64url').subarray(1)), y },
      'with a zero before': { x: base64url(Buffer.concat([Buffer.alloc(1), Buffer.from(x, 'base64url')])), y },
      compressed: { x: base64url(Buffer.concat([Buffer.from([2]), Buffer.from(x, 'base64url')])), y: '' },
      'without y': { x },
      'of numbers': { x: 1, y: 2 },
    }
    const bad = Object.entries(points).map(([kid, coordinates]) => ({ ...rest, ...coordinates, kid }))
    const as = await publishing([...bad, jwkFor(alg)])
    const one = await api(face, { as, options: { jwt: { algorithms: [alg] } } })
    const signed = (kid: string): string => jws(headerFor(alg, { kid }), claimsOf(as), signerFor(alg))
    await expectAccepted(one, signed(alg))
    await expectRefused(one, 'key_unknown', Object.fromEntries(bad.map(({ kid }) => [kid, signed(kid)])))
    expect(skippedOf(one.events)).toEqual(bad.map(() => 'unusable'))
    const configure = (): unknown =>
      face.protect({
        audience: 'https://api',
        issuers: [{ issuer: as.issuer, jwt: { algorithms: [alg], keys: { keys: [bad[0]!] } } }],
      })
    expect(configure).toThrow(/jwt\.keys" has a key that cannot be used \(unusable\)/)
  }
})

const P25519 = 2n ** 255n - 19n
const P448 = 2n ** 448n - 2n ** 224n - 1n
const ORDER_8 = BigInt('0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826')

/** Every spelling of the y of a small-order point, with either sign. */
function smallOrder(alg: 'Ed25519' | 'Ed448'): readonly Buffer[] {
  const [prime, length] = alg === 'Ed25519' ? [P25519, 32] : [P448, 57]
  const values = alg === 'Ed25519' ? [0n, 1n, prime - 1n, ORDER_8, prime - ORDER_8] : [0n, 1n, prime - 1n]
  const room = alg === 'Ed25519' ? 2n ** 255n : 2n ** 448n
  const spellings = values.flatMap((y) => [y, y + prime]).filter((y) => y < room)
  return spellings.flatMap((y) => {
    const point = littleEndian(y, length)
    const negative = Buffer.from(point)
    negative[length - 1]! |= 0x80
    return [point, negative]
  })
}

const keyOf = (crv: string, x: Uint8Array): KeyObject =>
  createPublicKey({ key: { kty: 'OKP', crv, x: base64url(x) }, format: 'jwk' })

verifies('NG-21', 'refuses Edwards curve points for which signatures can be made up', async (face) => {
  for (const alg of ['Ed25519', 'Ed448'] as const) {
    const points = smallOrder(alg)
    expect(points).toHaveLength(alg === 'Ed25519' ? 14 : 10)
    const bad = points.map((x, at) => ({ kty: 'OKP', crv: alg, x: base64url(x), kid: `small-${at}`, alg }))
    const as = await publishing([...bad, jwkFor(alg)])
    const one = await api(face, { as, options: { jwt: { algorithms: [alg] } } })
    await expectAccepted(one, jws(headerFor(alg), claimsOf(as), signerFor(alg)))

    /** A token that nobody signed, and that Node finds signed: R is a small-order point, S is zero. */
    const forged = (kid: string, x: Buffer): string | undefined => {
      const key = keyOf(alg, x)
      for (let count = 0; count < 48; count += 1) {
        const token = jws(headerFor(alg, { kid }), claimsOf(as, { jti: String(count) }), (signed) => {
          const candidates = points.map((r) => Buffer.concat([r, Buffer.alloc(r.length)]))
          return candidates.find((candidate) => verify(null, signed, key, candidate)) ?? Buffer.alloc(2 * x.length)
        })
        const [header, payload, signature] = token.split('.')
        if (verify(null, Buffer.from(`${header}.${payload}`), key, Buffer.from(signature!, 'base64url'))) return token
      }
      return undefined
    }
    const attacks = points.flatMap((x, at): [string, string][] => {
      const token = forged(`small-${at}`, x)
      return token === undefined ? [] : [[x.toString('hex'), token]]
    })
    expect(attacks.length).toBeGreaterThan(0)
    await expectRefused(one, 'key_unknown', Object.fromEntries(attacks))
    expect(skippedOf(one.events)).toEqual(points.map(() => 'weak'))
    for (const key of bad) {
      const jwt = { algorithms: [alg], keys: { keys: [key] } }
      expect(() => face.protect({ audience: 'https://api', issuers: [{ issuer: as.issuer, jwt }] })).toThrow(/\(weak\)/)
    }
  }
})

const short = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const almost = generateKeyPairSync('rsa', { modulusLength: 2_040 })
const tiny = generateKeyPairSync('rsa', { modulusLength: 512 })
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')

const publicOf = ({ publicKey }: { publicKey: KeyObject }, kid: string): object => ({
  ...publicKey.export({ format: 'jwk' }),
  kid,
})

verifies('NG-22', 'refuses weak keys of every kind', async (face) => {
  const own = jwkFor('RS256') as { n: string; e: string }
  const withExponent = (kid: string, e: bigint | string): object => {
    const hex = typeof e === 'string' ? e : e.toString(16)
    return { ...own, kid, e: base64url(Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')) }
  }
  const small = ['P-192', 'secp192r1', 'P-224', 'secp224r1', 'secp256k1', 'brainpoolP256r1', 'p-256', 'Ed25519']
  const ec = jwkFor('ES256') as Record<string, string>
  const bad = [
    publicOf(tiny, '512 bits'),
    publicOf(short, '1024 bits'),
    publicOf(almost, '2040 bits'),
    {
      ...own,
      kid: '1024 bits, zeros before',
      n: base64url(
        Buffer.concat([Buffer.alloc(128), Buffer.from(short.publicKey.export({ format: 'jwk' }).n!, 'base64url')]),
      ),
    },
    withExponent('e = 0', 0n),
    withExponent('e = 1', 1n),
    withExponent('e = 1, zeros before', '00000001'),
    withExponent('e = 2', 2n),
    withExponent('e = 65536', 65_536n),
    withExponent('e = 2^32 + 2', 2n ** 32n + 2n),
    withExponent('e = 2^33 + 1', 2n ** 33n + 1n),
    withExponent('e = 2^64 + 1', 2n ** 64n + 1n),
    { ...own, kid: 'no e', e: '' },
  ]
  const notAllowed = small.map((crv) => ({ ...ec, kid: crv, crv, alg: undefined }))
  const as = await publishing([...bad, ...notAllowed, withExponent('e = 3', 3n), jwkFor('RS256'), jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  await expectAccepted(one, jws(headerFor('RS256'), claims, signerFor('RS256')))
  /** Under e = 1 the padded digest is its own signature. */
  const unkeyed = (kid: string): string =>
    jws(headerFor('RS256', { kid }), claims, (signed) => {
      const digest = createHash('sha256').update(signed).digest()
      const tail = Buffer.concat([Buffer.alloc(1), DIGEST_INFO, digest])
      return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(254 - tail.length, 0xff), tail])
    })
  await expectRefused(one, 'key_unknown', {
    'e = 1': unkeyed('e = 1'),
    'e = 1, zeros before': unkeyed('e = 1, zeros before'),
    '512 bits': jws(headerFor('RS256', { kid: '512 bits' }), claims, signerFor('RS256', tiny.privateKey)),
    '1024 bits': jws(headerFor('RS256', { kid: '1024 bits' }), claims, signerFor('RS256', short.privateKey)),
    '2040 bits': jws(headerFor('RS256', { kid: '2040 bits' }), claims, signerFor('RS256', almost.privateKey)),
    ...Object.fromEntries(
      bad.slice(3).map((key) => {
        const { kid } = key as { kid: string }
        return [kid, jws(headerFor('RS256', { kid }), claims, signerFor('RS256'))]
      }),
    ),
    ...Object.fromEntries(small.map((kid) => [kid, jws(headerFor('ES256', { kid }), claims, signerFor('ES256'))])),
  })
  await expectRefusals(one, {
    'a good modulus with another exponent': [
      jws(headerFor('RS256', { kid: 'e = 3' }), claims, signerFor('RS256')),
      'signature_invalid',
    ],
  })
  expect(skippedOf(one.events)).toEqual([
    ...bad.map((key) => ((key as { kid: string }).kid === 'no e' ? 'unusable' : 'weak')),
    ...small.map(() => 'not_allowed'),
  ])
  for (const length of [0, 1, 16, 31]) {
    const jwt = { sharedSecret: randomBytes(length) }
    expect(() => face.protect({ audience: 'https://api', issuers: [{ issuer: as.issuer, jwt }] })).toThrow(ConfigError)
  }
})

verifies('NG-22', 'refuses keys of the right kind for another purpose', async (face) => {
  const other: readonly (readonly [string, object])[] = [
    ['use enc', { use: 'enc' }],
    ['key_ops', { use: undefined, key_ops: ['sign'] }],
    ['another alg', { alg: 'RSA-OAEP' }],
    ['private', { d: 'AQAB' }],
    ['kid of another type', { kid: 1 }],
  ]
  const as = await publishing([...other.map(([kid, members]) => jwkFor('RS256', { kid, ...members })), jwkFor('RS256')])
  const one = await api(face, { as })
  const signed = (kid: string): string => jws(headerFor('RS256', { kid }), claimsOf(as), signerFor('RS256'))
  await expectAccepted(one, signed('RS256'))
  await expectRefused(one, 'key_unknown', Object.fromEntries(other.map(([kid]) => [kid, signed(kid)])))
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const two = await api(face, { as: await publishing([{ ...x25519, kid: 'Ed25519' }, jwkFor('ES256')]) })
  await expectRefused(two, 'key_unknown', {
    X25519: jws(headerFor('Ed25519'), claimsOf(as), signerFor('Ed25519')),
  })
})

verifies('NG-23', 'imports no huge key, and reckons with none', async (face) => {
  const own = jwkFor('RS256')
  const bad = [
    { ...own, kid: 'n of 8200 bits', n: huge(1_025) },
    { ...own, kid: 'n of 16384 bits', n: huge(2_048) },
    { ...own, kid: 'n of 32768 bits', n: huge(4_096) },
    { ...own, kid: 'n of 800000 bits', n: huge(100_000) },
    { ...own, kid: 'e of 2048 bits', e: huge(256) },
    { ...own, kid: 'e of 34 bits', e: base64url(Buffer.from('0300000001', 'hex')) },
    { ...own, kid: 'e of 400000 bits', e: huge(50_000) },
  ]
  const as = await publishing([...bad, own])
  const one = await api(face, { as })
  const signed = (kid: string): string => jws(headerFor('RS256', { kid }), claimsOf(as), signerFor('RS256'))
  const good = signed('RS256')
  const attacks = bad.map(({ kid }): [string, string] => [kid, signed(kid)])
  const imports = countCalls({ crypto: ['createPublicKey'] })
  await expectAccepted(one, good)
  await expectRefused(one, 'key_unknown', Object.fromEntries(attacks))
  expect(imports()).toBe(1)
  expect(skippedOf(one.events)).toEqual(bad.map(() => 'weak'))
})

interface KeyTests {
  readonly testGroups: readonly {
    readonly comment: string
    readonly private: { readonly keys: readonly JsonWebKey[] }
  }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/wycheproof/json_web_key_test.json', import.meta.url), 'utf8'),
) as KeyTests

verifies('NG-25', 'does not look for keys of the ROCA generator', async (face) => {
  const [secret] = vectors.testGroups.find(({ comment }) => comment === 'jws_rsa_roca_key')!.private.keys
  const key = createPrivateKey({ key: secret!, format: 'jwk' })
  const jwk = { ...createPublicKey(key).export({ format: 'jwk' }), kid: 'roca', alg: 'RS256' }
  const as = await publishing([jwk])
  const one = await api(face, { as })
  await expectAccepted(one, jws(headerFor('RS256', { kid: 'roca' }), claimsOf(as), signerFor('RS256', key)))
  expect(skippedOf(one.events)).toEqual([])
})

verifies(['NG-20', 'NG-22'], 'has no usable key where every one is bad', async (face) => {
  const ec = jwkFor('ES256') as Record<string, string>
  const as = await publishing([
    { ...ec, y: ec['x'] },
    { ...short.publicKey.export({ format: 'jwk' }), kid: 'RS256' },
  ])
  const { get, reasons, handled } = await api(face, { as })
  const signed = (alg: ForgedAlgorithm): string =>
    jws(headerFor(alg), claimsOf(as), signerFor(alg, pairFor(alg).privateKey))
  for (const token of [signed('ES256'), signed('RS256')]) expect((await get('/', token)).status).toBe(503)
  expect([reasons(), handled()]).toEqual([['keys_unavailable', 'keys_unavailable'], 0])
})
