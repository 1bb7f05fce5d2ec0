import { ConfigError } from '@holdfast/core'
import { expect } from 'vitest'
import {
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
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const sign = signerFor('ES256')
const SKEW = 30

interface Bench {
  readonly one: Api
  /** Seconds, where virtual time stands. */
  readonly now: number
  readonly minted: (changes: object) => string
  /** The same with claims as they are written. */
  readonly written: (claims: Part) => string
}

/** A token with these claims, or with their text as it stands. */
const jwtOf = (claims: Part): string => jws(headerFor('ES256'), claims, sign)

async function start(face: Face, options: Plan['options'] = {}, plan: Plan = {}): Promise<Bench> {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { ...plan, as, options: { introspection: false, ...options } })
  const now = as.clock.wall() / 1_000
  return { one, now, written: jwtOf, minted: (changes) => jwtOf(claimsOf(as, changes)) }
}

/** One token for each value of a claim. */
const each = (name: string, values: readonly unknown[], { minted }: Bench): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value) => [JSON.stringify({ [name]: value }), minted({ [name]: value })]))

/** A token in which the number of a claim stands as it is written here. */
const raw = (name: string, number: string, { one, written }: Bench): string =>
  written(JSON.stringify(claimsOf(one.as, { [name]: 'HERE' })).replace('"HERE"', number))

verifies('JW-43', 'takes the issuer whose keys signed, octet for octet', async (face) => {
  const bench = await start(face)
  const { issuer } = bench.one.as
  const nearly = [`${issuer}/`, `${issuer}:443`, `${issuer}#`, `${issuer}?`, ` ${issuer}`, `${issuer} `, 'as.test', '']
  nearly.push(issuer.toUpperCase(), issuer.replace('https', 'http'), `${issuer}\u0000`, 'https://other.example')
  const types = [[issuer], { toString: issuer }, 1, true, null, undefined, []]
  await expectRefused(bench.one, 'issuer_unknown', each('iss', [...nearly, ...types], bench))
  expect(bench.one.as.calls.total).toBe(0)
  await expectAccepted(bench.one, bench.minted({}))
})

verifies(['JW-44', 'AT-06'], 'takes an audience that is exactly ours', async (face) => {
  const bench = await start(face)
  const { one, minted } = bench
  const good = [AUDIENCE, [AUDIENCE], ['https://other.example', AUDIENCE], [AUDIENCE, AUDIENCE], ['', AUDIENCE]]
  await expectAccepted(one, ...good.map((aud, at) => minted({ aud, jti: String(at) })))
  const wrong = [
    'other',
    `${AUDIENCE}x`,
    `${AUDIENCE}/`,
    AUDIENCE.slice(0, -1),
    AUDIENCE.toUpperCase(),
    `${AUDIENCE} x`,
  ]
  wrong.push('https://api.example.com:443', 'https://*.example.com', 'api.example.com', ` ${AUDIENCE}`, '.*')
  await expectRefused(one, 'audience_wrong', each('aud', [...wrong, [], ['other'], [''], wrong], bench))
  await expectRefused(one, 'audience_missing', each('aud', [undefined, ''], bench))
  const malformed = [{}, { 0: AUDIENCE }, 1, true, null, [1], [AUDIENCE, 1], [[AUDIENCE]], [null], [{ a: AUDIENCE }]]
  await expectRefused(one, 'claims_malformed', each('aud', malformed, bench))
})

verifies(
  'JW-44',
  'takes any of several identifiers, and those of the issuer alone where it has its own',
  async (face) => {
    const bench = await start(face, { audience: ['urn:api', AUDIENCE] })
    await expectAccepted(bench.one, bench.minted({ aud: 'urn:api' }), bench.minted({ aud: [AUDIENCE, 'x'] }))
    await expectRefused(bench.one, 'audience_wrong', each('aud', ['urn:API', 'urn:api,https://api.example.com'], bench))
  },
)

verifies(['JW-45', 'AT-07'], 'ends a token at its exp, but for the skew', async (face) => {
  const bench = await start(face)
  const { one, now } = bench
  const minted = (exp: number, jti = 'one'): string => bench.minted({ exp, jti, iat: now - 3_600 })
  await expectAccepted(one, minted(now + 0.5), minted(now - SKEW + 0.5), minted(now - SKEW + 1))
  await expectRefused(one, 'token_expired', {
    'at the skew': minted(now - SKEW),
    'beyond it': minted(now - SKEW - 0.001),
    'long ago': minted(now - 3_599),
  })
  await expectRefused(one, 'claims_malformed', each('exp', ['9999999999', true, null, [], {}, [now + 60], ''], bench))
  await expectRefused(one, 'claim_missing', each('exp', [undefined], bench))
  // Judged at every use: a token that is known ends, too.
  const short = minted(now + 10, 'short')
  await expectAccepted(one, short)
  one.as.clock.advance('39s')
  await expectAccepted(one, short)
  one.as.clock.advance('1s')
  await expectRefused(one, 'token_expired', { 'a known one': short })
})

verifies('JW-46', 'begins a token at its nbf, but for the skew', async (face) => {
  const bench = await start(face)
  const { one, now } = bench
  await expectAccepted(
    one,
    bench.minted({ nbf: now + SKEW }),
    bench.minted({ nbf: now - 1e6 }),
    bench.minted({ nbf: 0 }),
  )
  await expectRefused(one, 'token_not_yet_valid', each('nbf', [now + SKEW + 0.001, now + SKEW + 1, now + 3_599], bench))
  await expectRefused(one, 'claims_malformed', each('nbf', ['0', 'later', true, null, [], {}], bench))
  // One that came too early is welcome later.
  const early = bench.minted({ nbf: now + 60 })
  await expectRefused(one, 'token_not_yet_valid', { early })
  one.as.clock.advance('30s')
  await expectAccepted(one, early)
})

verifies('JW-47', 'refuses a token from the future', async (face) => {
  const bench = await start(face)
  const { one, now } = bench
  await expectAccepted(one, bench.minted({ iat: now + SKEW }), bench.minted({ iat: now - 1e6 }))
  await expectRefused(one, 'token_not_yet_valid', each('iat', [now + SKEW + 0.001, now + 3_599], bench))
  await expectRefused(one, 'token_not_yet_valid', {
    'an hour ahead': bench.minted({ iat: now + 3_600, exp: now + 7_200 }),
  })
  await expectRefused(one, 'claims_malformed', each('iat', [String(now), true, null, [], {}], bench))
})

verifies('JW-48', 'has one skew for all times, of 300 seconds at most', async (face) => {
  for (const clockSkew of ['301s', '6m', '-1s', 300, 'soon'])
    expect(() => face.protect({ issuer: 'https://as.test', audience: 'x', clockSkew: clockSkew as '1s' })).toThrow(
      `option "clockSkew" is ${JSON.stringify(clockSkew)}; write a duration with its unit, from '0s' to '300s'`,
    )
  expect(() => face.protect({ issuer: 'https://as.test', audience: 'x', clockSkew: '301s' })).toThrow(ConfigError)
  for (const [clockSkew, seconds] of [
    ['300s', 300],
    ['0s', 0],
  ] as const) {
    const { one, now, minted } = await start(face, { clockSkew })
    const from = { iat: now - 3_600 }
    await expectAccepted(
      one,
      minted({ ...from, exp: now - seconds + 1 }),
      minted({ nbf: now + seconds }),
      minted({ iat: now + seconds }),
    )
    await expectRefusals(one, {
      exp: [minted({ ...from, exp: now - seconds }), 'token_expired'],
      nbf: [minted({ nbf: now + seconds + 1 }), 'token_not_yet_valid'],
      iat: [minted({ iat: now + seconds + 1 }), 'token_not_yet_valid'],
    })
  }
})

verifies('JW-49', 'takes no time beyond the year 9999', async (face) => {
  const bench = await start(face)
  const last = 253_402_300_799
  await expectAccepted(
    bench.one,
    raw('exp', String(last), bench),
    raw('nbf', `-${last}`, bench),
    raw('exp', '2.5e11', bench),
  )
  const beyond = [
    '1e400',
    '-1e400',
    '1700000000000',
    String(last + 1),
    `${last}.5`,
    '1e308',
    '9007199254740993',
    `-${last + 1}`,
  ]
  for (const name of ['exp', 'nbf', 'iat', 'auth_time'])
    await expectRefused(
      bench.one,
      'claims_malformed',
      Object.fromEntries(beyond.map((number) => [`${name} ${number}`, raw(name, number, bench)])),
    )
  for (const number of ['-1', '-0', '0', '0.5', '1E3', '1.7e9'])
    await expectRefused(bench.one, 'token_expired', { [`exp ${number}`]: raw('exp', number, bench) })
})

verifies(['JW-50', 'JW-51', 'AT-16'], 'takes a claim of the wrong type for an error, never for none', async (face) => {
  const bench = await start(face)
  const text: readonly unknown[] = [123, 0, true, false, null, [], {}, ['x'], { toString: 'x' }]
  const time = ['later', '0', '', true, null, [], {}]
  const list = ['pwd', 1, true, null, {}, [1], ['pwd', null], [['pwd']]]
  const wrong: Readonly<Record<string, readonly unknown[]>> = {
    sub: text,
    jti: text,
    client_id: text,
    azp: text,
    acr: text,
    nbf: time,
    auth_time: time,
    amr: list,
    scope: [1, true, null, {}, 'a\tb', 'a"b', 'caf\u00e9', [1], [' '], ['a b'], ['a', null]],
    cnf: ['x', 1, true, null, []],
  }
  for (const [name, values] of Object.entries(wrong))
    await expectRefused(bench.one, 'claims_malformed', each(name, values, bench))
  const optional = ['nbf', 'auth_time', 'acr', 'amr', 'azp', 'scope', 'cnf']
  await expectAccepted(bench.one, ...optional.map((name, at) => bench.minted({ [name]: undefined, jti: String(at) })))
  await expectAccepted(
    bench.one,
    bench.minted({ auth_time: bench.now - 5, acr: 'gold', amr: ['pwd', 'otp'], azp: 'x' }),
  )
  await expectAccepted(bench.one, bench.minted({ auth_time: 1.5, acr: '', amr: [], scope: '' }))
})

verifies('JW-52', 'hands claims that nobody knows to the application as they are', async (face) => {
  const others = {
    'https://example.com/roles': ['admin', { deep: [null, true, 1.5] }],
    tenant: { id: 7, name: 'acme' },
    groups: [],
    '': 'no name',
    constructor: 'x',
    email_verified: false,
    zero: 0,
  }
  const plan: Plan = { handle: ({ auth }) => ({ status: 200, text: JSON.stringify(auth().claims) }) }
  const bench = await start(face, {}, plan)
  const claims = claimsOf(bench.one.as, others)
  const token = bench.written(claims)
  for (const source of ['live', 'cache']) {
    const { status, body } = await bench.one.get('/', token)
    expect([source, status, JSON.parse(body)]).toEqual([source, 200, claims])
  }
})

verifies('JW-53', 'refuses tokens issued too long ago, or for too long', async (face) => {
  const aged = await start(face, { jwt: { maxTokenAge: '1h' } })
  const at = (iat: number): string => aged.minted({ iat, exp: aged.now + 86_400 })
  const edge = at(aged.now - 3_600 - SKEW)
  await expectAccepted(aged.one, edge, at(aged.now))
  await expectRefused(aged.one, 'token_too_old', { 'a second more': at(aged.now - 3_601 - SKEW) })
  aged.one.as.clock.advance('1s')
  await expectRefused(aged.one, 'token_too_old', { 'a known one that aged': edge })

  const long = await start(face, { jwt: { maxTokenLifetime: '24h' } })
  await expectAccepted(long.one, long.minted({ exp: long.now + 86_400, iat: long.now }))
  await expectRefused(long.one, 'lifetime_too_long', {
    '25 hours': long.minted({ exp: long.now + 90_000, iat: long.now }),
    'a second more': long.minted({ exp: long.now + 86_401, iat: long.now }),
    'most of it over': long.minted({ exp: long.now + 60, iat: long.now - 86_400 }),
  })
  const free = await start(face)
  await expectAccepted(free.one, free.minted({ exp: free.now + 86_400 * 400, iat: free.now - 86_400 * 400 }))
  for (const [name, value] of [
    ['maxTokenAge', '0s'],
    ['maxTokenLifetime', '181d'],
    ['maxTokenAge', 60],
  ] as const)
    expect(() =>
      face.protect({ audience: 'x', issuers: [{ issuer: 'https://as.test', jwt: { [name]: value } }] }),
    ).toThrow(`option "issuers[0].jwt.${name}" is ${JSON.stringify(value)}; write a duration with its unit`)
})

verifies('JW-54', 'gives claims out frozen, and lets none of them reach a prototype', async (face) => {
  const seen: unknown[] = []
  const plan: Plan = {
    handle: ({ auth }) => {
      const { claims } = auth()
      const { deep } = claims as unknown as { deep: { list: { a: number }[] } }
      const attempts = [
        () => Object.assign(claims, { admin: true }),
        () => Object.assign(deep, { x: 1 }),
        () => deep.list.push({ a: 2 }),
        () => Object.assign(deep.list[0]!, { a: 2 }),
        () => Reflect.deleteProperty(claims, 'sub') || assertFrozen(),
      ]
      seen.push(attempts.filter((attempt) => !throws(attempt)).length, claims['admin'], claims['isAdmin'])
      seen.push(({} as Record<string, unknown>)['admin'], Object.getPrototypeOf(claims) === Object.prototype)
      return { status: 200, text: JSON.stringify(claims) }
    },
  }
  const { one, written } = await start(face, {}, plan)
  const claims = JSON.stringify(claimsOf(one.as, { deep: { list: [{ a: 1 }] } }))
  const more = '"__proto__":{"admin":true},"constructor":{"prototype":{"isAdmin":true}}'
  const { status, body } = await one.get('/', written(`${claims.slice(0, -1)},${more}}`))
  expect([status, seen]).toEqual([200, [0, undefined, undefined, undefined, true]])
  expect(body).toContain('"deep":{"list":[{"a":1}]}')
  // Nor does a claim inside `__proto__` stand in for one that is missing.
  await expectRefused(one, 'claim_missing', {
    'jti in __proto__': written(
      JSON.stringify(claimsOf(one.as, { jti: undefined })).replace('{', '{"__proto__":{"jti":"x"},'),
    ),
  })
})

function throws(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

function assertFrozen(): never {
  throw new TypeError('it cannot be deleted')
}
