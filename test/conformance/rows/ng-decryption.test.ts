import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { ConfigError, type JwtOptions } from '@holdfast/core'
import { CompactEncrypt } from 'jose'
import { expect } from 'vitest'
import { countCalls, countWork } from '../crypto-calls.ts'
import type { Face } from '../faces.ts'
import {
  base64url,
  claimsOf,
  expectAccepted,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  publishing,
  signerFor,
} from '../forge.ts'
import { decryption, jwe, jweHeader, oaep, OPENING, pkcs1, recipients } from '../jwe.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

verifies('NG-29', 'inflates nothing', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const bomb = deflateRawSync(Buffer.alloc(4_000_000, 'a'))
  const attacks = {
    'a bomb': jwe(jweHeader({ zip: 'DEF' }), bomb),
    'a good token': jwe(jweHeader({ zip: 'DEF' }), deflateRawSync(signed)),
    'not compressed at all': jwe(jweHeader({ zip: 'DEF' }), signed),
    'lower case': jwe(jweHeader({ zip: 'def' }), bomb),
    'another method': jwe(jweHeader({ zip: 'GZIP' }), bomb),
    null: jwe(jweHeader({ zip: null }), signed),
    empty: jwe(jweHeader({ zip: '' }), signed),
  }
  const one = await api(face, { as, options: OPENING })
  await expectAccepted(one, jwe(jweHeader(), signed))
  const without = await api(face, { as, options: { introspection: false } })
  const work = countWork()
  await expectRefused(one, 'decryption_failed', attacks)
  await expectRefused(without, 'token_encrypted', attacks)
  expect(work()).toBe(0)
})

const refusal = (face: Face, given: object): string => {
  const jwt = { decryption: { ...decryption, ...given } } as JwtOptions
  try {
    face.protect({
      audience: 'https://api',
      issuers: [{ issuer: 'https://as.test', jwt }],
    })
  } catch (error) {
    return error instanceof ConfigError ? error.message : 'another error'
  }
  return 'accepted'
}

verifies('NG-30', 'spends nothing on passwords', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const algs = ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW']
  const counts = [1, 1_000, 2_000_000_000, 2 ** 53, -1, 'many', null]
  const attacks = Object.fromEntries(
    algs.flatMap((alg) =>
      counts.map((p2c) => [
        `${alg} ${p2c}`,
        jwe(jweHeader({ alg, p2c, p2s: base64url(randomBytes(16)) }), signed, () => randomBytes(40)),
      ]),
    ),
  )
  // A good one, made by who knows our public key as its password.
  const password = recipients.rsa.publicKey.export({ format: 'der', type: 'spki' })
  const genuine = await new CompactEncrypt(Buffer.from(signed))
    .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', cty: 'JWT', kid: 'rsa' })
    .setKeyManagementParameters({ p2c: 1_000 })
    .encrypt(password)
  const one = await api(face, { as, options: OPENING })
  const without = await api(face, { as, options: { introspection: false } })
  const work = countWork()
  await expectRefused(one, 'decryption_failed', { ...attacks, genuine })
  await expectRefused(without, 'token_encrypted', { genuine })
  expect(work()).toBe(0)
  for (const alg of [...algs, 'RSA1_5', 'dir', 'A128KW', 'A256GCMKW', 'none']) {
    expect(refusal(face, { algorithms: [alg] }), alg).toMatch(
      /jwt\.decryption\.algorithms\[0\]" is ".*write 'RSA-OAEP'/,
    )
  }
  expect(refusal(face, { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }] })).toMatch(/keys\[0\]" is no private key/)
  expect(refusal(face, {})).toBe('accepted')
})

verifies('NG-31', 'agrees on no secret with a point that is not on our curve', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const genuine = (enc: string): Promise<string> =>
    new CompactEncrypt(Buffer.from(signed))
      .setProtectedHeader({ alg: 'ECDH-ES', enc, cty: 'JWT', kid: 'ec' })
      .encrypt(recipients.ec.publicKey)
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x, y } = own.publicKey.export({ format: 'jwk' }) as { x: string; y: string }
  const changed = Buffer.from(y, 'base64url')
  changed[31]! ^= 1
  const zero = base64url(Buffer.alloc(32))
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
  const points: Readonly<Record<string, unknown>> = {
    'off the curve': { kty: 'EC', crv: 'P-256', x, y: base64url(changed) },
    'the origin': { kty: 'EC', crv: 'P-256', x: zero, y: zero },
    'x = 0': { kty: 'EC', crv: 'P-256', x: zero, y },
    swapped: { kty: 'EC', crv: 'P-256', x: y, y: x },
    'too long': { kty: 'EC', crv: 'P-256', x: base64url(randomBytes(48)), y: base64url(randomBytes(48)) },
    'too short': { kty: 'EC', crv: 'P-256', x: base64url(randomBytes(16)), y: base64url(randomBytes(16)) },
    huge: { kty: 'EC', crv: 'P-256', x: base64url(randomBytes(500)), y: base64url(randomBytes(500)) },
    'without y': { kty: 'EC', crv: 'P-256', x },
    'another curve': p384,
    'another curve by our name': { ...p384, crv: 'P-256' },
    X25519: generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
    'X25519 by our name': { ...generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), crv: 'P-256' },
    RSA: { ...jwkFor('RS256'), crv: 'P-256' },
    'of texts': { kty: 'EC', crv: 'P-256', x: '!', y: '?' },
    'of numbers': { kty: 'EC', crv: 'P-256', x: 1, y: 2 },
    'a text': 'P-256',
    'a list': [{ kty: 'EC', crv: 'P-256', x, y }],
    null: null,
    nothing: undefined,
  }
  const one = await api(face, { as, options: OPENING })
  await expectAccepted(one, await genuine('A256GCM'), await genuine('A128CBC-HS256'))
  expect(createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' }).type).toBe('public')
  const attacks = Object.entries(points).map(([name, epk]): [string, string] => [
    name,
    jwe(jweHeader({ alg: 'ECDH-ES', kid: 'ec', epk }), signed, () => Buffer.alloc(0)),
  ])
  const agreements = countCalls({ subtle: ['deriveBits', 'deriveKey'], crypto: ['diffieHellman'] })
  await expectRefused(one, 'decryption_failed', Object.fromEntries(attacks))
  expect(agreements()).toBe(0)
  await expectAccepted(one, await genuine('A256GCM'))
  expect(agreements()).toBe(2) // the sender's, and ours
})

verifies('NG-32', 'refuses RSA1_5 before its key is used', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const one = await api(face, { as, options: OPENING })
  const only = await api(face, {
    as,
    options: {
      introspection: false,
      jwt: { decryption: { ...decryption, keys: [decryption.keys[0]], algorithms: ['RSA-OAEP-256'] } },
    },
  })
  const blocks = {
    'good padding': pkcs1(),
    'bad padding': () => randomBytes(256),
    zeros: () => Buffer.alloc(256),
    'a short key': (key: Buffer) => pkcs1()(key.subarray(0, 16)),
    'an empty key': () => pkcs1()(Buffer.alloc(0)),
    OAEP: oaep(),
  }
  const attacks = Object.fromEntries(
    Object.entries(blocks).map(([name, wrap]) => [name, jwe(jweHeader({ alg: 'RSA1_5' }), signed, wrap)]),
  )
  const work = countWork()
  await expectRefused(one, 'decryption_failed', attacks)
  await expectRefused(only, 'decryption_failed', attacks)
  expect(work()).toBe(0)
})

const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey

/** The same token with one octet of one part changed, or other octets in its place. */
const tampered = (token: string, part: number, change: (octets: Buffer) => Uint8Array): string =>
  token
    .split('.')
    .map((text, at) => (at === part ? base64url(change(Buffer.from(text, 'base64url'))) : text))
    .join('.')
const flipped =
  (at: number) =>
  (octets: Buffer): Uint8Array =>
    octets.map((octet, index) => (index === (at < 0 ? octets.length + at : at) ? octet ^ 1 : octet))

verifies('NG-32', 'answers every failure to decrypt alike', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const one = await api(face, { as, options: OPENING })
  const cbc = await new CompactEncrypt(Buffer.from(signed))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', cty: 'JWT', kid: 'rsa' })
    .encrypt(recipients.rsa.publicKey)
  const gcm = jwe(jweHeader(), signed)
  const agreed = await new CompactEncrypt(Buffer.from(signed))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A128CBC-HS256', cty: 'JWT', kid: 'ec' })
    .encrypt(recipients.ec.publicKey)
  await expectAccepted(one, cbc, gcm, agreed)
  const attacks: Record<string, string> = {
    'to somebody else': jwe(jweHeader(), signed, oaep(stranger)),
    'padding of PKCS #1': jwe(jweHeader(), signed, pkcs1()),
    'random key': jwe(jweHeader(), signed, () => randomBytes(256)),
    'zero key': jwe(jweHeader(), signed, () => Buffer.alloc(256)),
    'a key above the modulus': jwe(jweHeader(), signed, () => Buffer.alloc(256, 0xff)),
    'a content key too short': jwe(jweHeader(), signed, (key) => oaep()(key.subarray(0, 16))),
    'a content key too long': jwe(jweHeader(), signed, (key) => oaep()(Buffer.concat([key, key]))),
    'another content key': jwe(jweHeader(), signed, (key) => oaep()(Buffer.alloc(key.length))),
    'header changed': tampered(gcm, 0, (octets) => Buffer.concat([octets.subarray(0, -1), Buffer.from(',"x":1}')])),
    'a key that is cut': tampered(gcm, 1, (octets) => octets.subarray(1)),
    'no key': gcm.replace(/\.[^.]+/, '.'),
  }
  for (const [name, token] of Object.entries({ gcm, cbc, agreed })) {
    if (name !== 'agreed') attacks[`${name}: key`] = tampered(token, 1, flipped(9))
    attacks[`${name}: iv`] = tampered(token, 2, flipped(0))
    attacks[`${name}: first octet`] = tampered(token, 3, flipped(0))
    attacks[`${name}: last octet`] = tampered(token, 3, flipped(-1))
    attacks[`${name}: last block`] = tampered(token, 3, (octets) => octets.subarray(0, -16))
    attacks[`${name}: one octet less`] = tampered(token, 3, (octets) => octets.subarray(0, -1))
    attacks[`${name}: tag`] = tampered(token, 4, flipped(-1))
    attacks[`${name}: tag of zeros`] = tampered(token, 4, (octets) => Buffer.alloc(octets.length))
    attacks[`${name}: tag cut to four`] = tampered(token, 4, (octets) => octets.subarray(0, 4))
    attacks[`${name}: iv cut`] = tampered(token, 2, (octets) => octets.subarray(0, 8))
  }
  await expectRefused(one, 'decryption_failed', attacks)
  const answers = new Set<string>()
  for (const token of [
    attacks['to somebody else']!,
    attacks['cbc: last octet']!,
    attacks['gcm: tag']!,
    attacks['a content key too short']!,
  ]) {
    const { status, headers, body } = await one.get('/', token)
    answers.add(JSON.stringify([status, headers['www-authenticate'], headers['content-type'], body]))
  }
  expect(answers.size).toBe(1)
})

verifies(['NG-18', 'NG-32'], 'knows one spelling of an encrypted token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const signed = jws(headerFor('ES256'), claimsOf(as), signerFor('ES256'))
  const one = await api(face, { as, options: OPENING })
  const token = jwe(jweHeader(), signed)
  await expectAccepted(one, token)
  const parts = token.split('.')
  // The key has 256 octets: two bits of the last character of its text, or four, say nothing.
  const last = parts[1]!.at(-1)!
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const next = alphabet[alphabet.indexOf(last) + 1]!
  const twin = [parts[0], parts[1]!.slice(0, -1) + next, ...parts.slice(2)].join('.')
  expect(Buffer.from(twin.split('.')[1]!, 'base64url')).toEqual(Buffer.from(parts[1]!, 'base64url'))
  await expectRefused(one, 'token_malformed', {
    twin: twin,
    padded: `${token}=`,
    'with a part more': `${token}.`.slice(0, -1).replace(/\.([^.]+)$/, '.~$1'),
    'with a foreign character': token.replace('.', '.+'),
  })
  // What is revoked stays so in a new wrapping, which anybody can make who knows what is inside.
  await one.server.revoke({ token: signed })
  await expectRefused(one, 'token_revoked', { 'as it was': token, 'wrapped anew': jwe(jweHeader(), signed), signed })
})
