import { scope } from '@holdfast/core'
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
  pairFor,
  publishing,
  signerFor,
} from '../forge.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

/** Signed by the issuer itself: only what it says tells it from an access token. */
const issued = (claims: object, typ?: unknown): string => jws(headerFor('ES256', { typ }), claims, signerFor('ES256'))
const RELAXED = { jwt: { profile: 'jwt' } } as const
/** An access token of RFC 9068, less what says so. */
const usual = { client_id: undefined, jti: undefined }

verifies('NG-48', 'takes no ID token for an access token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const idToken = (changes: object = {}): object =>
    claimsOf(as, { ...usual, azp: 'shop', auth_time: 0, email: 'me@example.com', ...changes })

  const strict = await api(face, { as })
  await expectAccepted(strict, issued(claimsOf(as), 'at+jwt'))
  const types = ['JWT', 'jwt', undefined, 'id_token', 'id+jwt', 'application/jwt', 'JOSE', '', null, ['at+jwt'], 1]
  for (const typ of types) {
    await expectRefused(strict, 'type_wrong', {
      [`typ ${JSON.stringify(typ)}, for us`]: issued(idToken(), typ),
      [`typ ${JSON.stringify(typ)}, for the client`]: issued(idToken({ aud: 'shop' }), typ),
      [`typ ${JSON.stringify(typ)}, else good`]: issued(claimsOf(as), typ),
    })
  }

  const relaxed = await api(face, { as, options: RELAXED })
  await expectAccepted(relaxed, issued(claimsOf(as, usual), 'JWT'), issued(claimsOf(as, usual)))
  const marks = { nonce: 'n', at_hash: 'a', c_hash: 'c', s_hash: 's' }
  for (const typ of ['JWT', undefined, 'at+jwt']) {
    const attacks: Attacks = {
      'for the client': [issued(idToken({ aud: 'shop' }), typ), 'audience_wrong'],
      'for several clients': [issued(idToken({ aud: ['shop', 'other'] }), typ), 'audience_wrong'],
      'with a kind': [issued(idToken({ typ: 'ID' }), typ), 'token_kind_wrong'],
      'with a kind, lower case': [issued(idToken({ typ: 'id' }), typ), 'token_kind_wrong'],
      'with a use': [issued(idToken({ token_use: 'id' }), typ), 'token_kind_wrong'],
      'with a type': [issued(idToken({ token_type: 'id_token' }), typ), 'token_kind_wrong'],
    }
    const marked = Object.entries(marks).map(([name, value]) => [
      name,
      [issued(idToken({ [name]: value }), typ), 'token_kind_wrong'],
    ])
    const empty = Object.keys(marks).map((name) => [
      `${name} of null`,
      [issued(idToken({ [name]: null }), typ), 'token_kind_wrong'],
    ])
    await expectRefusals(relaxed, { ...attacks, ...(Object.fromEntries([...marked, ...empty]) as Attacks) })
  }

  // One without any mark says nothing that an access token could not say: the configuration has to name the difference.
  await expectAccepted(relaxed, issued(idToken(), 'JWT'))
  const told = await api(face, { as, options: { ...RELAXED, requiredClaims: { token_use: 'access' } } })
  await expectAccepted(told, issued(claimsOf(as, { ...usual, token_use: 'access' }), 'JWT'))
  await expectRefused(told, 'token_kind_wrong', {
    'without marks': issued(idToken(), 'JWT'),
    'of another use': issued(idToken({ token_use: 'id' }), 'JWT'),
    'of a use that is a list': issued(idToken({ token_use: ['access'] }), 'JWT'),
  })
})

verifies('NG-49', 'takes no security event and no logout token for an access token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const session = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked'
  const logout = 'http://schemas.openid.net/event/backchannel-logout'
  for (const options of [{}, RELAXED]) {
    const one = await api(face, { as, options })
    const events = {
      'logout token': { [logout]: {} },
      'CAEP event': { [session]: { event_timestamp: 1 } },
      'no event': {},
    }
    for (const [name, value] of Object.entries(events)) {
      await expectRefused(one, 'type_wrong', {
        [`${name}, secevent`]: issued(claimsOf(as, { events: value }), 'secevent+jwt'),
        [`${name}, logout`]: issued(claimsOf(as, { events: value, sid: 's' }), 'logout+jwt'),
        [`${name}, in full`]: issued(claimsOf(as, { events: value }), 'application/secevent+jwt'),
      })
      await expectRefused(one, 'token_kind_wrong', {
        [`${name} as an access token`]: issued(claimsOf(as, { events: value }), 'at+jwt'),
        [`${name} with a nonce`]: issued(claimsOf(as, { events: value, nonce: 'n' }), 'at+jwt'),
      })
    }
    await expectRefused(one, 'token_kind_wrong', {
      'events that are null': issued(claimsOf(as, { events: null }), 'at+jwt'),
      'events that are a list': issued(claimsOf(as, { events: [session] }), 'at+jwt'),
      'a logout token by its kind': issued(claimsOf(as, { typ: 'Logout' }), 'at+jwt'),
    })
  }
  const relaxed = await api(face, { as, options: RELAXED })
  for (const typ of ['JWT', undefined]) {
    await expectRefused(relaxed, 'token_kind_wrong', {
      [`logout token of type ${typ}`]: issued(claimsOf(as, { ...usual, events: { [logout]: {} }, sid: 's' }), typ),
    })
  }
})

verifies('NG-50', 'takes no signed introspection answer for an access token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const answer = { token_introspection: { active: true, sub: 'test-user', aud: AUDIENCE } }
  for (const options of [{}, RELAXED]) {
    const one = await api(face, { as, options })
    await expectRefused(one, 'type_wrong', {
      'as it is': issued(claimsOf(as, answer), 'token-introspection+jwt'),
      'in full': issued(claimsOf(as, answer), 'application/token-introspection+jwt'),
      'its type alone': issued(claimsOf(as), 'token-introspection+jwt'),
    })
    await expectRefused(one, 'token_kind_wrong', {
      'its claim alone': issued(claimsOf(as, answer), 'at+jwt'),
      'an empty claim': issued(claimsOf(as, { token_introspection: {} }), 'at+jwt'),
      null: issued(claimsOf(as, { token_introspection: null }), 'at+jwt'),
    })
  }
  const relaxed = await api(face, { as, options: RELAXED })
  await expectRefused(relaxed, 'token_kind_wrong', { 'of no type': issued(claimsOf(as, answer)) })
})

verifies('NG-51', 'takes no DPoP proof for an access token, and no access token for a proof', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const { privateKey } = pairFor('ES256', 'client')
  const now = as.clock.wall() / 1_000
  const proof = (claims: object, typ = 'dpop+jwt'): string =>
    jws(
      { alg: 'ES256', typ, jwk: jwkFor('ES256', {}, 'client') },
      { htm: 'GET', htu: 'https://api/', jti: 'p', iat: now, ...claims },
      signerFor('ES256', privateKey),
    )
  const bound = (cnf: object): string => issued(claimsOf(as, { cnf }), 'at+jwt')
  for (const options of [{}, RELAXED]) {
    const one = await api(face, { as, options })
    await expectRefusals(one, {
      proof: [proof({}), 'issuer_unknown'],
      'proof with ath': [proof({ ath: 'x' }), 'issuer_unknown'],
      'proof with claims': [proof(claimsOf(as)), 'type_wrong'],
      'proof of another type': [proof(claimsOf(as), 'at+jwt'), 'signature_invalid'],
      'proof that the issuer signed': [issued(claimsOf(as), 'dpop+jwt'), 'type_wrong'],
    })
    const token = bound({ jkt: 'x' })
    for (const scheme of ['Bearer', 'DPoP']) {
      for (const other of [token, issued(claimsOf(as), 'at+jwt'), proof({})]) {
        const reply = await one.get('/', ['Authorization', `${scheme} ${token}`, 'DPoP', other])
        expect(reply.status).toBe(401)
      }
    }
    expect(one.handled()).toBe(0)
  }
})

const OTHER_TYPES = [
  'client-authentication+jwt',
  'oauth-authz-req+jwt',
  'statuslist+jwt',
  'application/statuslist+jwt',
  'dc+sd-jwt',
  'vc+sd-jwt',
  'kb+jwt',
  'entity-statement+jwt',
  'resolve-response+jwt',
  'trust-mark+jwt',
  'refresh+jwt',
  'rt+jwt',
  'oauth-id-jag+jwt',
  'vp+jwt',
  'jwk-set+json',
  'text/at+jwt',
  'application/application/at+jwt',
  'at+jwt; charset=utf-8',
  'at+jwt ',
  ' at+jwt',
  'at +jwt',
  'jwt+at',
  'x-at+jwt',
  'at+jwt+x',
]

verifies('NG-52', 'takes no other JWT of the issuer for an access token', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  for (const options of [{}, RELAXED]) {
    const one = await api(face, { as, options })
    const good = claimsOf(as)
    await expectAccepted(one, issued(good, 'at+jwt'), issued(good, 'AT+JWT'), issued(good, 'application/at+jwt'))
    await expectRefused(one, 'type_wrong', Object.fromEntries(OTHER_TYPES.map((typ) => [typ, issued(good, typ)])))
    const kinds = [
      ...['Refresh', 'refresh', 'REFRESH', 'refresh_token', 'RefreshToken', 'Offline', 'ID', 'id_token', 'Logout'].map(
        (typ) => ({ typ }),
      ),
      ...['refresh', 'id', 'Access', '', 1, null, ['access']].map((use) => ({ token_use: use })),
      ...['refresh', 'refresh_token', 'id_token', 'Refresh'].map((type) => ({ token_type: type })),
      ...['refresh', 'refresh_token', 'id_token'].map((type) => ({ type })),
    ]
    await expectRefused(
      one,
      'token_kind_wrong',
      Object.fromEntries(kinds.map((kind) => [JSON.stringify(kind), issued({ ...good, ...kind }, 'at+jwt')])),
    )
    await expectAccepted(
      one,
      issued({ ...good, typ: 'Bearer', token_use: 'access', token_type: 'Bearer', type: 'employee' }, 'at+jwt'),
    )
  }
})

verifies('NG-52', 'tells other JWTs of the issuer by what they say where typ says nothing', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: RELAXED })
  const { issuer } = as
  for (const typ of ['JWT', undefined]) {
    const made = (changes: object): string => issued(claimsOf(as, { ...usual, ...changes }), typ)
    await expectAccepted(one, made({}))
    const sd = made({ _sd_alg: 'sha-256', _sd: ['x'] })
    await expectRefusals(one, {
      'client assertion': [made({ iss: 'client', sub: 'client', aud: issuer }), 'issuer_unknown'],
      'client assertion for the token endpoint': [made({ sub: 'client', aud: `${issuer}/token` }), 'audience_wrong'],
      'request object': [
        made({ iss: 'client', aud: issuer, response_type: 'code', redirect_uri: 'https://x' }),
        'issuer_unknown',
      ],
      'authorization response': [made({ aud: 'client', code: 'c', state: 's' }), 'audience_wrong'],
      'status list': [made({ aud: undefined, status_list: { bits: 1, lst: 'eNo' } }), 'audience_missing'],
      'entity statement': [made({ sub: issuer, aud: undefined, jwks: { keys: [] } }), 'audience_missing'],
      'user info': [made({ aud: 'client', email: 'me@example.com' }), 'audience_wrong'],
      'logout token': [made({ aud: 'client', sid: 's', events: {} }), 'token_kind_wrong'],
      'refresh token for the issuer': [made({ aud: issuer }), 'audience_wrong'],
      'refresh token': [made({ token_type: 'refresh' }), 'token_kind_wrong'],
      'SD-JWT': [`${sd}~`, 'token_malformed'],
      'SD-JWT with a disclosure': [`${sd}~WyJzYWx0IiwibmFtZSIsIngiXQ~`, 'token_malformed'],
      'KB-JWT': [made({ iss: undefined, nonce: 'n', sd_hash: 'h' }), 'issuer_unknown'],
    })
  }
})

verifies('NG-53', 'refuses a token for another API of the same issuer', async (face) => {
  const one = await api(face, { routes: { '/read': [scope('read')] } })
  const others = [
    'https://other.example.com',
    `${AUDIENCE}/v2`,
    `${AUDIENCE}.evil.example`,
    'test-client',
    one.as.issuer,
  ]
  for (const audience of others) {
    await expectRefused(one, 'audience_wrong', {
      [`JWT for ${audience}`]: one.as.jwt({ audience, scope: 'read' }),
      [`JWT for ${audience} and another`]: one.as.jwt({ audience: [audience, 'https://third.example'], scope: 'read' }),
      [`opaque for ${audience}`]: one.as.opaque({ audience, scope: 'read' }),
    })
    // The scope that the other API calls by the same name opens no door, and is not even looked at.
    expect((await one.get('/read', one.as.jwt({ audience, scope: 'read' }))).status).toBe(401)
  }
  await expectRefusals(one, {
    'a resource claim': [one.as.jwt({ audience: 'x', claims: { resource: AUDIENCE } }), 'audience_wrong'],
    'an azp': [one.as.jwt({ audience: 'x', claims: { azp: AUDIENCE } }), 'audience_wrong'],
    'no audience': [one.as.jwt({ claims: { aud: undefined } }), 'audience_missing'],
    'no audience, opaque': [one.as.opaque({ claims: { aud: undefined } }), 'audience_missing'],
  })
  expect((await one.get('/read', one.as.jwt({ scope: 'read' }))).status).toBe(200)
})

verifies('NG-57', 'takes no refresh token and no code by way of introspection', async (face) => {
  const one = await api(face)
  await expectAccepted(one, one.as.opaque(), one.as.opaque({ claims: { token_type: 'bearer', token_use: 'access' } }))
  const kinds = [
    ...['refresh_token', 'Refresh', 'refresh', 'id_token', 'N_A', 'mac', 'code', '', 'Bearer refresh'].map((type) => ({
      token_type: type,
    })),
    ...['refresh', 'id', 'code'].map((use) => ({ token_use: use })),
    ...['Refresh', 'refresh', 'Offline', 'ID'].map((typ) => ({ typ })),
    { type: 'refresh_token' },
  ]
  for (const claims of kinds) {
    await expectRefused(one, 'token_kind_wrong', { [JSON.stringify(claims)]: one.as.opaque({ claims }) })
  }
  await expectRefusals(one, {
    'authorization code': ['SplxlOBeZQQYbYS6WxSbIA', 'token_inactive'],
    'device code': ['GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS', 'token_inactive'],
    unmarked: [one.as.opaque({ claims: { aud: undefined, token_type: undefined } }), 'audience_missing'],
    'for the issuer': [one.as.opaque({ audience: one.as.issuer }), 'audience_wrong'],
  })
  const hints = one.as.calls.to('introspection').map(({ parameters }) => parameters['token_type_hint'])
  expect(new Set(hints)).toEqual(new Set(['access_token']))
  // A type that is no text is an answer of another shape: it says nothing.
  const reply = await one.get('/', one.as.opaque({ claims: { token_type: ['Bearer'] } }))
  expect([reply.status, one.handled()]).toEqual([503, 2])
})
