import { expect } from 'vitest'
import {
  type Attacks,
  claimsOf,
  expectAccepted,
  expectRefused,
  expectRefusals,
  headerFor,
  jwkFor,
  jws,
  type Part,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api } from '../world.ts'

const sign = (payload: Part): string => jws(headerFor('ES256'), payload, signerFor('ES256'))
const PROFILES = ['at+jwt', 'jwt'] as const

verifies('NG-35', 'refuses a claim of the wrong type, optional or not', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const noTimes: readonly unknown[] = [
    '99999999999',
    'never',
    '',
    null,
    [],
    [99_999_999_999],
    {},
    { valueOf: 99_999_999_999 },
    true,
    false,
  ]
  const noTexts = [1, 0, null, [], ['x'], {}, true]
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    exp: noTimes,
    nbf: noTimes,
    iat: noTimes,
    auth_time: noTimes,
    sub: noTexts,
    jti: noTexts,
    client_id: noTexts,
    azp: noTexts,
    acr: noTexts,
    amr: ['pwd', 1, null, {}, [1], [['pwd']], [null]],
    scope: [1, null, {}, true, [1], ['a b'], [['a']], 'a"b'],
    cnf: ['jkt', 1, null, true, [], [{ jkt: 'x' }]],
  }
  await expectAccepted(one, sign(claimsOf(as, { nbf: 0, auth_time: 0, acr: '1', amr: [], scope: [] })))
  const attacks = Object.entries(wrong).flatMap(([name, values]) =>
    values.map((value): [string, string] => [
      `${name}: ${JSON.stringify(value)}`,
      sign(claimsOf(as, { [name]: value })),
    ]),
  )
  await expectRefused(one, 'claims_malformed', Object.fromEntries(attacks))
  const relaxed = await api(face, { as, options: { jwt: { profile: 'jwt' } } })
  await expectRefused(relaxed, 'claims_malformed', Object.fromEntries(attacks.filter((_, at) => at % 5 === 0)))
})

verifies('NG-35', 'takes no answer whose claims have the wrong type', async (face) => {
  const wrong = [{ exp: true }, { exp: '99999999999' }, { exp: [] }, { exp: {} }, { exp: 'never' }, { exp: '' }]
  for (const claims of [
    ...wrong,
    { nbf: '99999999999' },
    { sub: 1 },
    { cnf: 'x' },
    { cnf: [] },
    { aud: 1 },
    { scope: 1 },
  ]) {
    const { as, get, reasons, handled } = await api(face)
    const token = as.opaque({ claims })
    expect([claims, (await get('/', token)).status, reasons()]).toEqual([claims, 503, ['introspection_unavailable']])
    expect([handled(), (await get('/', token)).status]).toEqual([0, 503])
  }
})

verifies('NG-36', 'refuses a JWT without exp in both profiles', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  for (const profile of PROFILES) {
    const one = await api(face, { as, options: { jwt: { profile } } })
    const now = claimsOf(as)['iat'] as number
    await expectAccepted(one, sign(claimsOf(as)))
    await expectRefused(one, 'claim_missing', {
      'without exp': sign(claimsOf(as, { exp: undefined })),
      'with another': sign(claimsOf(as, { exp: undefined, expires_in: 3_600, expires_at: now + 3_600, EXP: now + 60 })),
      'with one deeper': sign(claimsOf(as, { exp: undefined, claims: { exp: now + 3_600 } })),
    })
  }
})

verifies('NG-37', 'lets only a time before the year 10000, and in the future, make a token live', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const now = claimsOf(as)['iat'] as number
  const withExp = (exp: string, changes: object = {}): string =>
    sign(JSON.stringify(claimsOf(as, { exp: '@', iat: now - 100, ...changes })).replace('"@"', exp))
  for (const profile of PROFILES) {
    const one = await api(face, { as, options: { jwt: { profile } } })
    await expectAccepted(
      one,
      ...[
        `${now + 60}`,
        `${now + 60}.5`,
        `${(now + 60) / 1e9}e9`,
        `${now + 60}E0`,
        `${(now + 60) * 10}e-1`,
        '253402300799',
      ].map((exp) => withExp(exp)),
    )
    const early = { iat: -1e9 }
    const attacks: Attacks = {
      '1e400': [withExp('1e400'), 'claims_malformed'],
      '-1e400': [withExp('-1e400'), 'claims_malformed'],
      '1e308': [withExp('1e308'), 'claims_malformed'],
      '9007199254740993': [withExp('9007199254740993'), 'claims_malformed'],
      '1700000000000': [withExp('1700000000000'), 'claims_malformed'],
      'now in milliseconds': [withExp(`${(now + 60) * 1_000}`), 'claims_malformed'],
      'the year 10000': [withExp('253402300800'), 'claims_malformed'],
      '4294967296e9': [withExp('4294967296e9'), 'claims_malformed'],
      '-1': [withExp('-1', early), 'token_expired'],
      '-0': [withExp('-0', early), 'token_expired'],
      '0': [withExp('0', early), 'token_expired'],
      '0.0': [withExp('0.0', early), 'token_expired'],
      '0.5': [withExp('0.5', early), 'token_expired'],
      '1E3': [withExp('1E3', early), 'token_expired'],
      '1e-400': [withExp('1e-400', early), 'token_expired'],
      'just now': [withExp(`${now - 30}`), 'token_expired'],
      '-2^31 wrapped': [withExp(`${now + 60 - 2 ** 32}`, early), 'token_expired'],
      '01': [withExp(`0${now + 60}`), 'token_malformed'],
      '+1': [withExp(`+${now + 60}`), 'token_malformed'],
      '0x': [withExp('0x7fffffff'), 'token_malformed'],
      '1_000': [withExp('1_800_000_000'), 'token_malformed'],
      NaN: [withExp('NaN'), 'token_malformed'],
      Infinity: [withExp('Infinity'), 'token_malformed'],
      '1.': [withExp(`${now + 60}.`), 'token_malformed'],
      n: [withExp(`${now + 60}n`), 'token_malformed'],
    }
    await expectRefusals(one, attacks)
    await expectRefusals(one, {
      'nbf 1e400': [withExp(`${now + 60},"nbf":1e400`), 'claims_malformed'],
      'nbf -1e400': [withExp(`${now + 60},"nbf":-1e400`), 'claims_malformed'],
      'nbf in milliseconds': [withExp(`${now + 60},"nbf":${now * 1_000}`), 'claims_malformed'],
      'auth_time 1e400': [withExp(`${now + 60},"auth_time":1e400`), 'claims_malformed'],
    })
  }
})

verifies('NG-38', 'refuses a token that does not end after it begins', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const now = claimsOf(as)['iat'] as number
  for (const profile of PROFILES) {
    const one = await api(face, { as, options: { jwt: { profile } } })
    await expectAccepted(
      one,
      sign(claimsOf(as, { exp: now + 10, nbf: now + 9, iat: now + 9 })),
      sign(claimsOf(as, { exp: now + 1, nbf: now + 0.5, iat: now })),
    )
    // All of them within the tolerated difference of clocks, where nothing else would object.
    await expectRefused(one, 'claims_malformed', {
      'nbf after exp': sign(claimsOf(as, { exp: now + 10, nbf: now + 11 })),
      'nbf at exp': sign(claimsOf(as, { exp: now + 10, nbf: now + 10 })),
      'iat after exp': sign(claimsOf(as, { exp: now - 10, iat: now - 9 })),
      'iat at exp': sign(claimsOf(as, { exp: now + 10, iat: now + 10 })),
      'both by a fraction': sign(claimsOf(as, { exp: now + 10, nbf: now + 10.5, iat: now + 10.5 })),
    })
  }
})
