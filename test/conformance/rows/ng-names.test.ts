import { ConfigError, type ResourceServerOptions, toAuthInfo } from '@holdfast/core'
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
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const sign = (payload: Part): string => jws(headerFor('ES256'), payload, signerFor('ES256'))
const PROFILES = ['at+jwt', 'jwt'] as const

verifies('NG-39', 'takes an issuer for one text, whole', async (face) => {
  const as = await publishing([jwkFor('ES256')], 'https://as.test/tenant')
  for (const profile of PROFILES) {
    const one = await api(face, { as, options: { jwt: { profile } } })
    const from = (iss: unknown): string => sign(claimsOf(as, { iss }))
    await expectAccepted(one, from('https://as.test/tenant'))
    const others: readonly unknown[] = [
      ['https://as.test/tenant'],
      ['https://evil.example', 'https://as.test/tenant'],
      [['https://as.test/tenant']],
      { toString: 'https://as.test/tenant' },
      { 0: 'https://as.test/tenant', length: 1 },
      null,
      true,
      0,
      '',
      'https://as.test',
      'https://as.test/',
      'https://as.test/tenant/',
      'https://as.test/tenant2',
      'https://as.test/tenan',
      'as.test/tenant',
      '//as.test/tenant',
      'http://as.test/tenant',
      'https://as.test:443/tenant',
      'https://as.test./tenant',
      'https://as.test//tenant',
      'https://as.test/x/../tenant',
      'https://as.test/%74enant',
      'https://as.test/tenant?',
      'https://as.test/tenant#',
      'https://as.test/tenant?x=https://as.test/tenant',
      'https://user@as.test/tenant',
      'https://as.test@evil.example/tenant',
      'https://as.test.evil.example/tenant',
      'https://evil.example/https://as.test/tenant',
      'https://as.test/tenant https://evil.example',
    ]
    await expectRefused(
      one,
      'issuer_unknown',
      Object.fromEntries([...others.map((iss) => [JSON.stringify(iss), from(iss)]), ['absent', from(undefined)]]),
    )
  }
})

verifies('NG-40', 'refuses audiences that are empty or of another type', async (face) => {
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as })
  const named = (aud: unknown): string => sign(claimsOf(as, { aud }))
  await expectAccepted(one, named(AUDIENCE), named([AUDIENCE]), named(['', 'x', AUDIENCE]))
  const wrong = [
    null,
    1,
    true,
    {},
    { 0: AUDIENCE },
    [null],
    [1],
    [[AUDIENCE]],
    [[]],
    [{}],
    [AUDIENCE, null],
    [AUDIENCE, [AUDIENCE]],
  ]
  await expectRefused(
    one,
    'claims_malformed',
    Object.fromEntries(wrong.map((aud) => [JSON.stringify(aud), named(aud)])),
  )
  await expectRefusals(one, {
    '[]': [named([]), 'audience_wrong'],
    '[""]': [named(['']), 'audience_wrong'],
    space: [named([' ']), 'audience_wrong'],
    'joined by a space': [named(`x ${AUDIENCE}`), 'audience_wrong'],
    'joined by a comma': [named(`${AUDIENCE},x`), 'audience_wrong'],
    '*': [named('*'), 'audience_wrong'],
    'a pattern': [named('https://.*'), 'audience_wrong'],
    'a prefix': [named(AUDIENCE.slice(0, -1)), 'audience_wrong'],
    more: [named(`${AUDIENCE}x`), 'audience_wrong'],
    '""': [named(''), 'audience_missing'],
    absent: [named(undefined), 'audience_missing'],
  })
})

verifies(['NG-40', 'NG-41'], 'cannot be built without an audience and an issuer', (face) => {
  const issuer = 'https://as.test'
  const refusal = (options: object): string => {
    try {
      face.protect(options as ResourceServerOptions)
    } catch (error) {
      return error instanceof ConfigError ? error.message : 'another error'
    }
    return 'accepted'
  }
  for (const audience of [undefined, '', [], [''], ['x', ''], null, 0, false, [null], {}, [['x']]]) {
    expect(refusal({ issuer, audience }), JSON.stringify(audience)).toMatch(/option "audience(?:\[\d\])?" is .*write/)
    const own = { audience: 'https://api', issuers: [{ issuer, audience: audience ?? '' }] }
    expect(refusal(own), JSON.stringify(audience)).toMatch(/option "issuers\[0\]\.audience(?:\[\d\])?" is .*write/)
  }
  expect(refusal({ issuers: [{ issuer }] })).toMatch(/audience" is missing/)
  expect(refusal({ issuers: [{ issuer, audience: 'x' }, { issuer: 'https://b.test' }] })).toMatch(
    /issuers\[1\]\.audience" is missing/,
  )
  for (const wrong of [
    undefined,
    '',
    [],
    null,
    'as.test',
    'http://as.test',
    '*',
    'https://as.test?x',
    'https://as.test#x',
    {},
  ]) {
    expect(refusal({ issuer: wrong, audience: 'x' }), JSON.stringify(wrong)).toMatch(/^option "issuer/)
    expect(refusal({ issuers: [{ issuer: wrong }], audience: 'x' }), JSON.stringify(wrong)).toMatch(/issuers\[0\]/)
  }
  expect(refusal({ issuers: [], audience: 'x' })).toMatch(/option "issuers"/)
  expect(refusal({ audience: 'x' })).toMatch(/option "issuer/)
  expect(refusal({})).toMatch(/option "/)
  // No switch turns the checks off by another name.
  for (const off of [
    { verifyAudience: false },
    { ignoreExpiration: true },
    { validateIssuer: false },
    { skipVerification: true },
  ]) {
    expect(refusal({ issuer, audience: 'x', ...off })).toMatch(/unknown option/)
    expect(refusal({ audience: 'x', issuers: [{ issuer, jwt: off }] })).toMatch(/unknown option/)
  }
  expect(refusal({ issuer, audience: 'https://api' })).toBe('accepted')
})

verifies('NG-42', 'compares audiences as texts, not as URLs', async (face) => {
  const audience = 'https://api.example.com/v1'
  const as = await publishing([jwkFor('ES256')])
  const one = await api(face, { as, options: { audience } })
  await expectAccepted(one, sign(claimsOf(as, { aud: audience })))
  const equalAsUrls = [
    'https://api.example.com:443/v1',
    'https://API.example.com/v1',
    'HTTPS://api.example.com/v1',
    'https://api.example.com/v1/',
    'https://api.example.com/v1?',
    'https://api.example.com/v1#',
    'https://api.example.com/./v1',
    'https://api.example.com/x/../v1',
    'https://api.example.com//v1',
    'https://api.example.com/%76%31',
    'https://api.example.com./v1',
    'https://@api.example.com/v1',
    'https:\\\\api.example.com\\v1',
    ' https://api.example.com/v1',
    'https://api.example.com/v1\n',
    'https://api.exa\tmple.com/v1',
    'https://api.example.com',
    'https://api.example.com/V1',
    'http://api.example.com/v1',
  ]
  await expectRefused(
    one,
    'audience_wrong',
    Object.fromEntries(equalAsUrls.map((aud) => [aud, sign(claimsOf(as, { aud }))])),
  )
  for (const aud of equalAsUrls.slice(0, 4)) {
    const opaque = await api(face, { options: { audience } })
    await expectRefused(opaque, 'audience_wrong', { [aud]: opaque.as.opaque({ audience: aud }) })
  }
})

/** Names of what the library itself says of a token, and of what JavaScript would call. */
const SHADOWS: Readonly<Record<string, unknown>> = {
  ...Object.fromEntries(
    ['then', 'catch', 'toString', 'toJSON', 'constructor', 'hasScope'].map((name) => [name, 'admin']),
  ),
  active: false,
  stale: true,
  scopes: ['admin'],
  valueOf: 0,
  subject: 'admin',
  clientId: 'admin',
  issuer: 'https://evil.example',
  audience: ['https://evil.example'],
  expiresAt: 0,
  kind: 'user',
  binding: { by: 'dpop', jkt: 'x' },
  evidence: { by: 'introspection', stale: true },
  claims: { sub: 'admin' },
  outcome: 'invalid',
  auth: { subject: 'admin' },
  reason: 'custom',
  status: 500,
}

verifies('NG-47', 'keeps claims apart from what the library says', async (face) => {
  const one = await api(face, {
    handle: ({ maybeAuth }) => {
      const auth = maybeAuth()!
      const { issuer, subject, clientId, kind, audience, scopes, binding, evidence, claims } = auth
      const said = { issuer, subject, clientId, kind, audience, scopes, binding, stale: evidence.stale }
      const has = [auth.hasScope('admin'), auth.hasScope('read'), typeof auth.expiresAt, 'then' in auth]
      const untouched = [claims['then'], claims['toString'], Object.isFrozen(claims['binding'])]
      return { status: 200, text: JSON.stringify({ ...said, has, untouched }) }
    },
  })
  const expected = {
    issuer: one.as.issuer,
    subject: 'test-user',
    clientId: 'test-client',
    kind: 'unknown',
    audience: [AUDIENCE],
    scopes: ['read'],
    binding: { by: 'none' },
    stale: false,
    has: [false, true, 'number', false],
    untouched: ['admin', 'admin', true],
  }
  const { active: _, ...shadows } = SHADOWS
  const tokens = [
    one.as.jwt({ scope: 'read', claims: SHADOWS }),
    // An answer's own `active` is what RFC 7662 says it is.
    one.as.opaque({ scope: 'read', claims: shadows }),
  ]
  for (const token of tokens) {
    for (const time of ['new', 'known']) {
      const reply = await one.get('/', token)
      expect([time, reply.status, JSON.parse(reply.body)]).toEqual([time, 200, expected])
    }
    // Awaited as it is: nothing here is a promise, and no claim is called.
    const result = await one.server.verify(token)
    const auth = result.outcome === 'valid' ? result.auth : undefined
    expect(await Promise.resolve(auth)).toBe(auth)
    expect(await Promise.resolve(auth!.claims)).toBe(auth!.claims)
    expect(toAuthInfo(auth!)).toMatchObject({ clientId: 'test-client', scopes: ['read'] })
  }
  const inactive = one.as.opaque({ claims: { active: false } })
  await expectRefused(one, 'token_inactive', { inactive })
})
