import { generateKeyPairSync } from 'node:crypto'
import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import {
  decryption,
  details,
  ecPair,
  encrypted,
  expectUnopened,
  rsaPair,
  startOpening,
  withJweHeader,
  x25519Pair,
} from '../encrypted.ts'
import { expectAccepted, expectRefused, jwkFor } from '../forge.ts'
import { verifies } from '../verifies.ts'

verifies('AT-11', 'refuses a token that is only signed where encryption was agreed', async (face) => {
  const { one, signed } = await startOpening(face, { required: true })
  await expectAccepted(one, await encrypted(signed()))
  const plain = signed()
  await expectRefused(one, 'token_unencrypted', { plain, 'plain once more': plain })
  expect(one.server.status().caches.jwts.entries).toBe(1)
  const { one: lax, signed: other } = await startOpening(face)
  await expectAccepted(lax, other(), await encrypted(other()))
  expect(() =>
    face.protect({
      audience: 'x',
      issuers: [{ issuer: 'https://as.test', jwt: { decryption: { ...decryption, required: 'yes' as never } } }],
    }),
  ).toThrow('option "issuers[0].jwt.decryption.required" is "yes"; write true or false')
})

const RSA_ALGORITHMS = ['RSA-OAEP', 'RSA-OAEP-256', 'RSA-OAEP-384', 'RSA-OAEP-512'] as const
const ECDH_ALGORITHMS = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'] as const
const ENCODINGS = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'] as const

verifies('AT-12', 'opens tokens with the registered key, by every algorithm that can be listed', async (face) => {
  for (const [to, all] of [
    [rsaPair, RSA_ALGORITHMS],
    [ecPair, ECDH_ALGORITHMS],
    [x25519Pair, ECDH_ALGORITHMS.slice(0, 2)],
  ] as const) {
    for (const [at, alg] of all.entries()) {
      const enc = ENCODINGS[at % ENCODINGS.length]!
      const other = ENCODINGS[(at + 2) % ENCODINGS.length]!
      // By name a key object, without a name a JWK alone.
      const own = at % 2 === 0 ? [{ kid: to.kid, key: to.privateKey }] : { keys: [{ ...to.jwk, kid: undefined }] }
      const { one, signed } = await startOpening(face, { keys: own, algorithms: [alg], encodings: [enc, other] })
      await expectAccepted(
        one,
        await encrypted(signed(), { to, alg, enc }),
        await encrypted(signed(), { to, alg, enc: other }),
      )
      const wrong = ENCODINGS[(at + 1) % ENCODINGS.length]!
      await expectUnopened(one, '"enc"', { [`${wrong} by ${alg}`]: await encrypted(signed(), { to, alg, enc: wrong }) })
    }
  }
  for (const enc of ENCODINGS) {
    const { one, signed } = await startOpening(face, { encodings: [enc] })
    await expectAccepted(one, await encrypted(signed(), { enc }))
  }
})

const strangerPair = generateKeyPairSync('rsa', { modulusLength: 2_048 })

const flipped = (part: Buffer): Buffer => part.map((octet, at) => (at === 3 ? octet ^ 1 : octet)) as Buffer

verifies('AT-12', 'opens nothing that was changed or is for another key, and says only that', async (face) => {
  const { one, signed } = await startOpening(face)
  const good = await encrypted(signed())
  const stranger = { ...rsaPair, publicKey: strangerPair.publicKey }
  const parts = good.split('.')
  const changed = (at: number, change: (part: Buffer) => Uint8Array): string =>
    parts
      .map((part, index) =>
        index === at ? Buffer.from(change(Buffer.from(part, 'base64url'))).toString('base64url') : part,
      )
      .join('.')
  await expectRefused(one, 'decryption_failed', {
    'for another key': await encrypted(signed(), { to: stranger }),
    'another encrypted key': changed(1, flipped),
    'another vector': changed(2, flipped),
    'another content': changed(3, flipped),
    'another tag': changed(4, flipped),
    'another header': withJweHeader(good, (header) => ({ ...header, more: 1 })),
  })
  expect(new Set(details(one))).toEqual(new Set([undefined]))
  const size = (at: number, length: number): string =>
    changed(at, (part) => Buffer.concat([part, Buffer.alloc(32)]).subarray(0, length))
  await expectUnopened(one, 'size', {
    'a short key': size(1, 255),
    'a long key': changed(1, (part) => Buffer.concat([part, Buffer.of(0)])),
    'a short vector': size(2, 8),
    'a long vector': size(2, 16),
    'a short tag': size(4, 4),
    'a long tag': size(4, 32),
  })
  await expectRefused(one, 'token_malformed', {
    'no vector': changed(2, () => Buffer.of()),
    'no content': changed(3, () => Buffer.of()),
    'no tag': changed(4, () => Buffer.of()),
    'padding after it': `${good}==`,
    'another alphabet': good.replace(parts[3]!, `+${parts[3]!.slice(1)}`),
    'a header that is too long': await encrypted(signed(), { header: { pad: 'x'.repeat(2_048) } }),
    'a header twice': `${Buffer.from('{"alg":"RSA-OAEP-256","alg":"RSA-OAEP-256"}').toString('base64url')}.${parts.slice(1).join('.')}`,
  })
  // No key is guessed for a token that names another, or none of several.
  await expectUnopened(one, '"kid"', {
    'an unknown kid': await encrypted(signed(), { header: { kid: 'other' } }),
    'no kid': await encrypted(signed(), { header: { kid: undefined } }),
    'no text': withJweHeader(good, (header) => ({ ...header, kid: 1 })),
    'the name of a member': withJweHeader(good, (header) => ({ ...header, kid: '__proto__' })),
  })
  const reply = await one.get('/', changed(3, flipped))
  expect(reply.lines('www-authenticate')).toEqual([
    withDpop(
      'Bearer realm="https://api.example.com", error="invalid_token", error_description="The access token could not be decrypted"',
    ),
  ])
  await expectAccepted(one, good)
})

verifies('AT-12', 'takes private keys that can decrypt, each with a name, and quotes none', async (face) => {
  const configured =
    (own: unknown, more: object = {}): (() => unknown) =>
    () =>
      face.protect({
        audience: 'x',
        issuers: [{ issuer: 'https://as.test', jwt: { decryption: { ...decryption, ...more, keys: own as never } } }],
      })
  const small = generateKeyPairSync('rsa', { modulusLength: 1_024 })
  const ed25519 = generateKeyPairSync('ed25519').privateKey
  const at = 'option "issuers[0].jwt.decryption.keys'
  const rows: readonly (readonly [given: unknown, message: string])[] = [
    [[], `${at}" is a list; write a JWK Set of private keys`],
    [{ keys: [] }, `${at}" is an object; write a JWK Set of private keys`],
    ['-----BEGIN PRIVATE KEY-----', `${at}" is a text; write a JWK Set`],
    [{ keys: [{ ...jwkFor('RS256') }] }, `${at}[0]" is not for encryption; write a key of "use": "enc"`],
    [{ keys: [{ ...jwkFor('RS256'), use: undefined }] }, `${at}[0]" is no private key`],
    [{ keys: [{ kty: 'oct', k: 'A'.repeat(43) }] }, `${at}[0]" is no private key`],
    [[{ kid: 'a', key: rsaPair.publicKey }], `${at}[0]" is no private key`],
    [[{ kid: 'a', key: 'secret' }], `${at}[0]" is no private key`],
    [[{ kid: 'a', key: small.privateKey }], `${at}[0]" cannot decrypt; write an RSA key of 2048 to 8192 bits`],
    [[{ kid: 'a', key: ed25519 }], `${at}[0]" cannot decrypt`],
    [[{ kid: 1, key: rsaPair.privateKey }], `${at}[0]" has a "kid" that is no text`],
    [{ keys: [{ ...rsaPair.jwk, key_ops: ['sign'] }] }, `${at}[0]" is not for decryption by its "key_ops"`],
    [{ keys: [{ ...rsaPair.jwk, alg: 'RSA-OAEP' }] }, `${at}[0]" fits none of "algorithms"`],
    [{ keys: [rsaPair.jwk, rsaPair.jwk] }, `${at}" has keys that no name tells apart`],
    [[{ key: rsaPair.privateKey }, { kid: 'b', key: ecPair.privateKey }], `${at}" has keys that no name tells apart`],
  ]
  for (const [own, message] of rows) {
    expect(configured(own)).toThrow(ConfigError)
    expect(configured(own)).toThrow(message)
  }
  const unfit = configured({ keys: [rsaPair.jwk, { ...rsaPair.jwk, use: 'sig' }] })
  expect(unfit).toThrow(ConfigError)
  for (const secret of [rsaPair.jwk.d!, '-----BEGIN']) expect(unfit).not.toThrow(secret)
  expect(configured({ keys: [{ ...rsaPair.jwk, key_ops: ['unwrapKey'] }] })).not.toThrow()
  expect(configured(decryption.keys, { algoritms: [] })).toThrow('did you mean "algorithms"?')
})
