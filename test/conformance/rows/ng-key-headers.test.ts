import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpRequest } from '@holdfast/core'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { expect, onTestFinished } from 'vitest'
import { certificate } from '../../../packages/core/test/support/certificate.ts'
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
import { verifies } from '../verifies.ts'
import { api, type Plan } from '../world.ts'

const attacker = pairFor('ES256', 'attacker')
const attackerSigns = signerFor('ES256', attacker.privateKey)
const attackerJwk = jwkFor('ES256', {}, 'attacker')
const { cert } = await certificate('attacker')
const der = Buffer.from(cert.replaceAll(/-----.*-----|\s/g, ''), 'base64')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })

/** A plan whose network writes down the URLs that are called. */
function watched(as: TestAuthorizationServer): { readonly plan: Plan; readonly urls: string[] } {
  const urls: string[] = []
  const send = (request: HttpRequest): ReturnType<typeof as.http.send> => {
    urls.push(request.url)
    return as.http.send(request)
  }
  return { plan: { as, options: { ports: { http: { send, close: async () => undefined } } } }, urls }
}

verifies('NG-09', 'believes no key that a token brings along', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const forged = (header: object): string => jws({ typ: 'at+jwt', alg: 'ES256', ...header }, claims, attackerSigns)
  await expectAccepted(one, jws(headerFor('ES256'), claims, signerFor('ES256')))
  await expectRefused(one, 'signature_invalid', {
    'with the kid of the issuer': forged({ jwk: attackerJwk, kid: 'ES256' }),
    'without kid': forged({ jwk: attackerJwk }),
    'whose kid is that of the issuer': forged({ jwk: { ...attackerJwk, kid: 'ES256' }, kid: 'ES256' }),
    'in a set': forged({ jwks: { keys: [attackerJwk] }, kid: 'ES256' }),
    'as text': forged({ jwk: JSON.stringify(attackerJwk), kid: 'ES256' }),
    private: forged({ jwk: attacker.privateKey.export({ format: 'jwk' }), kid: 'ES256' }),
  })
  await expectRefused(one, 'key_unknown', {
    'with its own kid': forged({ jwk: { ...attackerJwk, kid: 'mine' }, kid: 'mine' }),
    'with its thumbprint for kid': forged({
      jwk: attackerJwk,
      kid: createHash('sha256').update(JSON.stringify(attackerJwk)).digest('base64url'),
    }),
  })
  const otherKind = jws(
    { typ: 'at+jwt', alg: 'RS256', jwk: rsa.publicKey.export({ format: 'jwk' }) },
    claims,
    signerFor('RS256', rsa.privateKey),
  )
  await expectRefused(one, 'key_unfit', { 'of another kind': otherKind })
})

verifies('NG-10', 'calls no URL that a token names', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const { plan, urls } = watched(as)
  const one = await api(face, plan)
  const claims = claimsOf(as)
  await expectAccepted(one, jws(headerFor('ES256'), claims, signerFor('ES256')))
  const own = [...new Set(urls)]
  expect(own).toEqual([`${as.issuer}/.well-known/oauth-authorization-server`, `${as.issuer}/jwks`])
  const places = [
    'https://evil.example/jwks',
    'http://127.0.0.1:9/jwks',
    'http://[::1]/jwks',
    'http://169.254.169.254/latest/meta-data',
    `${as.issuer}/redirect?to=https://evil.example/jwks`,
    `${as.issuer}@evil.example/jwks`,
    `${as.issuer}/../jwks`,
    'file:///etc/passwd',
    'data:application/json,{"keys":[]}',
    '//evil.example/jwks',
    '',
  ]
  for (const name of ['jku', 'x5u']) {
    const forged = (url: unknown, kid: string): string =>
      jws({ alg: 'ES256', typ: 'at+jwt', kid, [name]: url }, claims, attackerSigns)
    for (const url of places) {
      await expectRefused(one, 'signature_invalid', { [`${name} ${url}`]: forged(url, 'ES256') })
      await expectRefused(one, 'key_unknown', { [`${name} ${url}, own kid`]: forged(url, 'evil') })
    }
    for (const odd of [['https://evil.example'], { href: 'https://evil.example' }, 1, null]) {
      await expectRefused(one, 'signature_invalid', { [`${name} ${JSON.stringify(odd)}`]: forged(odd, 'ES256') })
    }
  }
  expect([...new Set(urls)]).toEqual(own)
})

verifies('NG-10', 'opens no connection to where a token points', async (face) => {
  let asked = 0
  const trap = createServer((_, response) => {
    asked += 1
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [attackerJwk] }))
  })
  trap.on('connection', () => (asked += 1))
  await new Promise<void>((resolve) => trap.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void trap.close())
  const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks`
  const one = await api(face, { as: { listen: true } })
  await one.server.ready({ timeout: '30s' })
  await expectAccepted(one, one.as.jwt())
  for (const name of ['jku', 'x5u', 'iss']) {
    const token = one.as.jwt({ key: attacker.privateKey, header: { [name]: url } })
    await expectRefused(one, 'signature_invalid', { [name]: token })
  }
  await expectRefused(one, 'issuer_unknown', {
    'iss of the trap': one.as.jwt({ key: attacker.privateKey, claims: { iss: new URL(url).origin } }),
  })
  expect(asked).toBe(0)
})

verifies('NG-11', 'believes no certificate that a token brings along', async (face) => {
  const as = await publishing([jwkFor('RS256'), jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const forged = (header: object): string =>
    jws({ typ: 'at+jwt', alg: 'ES256', kid: 'ES256', ...header }, claims, attackerSigns)
  const sha1 = createHash('sha1').update(der).digest('base64url')
  const sha256 = createHash('sha256').update(der).digest('base64url')
  await expectAccepted(one, jws(headerFor('ES256'), claims, signerFor('ES256')))
  await expectRefused(one, 'signature_invalid', {
    x5c: forged({ x5c: [der.toString('base64')] }),
    'x5c, long': forged({ x5c: Array.from({ length: 3 }, () => der.toString('base64').slice(0, 400)) }),
    'x5c of nothing': forged({ x5c: [] }),
    'x5c that is a text': forged({ x5c: cert.slice(0, 400) }),
    x5t: forged({ x5t: sha1 }),
    'x5t#S256': forged({ 'x5t#S256': sha256 }),
    'all of them': forged({ x5c: [der.toString('base64')], x5t: sha1, 'x5t#S256': sha256 }),
    'x5t of another type': forged({ x5t: { toString: sha1 } }),
  })
  await expectRefused(one, 'signature_invalid', {
    'x5t in the place of kid': jws({ typ: 'at+jwt', alg: 'ES256', x5t: sha1 }, claims, attackerSigns),
  })
})

verifies('NG-12', 'takes a kid for a name and for nothing else', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const { plan, urls } = watched(as)
  const one = await api(face, plan)
  const claims = claimsOf(as)
  const named = (kid: unknown): string => jws(headerFor('ES256', { kid }), claims, signerFor('ES256'))
  await expectAccepted(one, named('ES256'))
  const own = urls.length
  const injections = [
    '../../dev/null',
    '/etc/passwd',
    "' OR 1=1--",
    "x' UNION SELECT 'secret",
    '|id',
    '$(id)',
    '`id`',
    '*)(uid=*',
    'https://evil.example/key.pem',
    'evil.example',
    '${jndi:ldap://evil.example/a}',
    '{{7*7}}',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    'length',
    '0',
    '[0]',
    '*',
    '.*',
    'es256',
    ' ES256',
    'ES256 ',
    'ＥS256',
    'k'.repeat(256),
    '\ud800',
    '\u202e',
  ]
  await expectRefused(one, 'key_unknown', Object.fromEntries(injections.map((kid) => [kid, named(kid)])))
  const malformed = ['\u0000', 'ES256\u0000', 'a\nb', '\u007f', '', 'k'.repeat(257), 'k'.repeat(1_500), 1, null, true]
  malformed.push({} as never, ['ES256'] as never, { toString: 'ES256' } as never)
  await expectRefused(
    one,
    'token_malformed',
    Object.fromEntries(malformed.map((kid) => [JSON.stringify(kid), named(kid)])),
  )
  // Ten thousand octets do not fit through the usual HTTP server.
  expect(await one.server.verify(named('k'.repeat(5_000)))).toEqual({ outcome: 'invalid', reason: 'token_malformed' })
  expect(await one.server.verify(named('k'.repeat(10_000)))).toEqual({ outcome: 'invalid', reason: 'token_too_long' })
  // At most one more look at the set, at the place where it always is.
  expect(urls.length - own).toBeLessThanOrEqual(1)
  expect(urls.slice(own).every((url) => url === `${as.issuer}/jwks`)).toBe(true)
})

verifies('NG-13', 'refuses every critical parameter', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const now = as.clock.wall() / 1_000
  const marked = (header: object, claims: object = claimsOf(as)): string =>
    jws(headerFor('ES256', header), claims, signerFor('ES256'))
  await expectAccepted(one, marked({}), marked({ bork: 1, exp: 0, CRIT: ['bork'] }))
  await expectRefused(one, 'critical_unsupported', {
    unknown: marked({ crit: ['bork'], bork: 1 }),
    'unknown and absent': marked({ crit: ['bork'] }),
    cnf: marked({ crit: ['cnf'], cnf: { jkt: 'x' } }),
    'exp in the past': marked({ crit: ['exp'], exp: 0 }),
    'exp in the future': marked({ crit: ['exp'], exp: now + 60 }),
    b64: marked({ crit: ['b64'], b64: true }),
    'a known one beside it': marked({ crit: ['alg', 'bork'], bork: 1 }),
    'a standard one': marked({ crit: ['alg'] }),
    kid: marked({ crit: ['kid'] }),
    typ: marked({ crit: ['typ'] }),
    twice: marked({ crit: ['b64', 'b64'], b64: true }),
    empty: marked({ crit: [] }),
    'an empty name': marked({ crit: [''] }),
    text: marked({ crit: 'exp', exp: 0 }),
    null: marked({ crit: null }),
    false: marked({ crit: false }),
    object: marked({ crit: {} }),
    nested: marked({ crit: [['bork']] }),
    escaped: jws(
      '{"alg":"ES256","typ":"at+jwt","kid":"ES256","\\u0063rit":["x"],"x":1}',
      claimsOf(as),
      signerFor('ES256'),
    ),
    __proto__: marked({ crit: ['__proto__'] }),
  })
})

/** A JWS whose payload stands as it is (RFC 7797). */
const unencoded = (payload: string, header: object = { crit: ['b64'], b64: false }): string => {
  const first = Buffer.from(JSON.stringify(headerFor('ES256', header))).toString('base64url')
  const signature = Buffer.from(signerFor('ES256')(Buffer.from(`${first}.${payload}`))).toString('base64url')
  return `${first}.${payload}.${signature}`
}

verifies('NG-14', 'refuses a payload that is not encoded', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const claims = claimsOf(as)
  const encoded = Buffer.from(JSON.stringify(claims)).toString('base64url')
  const marked = (header: object): string => jws(headerFor('ES256', header), claims, signerFor('ES256'))
  await expectAccepted(one, unencoded(encoded, {}), marked({ b64: true }))
  await expectRefused(one, 'critical_unsupported', {
    'whose octets are base64url': unencoded(encoded),
    'without crit': unencoded(encoded, { b64: false }),
    text: marked({ b64: 'false' }),
    zero: marked({ b64: 0 }),
    null: marked({ b64: null }),
  })
  await expectRefused(one, 'token_malformed', {
    'of other characters': unencoded('iss~https+as/test'),
    'of one character': unencoded('a'),
    'that is nothing (detached)': unencoded(''),
  })
  // With periods it is not even a JWT, and introspection knows nothing of it.
  await expectRefused(one, 'token_inactive', { 'with a period': unencoded('as.test~') })
  const json = await one.get('/', unencoded(JSON.stringify(claims)))
  expect([json.status, one.reasons().at(-1)]).toEqual([400, 'credentials_malformed'])
})

verifies('NG-26', 'lets the payload say nothing about keys', async (face) => {
  const as = await publishing([jwkFor('ES256'), jwkFor('RS256')])
  const { plan, urls } = watched(as)
  const one = await api(face, plan)
  const usual = claimsOf(as)
  const saying = (claims: object, signer = attackerSigns): string =>
    jws(headerFor('ES256'), { ...usual, ...claims }, signer)
  await expectAccepted(one, saying({}, signerFor('ES256')))
  const claims = {
    kid: { kid: 'attacker' },
    alg: { alg: 'none' },
    jwk: { jwk: attackerJwk },
    jwks: { jwks: { keys: [attackerJwk] } },
    jku: { jku: 'https://evil.example/jwks' },
    jwks_uri: { jwks_uri: 'https://evil.example/jwks' },
    x5c: { x5c: [der.toString('base64')] },
    sub_jwk: { sub_jwk: attackerJwk },
    sub: { sub: '../../keys/attacker' },
    client_id: { client_id: 'https://evil.example/client.json' },
  }
  await expectRefused(
    one,
    'signature_invalid',
    Object.fromEntries(Object.entries(claims).map(([name, claim]) => [name, saying(claim)])),
  )
  // A good key is not led astray, either.
  await expectAccepted(one, ...Object.values(claims).map((claim) => saying(claim, signerFor('ES256'))))
  expect(urls.filter((url) => !url.startsWith(`${as.issuer}/`))).toEqual([])
})
