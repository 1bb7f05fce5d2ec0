import { createResourceServer, type Guard, inlineSignatures, type ResourceServerOptions } from '@holdfast/core'
import { testAuthorizationServer, testClock, testNetwork } from '@holdfast/testing'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
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
import { api, AUDIENCE } from '../world.ts'

const sign = signerFor('ES256')
const forge = signerFor('ES256', pairFor('ES256', 'attacker').privateKey)
const jwtsOnly = { introspection: false } as const

verifies('JW-55', 'tells, keeps and believes nothing that was not verified', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: jwtsOnly })
  const secret = { sub: 'sub-of-a-forger', client_id: 'client-of-a-forger', jti: 'jti-of-a-forger' }
  const forged = jws(headerFor('ES256'), claimsOf(as, secret), forge)
  const late = jws(headerFor('ES256'), claimsOf(as, { ...secret, iat: 1, exp: 2 }), forge)
  const strange = jws(headerFor('ES256'), claimsOf(as, { ...secret, iss: 'https://issuer-of-a-forger' }), forge)
  await expectRefusals(one, {
    forged: [forged, 'signature_invalid'],
    'forged once more': [forged, 'signature_invalid'],
    'forged and expired': [late, 'token_expired'],
    'of a strange issuer': [strange, 'issuer_unknown'],
  })
  expect(one.events.flatMap((event) => (event.type === 'refused' ? [event.unverified] : []))).toEqual([
    false,
    false,
    true,
    true,
  ])
  expect(JSON.stringify(one.events)).not.toContain('of-a-forger')
  expect(JSON.stringify(one.server.status())).not.toContain('of-a-forger')
  expect(one.server.status().caches.jwts.entries).toBe(0)
  // The forger's jti and sub are nobody's: the real ones are served.
  await expectAccepted(one, jws(headerFor('ES256'), claimsOf(as, secret), sign))
  expect(one.server.status().caches.jwts.entries).toBe(1)
})

verifies('JW-56', 'keeps the keys of one issuer from the tokens of another', async (face) => {
  const clock = testClock()
  const kid = 'same'
  const serve = async (issuer: string, owner: string) => {
    const as = await testAuthorizationServer({ audience: AUDIENCE, issuer, clock })
    as.respond('keys', { body: { keys: [jwkFor('ES256', { kid }, owner)] } })
    return as
  }
  const [a, b] = [await serve('https://a.test', 'a'), await serve('https://b.test', 'b')]
  const one = await api(face, {
    as: a,
    server: (as, observe) => {
      const { ports } = as.options()
      const issuers = [a, b].map((each) => each.issuerOptions(jwtsOnly))
      const options: ResourceServerOptions = {
        audience: AUDIENCE,
        issuers,
        observe,
        ports: { ...ports!, http: testNetwork(a, b) },
      }
      return createResourceServer(options)
    },
  })
  const by = (issuer: typeof a, owner: string, header: object = {}): string =>
    jws(
      headerFor('ES256', { kid, ...header }),
      claimsOf(issuer),
      signerFor('ES256', pairFor('ES256', owner).privateKey),
    )
  await expectRefused(one, 'signature_invalid', { 'a by b': by(a, 'b'), 'b by a': by(b, 'a') })
  await expectAccepted(one, by(a, 'a'), by(b, 'b'))
  await expectRefused(one, 'signature_invalid', {
    'a by b, once both are known': by(a, 'b'),
    'b by a, likewise': by(b, 'a'),
  })
  await expectRefused(one, 'issuer_unknown', {
    'a third': jws(
      headerFor('ES256', { kid }),
      claimsOf(a, { iss: 'https://c.test' }),
      signerFor('ES256', pairFor('ES256', 'a').privateKey),
    ),
  })
  await expectRefused(one, 'signature_invalid', { 'the issuer in the header': by(a, 'b', { iss: 'https://b.test' }) })
})

verifies('JW-57', 'lets the application refuse a subject that an issuer may not vouch for', async (face) => {
  const asked: string[] = []
  const ours: Guard = async ({ issuer, subject }) => {
    await Promise.resolve()
    asked.push(`${issuer} ${subject}`)
    return subject === 'test-user' || { reason: 'subject_refused', detail: 'no such person here' }
  }
  const one = await api(face, { routes: { '/mine': [ours] } })
  expect((await one.get('/mine', one.as.jwt())).status).toBe(200)
  for (const token of [one.as.jwt({ sub: 'mallory' }), one.as.opaque({ sub: 'mallory' })]) {
    const reply = await one.get('/mine', token)
    const description = 'The subject of the access token is not accepted here'
    expect(reply.status).toBe(401)
    expect(reply.lines('www-authenticate')).toEqual([
      withDpop(`Bearer realm="${AUDIENCE}", error="invalid_token", error_description="${description}"`),
    ])
    expect(JSON.parse(reply.body)).toEqual({ error: 'invalid_token', error_description: description })
  }
  expect(asked).toEqual(['https://as.test test-user', 'https://as.test mallory', 'https://as.test mallory'])
  expect(one.reasons()).toEqual(['subject_refused', 'subject_refused'])
  expect(one.events).toContainEqual(
    expect.objectContaining({
      type: 'refused',
      reason: 'subject_refused',
      status: 401,
      issuer: 'https://as.test',
      unverified: false,
      detail: 'no such person here',
    }),
  )
  expect(one.handled()).toBe(1)
})

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))

const members = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, at) => [`m${at}`, 0]))

verifies('JW-60', 'bounds its work before it begins', async (face) => {
  let checks = 0
  const signatures = {
    ...inlineSignatures,
    now: (check: Parameters<typeof inlineSignatures.now>[0]) => {
      checks += 1
      return inlineSignatures.now(check)
    },
  }
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { ...jwtsOnly, ports: { signatures } } })
  const minted = (header: object, claims: object): string => jws(headerFor('ES256', header), claimsOf(as, claims), sign)
  const bare = minted({}, { pad: '' }).length
  const ofAtLeast = (length: number): string => {
    for (let size = Math.floor(((length - bare) * 3) / 4) - 4; ; size += 1) {
      const token = minted({}, { pad: 'x'.repeat(size) })
      if (token.length >= length) return token
    }
  }
  await expectRefused(one, 'token_too_long', {
    'periods alone': '.'.repeat(8_193),
    'a token that is too long': ofAtLeast(8_193),
    'any text': 'x'.repeat(8_193),
  })
  await expectRefused(one, 'opaque_unsupported', { 'as many periods as may be': '.'.repeat(8_192) })
  await expectRefused(one, 'token_malformed', {
    'a header of 2,049 octets': minted(
      { pad: 'x'.repeat(2_049 - JSON.stringify(headerFor('ES256', { pad: '' })).length) },
      {},
    ),
    'claims 17 deep': minted({}, { deep: nested(16) }),
    'a header 17 deep': minted({ deep: nested(16) }, {}),
    'depths beyond any stack': jws(headerFor('ES256'), `{"a":${'['.repeat(3_000)}${']'.repeat(3_000)}}`, sign),
  })
  for (const text of [
    '.'.repeat(1_000_000),
    `${base64url(headerFor('ES256'))}.${'a'.repeat(1_000_000)}.a`,
    '{'.repeat(1_000_000),
  ])
    expect(await one.server.verify(text)).toEqual({ outcome: 'invalid', reason: 'token_too_long' })
  expect([checks, as.calls.total]).toEqual([0, 0])
  await expectAccepted(
    one,
    minted({ pad: 'x'.repeat(2_048 - JSON.stringify(headerFor('ES256', { pad: '' })).length) }, {}),
    minted({}, { deep: nested(15) }),
    ofAtLeast(8_190),
  )
  const wide = await api(face, {
    as: await publishing([jwkFor('ES256')]),
    options: { ...jwtsOnly, maxTokenLength: 65_536 },
  })
  const claims = Object.keys(claimsOf(as)).length
  const judged = async (count: number): Promise<unknown> =>
    wide.server.verify(jws(headerFor('ES256'), claimsOf(wide.as, members(count)), sign))
  expect(await judged(2_000 - claims)).toMatchObject({ outcome: 'valid' })
  expect(await judged(2_001 - claims)).toEqual({ outcome: 'invalid', reason: 'token_malformed' })
})

verifies('JW-61', 'finds what is cheap before it fetches a key or computes anything', async (face) => {
  let checks = 0
  const signatures = {
    ...inlineSignatures,
    now: (check: Parameters<typeof inlineSignatures.now>[0]) => {
      checks += 1
      return inlineSignatures.now(check)
    },
  }
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { ...jwtsOnly, ports: { signatures } } })
  const minted = (header: object, claims: object = {}): string =>
    jws(headerFor('ES256', header), claimsOf(as, claims), forge)
  await expectRefusals(one, {
    'its characters': ['a!b', 'token_malformed'],
    'its length': ['x'.repeat(9_000), 'token_too_long'],
    'its algorithm': [minted({ alg: 'HS256' }), 'algorithm_not_allowed'],
    'its type': [minted({ typ: 'JWT' }), 'type_wrong'],
    'its kid': [minted({ kid: 1 }), 'token_malformed'],
    'its issuer': [minted({}, { iss: 'https://evil.example' }), 'issuer_unknown'],
    'its audience': [minted({}, { aud: 'x' }), 'audience_wrong'],
    'its end': [minted({}, { iat: 1, exp: 2 }), 'token_expired'],
    'its end, under a kid that nobody has': [minted({ kid: 'nobody' }, { iat: 1, exp: 2 }), 'token_expired'],
  })
  expect([checks, as.calls.total]).toEqual([0, 0])
  const ends = one.events.filter((event) => event.type === 'refused' && event.reason === 'token_expired')
  expect(ends).toMatchObject([{ unverified: true }, { unverified: true }])
  // The same in an outage: what is bad for sure is 401, and only what might be good is 503.
  as.outage()
  await expectRefused(one, 'token_expired', { 'in an outage': minted({}, { iat: 1, exp: 2 }) })
  expect((await one.get('/', minted({}))).status).toBe(503)
  expect(one.reasons().at(-1)).toBe('keys_unavailable')
})
