import { generateKeyPairSync } from 'node:crypto'
import { ConfigError, login, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { withDpop } from '../challenges.ts'
import { verifies } from '../verifies.ts'
import { inVirtualTime } from '../virtual.ts'
import { api, AUDIENCE } from '../world.ts'

verifies('CH-01', 'gives every challenge a parameter, whatever the audience is', async (face) => {
  for (const [options, challenge] of [
    [{}, withDpop(`Bearer realm="${AUDIENCE}"`)],
    [{ audience: 'api-1' }, 'Bearer realm="api-1"'],
    [{ audience: '\u65e5\u672c' }, 'Bearer realm=""'],
    [{ audience: 'api-1', resource: 'https://api.example' }, withDpop('Bearer realm="https://api.example"')],
    [{ challenge: { realm: 'orders' } }, withDpop('Bearer realm="orders"')],
  ] as const) {
    const { get } = await api(face, { options })
    const reply = await get('/')
    expect([reply.status, reply.lines('www-authenticate')]).toEqual([401, [challenge]])
  }
})

verifies('CH-02', 'ignores a token in the query, or refuses it, and has no way to accept it', async (face) => {
  const ignoring = await api(face)
  const path = `/?access_token=${ignoring.as.jwt()}`
  const ignored = await ignoring.get(path)
  expect([ignored.status, ignored.lines('www-authenticate')]).toEqual([401, [withDpop(`Bearer realm="${AUDIENCE}"`)]])
  expect(ignoring.events).toContainEqual(
    expect.objectContaining({
      type: 'refused',
      reason: 'credentials_missing',
      detail: expect.stringContaining('query'),
    }),
  )
  expect(JSON.stringify(ignoring.events)).not.toContain('eyJ')
  expect((await ignoring.get(path, ignoring.as.jwt())).status).toBe(200)

  const rejecting = await api(face, { options: { credentials: { query: 'reject' } } })
  for (const credentials of [[], ['Authorization', `Bearer ${rejecting.as.jwt()}`]]) {
    const refused = await rejecting.get(path, credentials)
    expect([refused.status, JSON.parse(refused.body).error]).toEqual([400, 'invalid_request'])
  }
  expect(rejecting.handled()).toBe(0)
  for (const query of ['accept', 'allow', true]) {
    expect(() => face.protect({ issuer: 'https://as.test', audience: 'a', credentials: { query } } as never)).toThrow(
      ConfigError,
    )
  }
})

const nested = (text: string): string => text.replace('{', '{"x":[{"y":{"a":1,"\\u0061":2}}],')

const doubled = (text: string): string => text.replace('{', '{"twice":0,"twice":1,')

verifies('CH-03', 'refuses duplicate members at every depth of every document', async (face) => {
  for (const spoil of [doubled, nested]) {
    const { as, get, handled } = await api(face)
    const [header, payload, signature] = as.jwt().split('.') as [string, string, string]
    const spoilt = (part: string): string =>
      Buffer.from(spoil(Buffer.from(part, 'base64url').toString())).toString('base64url')
    expect((await get('/', `${spoilt(header)}.${payload}.${signature}`)).status).toBe(401)
    expect((await get('/', `${header}.${spoilt(payload)}.${signature}`)).status).toBe(401)
    as.respond('introspection', { body: spoil(`{"active":true,"aud":"${AUDIENCE}"}`), contentType: 'application/json' })
    expect((await get('/', as.opaque())).status).toBe(503)
    for (const endpoint of ['metadata', 'keys'] as const) {
      const other = await api(face)
      const document = endpoint === 'metadata' ? other.as.metadata : other.as.keys
      other.as.respond(endpoint, { body: spoil(JSON.stringify(document)), contentType: 'application/json' })
      expect([endpoint, (await other.get('/', other.as.jwt())).status]).toEqual([endpoint, 503])
    }
    expect(handled()).toBe(0)
  }
})

verifies(
  'CH-04',
  'takes at+jwt alone, unless another profile is named, which then tells ID tokens by their claims',
  async (face) => {
    const others = [
      undefined,
      'JWT',
      'jwt',
      'application/jwt',
      'logout+jwt',
      'secevent+jwt',
      'dpop+jwt',
      'token-introspection+jwt',
      '',
      'at+jwt2',
    ]
    const strict = await api(face)
    for (const typ of others) {
      expect([typ, (await strict.get('/', strict.as.jwt({ header: { typ } }))).status]).toEqual([typ, 401])
    }
    // One that was refused does not change what is taken afterwards.
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt']) {
      expect([typ, (await strict.get('/', strict.as.jwt({ header: { typ } }))).status]).toEqual([typ, 200])
    }
    expect(new Set(strict.reasons())).toEqual(new Set(['type_wrong']))
    const relaxed = await api(face, { options: { jwt: { profile: 'jwt' } } })
    for (const typ of [undefined, 'JWT', 'jwt', 'application/jwt', 'at+jwt']) {
      expect([typ, (await relaxed.get('/', relaxed.as.jwt({ header: { typ } }))).status]).toEqual([typ, 200])
    }
    for (const typ of others.slice(4)) {
      expect([typ, (await relaxed.get('/', relaxed.as.jwt({ header: { typ } }))).status]).toEqual([typ, 401])
    }
    for (const mark of ['nonce', 'at_hash', 'c_hash', 's_hash', 'events', 'token_introspection']) {
      const token = relaxed.as.jwt({ header: { typ: 'JWT' }, claims: { [mark]: 'x' } })
      expect([mark, (await relaxed.get('/', token)).status]).toEqual([mark, 401])
    }
    expect(() =>
      face.protect({ issuers: [{ issuer: 'https://as.test', audience: 'a', jwt: { profile: 'any' as never } }] }),
    ).toThrow(/write 'at\+jwt' or 'jwt'/)
  },
)

verifies('CH-12', 'refuses a bound token of which nothing can be checked', async (face) => {
  const { as, get, handled, reasons } = await api(face)
  for (const cnf of [
    { jkt: 'x' },
    { 'x5t#S256': 'x' },
    { jwk: {} },
    { kid: 'x' },
    { 'urn:example': 'x' },
    {},
    { jkt: 'x', 'x5t#S256': 'y' },
  ]) {
    for (const token of [as.jwt({ claims: { cnf } }), as.opaque({ claims: { cnf } })]) {
      for (const scheme of ['Bearer', 'bearer']) {
        expect([cnf, (await get('/', ['Authorization', `${scheme} ${token}`, 'DPoP', 'x.y.z'])).status]).toEqual([
          cnf,
          401,
        ])
      }
    }
  }
  expect(new Set(reasons())).toEqual(new Set(['binding_unsupported']))
  expect(handled()).toBe(0)
})

verifies('CH-13', 'asks for both in one challenge where authentication and scope are lacking', async (face) => {
  const needs = [scope('vault:open'), login({ acr: 'gold', maxAge: '5m' })]
  const { as, get } = await api(face, { routes: { '/both': needs, '/reverse': needs.toReversed() } })
  const auth_time = as.clock.wall() / 1_000
  for (const path of ['/both', '/reverse']) {
    const reply = await get(path, as.jwt({ scope: 'other' }))
    expect([path, reply.status]).toEqual([path, 401])
    const [challenge] = reply.lines('www-authenticate')
    for (const part of [
      'error="insufficient_user_authentication"',
      'scope="vault:open"',
      'acr_values="gold"',
      'max_age="300"',
    ]) {
      expect(challenge).toContain(part)
    }
    const loggedIn = await get(path, as.jwt({ claims: { acr: 'gold', auth_time } }))
    expect([path, loggedIn.status, loggedIn.lines('www-authenticate')[0]?.includes('acr_values')]).toEqual([
      path,
      403,
      false,
    ])
    const scoped = await get(path, as.jwt({ scope: 'vault:open' }))
    expect([path, scoped.status, scoped.lines('www-authenticate')[0]?.includes('scope=')]).toEqual([path, 401, false])
    expect((await get(path, as.jwt({ scope: 'vault:open', claims: { acr: 'gold', auth_time } }))).status).toBe(200)
  }
})

verifies('CH-17', 'takes RS256 unless the list of algorithms leaves it out', async (face) => {
  const usual = await api(face, { as: { algorithms: ['RS256'] }, options: { jwt: {} } })
  expect((await usual.get('/', usual.as.jwt())).status).toBe(200)
  const without = await api(face, {
    as: { algorithms: ['RS256'] },
    options: { jwt: { algorithms: ['PS256', 'ES256'] } },
  })
  expect((await without.get('/', without.as.jwt())).status).toBe(401)
  expect(without.reasons()).toEqual(['algorithm_not_allowed'])
})

verifies(
  'CH-18',
  'compares audiences exactly, and folds the case of scheme and host where that is asked for',
  async (face) => {
    const audience = 'https://api.example.com/Orders'
    const spellings = [
      ['https://api.example.com/Orders', 200, 200],
      ['HTTPS://API.example.COM/Orders', 401, 200],
      ['https://api.example.com/orders', 401, 401],
      ['https://api.example.com/Orders/', 401, 401],
      ['https://api.example.com:443/Orders', 401, 401],
      ['https://api.example.com./Orders', 401, 401],
      ['https://api.example.com/%4Frders', 401, 401],
      ['https://user@api.example.com/Orders', 401, 401],
      ['https://api.example.com/Orders?', 401, 401],
      ['https://api.example.com/Orders#', 401, 401],
      ['https://api.example.\u212aom/Orders', 401, 401],
      [' https://api.example.com/Orders', 401, 401],
    ] as const
    const exact = await api(face, { options: { audience } })
    const folding = await api(face, { options: { audience, audienceMatch: 'canonical' } })
    for (const [aud, exactly, folded] of spellings) {
      expect([aud, (await exact.get('/', exact.as.jwt({ audience: aud }))).status]).toEqual([aud, exactly])
      expect([aud, (await folding.get('/', folding.as.jwt({ audience: aud }))).status]).toEqual([aud, folded])
      expect([aud, (await folding.get('/', folding.as.opaque({ audience: aud }))).status]).toEqual([aud, folded])
    }
  },
)

verifies('CH-19', 'answers 503 with Retry-After and no challenge where nobody can tell', async (face) => {
  const { as, get } = await api(face)
  as.outage()
  for (const token of [as.jwt(), as.opaque()]) {
    const reply = await inVirtualTime(as.clock, get('/', token))
    expect([reply.status, reply.lines('www-authenticate'), reply.body]).toEqual([503, [], '{"error":"unavailable"}'])
    expect(reply.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect(reply.headers['cache-control']).toBe('no-store')
  }
  // What can be told without anybody is told all the same.
  expect((await get('/', as.jwt({ expiresIn: '-1h' }))).status).toBe(401)
  expect((await get('/', '!')).status).toBe(401)
  expect((await get('/')).status).toBe(401)
})

verifies('CH-21', 'tells a malformed field from a word that can be no token', async (face) => {
  const { get } = await api(face)
  for (const line of ['Bearer', 'Bearer a b', 'Bearer "a"', 'Bearer a,b', 'Bearer token="a"', 'Bearer\ta']) {
    const reply = await get('/', ['Authorization', line])
    expect([line, reply.status, JSON.parse(reply.body).error]).toEqual([line, 400, 'invalid_request'])
  }
  for (const line of ['Bearer !', 'Bearer a=b', 'Bearer %41', 'Bearer a;b', 'Bearer <a>', 'Bearer \u00e9']) {
    const reply = await get('/', ['Authorization', line])
    expect([line, reply.status, JSON.parse(reply.body).error]).toEqual([line, 401, 'invalid_token'])
  }
})

verifies('CH-22', 'takes neither none nor a secret from a key set', async (face) => {
  const { as, get, reasons } = await api(face)
  const header = { kid: as.keys.keys[0]!['kid'] }
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', 'HS256', 'HS384', 'HS512']) {
    const [, payload, signature] = as.jwt().split('.')
    const first = Buffer.from(JSON.stringify({ ...header, alg, typ: 'at+jwt' })).toString('base64url')
    expect([alg, (await get('/', `${first}.${payload}.`)).status]).toEqual([alg, 401])
    expect([alg, (await get('/', `${first}.${payload}.${signature}`)).status]).toEqual([alg, 401])
  }
  expect(new Set(reasons())).toEqual(new Set(['algorithm_not_allowed']))
  for (const name of ['none', 'HS256', 'HS512']) {
    expect(() =>
      face.protect({ issuers: [{ issuer: 'https://as.test', audience: 'a', jwt: { algorithms: [name as never] } }] }),
    ).toThrow(ConfigError)
  }
})

const ed25519 = generateKeyPairSync('ed25519')
const ed448 = generateKeyPairSync('ed448')

verifies('CH-23', 'takes EdDSA and Ed25519 for one algorithm, and Ed448 only where it is listed', async (face) => {
  const keys = [
    { ...ed25519.publicKey.export({ format: 'jwk' }), kid: 'a' },
    { ...ed448.publicKey.export({ format: 'jwk' }), kid: 'b' },
  ]
  for (const [jwt, of448] of [
    [{}, 401],
    [{ algorithms: ['EdDSA'] }, 401],
    [{ algorithms: ['Ed25519'] }, 401],
    [{ algorithms: ['EdDSA', 'Ed448'] }, 200],
  ] as const) {
    const { as, get } = await api(face, { options: { jwt } })
    as.respond('keys', { body: { keys } })
    const status = async (alg: string, by: typeof ed25519, kid: string): Promise<number> =>
      (await get('/', as.jwt({ key: by.privateKey, kid, header: { alg } }))).status
    expect([jwt, await status('EdDSA', ed25519, 'a')]).toEqual([jwt, 200])
    expect([jwt, await status('Ed25519', ed25519, 'a')]).toEqual([jwt, 200])
    expect([jwt, await status('Ed448', ed448, 'b')]).toEqual([jwt, of448])
    expect([jwt, await status('Ed448', ed25519, 'a')]).toEqual([jwt, 401])
    expect([jwt, await status('Ed25519', ed448, 'b')]).toEqual([jwt, 401])
  }
})

verifies('CH-26', 'takes finite numbers for times, fractions and all', async (face) => {
  const { as, get } = await api(face)
  const now = as.clock.wall() / 1_000
  for (const [claims, status, opaqueStatus] of [
    [{ exp: now + 0.5 }, 200, 200],
    [{ nbf: now - 0.5 }, 200, 200],
    [{ iat: now - 0.25 }, 200, 200],
    [{ exp: `${now + 60}` }, 401, 503],
    [{ nbf: 'now' }, 401, 503],
    [{ iat: true }, 401, 503],
    [{ exp: [now + 60] }, 401, 503],
    [{ exp: { seconds: now + 60 } }, 401, 503],
    [{ exp: 1e300 }, 401, 503],
  ] as const) {
    expect([claims, (await get('/', as.jwt({ claims }))).status]).toEqual([claims, status])
    as.respond('introspection', { body: { active: true, aud: AUDIENCE, ...claims }, times: 1 })
    expect([claims, (await get('/', as.opaque())).status]).toEqual([claims, opaqueStatus])
    expect((await get('/', as.opaque({ expiresIn: '-1m' }))).status).toBe(401) // a verdict between two troubles
  }
})
