import { createSecretKey } from 'node:crypto'
import { clientSecretBasic, clientSecretPost, ConfigError, privateKeyJwt } from '@holdfast/core'
import { expect } from 'vitest'
import {
  base64url,
  claimsOf,
  errorIn,
  expectAccepted,
  expectRefused,
  expectRefusals,
  hmacWith,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

verifies('NG-01', 'refuses alg "none" with whatever stands for a signature', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const unsigned = `${base64url(headerFor('none'))}.${base64url(claims)}`
  const bare = `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(claims)}`
  const good = jws(headerFor('ES256'), claims, signerFor('ES256'))
  await expectAccepted(one, good)
  await expectRefused(one, 'algorithm_not_allowed', {
    'with its period': `${unsigned}.`,
    'with a left-over signature': `${unsigned}.${good.split('.')[2]}`,
    'with a signature of its own': jws(headerFor('none'), claims, signerFor('ES256')),
    'without kid': `${bare}.`,
    'of profile jwt': `${base64url({ alg: 'none', typ: 'JWT' })}.${base64url(claims)}.`,
    'written with an escape': jws('{"\\u0061lg":"n\\u006fne","typ":"at+jwt"}', claims, () => new Uint8Array()),
  })
  await expectRefusals(one, {
    'without its period': [unsigned, 'token_inactive'], // one period: a text that only introspection can judge
    'beside another alg': [jws('{"alg":"none","alg":"ES256"}', claims, () => new Uint8Array()), 'token_malformed'],
  })
})

verifies('NG-01', 'has no option that would allow "none"', (face) => {
  for (const name of ['none', 'None', 'NONE', ' none', '']) {
    const configure = (): unknown =>
      face.protect({
        audience: 'https://api',
        issuers: [{ issuer: 'https://as.test', jwt: { algorithms: [name as 'RS256'] } }],
      })
    expect(configure, name).toThrow(ConfigError)
    expect(configure, name).toThrow('issuers[0].jwt.algorithms')
  }
})

verifies('NG-02', 'compares names of algorithms exactly', async (face) => {
  const as = await publishing([jwkFor('RS256'), jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const named = (alg: unknown, kid = 'RS256'): string => jws({ alg, typ: 'at+jwt', kid }, claims, signerFor('RS256'))
  await expectAccepted(one, named('RS256'))
  const names = ['none', 'noNE', 'NONE', 'nOnE', ' none', 'none ', 'none\u0000', 'ոone', 'rs256', 'Rs256', 'RS256 ']
  names.push(
    ' RS256',
    'RS256\n',
    '\tRS256',
    'RS256\u0000',
    'RS256,none',
    'ＲＳ256',
    'RS 256',
    'RSA-SHA256',
    'sha256',
    '',
  )
  names.push('toString', '__proto__', 'constructor', 'hasOwnProperty')
  await expectRefused(one, 'algorithm_not_allowed', Object.fromEntries(names.map((name) => [name, named(name)])))
  const noNames = [['RS256'], { toString: 'RS256' }, 256, true, null]
  await expectRefused(
    one,
    'token_malformed',
    Object.fromEntries(noNames.map((name) => [JSON.stringify(name), named(name)])),
  )
  await expectRefused(one, 'token_malformed', {
    'no alg': jws({ typ: 'at+jwt', kid: 'RS256' }, claims, signerFor('RS256')),
    ALG: jws({ ALG: 'RS256', typ: 'at+jwt', kid: 'RS256' }, claims, signerFor('RS256')),
  })
})

/** Every form in which a public key is handed about. */
function formsOf(alg: 'RS256' | 'ES256' | 'Ed25519'): Readonly<Record<string, string | Buffer>> {
  const { publicKey } = pairFor(alg)
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString()
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  const jwk = publicKey.export({ format: 'jwk' })
  const rsa =
    alg === 'RS256'
      ? {
          'PKCS#1 PEM': publicKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
          'PKCS#1 DER': publicKey.export({ format: 'der', type: 'pkcs1' }),
          'raw modulus': Buffer.from(jwk.n!, 'base64url'),
          'modulus as text': jwk.n!,
        }
      : { 'raw point': Buffer.from(jwk.x! + (jwk.y ?? ''), 'base64url'), 'x as text': jwk.x! }
  return {
    PEM: pem,
    'PEM without its last line break': pem.trimEnd(),
    'PEM with CRLF': pem.replaceAll('\n', '\r\n'),
    'PEM without armour': pem.replaceAll(/-----.*-----\n?/g, ''),
    DER: spki,
    'base64 of DER': spki.toString('base64'),
    JWK: JSON.stringify(jwk),
    'published JWK': JSON.stringify(jwkFor(alg)),
    nothing: '',
    ...rsa,
  }
}

verifies('NG-03', 'never takes a public key for the secret of an HMAC', async (face) => {
  const as = await publishing([jwkFor('RS256'), jwkFor('ES256'), jwkFor('Ed25519')])
  const one = await api(face, { as, options: { jwt: { algorithms: ['RS256', 'ES256', 'Ed25519'] } } })
  const claims = claimsOf(as)
  await expectAccepted(one, jws(headerFor('RS256'), claims, signerFor('RS256')))
  for (const alg of ['RS256', 'ES256', 'Ed25519'] as const) {
    for (const [form, secret] of Object.entries(formsOf(alg))) {
      await expectRefused(one, 'algorithm_not_allowed', {
        [`${alg} as ${form}`]: jws(headerFor('HS256', { kid: alg }), claims, hmacWith(secret)),
        [`${alg} as ${form}, without kid`]: jws({ alg: 'HS256', typ: 'at+jwt' }, claims, hmacWith(secret)),
      })
    }
    // Under the alg that is allowed, an HMAC is just a signature of the wrong shape.
    await expectRefused(one, 'signature_invalid', {
      [alg]: jws(headerFor(alg), claims, hmacWith(formsOf(alg)['PEM']!)),
    })
  }
  await expectRefused(one, 'algorithm_not_allowed', {
    HS384: jws(headerFor('HS384', { kid: 'RS256' }), claims, hmacWith(formsOf('RS256')['PEM']!, 'sha384')),
    HS512: jws(headerFor('HS512', { kid: 'RS256' }), claims, hmacWith(formsOf('RS256')['PEM']!, 'sha512')),
  })
})

verifies('NG-03', 'refuses a list of algorithms that mixes HMAC with signatures', (face) => {
  const configured =
    (jwt: object): (() => unknown) =>
    () =>
      face.protect({ audience: 'https://api', issuers: [{ issuer: 'https://as.test', jwt }] })
  const secret = { sharedSecret: Buffer.alloc(64, 'k') }
  for (const algorithms of [['RS256', 'HS256'], ['HS256'], ['HS256', 'RS256'], ['ES256', 'HS512']]) {
    expect(configured({ algorithms }), algorithms.join()).toThrow(/jwt\.algorithms.*"sharedSecret"/)
  }
  for (const algorithms of [['RS256', 'HS256'], ['HS256', 'RS256'], ['RS256'], ['HS256', 'HS512']]) {
    expect(configured({ algorithms, ...secret }), algorithms.join()).toThrow(ConfigError)
  }
  expect(configured({ ...secret, keys: { keys: [jwkFor('RS256')] } })).toThrow('exclude each other')
  expect(configured({ ...secret, jwksUri: 'https://as.test/jwks' })).toThrow('exclude each other')
})

verifies('NG-04', 'refuses text, and octets that are a public key, as a secret', (face) => {
  const configured =
    (sharedSecret: unknown): (() => unknown) =>
    () =>
      face.protect({
        audience: 'https://api',
        issuers: [{ issuer: 'https://as.test', jwt: { sharedSecret: sharedSecret as Uint8Array } }],
      })
  const { 'raw modulus': modulus, 'modulus as text': text, nothing, ...forms } = formsOf('RS256')
  for (const [form, secret] of Object.entries(forms)) {
    // As it comes from a file, and with what an editor puts before it.
    for (const before of ['', '\n \t', '\ufeff']) {
      if (typeof secret !== 'string' && before !== '') continue
      const octets = Buffer.concat([Buffer.from(before), Buffer.from(secret as string)])
      expect(configured(octets), form).toThrow(/sharedSecret" is a public key.*"issuers\[0\]\.jwt\.keys"/)
    }
    if (typeof secret === 'string')
      expect(configured(secret), form).toThrow('sharedSecret" is a text; write a Uint8Array')
  }
  const blob = Buffer.from('0000000b7373682d65643235353139', 'hex').toString('base64')
  for (const line of [`ssh-ed25519 ${blob} me@host`, `ssh-rsa ${blob.repeat(8)}`, `ecdsa-sha2-nistp256 ${blob} you`]) {
    expect(configured(Buffer.from(line)), line).toThrow('sharedSecret" is a public key')
    expect(configured(Buffer.from(` ${line}`)), line).toThrow('sharedSecret" is a public key')
  }
  expect(configured(Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'))).toThrow(
    'is a public key',
  )
  for (const wrong of [
    '',
    'k'.repeat(64),
    new Uint8Array(),
    Buffer.alloc(31, 'k'),
    null,
    {},
    [],
    createSecretKey(Buffer.alloc(32)),
    pairFor('RS256').publicKey,
  ]) {
    expect(configured(wrong)).toThrow(ConfigError)
  }
  expect(configured(undefined)).not.toThrow()
  expect(configured(Buffer.alloc(32, 'k'))).not.toThrow()
  expect([modulus, text, nothing].every((one) => one !== undefined)).toBe(true)
})

verifies('NG-05', 'lets configuration choose the algorithm of a key that names none', async (face) => {
  const as = await publishing([jwkFor('RS256', { kid: 'k', alg: undefined })])
  const claims = claimsOf(as)
  const by = (alg: 'RS256' | 'PS256' | 'RS512'): string => jws(headerFor(alg, { kid: 'k' }), claims, signerFor(alg))
  const hmac = (secret: string | Buffer): string => jws(headerFor('HS256', { kid: 'k' }), claims, hmacWith(secret))

  const first = await api(face, { as, options: { jwt: { algorithms: ['RS256', 'PS256', 'RS512'] } } })
  await expectAccepted(first, by('RS256'))
  await expectRefused(first, 'key_unfit', { PS256: by('PS256'), RS512: by('RS512') })
  await expectRefused(
    first,
    'algorithm_not_allowed',
    Object.fromEntries(Object.entries(formsOf('RS256')).map(([form, secret]) => [form, hmac(secret)])),
  )

  const other = await api(face, { as, options: { jwt: { algorithms: ['PS256', 'RS256'] } } })
  await expectAccepted(other, by('PS256'))
  await expectRefused(other, 'key_unfit', { RS256: by('RS256') })
})

verifies('NG-06', 'keeps to the type of the key that a kid names', async (face) => {
  const secret = Buffer.alloc(32, 's')
  const oct = { kty: 'oct', k: secret.toString('base64url'), use: 'sig' }
  const as = await publishing([
    jwkFor('RS256', { kid: 'rsa' }),
    jwkFor('ES256', { kid: 'ec' }),
    { ...oct, kid: 'oct' },
    { ...oct, kid: 'oct256', alg: 'HS256' },
    { ...oct, kid: 'octrs', alg: 'RS256' },
  ])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const rs256 = (kid: string): string => jws(headerFor('RS256', { kid }), claims, signerFor('RS256'))
  await expectAccepted(one, rs256('rsa'))
  const hs256 = (kid: string): string => jws(headerFor('HS256', { kid }), claims, hmacWith(secret))
  await expectRefused(one, 'algorithm_not_allowed', {
    'kid of the RSA key': hs256('rsa'),
    'kid of the EC key': hs256('ec'),
    'kid of the secret': hs256('oct'),
    'kid of the secret with alg': hs256('oct256'),
    'kid of the secret that says RS256': hs256('octrs'),
  })
  await expectRefusals(one, {
    'RS256 by an oct key': [rs256('oct'), 'key_unknown'],
    'RS256 by an oct key that says so': [
      jws(headerFor('RS256', { kid: 'octrs' }), claims, hmacWith(secret)),
      'key_unknown',
    ],
    'RS256 by an EC key': [rs256('ec'), 'key_unfit'],
    'ES256 by an RSA key': [jws(headerFor('ES256', { kid: 'rsa' }), claims, signerFor('ES256')), 'key_unfit'],
  })
  const skipped = one.events.filter((event) => event.type === 'key_skipped')
  expect(skipped).toEqual(Array.from({ length: 3 }, () => expect.objectContaining({ why: 'symmetric' })))
})

verifies('NG-07', 'keeps to the allowed algorithms whatever a key says', async (face) => {
  const as = await publishing([jwkFor('RS256'), jwkFor('RS512'), jwkFor('ES384')])
  const one = await api(face, { as, options: { jwt: { algorithms: ['RS256', 'ES256'] } } })
  const claims = claimsOf(as)
  await expectAccepted(one, jws(headerFor('RS256'), claims, signerFor('RS256')))
  await expectRefused(one, 'algorithm_not_allowed', {
    RS512: jws(headerFor('RS512'), claims, signerFor('RS512')),
    ES384: jws(headerFor('ES384'), claims, signerFor('ES384')),
  })
  // With an allowed name over it, the key is not there at all.
  await expectRefused(one, 'key_unknown', {
    'RS512 key as RS256': jws(headerFor('RS256', { kid: 'RS512' }), claims, signerFor('RS256')),
    'ES384 key as ES256': jws(headerFor('ES256', { kid: 'ES384' }), claims, signerFor('ES256')),
  })
  expect(() =>
    face.protect({
      audience: 'https://api',
      issuers: [{ issuer: 'https://as.test', jwt: { algorithms: ['RS256'], keys: { keys: [jwkFor('RS512')] } } }],
    }),
  ).toThrow(/jwt\.keys" has a key that cannot be used \(not allowed\)/)
})

verifies('NG-08', 'answers 503 and calls nobody when a resolver yields nothing', async (face) => {
  for (const value of ['', undefined, null, {}, Buffer.alloc(32)]) {
    const give = (): never => value as never
    const clients = [
      clientSecretBasic('api', give),
      clientSecretPost('api', async () => give()),
      privateKeyJwt({ clientId: 'api', key: async () => give(), algorithm: 'ES256' }),
    ]
    for (const client of clients) {
      const { as, get, reasons, handled } = await api(face, { options: { introspection: { client } } })
      const reply = await get('/', as.opaque())
      expect([reply.status, errorIn(reply.lines('www-authenticate')[0])]).toEqual([503, 'none'])
      expect(reply.headers['retry-after']).toMatch(/^\d+$/)
      expect(reasons()).toEqual([expect.stringMatching(/^introspection_(misconfigured|unavailable)$/)])
      expect([handled(), as.calls.introspection]).toEqual([0, 0])
    }
  }
})
