import { sign } from 'node:crypto'
import { expect } from 'vitest'
import {
  type Attacks,
  claimsOf,
  expectAccepted,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  type Signer,
  signerFor,
} from '../forge.ts'
import type { Face } from '../faces.ts'
import { pkcs1Encoding, pssEncoding, raised } from '../rsa.ts'
import { verifies } from '../verifies.ts'
import { type Api, api } from '../world.ts'

const rsa = pairFor('RS256').privateKey

/** An API that trusts one key of an algorithm, and a maker of tokens with a good header and any signature. */
async function start(
  face: Face,
  alg: 'RS256' | 'PS256' | 'PS384' | 'ES256' | 'ES512',
): Promise<{ one: Api; signedBy: (signer: Signer) => string }> {
  const as = await publishing([jwkFor(alg)])
  const one = await api(face, { as, options: { introspection: false, jwt: { algorithms: [alg] } } })
  return { one, signedBy: (signer) => jws(headerFor(alg), claimsOf(as), signer) }
}

const refusedAll = (one: Api, by: Readonly<Record<string, string>>): Promise<void> =>
  expectRefused(one, 'signature_invalid', by)

verifies('JW-20', 'asks for a salt as long as the hash, and for one hash', async (face) => {
  const { one, signedBy } = await start(face, 'PS256')
  const pss = (how: Parameters<typeof pssEncoding>[1]): string =>
    signedBy((signed) => raised(pssEncoding(signed, how), rsa))
  await expectAccepted(one, pss({}), signedBy(signerFor('PS256')))
  await refusedAll(one, {
    'no salt': pss({ salt: 0 }),
    'a salt as of SHA-1': pss({ salt: 20 }),
    'an octet less': pss({ salt: 31 }),
    'an octet more': pss({ salt: 33 }),
    'a salt as of SHA-512': pss({ salt: 64 }),
    'the longest salt': pss({ salt: 222 }),
    'a mask by SHA-1': pss({ mask: 'sha1' }),
    'a mask by SHA-512': pss({ mask: 'sha512' }),
    'SHA-512 throughout': pss({ hash: 'sha512', salt: 32 }),
    'SHA-1 throughout': pss({ hash: 'sha1', salt: 20 }),
    'SHA-512/256': pss({ hash: 'sha512-256', salt: 32 }),
    'another trailer': pss({ trailer: 0xcc }),
    'PKCS #1 v1.5': signedBy(signerFor('RS256')),
  })
  const wider = await start(face, 'PS384')
  const pss384 = (salt: number): string =>
    wider.signedBy((signed) => raised(pssEncoding(signed, { hash: 'sha384', salt }), rsa))
  await expectAccepted(wider.one, pss384(48))
  await refusedAll(wider.one, { 'the salt of SHA-256': pss384(32), 'no salt': pss384(0) })
})

verifies('JW-21', 'checks the whole encoding of a PKCS #1 v1.5 signature', async (face) => {
  const { one, signedBy } = await start(face, 'RS256')
  const pkcs1 = (how: Parameters<typeof pkcs1Encoding>[1]): string =>
    signedBy((signed) => raised(pkcs1Encoding(signed, how), rsa))
  await expectAccepted(one, pkcs1({}), signedBy(signerFor('RS256')))
  const good = signerFor('RS256')
  await refusedAll(one, {
    'the digest of SHA-512': signedBy((signed) => sign('sha512', signed, rsa)),
    'the digest of SHA-384': pkcs1({ hash: 'sha384' }),
    'the digest of SHA-1': pkcs1({ hash: 'sha1' }),
    'SHA-256 under the name of SHA-512': pkcs1({ info: '3031300d060960864801650304020305000420' }),
    'no name of a hash': pkcs1({ info: '' }),
    'no parameters': pkcs1({ info: '302f300b06096086480165030402010420' }),
    'a long form of a length': pkcs1({ info: '308131300d060960864801650304020105000420' }),
    'other parameters': pkcs1({ info: '3031300d060960864801650304020104000420' }),
    'the first block type': pkcs1({ start: [0, 0], filling: 0 }),
    'the type of encryption': pkcs1({ start: [0, 2] }),
    'another filling': pkcs1({ filling: 0xfe }),
    'no separator': pkcs1({ separator: 1 }),
    'a short filling, and leftovers': pkcs1({ fill: 8 }),
    'a filling one shorter, and an octet after': pkcs1({ fill: 201 }),
    'an octet less': signedBy((signed) => good(signed).slice(0, 255)),
    'an octet more': signedBy((signed) => Buffer.concat([good(signed), Buffer.of(0)])),
    'a zero before': signedBy((signed) => Buffer.concat([Buffer.of(0), good(signed)])),
    nothing: signedBy(() => new Uint8Array()),
    zeros: signedBy(() => new Uint8Array(256)),
    one: signedBy(() => Buffer.concat([Buffer.alloc(255), Buffer.of(1)])),
    'the modulus and more': signedBy(() => Buffer.alloc(256, 0xff)),
    PSS: signedBy(signerFor('PS256')),
  })
})

const ORDER = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
} as const

const octets = (value: bigint, length = 32): Buffer => Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex')
const number = (part: Uint8Array): bigint => BigInt(`0x${Buffer.from(part).toString('hex')}`)
const es256 = signerFor('ES256')
const halves = (signed: Buffer): [r: Uint8Array, s: Uint8Array] => {
  const signature = es256(signed)
  return [signature.slice(0, 32), signature.slice(32)]
}

verifies('JW-22', 'takes R and S of the fixed length and no other form', async (face) => {
  const { one, signedBy } = await start(face, 'ES256')
  const key = pairFor('ES256').privateKey
  await expectAccepted(one, signedBy(es256))
  await refusedAll(one, {
    DER: signedBy((signed) => sign('sha256', signed, key)),
    'an octet less': signedBy((signed) => es256(signed).slice(0, 63)),
    'the first octet less': signedBy((signed) => es256(signed).slice(1)),
    'an octet more': signedBy((signed) => Buffer.concat([es256(signed), Buffer.of(0)])),
    'a zero before': signedBy((signed) => Buffer.concat([Buffer.of(0), es256(signed)])),
    'a zero before each half': signedBy((signed) =>
      Buffer.concat(halves(signed).flatMap((half) => [Buffer.of(0), half])),
    ),
    'R alone': signedBy((signed) => halves(signed)[0]),
    'as wide as P-384': signedBy((signed) => Buffer.concat(halves(signed).flatMap((half) => [Buffer.alloc(16), half]))),
    'S before R': signedBy((signed) => Buffer.concat(halves(signed).toReversed())),
    twice: signedBy((signed) => Buffer.concat([es256(signed), es256(signed)])),
    nothing: signedBy(() => new Uint8Array()),
    'the hash of ES384': signedBy((signed) => sign('sha384', signed, { key, dsaEncoding: 'ieee-p1363' })),
  })
  const wide = await start(face, 'ES512')
  await expectAccepted(wide.one, wide.signedBy(signerFor('ES512')))
  await refusedAll(wide.one, {
    '128 octets': wide.signedBy((signed) => signerFor('ES512')(signed).slice(4)),
    'a multiple of the curve in bits': wide.signedBy((signed) => signerFor('ES512')(signed).slice(0, 131)),
  })
})

verifies('JW-23', 'asks R and S to lie within the order of the curve', async (face) => {
  const { one, signedBy } = await start(face, 'ES256')
  const n = ORDER.ES256
  const values = { '0': 0n, '1': 1n, 'n - 1': n - 1n, n: n, 'n + 1': n + 1n, '2^256 - 1': 2n ** 256n - 1n }
  const attacks: Record<string, string> = {}
  for (const [r, first] of Object.entries(values)) {
    for (const [s, second] of Object.entries(values))
      attacks[`R = ${r}, S = ${s}`] = signedBy(() => Buffer.concat([octets(first), octets(second)]))
  }
  for (const [name, value] of Object.entries({ '0': 0n, n, '2^256 - 1': 2n ** 256n - 1n })) {
    attacks[`R = ${name}, S of a good one`] = signedBy((signed) => Buffer.concat([octets(value), halves(signed)[1]]))
    attacks[`S = ${name}, R of a good one`] = signedBy((signed) => Buffer.concat([halves(signed)[0], octets(value)]))
  }
  await refusedAll(one, attacks)
  const wide = await start(face, 'ES512')
  const n521 = ORDER.ES512
  await refusedAll(wide.one, {
    zeros: wide.signedBy(() => Buffer.alloc(132)),
    'R = n, S = n': wide.signedBy(() => Buffer.concat([octets(n521, 66), octets(n521, 66)])),
    'R = 0, S = 1': wide.signedBy(() => Buffer.concat([octets(0n, 66), octets(1n, 66)])),
  })
})

verifies('JW-25', 'takes the twin of a signature, and revokes both', async (face) => {
  const { one, signedBy } = await start(face, 'ES256')
  const token = signedBy(es256)
  const [head, payload, signature] = token.split('.') as [string, string, string]
  const raw = Buffer.from(signature, 'base64url')
  const twinOf = Buffer.concat([raw.subarray(0, 32), octets(ORDER.ES256 - number(raw.subarray(32)))])
  const twin = `${head}.${payload}.${twinOf.toString('base64url')}`
  expect(twin).not.toBe(token)
  await expectAccepted(one, token, twin, token, twin)
  await one.server.revoke({ token })
  const revoked: Attacks = { token: [token, 'token_revoked'], twin: [twin, 'token_revoked'] }
  await expectRefused(
    one,
    'token_revoked',
    Object.fromEntries(Object.entries(revoked).map(([name, [it]]) => [name, it])),
  )
  // The other way round, for a token that nobody has sent yet.
  const later = await start(face, 'ES256')
  const second = later.signedBy(es256)
  await later.one.server.revoke({ token: second })
  const [a, b, c] = second.split('.') as [string, string, string]
  const other = Buffer.from(c, 'base64url')
  const otherTwin = Buffer.concat([other.subarray(0, 32), octets(ORDER.ES256 - number(other.subarray(32)))])
  await expectRefused(later.one, 'token_revoked', { twin: `${a}.${b}.${otherTwin.toString('base64url')}`, second })
})
