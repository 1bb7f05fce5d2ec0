import { constants, createHash, generateKeyPairSync, privateEncrypt } from 'node:crypto'
import { expect } from 'vitest'
import {
  bigEndian,
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
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const cube = generateKeyPairSync('rsa', { modulusLength: 2_048, publicExponent: 3 })
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex')
const WITHOUT_NULL = Buffer.from('302f300b06096086480165030402010420', 'hex')

const digest = (data: Buffer): Buffer => createHash('sha256').update(data).digest()
const ff = (length: number): Buffer => Buffer.alloc(length, 0xff)

/** A block as PKCS #1 pads it (RFC 8017 §9.2). */
const block = (type: number, info: Buffer, hashed: Buffer): Buffer => {
  const tail = Buffer.concat([Buffer.alloc(1), info, hashed])
  return Buffer.concat([Buffer.from([0, type]), Buffer.alloc(254 - tail.length, 0xff), tail])
}

function cubeRoot(number: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(number.toString(2).length / 3))
  for (;;) {
    const next = (2n * root + number / (root * root)) / 3n
    if (next >= root) return root
    root = next
  }
}

/** A number whose cube begins with these octets: a signature made without a key, where padding is not checked whole. */
function forgedWith(start: Buffer): Buffer {
  const wanted = Buffer.concat([start, Buffer.alloc(256 - start.length)])
  const root = cubeRoot(BigInt(`0x${wanted.toString('hex')}`)) + 1n
  const signature = bigEndian(root, 256)
  expect(bigEndian(root ** 3n, 256).subarray(0, start.length)).toEqual(start)
  return signature
}

/** A made-up signature whose block goes on with garbage. */
const padded = (fill: Buffer, info: Buffer) => (data: Buffer) =>
  forgedWith(Buffer.concat([Buffer.from([0, 1]), fill, Buffer.alloc(1), info, digest(data)]))

verifies('NG-24', 'checks the whole padding of an RSA signature, under exponent 3, too', async (face) => {
  const jwk = { ...cube.publicKey.export({ format: 'jwk' }), kid: 'cube', alg: 'RS256' }
  expect(jwk).toMatchObject({ e: 'Aw' })
  const as = await publishing([jwk])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const signed = (signer: Signer): string => jws(headerFor('RS256', { kid: 'cube' }), claims, signer)
  await expectAccepted(one, signed(signerFor('RS256', cube.privateKey)))
  await expectRefused(one, 'signature_invalid', {
    'garbage after the digest': signed(padded(ff(8), DIGEST_INFO)),
    'garbage after the digest, no padding': signed(padded(ff(0), DIGEST_INFO)),
    'garbage, parameters missing': signed(padded(ff(8), WITHOUT_NULL)),
    'digest alone': signed((data) =>
      forgedWith(Buffer.concat([Buffer.from([0, 1]), ff(8), Buffer.alloc(1), digest(data)])),
    ),
    'BER length': signed(padded(ff(8), Buffer.from('308131300d060960864801650304020105000420', 'hex'))),
    'garbage inside the parameters': signed(
      padded(ff(8), Buffer.from('3081b1300d0609608648016503040201058100', 'hex')),
    ),
    'padding of zeros': signed(padded(Buffer.alloc(8), DIGEST_INFO)),
  })
})

verifies('NG-24', 'refuses paddings that are almost right', async (face) => {
  const as = await publishing([jwkFor('RS256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  // Over hand-made blocks: what a signer with another idea of PKCS #1 would make.
  const key = { key: pairFor('RS256').privateKey, padding: constants.RSA_NO_PADDING }
  const sha512 = Buffer.from('3051300d060960864801650304020305000440', 'hex')
  const signed = (make: (data: Buffer) => Buffer): string =>
    jws(headerFor('RS256'), claims, (data) => privateEncrypt(key, make(data)))
  await expectAccepted(
    one,
    signed((data) => block(1, DIGEST_INFO, digest(data))),
  )
  await expectRefused(one, 'signature_invalid', {
    'block type 0': signed((data) => block(0, DIGEST_INFO, digest(data))),
    'block type 2': signed((data) => block(2, DIGEST_INFO, digest(data))),
    'no parameters': signed((data) => block(1, WITHOUT_NULL, digest(data))),
    'no digest info': signed((data) => block(1, Buffer.alloc(0), digest(data))),
    'digest cut short': signed((data) => block(1, DIGEST_INFO, digest(data).subarray(0, 31))),
    'another digest': signed((data) => block(1, sha512, createHash('sha512').update(data).digest())),
    'digest of another name': signed((data) => block(1, sha512, digest(data))),
    'padding broken': signed((data) => {
      const whole = block(1, DIGEST_INFO, digest(data))
      whole[100] = 0
      return whole
    }),
    PSS: jws(headerFor('RS256'), claims, signerFor('PS256')),
    'SHA-512 as RS256': jws(headerFor('RS256'), claims, signerFor('RS512')),
  })
})
