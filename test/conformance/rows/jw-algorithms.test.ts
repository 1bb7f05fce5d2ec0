import { generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError, inlineSignatures, type Signatures } from '@holdfast/core'
import { expect } from 'vitest'
import {
  base64url,
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  hmacWith,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const jwtsOnly = { introspection: false } as const

/** Arithmetic that counts. */
function counted(): { signatures: Signatures; sum: () => number } {
  let checks = 0
  const count = <T>(run: () => T): T => {
    checks += 1
    return run()
  }
  return {
    sum: () => checks,
    signatures: {
      now: (check) => count(() => inlineSignatures.now(check)),
      later: (check) => count(() => inlineSignatures.later(check)),
    },
  }
}

const issuerWith =
  (face: Face, jwt: object): (() => unknown) =>
  () =>
    face.protect({ audience: 'https://api', issuers: [{ issuer: 'https://as.test', jwt }] })

verifies('JW-10', 'refuses every spelling of none, and has no option for it', async (face) => {
  const { signatures, sum } = counted()
  const as = await publishing([jwkFor('RS256')])
  const one = await api(face, { as, options: { ...jwtsOnly, ports: { signatures } } })
  const claims = claimsOf(as)
  const good = jws(headerFor('RS256'), claims, signerFor('RS256'))
  const spellings = ['none', 'None', 'noNE', 'nOnE', 'NONE', 'none ', 'non\u0435', '']
  await expectRefused(
    one,
    'algorithm_not_allowed',
    Object.fromEntries(
      spellings.flatMap((alg) => [
        [`${alg}, unsigned`, `${base64url({ alg, typ: 'at+jwt', kid: 'RS256' })}.${base64url(claims)}.`],
        [`${alg}, with a signature`, `${base64url({ alg, typ: 'at+jwt' })}.${base64url(claims)}.${good.split('.')[2]}`],
      ]),
    ),
  )
  expect([sum(), as.calls.total]).toEqual([0, 0])
  for (const name of ['none', 'None', 'NONE'])
    expect(issuerWith(face, { algorithms: [name] })).toThrow(
      `option "issuers[0].jwt.algorithms" is "${name}"; write some of RS256, `,
    )
  expect(issuerWith(face, { algorithms: ['RS256', 'none'] })).toThrow('there is no "none"')
})

verifies('JW-11', 'computes nothing outside the list', async (face) => {
  const { signatures, sum } = counted()
  const keys = [jwkFor('ES384'), jwkFor('ES256'), jwkFor('RS256')]
  const as = await publishing(keys)
  const jwt = { algorithms: ['ES256'] } as const
  const one = await api(face, { as, options: { ...jwtsOnly, jwt, ports: { signatures } } })
  await expectRefused(one, 'algorithm_not_allowed', {
    ES384: jws(headerFor('ES384'), claimsOf(as), signerFor('ES384')),
    RS256: jws(headerFor('RS256'), claimsOf(as), signerFor('RS256')),
    HS256: jws(headerFor('HS256'), claimsOf(as), hmacWith('x'.repeat(32))),
  })
  expect([sum(), as.calls.total]).toEqual([0, 0])
  await expectAccepted(one, jws(headerFor('ES256'), claimsOf(as), signerFor('ES256')))
  expect(sum()).toBe(1)
  // The list is each issuer's own.
  const other = await publishing(keys)
  const wide = await api(face, { as: other, options: { ...jwtsOnly, jwt: { algorithms: ['ES256', 'ES384'] } } })
  await expectAccepted(wide, jws(headerFor('ES384'), claimsOf(other), signerFor('ES384')))
})

verifies('JW-14', 'takes HMAC with a configured secret and nothing beside it', async (face) => {
  const sharedSecret = Buffer.alloc(64, 7)
  const keys = { keys: [jwkFor('RS256')] }
  expect(issuerWith(face, { algorithms: ['RS256', 'HS256'] })).toThrow(ConfigError)
  expect(issuerWith(face, { algorithms: ['RS256', 'HS256'] })).toThrow(
    'option "issuers[0].jwt.algorithms" is "HS256"; write "sharedSecret" for HS256; it goes with no other algorithm and no key set',
  )
  for (const name of ['HS256', 'HS384', 'HS512'])
    expect(issuerWith(face, { algorithms: [name] })).toThrow('"sharedSecret"')
  for (const algorithms of [['RS256'], ['HS256', 'RS256'], ['HS256', 'HS512']])
    expect(issuerWith(face, { sharedSecret, algorithms })).toThrow('option "issuers[0].jwt.algorithms"')
  for (const jwt of [
    { sharedSecret, keys },
    { sharedSecret, jwksUri: 'https://as.test/keys' },
  ])
    expect(issuerWith(face, jwt)).toThrow('exclude each other')

  const oct = { kty: 'oct', k: sharedSecret.toString('base64url'), kid: 'oct', alg: 'HS256', use: 'sig' }
  const rsa = pairFor('RS256').publicKey
  const as = await publishing([oct, jwkFor('RS256')])
  const one = await api(face, { as, options: jwtsOnly })
  const macs = {
    'the published secret': sharedSecret,
    'the public key in PEM': rsa.export({ type: 'spki', format: 'pem' }),
    'the public key in DER': rsa.export({ type: 'spki', format: 'der' }),
    'the public key as JWK': JSON.stringify(rsa.export({ format: 'jwk' })),
    'no octet': '',
  }
  for (const kid of ['oct', 'RS256', undefined])
    await expectRefused(
      one,
      'algorithm_not_allowed',
      Object.fromEntries(
        Object.entries(macs).map(([name, secret]) => [
          name,
          jws(headerFor('HS256', { kid }), claimsOf(as), hmacWith(secret)),
        ]),
      ),
    )
  await expectAccepted(one, jws(headerFor('RS256'), claimsOf(as), signerFor('RS256')))
  expect(one.events).toContainEqual({ type: 'key_skipped', issuer: as.issuer, why: 'symmetric' })
})

verifies('JW-15', 'asks for a secret as long as the hash', (face) => {
  for (const [name, octets] of [
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ] as const) {
    const withSecret = (length: number): (() => unknown) =>
      issuerWith(face, { sharedSecret: new Uint8Array(length), algorithms: [name] })
    expect(withSecret(octets)).not.toThrow()
    expect(withSecret(octets - 1)).toThrow(ConfigError)
  }
  expect(issuerWith(face, { sharedSecret: new Uint8Array(31) })).toThrow(
    'option "issuers[0].jwt.sharedSecret" is an object; write a Uint8Array of at least 32 octets',
  )
  const password = 'correct horse battery staple, and then some more'
  expect(issuerWith(face, { sharedSecret: password })).toThrow('option "issuers[0].jwt.sharedSecret" is a text')
  expect(issuerWith(face, { sharedSecret: password })).not.toThrow('horse')
})

const hashes = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512' } as const

verifies('JW-24', 'lets each ECDSA algorithm have its own curve only', async (face) => {
  const algorithms = ['ES256', 'ES384', 'ES512'] as const
  const as = await publishing(algorithms.map((alg) => jwkFor(alg, { alg: undefined })))
  const one = await api(face, { as, options: { ...jwtsOnly, jwt: { algorithms } } })
  const signedBy = (alg: keyof typeof hashes, curve: keyof typeof hashes): string =>
    jws(headerFor(alg, { kid: curve }), claimsOf(as), (data) =>
      sign(hashes[alg], data, { key: pairFor(curve).privateKey, dsaEncoding: 'ieee-p1363' }),
    )
  for (const alg of algorithms) {
    await expectAccepted(one, signedBy(alg, alg))
    const others = algorithms.filter((curve) => curve !== alg)
    await expectRefused(
      one,
      'key_unfit',
      Object.fromEntries(others.map((curve) => [`${alg} with the key of ${curve}`, signedBy(alg, curve)])),
    )
  }
  // A key that lies about its algorithm is no key of either.
  const liar = await publishing([jwkFor('ES384', { alg: 'ES256' }), jwkFor('ES256')])
  const other = await api(face, { as: liar, options: { ...jwtsOnly, jwt: { algorithms } } })
  await expectRefused(other, 'key_unknown', {
    'P-384 as ES256': jws(headerFor('ES256', { kid: 'ES384' }), claimsOf(liar), (signed) =>
      sign('sha256', signed, { key: pairFor('ES384').privateKey, dsaEncoding: 'ieee-p1363' }),
    ),
  })
})

verifies('JW-26', 'verifies EdDSA with Ed25519 and Ed448 keys only', async (face) => {
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const x448 = generateKeyPairSync('x448').publicKey.export({ format: 'jwk' })
  const agreement = [
    { ...x25519, kid: 'x25519', alg: 'EdDSA', use: 'sig' },
    { ...x448, kid: 'x448', use: 'sig' },
    { ...jwkFor('Ed25519', { kid: 'renamed' }), crv: 'X25519' },
  ]
  const as = await publishing([...agreement, jwkFor('Ed25519'), jwkFor('Ed448')])
  const jwt = { algorithms: ['Ed25519', 'Ed448'] } as const
  const one = await api(face, { as, options: { ...jwtsOnly, jwt } })
  await expectAccepted(
    one,
    jws(headerFor('EdDSA', { kid: 'Ed25519' }), claimsOf(as), signerFor('Ed25519')),
    jws(headerFor('EdDSA', { kid: 'Ed448' }), claimsOf(as), signerFor('Ed448')),
  )
  await expectRefused(
    one,
    'key_unknown',
    Object.fromEntries(
      ['x25519', 'x448', 'renamed'].map((kid) => [
        kid,
        jws(headerFor('EdDSA', { kid }), claimsOf(as), signerFor('Ed25519')),
      ]),
    ),
  )
  await expectRefused(one, 'key_unfit', {
    'an Ed448 key under the name Ed25519': jws(
      headerFor('Ed25519', { kid: 'Ed448' }),
      claimsOf(as),
      signerFor('Ed448'),
    ),
  })
})

/** The Ed25519 key of the issuer, under this name. */
const named = (alg: string | undefined): object => jwkFor('Ed25519', { alg, kid: String(alg) })

verifies('JW-27', 'takes Ed25519 and EdDSA for the same where the curve is allowed', async (face) => {
  const keys = [named('EdDSA'), named('Ed25519'), named(undefined), jwkFor('Ed448', { alg: 'EdDSA' })]
  const as = await publishing(keys)
  const one = await api(face, { as, options: jwtsOnly })
  for (const alg of ['EdDSA', 'Ed25519']) {
    for (const kid of ['EdDSA', 'Ed25519', 'undefined'])
      await expectAccepted(one, jws(headerFor(alg, { kid }), claimsOf(as, { jti: alg + kid }), signerFor('Ed25519')))
  }
  await expectRefusals(one, {
    'Ed448, which is not listed': [jws(headerFor('Ed448'), claimsOf(as), signerFor('Ed448')), 'algorithm_not_allowed'],
    'EdDSA on Ed448': [jws(headerFor('EdDSA', { kid: 'Ed448' }), claimsOf(as), signerFor('Ed448')), 'key_unknown'],
    'Ed25519 on Ed448': [jws(headerFor('Ed25519', { kid: 'Ed448' }), claimsOf(as), signerFor('Ed448')), 'key_unknown'],
    'another case': [
      jws(headerFor('ED25519', { kid: 'EdDSA' }), claimsOf(as), signerFor('Ed25519')),
      'algorithm_not_allowed',
    ],
  })
  const both = await publishing(keys)
  const wide = await api(face, { as: both, options: { ...jwtsOnly, jwt: { algorithms: ['EdDSA', 'Ed448'] } } })
  await expectAccepted(wide, jws(headerFor('EdDSA', { kid: 'Ed448' }), claimsOf(both), signerFor('Ed448')))
  await expectRefused(wide, 'key_unfit', {
    'Ed25519 on Ed448': jws(headerFor('Ed25519', { kid: 'Ed448' }), claimsOf(both), signerFor('Ed448')),
    'Ed448 on Ed25519': jws(headerFor('Ed448', { kid: 'EdDSA' }), claimsOf(both), signerFor('Ed25519')),
  })
})

const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })

verifies('JW-28', 'knows no algorithm but its own', async (face) => {
  const jwk = { ...koblitz.publicKey.export({ format: 'jwk' }), kid: 'ES256K', alg: 'ES256K', use: 'sig' }
  const as = await publishing([
    jwk,
    { ...jwk, kid: 'bare', alg: undefined },
    { ...jwk, kid: 'liar', alg: 'ES256' },
    jwkFor('ES256'),
  ])
  const one = await api(face, { as, options: jwtsOnly })
  const signed = (alg: string, kid: string): string =>
    jws(headerFor(alg, { kid }), claimsOf(as), (data) =>
      sign('sha256', data, { key: koblitz.privateKey, dsaEncoding: 'ieee-p1363' }),
    )
  await expectRefusals(one, {
    ES256K: [signed('ES256K', 'ES256K'), 'algorithm_not_allowed'],
    'ES256 on its curve': [signed('ES256', 'bare'), 'key_unknown'],
    'ES256 with a key that lies': [signed('ES256', 'liar'), 'key_unknown'],
  })
  await expectAccepted(one, jws(headerFor('ES256'), claimsOf(as), signerFor('ES256')))
  for (const name of ['ES256K', 'RS1', 'ESP256', 'ML-DSA-44', 'HS1', 'RSA-OAEP', 'toString'])
    expect(issuerWith(face, { algorithms: [name] })).toThrow(`option "issuers[0].jwt.algorithms" is "${name}"`)
  expect(issuerWith(face, { algorithms: ['ES256'], keys: { keys: [jwk] } })).toThrow(ConfigError)
})

verifies('JW-16', 'judges an HMAC of any length, and throws for none', async (face) => {
  const sharedSecret = Buffer.alloc(32, 9)
  const as = await publishing([])
  const one = await api(face, { as, options: { ...jwtsOnly, jwt: { sharedSecret } } })
  const mac = hmacWith(sharedSecret)
  const header = headerFor('HS256', { kid: undefined })
  const changed = (change: (mac: Uint8Array) => Uint8Array): string =>
    jws(header, claimsOf(as), (signed) => change(mac(signed)))
  await expectAccepted(one, jws(header, claimsOf(as), mac))
  await expectRefused(one, 'signature_invalid', {
    'one octet less': changed((octets) => octets.subarray(0, 31)),
    half: changed((octets) => octets.subarray(0, 16)),
    'its last octet': changed((octets) => octets.subarray(31)),
    nothing: changed(() => new Uint8Array()),
    'one octet more': changed((octets) => Buffer.concat([octets, Buffer.alloc(1)])),
    'a zero before': changed((octets) => Buffer.concat([Buffer.alloc(1), octets])),
    'one bit': changed((octets) => Buffer.from(octets).map((octet, at) => (at === 31 ? octet ^ 1 : octet))),
    'the first bit': changed((octets) => Buffer.from(octets).map((octet, at) => (at === 0 ? octet ^ 0x80 : octet))),
    'another secret': jws(header, claimsOf(as), hmacWith(Buffer.alloc(32, 8))),
    'another hash': jws(header, claimsOf(as), hmacWith(sharedSecret, 'sha512')),
    'another hash, cut': jws(header, claimsOf(as), (signed) => hmacWith(sharedSecret, 'sha512')(signed).slice(0, 32)),
  })
  expect(one.reasons()).not.toContain('internal_error')
  expect(as.calls.total).toBe(0)
  // That the time says nothing is not to be seen from outside.
  const source = readFileSync(join(import.meta.dirname, '../../../packages/core/src/verify/signature.ts'), 'utf8')
  expect(source).toMatch(/return timingSafeEqual\(expected, jwt\.signature\)/)
  expect(source).not.toMatch(/\.equals\(|\.compare\(|expected\.toString/)
})
