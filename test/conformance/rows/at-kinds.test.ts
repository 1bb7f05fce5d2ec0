import { scope } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { claimsOf, expectAccepted, expectRefused, headerFor, jwkFor, jws, publishing, signerFor } from '../forge.ts'
import type { Face } from '../faces.ts'
import { verifies } from '../verifies.ts'
import { type Api, api, AUDIENCE, type Plan } from '../world.ts'

const sign = signerFor('ES256')

async function start(
  face: Face,
  options: Plan['options'] = {},
  plan: Plan = {},
): Promise<{ one: Api; minted: (claims?: object, header?: object) => string }> {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { ...plan, as, options: { introspection: false, ...options } })
  return { one, minted: (claims, header) => jws(headerFor('ES256', header), claimsOf(as, claims), sign) }
}

const lax = { jwt: { profile: 'jwt' } } as const
const asJwt = { typ: 'JWT' }

verifies('AT-17', 'serves a token without a scope where none is asked for', async (face) => {
  const { one, minted } = await start(face, {}, { routes: { '/orders': [scope('orders:read')] } })
  for (const changes of [{ scope: undefined }, { scope: '' }]) {
    const reply = await one.get('/', minted(changes))
    expect([reply.status, JSON.parse(reply.body).scopes]).toEqual([200, []])
    expect((await one.get('/orders', minted(changes))).status).toBe(403)
  }
  expect((await one.get('/orders', minted({ scope: 'orders:read' }))).status).toBe(200)
})

verifies('AT-18', 'can refuse a token whose scopes may be meant for somebody else', async (face) => {
  const { one, minted } = await start(face, { jwt: { maxAudiences: 1 } })
  await expectAccepted(one, minted({ aud: AUDIENCE }), minted({ aud: [AUDIENCE] }))
  await expectRefused(one, 'audience_ambiguous', {
    'two audiences': minted({ aud: [AUDIENCE, 'https://other.example'] }),
    'ours last': minted({ aud: ['https://other.example', AUDIENCE] }),
    'ours twice': minted({ aud: [AUDIENCE, AUDIENCE] }),
  })
  await expectRefused(one, 'audience_wrong', { 'two of others': minted({ aud: ['a', 'b'] }) })
  const reply = await one.get('/', minted({ aud: [AUDIENCE, 'x'] }))
  expect(reply.lines('www-authenticate')).toEqual([
    withDpop(
      `Bearer realm="${AUDIENCE}", error="invalid_token", error_description="The access token is not meant for this resource"`,
    ),
  ])
  const two = await start(face, { jwt: { maxAudiences: 2 } })
  await expectAccepted(two.one, two.minted({ aud: [AUDIENCE, 'x'] }))
  await expectRefused(two.one, 'audience_ambiguous', { three: two.minted({ aud: [AUDIENCE, 'x', 'y'] }) })
  const any = await start(face)
  await expectAccepted(any.one, any.minted({ aud: [AUDIENCE, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'] }))
  for (const maxAudiences of [0, 101, 1.5, '1'])
    expect(() =>
      face.protect({
        audience: 'x',
        issuers: [{ issuer: 'https://as.test', jwt: { maxAudiences: maxAudiences as 1 } }],
      }),
    ).toThrow(
      `option "issuers[0].jwt.maxAudiences" is ${JSON.stringify(maxAudiences)}; write a whole number from 1 to 100`,
    )
})

/** Claims of an ID token for an API that somebody registered as a client, too (OpenID Connect Core §2). */
const ID_TOKENS: Readonly<Record<string, object>> = {
  'with a nonce': { nonce: 'n' },
  'with at_hash': { at_hash: 'x' },
  'with c_hash': { c_hash: 'x' },
  'with s_hash': { s_hash: 'x' },
  'with all of them': { nonce: 'n', at_hash: 'x', c_hash: 'x', s_hash: 'x', auth_time: 1 },
  'with an empty nonce': { nonce: '' },
  'with a null': { at_hash: null },
  'of Keycloak': { typ: 'ID' },
  'of Cognito': { token_use: 'id' },
}

verifies('AT-20', 'refuses an ID token under the profile without a strict type', async (face) => {
  const { one, minted } = await start(face, lax)
  await expectAccepted(one, minted({}, asJwt), minted({ auth_time: 1, acr: '1', azp: 'x' }, asJwt))
  await expectRefused(
    one,
    'token_kind_wrong',
    Object.fromEntries(Object.entries(ID_TOKENS).map(([name, claims]) => [name, minted(claims, asJwt)])),
  )
  await expectRefused(one, 'type_wrong', { 'by its type': minted({}, { typ: 'id_token+jwt' }) })
  const told = await start(face, { ...lax, requiredClaims: { typ: 'Bearer' } })
  await expectAccepted(told.one, told.minted({ typ: 'Bearer', nonce: 'n' }, asJwt))
  await expectRefused(told.one, 'token_kind_wrong', {
    'an ID token': told.minted({ typ: 'ID', nonce: 'n' }, asJwt),
    'a hash claim in spite of it': told.minted({ typ: 'Bearer', at_hash: 'x' }, asJwt),
  })
  // With a strict type, a nonce is one more claim.
  const strict = await start(face)
  await expectAccepted(strict.one, strict.minted({ nonce: 'n' }))
})

verifies(['AT-21', 'AT-22'], 'refuses events, logouts and introspection answers under both profiles', async (face) => {
  const logout = { 'http://schemas.openid.net/event/backchannel-logout': {} }
  for (const [options, header] of [
    [{}, {}],
    [lax, asJwt],
  ] as const) {
    const { one, minted } = await start(face, options)
    await expectRefused(one, 'token_kind_wrong', {
      'a security event': minted(
        { events: { 'https://schemas.openid.net/secevent/caep/event-type/session-revoked': {} } },
        header,
      ),
      'a logout token': minted({ events: logout, sid: 's', nonce: undefined }, header),
      'no events in it': minted({ events: {} }, header),
      'events: null': minted({ events: null }, header),
      'an introspection answer': minted({ token_introspection: { active: true } }, header),
      'an empty one': minted({ token_introspection: {} }, header),
    })
    const types = ['token-introspection+jwt', 'application/token-introspection+jwt', 'secevent+jwt', 'logout+jwt']
    await expectRefused(one, 'type_wrong', Object.fromEntries(types.map((typ) => [typ, minted({}, { typ })])))
    await expectAccepted(one, minted({ event: {}, Events: {}, sid: 's' }, header))
  }
})

/** What else an issuer may sign with the same keys. */
const TYPES = [
  'dpop+jwt',
  'logout+jwt',
  'secevent+jwt',
  'statuslist+jwt',
  'client-authentication+jwt',
  'oauth-authz-req+jwt',
  'entity-statement+jwt',
  'token-introspection+jwt',
  'kb+jwt',
  'dc+sd-jwt',
  'vc+sd-jwt',
  'oauth-id-jag+jwt',
  'id_token+jwt',
  'JOSE',
  'passport',
] as const

verifies('AT-23', 'refuses other kinds of JWT by their type under both profiles', async (face) => {
  for (const options of [{}, lax]) {
    const { one, minted } = await start(face, options)
    for (const write of [
      (typ: string) => typ,
      (typ: string) => `application/${typ}`,
      (typ: string) => typ.toUpperCase(),
    ])
      await expectRefused(
        one,
        'type_wrong',
        Object.fromEntries(TYPES.map((typ) => [write(typ), minted({}, { typ: write(typ) })])),
      )
  }
})

verifies('AT-24', 'asks for the claims by which a vendor tells kinds of token apart', async (face) => {
  for (const [requiredClaims, wrong] of [
    [{ token_use: 'access' }, [{ token_use: 'id' }, { token_use: 'Access' }, { token_use: ['access'] }, {}]],
    [{ typ: 'Bearer' }, [{ typ: 'ID' }, { typ: 'Refresh' }, { typ: 'bearer' }, { typ: null }, {}]],
    [{ azp: 'our-client' }, [{ azp: 'other' }, { azp: 'our-client ' }, {}]],
    [
      { 'https://x/kind': 'access', v: 2, ok: true },
      [
        { 'https://x/kind': 'access', v: '2', ok: true },
        { v: 2, ok: true },
      ],
    ],
  ] as const) {
    const { one, minted } = await start(face, { ...lax, requiredClaims })
    await expectAccepted(one, minted(requiredClaims, asJwt))
    await expectRefused(
      one,
      'token_kind_wrong',
      Object.fromEntries(wrong.map((claims) => [JSON.stringify(claims), minted(claims, asJwt)])),
    )
  }
  const { one, minted } = await start(face, { requiredClaims: { constructor: 'x' } })
  await expectRefused(one, 'token_kind_wrong', { 'an inherited name': minted() })
  const configured = (requiredClaims: object) => (): unknown =>
    face.protect({ audience: 'x', issuers: [{ issuer: 'https://as.test', requiredClaims: requiredClaims as never }] })
  expect(configured({ token_use: ['access'] })).toThrow(
    'option "issuers[0].requiredClaims" is an object; write an object of texts',
  )
  expect(configured({ token_use: null })).toThrow('option "issuers[0].requiredClaims"')
})

verifies(
  'JW-58',
  'takes no other kind of JWT for an access token, nor an access token for an introspection answer',
  async (face) => {
    const as = await publishing([jwkFor('ES256')])
    const now = as.clock.wall() / 1_000
    const base = { iss: as.issuer, iat: now, exp: now + 300, jti: 'j' }
    const kinds: Readonly<Record<string, readonly [header: object, claims: object]>> = {
      'a DPoP proof': [
        { typ: 'dpop+jwt', jwk: jwkFor('ES256') },
        { jti: 'j', htm: 'GET', htu: AUDIENCE, iat: now },
      ],
      'a logout token': [{ typ: 'logout+jwt' }, { ...base, aud: AUDIENCE, sub: 's', events: {} }],
      'a security event': [{ typ: 'secevent+jwt' }, { ...base, aud: AUDIENCE, events: {} }],
      'a status list': [{ typ: 'statuslist+jwt' }, { ...base, sub: AUDIENCE, status_list: { bits: 1, lst: 'eNo' } }],
      'an introspection answer': [
        { typ: 'token-introspection+jwt' },
        { ...base, aud: AUDIENCE, token_introspection: { active: true } },
      ],
      'a client assertion': [{ typ: 'client-authentication+jwt' }, { ...base, iss: 'c', sub: 'c', aud: AUDIENCE }],
      'a client assertion of old': [{ typ: undefined }, { ...base, iss: 'c', sub: 'c', aud: AUDIENCE }],
      'an ID token': [{ typ: 'JWT' }, { ...base, sub: 's', aud: AUDIENCE, nonce: 'n', at_hash: 'x' }],
      'a request object': [{ typ: 'oauth-authz-req+jwt' }, { ...base, iss: 'c', aud: AUDIENCE, client_id: 'c' }],
    }
    for (const profile of ['at+jwt', 'jwt'] as const) {
      const one = await api(face, { as, options: { introspection: false, jwt: { profile } } })
      for (const [name, [header, claims]] of Object.entries(kinds)) {
        const reply = await one.get('/', jws(headerFor('ES256', header), claims, sign))
        expect([profile, name, reply.status, JSON.parse(reply.body).error]).toEqual([
          profile,
          name,
          401,
          'invalid_token',
        ])
        // The same claims where the type says access token: what is inside gives it away, or is missing.
        const disguised = await one.get('/', jws(headerFor('ES256'), claims, sign))
        expect([profile, name, disguised.status]).toEqual([profile, name, 401])
      }
      expect([one.handled(), one.reasons().includes('internal_error')]).toEqual([0, false])
    }
    const asked = await api(face)
    const token = asked.as.opaque()
    const answer = jws(headerFor('ES256'), claimsOf(asked.as), sign)
    asked.as.respond('introspection', { body: answer, contentType: 'application/jwt' })
    expect((await asked.get('/', token)).status).toBe(503)
    asked.as.respond('introspection', { body: claimsOf(asked.as), contentType: 'application/json' })
    expect((await asked.get('/', asked.as.opaque())).status).toBe(503)
  },
)
