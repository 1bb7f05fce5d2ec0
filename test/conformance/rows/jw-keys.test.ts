import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto'
import { expect } from 'vitest'
import {
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  type Signer,
  signerFor,
} from '../forge.ts'
import { pkcs1Encoding } from '../rsa.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const jwtsOnly = { introspection: false } as const
const small = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const exponentThree = generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 })
const published = (key: KeyObject, members: object): object => ({
  ...key.export({ format: 'jwk' }),
  alg: 'RS256',
  use: 'sig',
  ...members,
})
const weak = (issuer: string): object => ({ type: 'key_skipped', issuer, why: 'weak' })

verifies('JW-12', 'uses a key for what it is for', async (face) => {
  const keys = [
    jwkFor('ES256', { kid: 'ec', alg: undefined }),
    jwkFor('RS256', { kid: 'pss', alg: 'PS256' }),
    jwkFor('RS256', { kid: 'rs512', alg: 'RS512' }),
    jwkFor('RS256', { kid: 'enc', use: 'enc' }),
    jwkFor('RS256', { kid: 'oaep', alg: 'RSA-OAEP', use: undefined }),
    jwkFor('RS256', { kid: 'signs', use: undefined, key_ops: ['sign'] }),
    jwkFor('RS256', { kid: 'wraps', use: undefined, key_ops: ['verify', 'verify'] }),
    jwkFor('RS256', { kid: 'contradicts', use: 'sig', key_ops: ['verify', 'wrapKey'] }),
    jwkFor('RS256', { kid: 'no list', use: undefined, key_ops: 'verify' }),
    jwkFor('ES256', { kid: 'other curve', alg: 'ES384' }),
    jwkFor('RS256', { kid: 'verifies', use: undefined, key_ops: ['verify'] }),
    jwkFor('RS256', { kid: 'plain', use: undefined, alg: undefined }),
  ]
  const as = await publishing(keys)
  const one = await api(face, { as, options: jwtsOnly })
  const rs256 = (kid: string): string =>
    jws(headerFor('RS256', { kid }), claimsOf(as, { jti: kid }), signerFor('RS256'))
  await expectAccepted(one, rs256('verifies'), rs256('plain'))
  await expectRefused(one, 'key_unfit', {
    'RS256 with an EC key': rs256('ec'),
    'ES256 with an RSA key': jws(headerFor('ES256', { kid: 'plain' }), claimsOf(as), signerFor('ES256')),
    'RS256 with a key for PS256': rs256('pss'),
    'RS256 with a key for RS512': rs256('rs512'),
    'PS256 with a key for RS256': jws(headerFor('PS256', { kid: 'verifies' }), claimsOf(as), signerFor('PS256')),
  })
  await expectRefused(
    one,
    'key_unknown',
    Object.fromEntries(
      ['enc', 'oaep', 'signs', 'wraps', 'contradicts', 'no list'].map((kid) => [`a key that ${kid}`, rs256(kid)]),
    ),
  )
  await expectRefused(one, 'key_unknown', {
    'a key for a curve that it has not': jws(
      headerFor('ES256', { kid: 'other curve' }),
      claimsOf(as),
      signerFor('ES256'),
    ),
  })
})

verifies('JW-13', 'binds a key without alg to the first allowed algorithm that fits it', async (face) => {
  for (const [first, second] of [
    ['RS256', 'PS256'],
    ['PS256', 'RS256'],
    ['PS512', 'RS384'],
  ] as const) {
    const as = await publishing([jwkFor('RS256', { kid: 'bare', alg: undefined })])
    const one = await api(face, { as, options: { ...jwtsOnly, jwt: { algorithms: ['ES256', first, second] } } })
    const signed = (alg: typeof first | typeof second): string =>
      jws(headerFor(alg, { kid: 'bare' }), claimsOf(as), signerFor(alg))
    await expectRefused(one, 'key_unfit', { [`${second} after ${first}`]: signed(second) })
    await expectAccepted(one, signed(first))
    await expectRefused(one, 'key_unfit', { [`${second} once ${first} was seen`]: signed(second) })
  }
})

verifies('JW-17', 'uses no RSA key of less than 2,048 bits', async (face) => {
  const as = await publishing([published(small.publicKey, { kid: 'small' }), jwkFor('RS256')])
  const one = await api(face, { as, options: jwtsOnly })
  const sent = (alg: 'RS256' | 'PS256'): string =>
    jws(headerFor(alg, { kid: 'small' }), claimsOf(as), signerFor(alg, small.privateKey))
  await expectRefused(one, 'key_unknown', { RS256: sent('RS256'), PS256: sent('PS256') })
  expect(one.events).toContainEqual(weak(as.issuer))
  await expectAccepted(one, jws(headerFor('RS256'), claimsOf(as), signerFor('RS256')))
  expect(() =>
    face.protect({
      audience: 'https://api',
      issuers: [{ issuer: 'https://as.test', jwt: { keys: { keys: [published(small.publicKey, {})] } } }],
    }),
  ).toThrow('option "issuers[0].jwt.keys" has a key that cannot be used (weak)')
})

/** An RSA key that nobody has, of so many bits. */
const madeUp = (bits: number, kid: string): object => {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xff)
  modulus[0] = 0xff >> (modulus.length * 8 - bits)
  return { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB', kid, alg: 'RS256', use: 'sig' }
}

verifies('JW-18', 'uses no RSA key of more than 8,192 bits', async (face) => {
  const as = await publishing([
    madeUp(16_384, 'huge'),
    madeUp(8_193, 'one more'),
    madeUp(8_192, 'largest'),
    jwkFor('RS256'),
  ])
  const one = await api(face, { as, options: jwtsOnly })
  const sent = (kid: string, octets: number): string =>
    jws(headerFor('RS256', { kid }), claimsOf(as), () => Buffer.alloc(octets, 1))
  await expectRefusals(one, {
    '16,384 bits': [sent('huge', 2_048), 'key_unknown'],
    '8,193 bits': [sent('one more', 1_025), 'key_unknown'],
    '8,192 bits, which is a key, but not the signer': [sent('largest', 1_024), 'signature_invalid'],
  })
  expect(one.events.filter(({ type }) => type === 'key_skipped')).toEqual([weak(as.issuer), weak(as.issuer)])
})

const octets = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/** With an exponent of 1 whoever can write the encoding can sign. */
const forger: Signer = (signed) => pkcs1Encoding(signed, {})

verifies('JW-19', 'uses no RSA key whose exponent protects nothing, or costs too much', async (face) => {
  const { publicKey } = pairFor('RS256')
  const exponents = { one: 1n, two: 2n, even: 65_536n, 'too large': 2n ** 32n + 3n, none: 0n, huge: 2n ** 2_047n + 1n }
  const keys = Object.entries(exponents).map(([kid, e]) => published(publicKey, { kid, e: octets(e) }))
  const as = await publishing([...keys, published(exponentThree.publicKey, { kid: 'three' })])
  const one = await api(face, { as, options: jwtsOnly })
  const kids = Object.keys(exponents)
  const data = Buffer.from('data')
  const exponentOne = createPublicKey({ key: { ...publicKey.export({ format: 'jwk' }), e: 'AQ' }, format: 'jwk' })
  expect(verify('sha256', data, exponentOne, forger(data))).toBe(true)
  await expectRefused(
    one,
    'key_unknown',
    Object.fromEntries(kids.map((kid) => [kid, jws(headerFor('RS256', { kid }), claimsOf(as), forger)])),
  )
  expect(one.events.filter(({ type }) => type === 'key_skipped')).toEqual(kids.map(() => weak(as.issuer)))
  await expectAccepted(
    one,
    jws(headerFor('RS256', { kid: 'three' }), claimsOf(as), (signed) =>
      sign('sha256', signed, exponentThree.privateKey),
    ),
  )
})
