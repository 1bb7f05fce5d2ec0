import { createServer } from 'node:net'
import { generateKeyPairSync } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished } from 'vitest'
import { withDpop } from '../challenges.ts'
import {
  claimsOf,
  expectAccepted,
  expectRefused,
  headerFor,
  jwkFor,
  jws,
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, type Plan } from '../world.ts'

const sign = signerFor('ES256')

async function start(
  face: Face,
  jwt: NonNullable<Plan['options']>['jwt'] = {},
): Promise<{ one: Api; withHeader: (changes: object, claims?: object) => string }> {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { introspection: false, jwt } })
  return { one, withHeader: (changes, claims) => jws(headerFor('ES256', changes), claimsOf(as, claims), sign) }
}

/** One token for each value of a member. */
const each = (
  name: string,
  values: readonly unknown[],
  mint: (changes: object) => string,
  more: object = {},
): Readonly<Record<string, string>> =>
  Object.fromEntries(values.map((value) => [JSON.stringify({ [name]: value }), mint({ [name]: value, ...more })]))

verifies('JW-29', 'refuses what it would have to understand', async (face) => {
  const { one, withHeader } = await start(face)
  const members = { bork: 1, exp: 0, 'http://example.com/X': true, ppt: 'shaken', url: 'x', nonce: 'n', sigT: 'x' }
  const names = Object.keys(members)
  await expectRefused(
    one,
    'critical_unsupported',
    each('crit', [...names.map((name) => [name]), names, ['bork', 'exp']], withHeader, members),
  )
  expect(one.as.calls.total).toBe(0)
})

verifies('JW-30', 'refuses crit of any other shape', async (face) => {
  const { one, withHeader } = await start(face)
  const values = [[], 'exp', '', ['alg'], ['typ', 'kid'], ['crit'], ['x'], ['exp', 'exp'], [''], [1], [null], [['exp']]]
  values.push({} as never, { 0: 'exp' } as never, null as never, true as never, false as never, 0 as never)
  await expectRefused(one, 'critical_unsupported', each('crit', values, withHeader, { exp: 1 }))
  await expectAccepted(one, withHeader({ CRIT: ['x'], crit2: ['x'] }))
})

verifies('JW-31', 'refuses an unencoded payload', async (face) => {
  const { one, withHeader } = await start(face)
  await expectRefused(one, 'critical_unsupported', {
    'b64 false, said to be critical': withHeader({ crit: ['b64'], b64: false }),
    'b64 false': withHeader({ b64: false }),
    'b64 true, said to be critical': withHeader({ crit: ['b64'], b64: true }),
    ...each('b64', ['false', 'true', 0, null, [], {}], withHeader),
  })
  // A payload that is not encoded, signed as RFC 7797 §3 says.
  const payload = JSON.stringify(claimsOf(one.as, { aud: 'https://api.example.com' }))
  const header = Buffer.from(JSON.stringify(headerFor('ES256', { crit: ['b64'], b64: false }))).toString('base64url')
  const signature = Buffer.from(sign(Buffer.from(`${header}.${payload}`))).toString('base64url')
  expect(await one.server.verify(`${header}.${payload}.${signature}`)).toMatchObject({ outcome: 'invalid' })
  await expectAccepted(one, withHeader({ b64: true }))
})

const OFFERS = ['jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256'] as const

verifies('JW-32', 'uses no key that a token offers, and asks nobody for one', async (face) => {
  let connections = 0
  const listener = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void listener.close())
  const place = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/keys`
  const { one, withHeader } = await start(face)
  const attacker = pairFor('ES256', 'attacker')
  const jwk = jwkFor('ES256', {}, 'attacker')
  const offers = { jku: place, jwk, x5u: place, x5c: ['MIIB'], x5t: 'dGh1bWI', 'x5t#S256': 'dGh1bWI' }
  const forged = (changes: object): string =>
    jws(headerFor('ES256', changes), claimsOf(one.as), signerFor('ES256', attacker.privateKey))
  const single = Object.fromEntries(Object.entries(offers).map(([name, value]) => [name, forged({ [name]: value })]))
  await expectRefused(one, 'signature_invalid', { ...single, 'all of them': forged(offers) })
  await expectRefused(one, 'key_unknown', { 'its own kid': forged({ ...offers, kid: 'attacker' }) })
  await expectAccepted(one, withHeader(offers))
  expect(connections).toBe(0)
  expect(one.as.calls.all.every(({ endpoint }) => endpoint === 'metadata' || endpoint === 'keys')).toBe(true)
})

verifies('JW-32', 'refuses a token that offers a key where that is asked for', async (face) => {
  const { one, withHeader } = await start(face, { rejectKeyHeaders: true })
  await expectAccepted(one, withHeader({}))
  for (const name of OFFERS) await expectRefused(one, 'key_in_header', each(name, ['x', null, {}], withHeader))
  const reply = await one.get('/', withHeader({ jwk: {} }))
  expect(reply.lines('www-authenticate')).toEqual([
    withDpop(
      'Bearer realm="https://api.example.com", error="invalid_token", error_description="The signature of the access token could not be verified"',
    ),
  ])
  expect(() =>
    face.protect({
      audience: 'x',
      issuers: [{ issuer: 'https://as.test', jwt: { rejectKeyHeaders: 'yes' as never } }],
    }),
  ).toThrow('option "issuers[0].jwt.rejectKeyHeaders" is "yes"; write true or false')
})

verifies('JW-33', 'ignores header parameters that nobody knows', async (face) => {
  const { one, withHeader } = await start(face)
  await expectAccepted(
    one,
    withHeader(
      { foo: 1, nonce: 'x', 'x-y': { deep: [1, { a: null }] }, zip: 'DEF', enc: 'A256GCM', iss: 'x' },
      { jti: 'a' },
    ),
    withHeader({ ALG: 'none', Kid: 'other', '': '' }, { jti: 'b' }),
  )
})

verifies(['JW-34', 'AT-01'], 'compares typ as a media type', async (face) => {
  const { one, withHeader } = await start(face)
  for (const typ of ['at+jwt', 'at+JWT', 'AT+JWT', 'application/at+jwt', 'application/AT+jwt', 'APPLICATION/At+Jwt'])
    await expectAccepted(one, withHeader({ typ }, { jti: typ }))
  const others = [
    'JWT',
    'jwt',
    'jwt+at',
    'text/at+jwt',
    'application/jwt',
    '/at+jwt',
    'at+jwt ',
    ' at+jwt',
    'at jwt',
    '',
  ]
  others.push(
    'application/at+jwt; v=1',
    'application/application/at+jwt',
    'at+jwt\u0000',
    'xat+jwt',
    'at+jwtx',
    'at-jwt',
  )
  await expectRefused(one, 'type_wrong', each('typ', [...others, undefined, null, 1, true, ['at+jwt'], {}], withHeader))
  expect(one.events.filter(({ type }) => type === 'advice')).toMatchObject([
    { code: 'HOLDFAST_TYP', issuer: one.as.issuer },
  ])
})

verifies('JW-35', 'refuses a signed token around another', async (face) => {
  const { one, withHeader } = await start(face)
  const inner = withHeader({})
  await expectRefused(one, 'token_malformed', {
    ...each('cty', ['JWT', 'jwt', 'application/jwt', 'APPLICATION/JWT', 1, null, ['JWT'], {}], withHeader),
    'a token instead of claims': jws(headerFor('ES256', { cty: 'JWT' }), inner, sign),
    'the same, unannounced': jws(headerFor('ES256'), inner, sign),
  })
  await expectAccepted(one, withHeader({ cty: 'json' }), inner)
})

verifies('JW-59', 'takes a text of 1 to 256 characters as kid, and fetches nothing for another', async (face) => {
  const { one, withHeader } = await start(face)
  const bad = [
    1,
    null,
    true,
    ['ES256'],
    {},
    '',
    'a\u0000b',
    'a\nb',
    'ES256\u007f',
    '\u001f',
    'k'.repeat(257),
    'k'.repeat(1_900),
  ]
  await expectRefused(one, 'token_malformed', each('kid', bad, withHeader))
  await expectRefused(one, 'token_malformed', each('kid', ['k'.repeat(2_000)], withHeader)) // the header is too long
  expect(one.as.calls.total).toBe(0)
  await expectRefused(
    one,
    'key_unknown',
    each('kid', ['k'.repeat(256), '../../etc/passwd', "' OR 1=1--", '__proto__', 'toString'], withHeader),
  )
  expect(one.as.calls.keys).toBeGreaterThan(0)
  const named = await publishing([jwkFor('ES256', { kid: 'k'.repeat(256) })])
  const other = await api(face, { as: named, options: { introspection: false } })
  await expectAccepted(other, jws(headerFor('ES256', { kid: 'k'.repeat(256) }), claimsOf(named), sign))
})

verifies('JW-59', 'takes a key without kid where there is only one', async (face) => {
  const as = await publishing([jwkFor('ES256', { kid: undefined })])
  const one = await api(face, { as, options: { introspection: false } })
  await expectAccepted(one, jws(headerFor('ES256', { kid: undefined }), claimsOf(as), sign))
  const second = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
  const two = await publishing([jwkFor('ES256'), { ...second, kid: 'second', alg: 'ES256' }])
  const other = await api(face, { as: two, options: { introspection: false } })
  await expectRefused(other, 'key_ambiguous', {
    'no kid': jws(headerFor('ES256', { kid: undefined }), claimsOf(two), sign),
  })
})
