import { login, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { CLIENT, clientCert, THIEF, thumbprintOf } from '../certificates.ts'
import { challengesOf, dpopApi, errorOf, expectProved, expectUnproved } from '../dpop.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const ALGS = ['algs', 'ES256 Ed25519 PS256 RS256']

verifies('DP-20', 'refuses a token that is bound to nothing under the scheme DPoP', async (face) => {
  const one = await dpopApi(face)
  const { as } = one
  await expectUnproved(one, 'binding_absent', { JWT: { token: as.jwt() }, opaque: { token: as.opaque() } })
  expect([(await one.get('/', as.jwt())).status, (await one.get('/', as.opaque())).status]).toEqual([200, 200])
  await expectProved(one, { bound: {}, 'in lower case': { scheme: 'dpop' }, 'in capitals': { scheme: 'DPOP' } })
})

verifies(['DP-21', 'DP-31', 'CH-20'], 'refuses the scheme DPoP without a proof', async (face) => {
  const one = await dpopApi(face)
  for (const token of [one.token, one.as.opaque(one.client.bound()), one.as.jwt()]) {
    const reply = await one.get('/', ['Authorization', `DPoP ${token}`])
    expect([reply.status, errorOf(reply, 'DPoP'), errorOf(reply, 'Bearer')]).toEqual([
      401,
      'invalid_dpop_proof',
      undefined,
    ])
  }
  expect(one.reasons()).toEqual(['proof_missing', 'proof_missing', 'proof_missing'])
  expect(one.as.calls.total).toBe(0)
})

verifies(['DP-22', 'NG-55'], 'refuses a bound token as Bearer, proof or not', async (face) => {
  const one = await dpopApi(face)
  for (const token of [one.token, one.as.opaque(one.client.bound())]) {
    for (const fields of [[], ['DPoP', one.proofFor({ token })]]) {
      const reply = await one.get('/', ['Authorization', `Bearer ${token}`, ...fields])
      expect([reply.status, errorOf(reply, 'Bearer'), errorOf(reply, 'DPoP')]).toEqual([
        401,
        'invalid_token',
        undefined,
      ])
      expect(challengesOf(reply).map(({ scheme }) => scheme)).toEqual(['Bearer', 'DPoP'])
    }
    await expectProved(one, { 'with its proof': { token } })
    expect((await one.get('/', token)).status).toBe(401)
  }
  expect(new Set(one.reasons())).toEqual(new Set(['binding_unproven']))
})

verifies(
  'DP-23',
  'ignores a proof beside a token that is bound to nothing, unless bindings are required',
  async (face) => {
    const { as, get } = await api(face)
    for (const proof of ['x', 'a.b.c', as.dpopClient().proof({ url: `${AUDIENCE}/` })]) {
      expect((await get('/', ['Authorization', `Bearer ${as.jwt()}`, 'DPoP', proof])).status).toBe(200)
    }
    const strict = await dpopApi(face, { options: { dpop: 'required' } })
    expect((await strict.get('/', ['Authorization', `Bearer ${strict.as.jwt()}`, 'DPoP', 'x'])).status).toBe(401)
    expect(strict.reasons()).toEqual(['binding_absent'])
  },
)

verifies('DP-26', 'asks for both where a token is bound to a key and to a certificate', async (face) => {
  const one = await dpopApi(face, { options: { mtls: { field: { from: '127.0.0.1' } } } })
  const cnf = { jkt: one.client.jkt, 'x5t#S256': thumbprintOf(CLIENT) }
  const certificate = ['Client-Cert', clientCert(CLIENT)]
  for (const token of [one.as.jwt({ claims: { cnf } }), one.as.opaque({ claims: { cnf } })]) {
    await expectUnproved(one, 'certificate_missing', { 'the proof alone': { token } })
    await expectUnproved(one, 'binding_mismatch', {
      'the certificate of another': { token, more: ['Client-Cert', clientCert(THIEF)] },
      'the proof of another': {
        token,
        more: certificate,
        proof: one.as.dpopClient().proof({ url: `${AUDIENCE}/`, token }),
      },
    })
    expect((await one.get('/', ['Authorization', `Bearer ${token}`, ...certificate])).status).toBe(401)
    expect(one.reasons().at(-1)).toBe('binding_unproven')
    await expectProved(one, { both: { token, more: certificate } })
  }
  // What is off is not checked, so the token is refused.
  const off = await dpopApi(face)
  await expectUnproved(off, 'binding_unsupported', {
    both: { token: off.as.jwt({ claims: { cnf: { ...cnf, jkt: off.client.jkt } } }) },
  })
})

/** What an error is told with. */
const text = (description: string): readonly (readonly [string, string])[] => [
  ['error_description', description],
  ['error_uri', 'https://docs.example.com/errors'],
]

verifies(
  ['DP-28', 'DP-29', 'DP-30', 'SU-15'],
  'says in the challenge what is wrong, and what a proof may be signed with',
  async (face) => {
    const one = await dpopApi(face, {
      routes: { '/orders': [scope('orders:read')], '/vault': [login({ acr: 'gold' })] },
      protect: { challenge: { scope: 'a b' } },
      options: { challenge: { realm: 'or"ders', errorUri: 'https://docs.example.com/errors' } },
    })
    const start = [['realm', 'or"ders'], ALGS]
    const rows = [
      [
        { token: one.as.jwt(one.client.bound({ expiresIn: '-1m' })) },
        401,
        ['error', 'invalid_token'],
        text('The access token expired'),
        ['scope', 'a b'],
      ],
      [
        { proof: 'x' },
        401,
        ['error', 'invalid_dpop_proof'],
        text('The DPoP proof is missing, malformed or not for this request'),
        ['scope', 'a b'],
      ],
      [
        { path: '/orders' },
        403,
        ['error', 'insufficient_scope'],
        text('The access token lacks a scope that this request needs'),
        ['scope', 'orders:read'],
      ],
      [
        { path: '/vault' },
        401,
        ['error', 'insufficient_user_authentication'],
        text('This request needs a stronger or more recent authentication'),
        ['acr_values', 'gold'],
      ],
    ] as const
    for (const [proving, status, error, said, needs] of rows) {
      const reply = await one.prove(proving)
      const dpop = challengesOf(reply).find(({ scheme }) => scheme === 'DPoP')
      expect([reply.status, dpop?.parameters]).toEqual([status, [...start, error, ...said, needs]])
    }
    const listed = await dpopApi(face, { options: { dpop: { algorithms: ['EdDSA', 'ES384'] } } })
    expect(challengesOf(await listed.get('/')).map(({ values }) => values['algs'])).toEqual([
      undefined,
      'Ed25519 ES384',
    ])
  },
)

verifies(['DP-32', 'DP-31'], 'sends both challenges, with an error on the scheme in use', async (face) => {
  const one = await dpopApi(face)
  const errors = async (fields: readonly string[]): Promise<readonly unknown[]> => {
    const reply = await one.get('/', fields)
    return [reply.status, ...challengesOf(reply).map(({ scheme, values }) => `${scheme} ${values['error']}`)]
  }
  expect(await errors([])).toEqual([401, 'Bearer undefined', 'DPoP undefined'])
  expect(await errors(['Authorization', 'Basic x'])).toEqual([401, 'Bearer undefined', 'DPoP undefined'])
  expect(await errors(['DPoP', one.proofFor()])).toEqual([401, 'Bearer undefined', 'DPoP undefined'])
  expect(await errors(['Authorization', 'Bearer x'])).toEqual([401, 'Bearer invalid_token', 'DPoP undefined'])
  expect(await errors(['Authorization', 'DPoP x'])).toEqual([401, 'Bearer undefined', 'DPoP invalid_dpop_proof'])
  expect(await errors(['Authorization', 'DPoP'])).toEqual([400, 'Bearer undefined', 'DPoP invalid_request'])
})

verifies(['DP-33', 'NG-59'], 'refuses Bearer and DPoP credentials in one request', async (face) => {
  const one = await dpopApi(face)
  const [bearer, dpop] = [`Bearer ${one.as.jwt()}`, `DPoP ${one.token}`]
  const proof = ['DPoP', one.proofFor()]
  for (const fields of [
    ['Authorization', bearer, 'Authorization', dpop],
    ['Authorization', dpop, 'Authorization', bearer],
    ['Authorization', dpop, 'Authorization', dpop],
    ['Authorization', `${bearer}, ${dpop}`],
    ['Authorization', `${dpop}, ${bearer}`],
    ['Authorization', `${dpop},${bearer}`],
  ]) {
    const reply = await one.get('/', [...fields, ...proof])
    expect([fields, reply.status, errorOf(reply, 'Bearer'), errorOf(reply, 'DPoP')]).toEqual([
      fields,
      400,
      'invalid_request',
      'invalid_request',
    ])
  }
  expect(one.handled()).toBe(0)
  await expectProved(one, { alone: {} })
})

verifies(['DP-34', 'DP-28', 'RM-16'], 'is off, allowed or required', async (face) => {
  const required = await dpopApi(face, {
    options: { dpop: 'required' },
    before: (server) => [{ is: 'resourceMetadata', server }],
  })
  const document = async ({ get }: typeof required): Promise<object> =>
    JSON.parse((await get('/.well-known/oauth-protected-resource')).body) as object
  await expectProved(required, { bound: {} })
  for (const [fields, reason, code] of [
    [['Authorization', `Bearer ${required.as.jwt()}`], 'binding_absent', 'invalid_token'],
    [['Authorization', `Bearer ${required.token}`], 'binding_unproven', 'invalid_token'],
    [[], 'credentials_missing', undefined],
  ] as const) {
    const reply = await required.get('/', fields)
    expect([reply.status, required.reasons().at(-1)]).toEqual([401, reason])
    expect(challengesOf(reply).map(({ scheme, values }) => [scheme, values['error']])).toEqual([['DPoP', code]])
  }
  expect(await document(required)).toMatchObject({
    dpop_bound_access_tokens_required: true,
    dpop_signing_alg_values_supported: ALGS[1]!.split(' '),
  })

  const off = await dpopApi(face, {
    options: { dpop: 'off' },
    before: (server) => [{ is: 'resourceMetadata', server }],
  })
  expect((await off.get('/', off.as.jwt())).status).toBe(200)
  expect(challengesOf(await off.get('/')).map(({ scheme }) => scheme)).toEqual(['Bearer'])
  expect(Object.keys(await document(off)).filter((name) => name.startsWith('dpop'))).toEqual([])

  const base = { issuer: 'https://as.test', audience: AUDIENCE }
  for (const wrong of [
    'on',
    'allow',
    true,
    1,
    { mode: 'on' },
    { modes: 'off' },
    { publicUrl: 'api.example.com' },
    { publicUrl: 'http://api.example.com' },
    { publicUrl: `${AUDIENCE}/?a` },
    { algorithms: [] },
    { algorithms: ['HS256'] },
    { algorithms: ['none'] },
  ]) {
    expect(() => face.protect({ ...base, dpop: wrong as never }), JSON.stringify(wrong)).toThrow(/"dpop/)
  }
  expect(() => face.protect({ ...base, audience: 'api-1', dpop: 'allowed' })).toThrow(
    /^option "dpop.publicUrl" is missing/,
  )
})

verifies('DP-35', 'refuses a bound token where DPoP is off', async (face) => {
  const one = await dpopApi(face, { options: { dpop: 'off' } })
  for (const token of [one.token, one.as.opaque(one.client.bound())]) {
    const plain = await one.get('/', token)
    const beside = await one.get('/', ['Authorization', `Bearer ${token}`, 'DPoP', one.proofFor({ token })])
    expect([plain.status, errorOf(plain, 'Bearer'), beside.status]).toEqual([401, 'invalid_token', 401])
    const proved = await one.prove({ token })
    expect([proved.status, proved.body]).toEqual([401, '{}'])
  }
  expect(new Set(one.reasons())).toEqual(new Set(['binding_unsupported', 'credentials_missing']))
  expect(one.handled()).toBe(0)
})

verifies('DP-54', 'judges a request in the order of cost, and asks nobody for what cannot be good', async (face) => {
  const one = await dpopApi(face, { options: { dpop: { nonce: true } } })
  const expired = one.as.jwt(one.client.bound({ expiresIn: '-1m' }))
  const thief = one.as.dpopClient()
  const proof = (token: string, changes = {}): string => thief.proof({ url: `${AUDIENCE}/`, token, ...changes })
  for (const [name, request, reason] of [
    ['what the proof says first', { token: expired, proof: 'x' }, 'proof_malformed'],
    ['then the token', { token: expired, proof: proof(expired) }, 'token_expired'],
    ['then its key', { proof: proof(one.token) }, 'binding_mismatch'],
    [
      'then the signature',
      { proof: `${one.proofFor().split('.').slice(0, 2).join('.')}.${Buffer.alloc(64).toString('base64url')}` },
      'proof_signature_invalid',
    ],
    ['then the nonce', {}, 'nonce_missing'],
  ] as const) {
    const reply = await one.prove(request)
    expect([name, one.reasons().at(-1)]).toEqual([name, reason])
    expect([name, reply.lines('dpop-nonce').length]).toEqual([name, reason === 'nonce_missing' ? 1 : 0])
  }
  const before = one.as.calls.introspection
  await expectUnproved(one, 'proof_malformed', {
    'an opaque token': { token: one.as.opaque(one.client.bound()), proof: 'x' },
  })
  expect(one.as.calls.introspection).toBe(before)
})

verifies('DP-53', 'lets scripts read the challenge and the nonce where that is asked for', async (face) => {
  const one = await dpopApi(face, { options: { dpop: { nonce: true }, cors: { expose: true } } })
  const reply = await one.prove()
  expect(reply.headers['access-control-expose-headers']).toBe('WWW-Authenticate, Retry-After, DPoP-Nonce')
  const silent = await dpopApi(face, { options: { dpop: { nonce: true } } })
  expect((await silent.prove()).headers['access-control-expose-headers']).toBeUndefined()
})

verifies(['CO-04', 'CO-07'], 'exposes the nonce beside what the application exposes, on success, too', async (face) => {
  const set = { 'access-control-expose-headers': 'X-A' }
  const one = await dpopApi(face, {
    options: { dpop: { nonce: true }, cors: { expose: true } },
    before: () => [{ is: 'headers', headers: set }],
  })
  const refused = await one.prove()
  expect(refused.lines('access-control-expose-headers')).toEqual(['X-A, WWW-Authenticate, Retry-After, DPoP-Nonce'])
  const nonce = refused.headers['dpop-nonce'] as string
  const early = await one.prove({ nonce })
  expect([early.status, early.lines('access-control-expose-headers')]).toEqual([200, ['X-A']])
  one.as.clock.advance('200s')
  const late = await one.prove({ nonce })
  expect([late.status, late.lines('dpop-nonce').length, late.lines('access-control-expose-headers')]).toEqual([
    200,
    1,
    ['X-A, DPoP-Nonce'],
  ])
})
