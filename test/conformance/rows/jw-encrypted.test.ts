import { constants, publicEncrypt } from 'node:crypto'
import { ConfigError, fresh } from '@holdfast/core'
import { expect } from 'vitest'
import {
  decryption,
  details,
  ecPair,
  encrypted,
  expectUnopened,
  offCurve,
  rsaPair,
  startOpening,
  withJweHeader,
  x25519Pair,
} from '../encrypted.ts'
import {
  base64url,
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const sign = signerFor('ES256')

verifies('JW-36', 'refuses encrypted tokens where no key is configured for them', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const good = jws(headerFor('ES256'), claimsOf(as), sign)
  await expectRefused(one, 'token_encrypted', {
    'a nested token': await encrypted(good),
    'five parts': `${base64url({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`,
    'the parts of a signed one, and more': `${good}.AAAA.AAAA`,
  })
  expect(as.calls.total).toBe(0)
})

verifies('JW-36', 'does not take decryption for authentication', async (face) => {
  const { one, signed } = await startOpening(face)
  const forged = jws(headerFor('ES256'), claimsOf(one.as), signerFor('ES256', pairFor('ES256', 'attacker').privateKey))
  await expectRefusals(one, {
    'encrypted, and signed by somebody': [await encrypted(forged), 'signature_invalid'],
    'encrypted, under a kid that is not published': [await encrypted(signed({}, { kid: 'x' })), 'key_unknown'],
  })
  const good = await encrypted(signed())
  await expectAccepted(one, good, good)
  expect(one.server.status().caches.jwts.entries).toBe(1)
})

verifies('JW-37', 'asks for a signed JWT inside, and verifies it', async (face) => {
  const { one, signed } = await startOpening(face)
  const claims = JSON.stringify(claimsOf(one.as))
  const unsigned = `${base64url({ alg: 'none', typ: 'at+jwt' })}.${base64url(claims)}.`
  const cases = {
    'an unsigned JWT': [await encrypted(unsigned), 'algorithm_not_allowed'],
    'bare claims': [await encrypted(claims), 'token_malformed'],
    'bare claims, said to be such': [await encrypted(claims, { header: { cty: undefined } }), 'token_malformed'],
    'an encrypted JWT': [await encrypted(await encrypted(signed())), 'token_malformed'],
    'an opaque token': [await encrypted('opaque'), 'token_malformed'],
    'a JWT and more': [await encrypted(`${signed()}\n`), 'token_malformed'],
    'two JWTs': [await encrypted(signed() + signed()), 'token_malformed'],
    'a JWT around a JWT': [await encrypted(jws(headerFor('ES256', { cty: 'JWT' }), signed(), sign)), 'token_malformed'],
    'no cty': [await encrypted(signed(), { header: { cty: undefined } }), 'token_malformed'],
    'another cty': [await encrypted(signed(), { header: { cty: 'json' } }), 'token_malformed'],
    'cty of another type': [
      withJweHeader(await encrypted(signed()), (it) => ({ ...it, cty: ['JWT'] })),
      'token_malformed',
    ],
    'another kind of token': [await encrypted(signed(), { header: { typ: 'logout+jwt' } }), 'token_malformed'],
    'another kind inside': [await encrypted(signed({}, { typ: 'JWT' })), 'type_wrong'],
    'an expired JWT': [await encrypted(signed({ iat: 1, exp: 2 })), 'token_expired'],
    'a JWT for another API': [await encrypted(signed({ aud: 'x' })), 'audience_wrong'],
    'a JWT of another issuer': [await encrypted(signed({ iss: 'https://other.example' })), 'issuer_wrong'],
  } as const
  await expectRefusals(one, cases)
  for (const header of [{}, { cty: 'jwt' }, { cty: 'application/JWT' }, { typ: undefined }, { typ: 'JWT' }])
    await expectAccepted(one, await encrypted(signed(), { header }))
})

verifies('JW-38', 'opens nothing whose algorithms are not listed', async (face) => {
  const { one, signed } = await startOpening(face)
  const good = await encrypted(signed())
  const changed = (changes: object): string => withJweHeader(good, (header) => ({ ...header, ...changes }))
  const old = publicEncrypt({ key: rsaPair.publicKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.alloc(32, 1))
  const [, , iv, body, tag] = good.split('.')
  const rsa15 = [
    base64url({ alg: 'RSA1_5', enc: 'A256GCM', kid: 'rsa', cty: 'JWT' }),
    old.toString('base64url'),
    iv,
    body,
    tag,
  ]
  await expectUnopened(one, '"alg"', {
    RSA1_5: rsa15.join('.'),
    'RSA-OAEP, which is not listed': await encrypted(signed(), { alg: 'RSA-OAEP' }),
    'RSA-OAEP-512, which is not listed': await encrypted(signed(), { alg: 'RSA-OAEP-512' }),
    'the algorithm of another key': changed({ alg: 'ECDH-ES' }),
    dir: changed({ alg: 'dir' }),
    A256KW: changed({ alg: 'A256KW' }),
    none: changed({ alg: 'none' }),
    'no alg': changed({ alg: undefined }),
    'a list': changed({ alg: ['RSA-OAEP-256'] }),
    __proto__: changed({ alg: '__proto__' }),
  })
  await expectUnopened(one, '"enc"', {
    'A192GCM, which is not listed': await encrypted(signed(), { enc: 'A192GCM' }),
    'no enc': changed({ enc: undefined }),
    'an unknown one': changed({ enc: 'A256CBC' }),
    none: changed({ enc: 'none' }),
    toString: changed({ enc: 'toString' }),
  })
  await expectRefused(one, 'critical_unsupported', {
    crit: changed({ crit: ['exp'], exp: 1 }),
    'an empty crit': changed({ crit: [] }),
  })
  await expectAccepted(one, good)
  const configured =
    (changes: object): (() => unknown) =>
    () =>
      face.protect({
        audience: 'x',
        issuers: [{ issuer: 'https://as.test', jwt: { decryption: { ...decryption, ...changes } } }],
      })
  for (const alg of ['RSA1_5', 'dir', 'A128KW', 'A256GCMKW', 'PBES2-HS256+A128KW', 'none', 'toString'])
    expect(configured({ algorithms: [alg] })).toThrow(
      `option "issuers[0].jwt.decryption.algorithms[0]" is "${alg}"; write 'RSA-OAEP' or 'RSA-OAEP-256' or`,
    )
  for (const enc of ['none', 'A256CBC', 'A256KW'])
    expect(configured({ encodings: [enc] })).toThrow(`option "issuers[0].jwt.decryption.encodings[0]" is "${enc}"`)
  for (const name of ['algorithms', 'encodings', 'keys'])
    expect(configured({ [name]: undefined })).toThrow(`option "issuers[0].jwt.decryption.${name}" is missing`)
  expect(configured({ algorithms: [] })).toThrow(ConfigError)
})

verifies('JW-39', 'inflates nothing', async (face) => {
  const { one, signed } = await startOpening(face)
  const bomb = jws(headerFor('ES256'), claimsOf(one.as, { pad: '0'.repeat(200_000) }), sign)
  const deflated = await encrypted(bomb, { header: { zip: 'DEF' } })
  expect(deflated.length).toBeLessThan(8_192)
  const good = await encrypted(signed())
  await expectUnopened(one, '"zip"', {
    'a bomb': deflated,
    'a small one': await encrypted(signed(), { header: { zip: 'DEF' } }),
    'an unknown one': withJweHeader(good, (header) => ({ ...header, zip: 'GZIP' })),
    nothing: withJweHeader(good, (header) => ({ ...header, zip: null })),
  })
})

const epkOf = (token: string): Record<string, string> =>
  (JSON.parse(Buffer.from(token.split('.', 1)[0]!, 'base64url').toString()) as { epk: Record<string, string> }).epk

verifies('JW-40', 'agrees on no key with a point that is not on its curve', async (face) => {
  const { one, signed } = await startOpening(face)
  const ecdh = (to: typeof ecPair): Promise<string> => encrypted(signed(), { to, alg: 'ECDH-ES', enc: 'A128GCM' })
  const good = await ecdh(ecPair)
  await expectAccepted(one, good, await ecdh(x25519Pair))
  const withEpk = (epk: unknown): string => withJweHeader(good, (header) => ({ ...header, epk }))
  await expectRefused(one, 'decryption_failed', {
    'a point of another curve, agreed on': offCurve(signed()),
    'a point beside the curve': withEpk({ ...epkOf(good), y: epkOf(good)['x'] }),
    'the point at infinity': withEpk({ ...epkOf(good), x: 'A'.repeat(43), y: 'A'.repeat(43) }),
    'a coordinate cut off': withEpk({ ...epkOf(good), x: epkOf(good)['x']!.slice(0, 42) }),
    'a private key': withEpk({ ...epkOf(good), d: epkOf(good)['x'] }),
    'no y': withEpk({ ...epkOf(good), y: undefined }),
  })
  const [low, ...rest] = (await ecdh(x25519Pair)).split('.') as [string, ...string[]]
  const zero = withJweHeader([low, ...rest].join('.'), (header) => ({
    ...header,
    epk: { kty: 'OKP', crv: 'X25519', x: 'A'.repeat(43) },
  }))
  await expectRefused(one, 'decryption_failed', { 'a point of small order': zero })
  await expectUnopened(one, '"epk"', {
    'another curve': withEpk({ ...epkOf(good), crv: 'P-384' }),
    'no epk': withEpk(undefined),
    'a text': withEpk('epk'),
    'a list': withEpk([epkOf(good)]),
  })
})

verifies('JW-41', 'holds the header to what the claims say', async (face) => {
  const { one, signed } = await startOpening(face)
  const { iss, sub, aud } = claimsOf(one.as)
  const good = [{ iss }, { sub }, { aud }, { iss, sub, aud }, { client_id: 'x', jti: 'y' }]
  for (const header of good) await expectAccepted(one, await encrypted(signed(), { header }))
  const wrong: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    'another issuer': { iss: 'https://other.example' },
    'another subject': { sub: 'mallory' },
    'another audience': { aud: 'https://other.example' },
    'more audiences': { aud: [aud, 'x'] },
    'the audience as a list': { aud: [aud] },
    'no text': { iss: 1 },
    null: { sub: null },
  }
  const tokens: [string, string][] = []
  for (const [name, header] of Object.entries(wrong)) tokens.push([name, await encrypted(signed(), { header })])
  await expectRefused(one, 'claims_malformed', Object.fromEntries(tokens))
  expect(details(one).slice(0, 2)).toEqual(['"iss" of the header differs', '"sub" of the header differs'])
})

verifies('JW-42', 'spends nothing on passwords', async (face) => {
  const { one, signed } = await startOpening(face)
  const good = await encrypted(signed())
  const alg = 'PBES2-HS256+A128KW'
  await expectUnopened(one, '"alg"', {
    'two thousand million rounds': withJweHeader(good, (it) => ({
      ...it,
      alg,
      p2c: 2_000_000_000,
      p2s: 'c2FsdHNhbHQ',
    })),
    'a thousand': withJweHeader(good, (it) => ({ ...it, alg, p2c: 1_000, p2s: 'c2FsdHNhbHQ' })),
  })
  // The same count beside an algorithm that does not use it.
  await expectAccepted(one, await encrypted(signed(), { header: { p2c: 2_000_000_000 } }))
})

verifies('JW-37', 'refuses a revoked token in whatever it is wrapped into', async (face) => {
  const { one, signed } = await startOpening(face)
  const inner = signed({ jti: 'inner' })
  const known = await encrypted(inner)
  await expectAccepted(one, inner, known)
  await one.server.revoke({ token: inner })
  await expectRefused(one, 'token_revoked', {
    'the signed one': inner,
    'a wrap that is known': known,
    'a new wrap': await encrypted(inner),
    'a new wrap for another key': await encrypted(inner, { to: ecPair, alg: 'ECDH-ES' }),
  })
  await expectAccepted(one, await encrypted(signed({ jti: 'another' })))
  // The other way round, for a wrap that was opened here: what was in it is revoked, too, until it ends.
  const month = signed({ jti: 'a month', exp: one.as.clock.wall() / 1_000 + 30 * 86_400 })
  const wrapped = await encrypted(month)
  await expectAccepted(one, wrapped)
  await one.server.revoke({ token: wrapped })
  one.as.clock.advance('29d')
  await expectRefused(one, 'token_revoked', { wrapped, 'what was in it': month, 'a new wrap': await encrypted(month) })
})

verifies('JW-36', 'opens a token once for all who bring it, and bounds how many it opens at a time', async (face) => {
  const { one, signed } = await startOpening(face, {}, { routes: { '/fresh': [fresh('0s', { signature: 'counts' })] } })
  const good = await encrypted(signed())
  const all = await Promise.all(Array.from({ length: 80 }, () => one.server.verify(good)))
  expect(new Set(all.map(({ outcome }) => outcome))).toEqual(new Set(['valid']))
  const many = await Promise.all(Array.from({ length: 80 }, () => encrypted(signed())))
  const judged = await Promise.all(many.map((token) => one.server.verify(token)))
  const turnedAway = judged.filter(({ outcome }) => outcome === 'unavailable')
  expect(turnedAway).toEqual(
    Array.from({ length: 16 }, () => ({ outcome: 'unavailable', reason: 'overloaded', retryAfter: 1 })),
  )
  // Who was turned away is served later; and what was opened once can be opened again.
  expect(await one.server.verify(many.at(-1)!)).toMatchObject({ outcome: 'valid' })
  for (const _ of [1, 2]) expect((await one.get('/fresh', good)).status).toBe(200)
})
