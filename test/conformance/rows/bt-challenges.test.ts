import { generateKeyPairSync } from 'node:crypto'
import { anyScope, ConfigError, type Guard, scope } from '@holdfast/core'
import { expect } from 'vitest'
import { CODES, type Reason, REASONS } from '../../../packages/core/src/errors.ts'
import { parseChallenge, parseChallenges } from '../challenges.ts'
import type { Reply } from '../http.ts'
import { fieldsOf, PLAN, ROWS } from '../rows.ts'
import { verifies } from '../verifies.ts'
import { api, AUDIENCE } from '../world.ts'

const issuer = 'https://as.test'
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
/** Characters of `scope`, `error` and `error_uri`, and of `error_description` (RFC 6750 §3). */
const NO_SPACE = /^[\x21\x23-\x5b\x5d-\x7e]+$/
const TEXT = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

/** Refuses for the reason that the token names. */
const asTold: Guard = ({ claims }) => ({ reason: claims['reason'] as Reason, scopes: ['a', 'b'], acrValues: ['gold'] })
/** Says more than a guard may. */
const says: Guard = () => ({ reason: 'custom', detail: 'say "hi"\n', description: 'say "hi"\n' }) as never
/** `evidence_too_old` would ask the authority again. */
const TOLD = (Object.keys(REASONS) as Reason[]).filter((reason) => reason !== 'evidence_too_old')
const challengeOf = ({ headers }: Reply): ReturnType<typeof parseChallenge> =>
  parseChallenge(headers['www-authenticate'] as string)

verifies(
  ['BT-08', 'BT-09', 'BT-10'],
  'a challenge is one of Bearer first, with parameters, each once',
  async (face) => {
    const { as, get } = await api(face, { routes: { '/told': [asTold] } })
    for (const reason of TOLD) {
      const reply = await get('/told', as.jwt({ claims: { reason } }))
      const { status } = reply
      expect([reason, reply.lines('www-authenticate').length]).toEqual([reason, status < 500 ? 1 : 0])
      for (const [at, { scheme, parameters }] of reply.lines('www-authenticate').flatMap(parseChallenges).entries()) {
        expect([scheme, parameters[0]]).toEqual([['Bearer', 'DPoP'][at], ['realm', AUDIENCE]])
        expect(new Set(parameters.map(([name]) => name.toLowerCase())).size).toBe(parameters.length)
      }
    }
  },
)

verifies('BT-09', 'without a realm that could be shown the parameter is still there', async (face) => {
  const { get } = await api(face, { as: { audience: '漢字' } })
  expect((await get('/')).headers['www-authenticate']).toBe('Bearer realm=""')
})

verifies('BT-11', 'what is no scope is refused when it is written', async (face) => {
  for (const wrong of ['a"b', String.raw`a\b`, 'ä', 'a\tb', 'a\nb', 'a  b', '', ' ', 'a\u007fb', '漢']) {
    expect(() => scope(wrong)).toThrow(ConfigError)
    expect(() => anyScope(wrong)).toThrow(ConfigError)
  }
  for (const wrong of ['a"b', String.raw`a\b`, 'ä', 'a\tb']) {
    const given = { issuer, audience: AUDIENCE }
    expect(() => face.protect(given, { challenge: { scope: wrong } })).toThrow(ConfigError)
    expect(() => face.protect(given, { challenge: { scope: wrong } })).toThrow(/"challenge\.scope"/)
  }
  expect(() => scope('a"b')).toThrow(
    `scope(): "a\\"b" is no scope; write printable ASCII without space, quote and backslash, such as scope('orders:read')`,
  )
})

verifies('BT-11', 'scopes are separated by one space, however they are written', async (face) => {
  const { as, get } = await api(face, { routes: { '/orders': [scope('a b', 'c'), scope('!#[]~')] } })
  expect(challengeOf(await get('/orders', as.jwt())).values['scope']).toBe('a b c !#[]~')
})

verifies('BT-12', 'error and error_description keep to their characters, for every reason there is', async (face) => {
  const { as, get } = await api(face, { routes: { '/told': [asTold] } })
  const codes = new Set<string>()
  for (const reason of TOLD) {
    const reply = await get('/told', as.jwt({ claims: { reason } }))
    expect([reason, reply.status]).toEqual([reason, CODES[REASONS[reason][0]]])
    for (const line of reply.lines('www-authenticate')) {
      const { error, error_description: description } = parseChallenge(line).values
      if (error !== undefined) codes.add(error)
      for (const [value, characters] of [
        [error ?? 'x', NO_SPACE],
        [description ?? 'x', TEXT],
      ] as const)
        expect(value).toMatch(characters)
    }
  }
  expect([...codes].toSorted((a, b) => a.localeCompare(b))).toEqual([
    'insufficient_scope',
    'insufficient_user_authentication',
    'invalid_dpop_proof',
    'invalid_request',
    'invalid_token',
    'use_dpop_nonce',
  ])
})

verifies('BT-12', 'no text of a guard becomes one', async (face) => {
  const { as, get, events } = await api(face, { routes: { '/says': [says] } })
  const reply = await get('/says', as.jwt())
  expect([reply.status, reply.headers['www-authenticate'], reply.body]).toEqual([
    403,
    `Bearer realm="${AUDIENCE}"`,
    '{"error":"access_denied"}',
  ])
  expect(events).toContainEqual(expect.objectContaining({ type: 'refused', detail: 'say "hi"?' }))
})

verifies('BT-13', 'error_uri is an absolute URI of the characters that are allowed', async (face) => {
  const wrong = [
    '/docs',
    'docs',
    '//docs.example.com',
    'https:docs',
    'https://',
    'https://[::1',
    'https://host:port',
    'https://docs.example.com/a b',
    'https://docs.example.com/"',
    'https://docs.example.com/\\',
    'https://docs.example.com/é',
    'https://docs.example.com/\r\nSet-Cookie: a=1',
    'javascript:alert(1)',
    'data:text/html,x',
    '',
    7,
  ]
  for (const errorUri of wrong) {
    const written = { issuer, audience: AUDIENCE, challenge: { errorUri } } as never
    expect(() => face.protect(written)).toThrow(ConfigError)
    expect(() => face.protect(written)).toThrow(/^option "challenge\.errorUri" is /)
  }
  const errorUri = 'https://docs.example.com/errors?lang=en#top'
  const { as, get } = await api(face, { options: { challenge: { errorUri } }, routes: { '/told': [asTold] } })
  for (const reason of ['token_expired', 'scope_missing', 'login_insufficient', 'credentials_repeated'] as const) {
    const reply = await get('/told', as.jwt({ claims: { reason } }))
    expect([challengeOf(reply).values['error_uri'], JSON.parse(reply.body)]).toMatchObject([
      errorUri,
      { error_uri: errorUri },
    ])
  }
  for (const reason of ['credentials_missing', 'custom', 'closed', 'guard_failed'] as const) {
    const reply = await get('/told', as.jwt({ claims: { reason } }))
    expect([reply.headers['www-authenticate'] ?? '', reply.body].join()).not.toContain('error_uri')
  }
})

verifies(['BT-14', 'BT-16'], 'a token that fails is 401 invalid_token', async (face) => {
  const { as, get, server, reasons, handled } = await api(face)
  const [inactive, revoked, known] = [as.opaque(), as.jwt(), as.opaque()]
  as.revoke(inactive)
  expect((await get('/', known)).status).toBe(200)
  await server.revoke({ token: revoked })
  await server.revoke({ token: known })
  const bad = [
    as.jwt({ expiresIn: '-1m' }),
    as.opaque({ expiresIn: '-1m' }),
    as.jwt({ key: stranger, header: { kid: as.keys.keys[0]!['kid'] } }),
    as.jwt({ audience: 'https://other.example' }),
    as.opaque({ audience: 'https://other.example' }),
    as.jwt({ claims: { iss: 'https://evil.example' } }),
    as.jwt({ claims: { nbf: 4_000_000_000, exp: 4_000_000_001 } }),
    inactive,
    revoked,
    known,
    'unheard-of',
    'a.b.c',
    'no%token',
  ]
  for (const token of bad) {
    const reply = await get('/', token)
    expect([reply.status, challengeOf(reply).values['error'], JSON.parse(reply.body).error]).toEqual([
      401,
      'invalid_token',
      'invalid_token',
    ])
  }
  expect([reasons(), handled()]).toEqual([
    [
      'token_expired',
      'token_inactive',
      'signature_invalid',
      'audience_wrong',
      'audience_wrong',
      'issuer_unknown',
      'token_not_yet_valid',
      'token_inactive',
      'token_revoked',
      'token_revoked',
      'token_inactive',
      'token_inactive',
      'token_malformed',
    ],
    1,
  ])
})

verifies('BT-15', 'what is repeated, malformed or in several places is 400 invalid_request', async (face) => {
  const { as, get, send, handled } = await api(face, {
    before: () => [{ is: 'form' }],
    options: { credentials: { form: true, query: 'reject' } },
  })
  const token = as.jwt()
  const header = ['Authorization', `Bearer ${token}`]
  const form = ['Content-Type', 'application/x-www-form-urlencoded']
  const replies = [
    await get('/', [...header, ...header]),
    await get('/', ['Authorization', 'Bearer a b']),
    await get(`/?access_token=${token}`, header),
    await send('POST', '/', [...header, ...form], `access_token=${token}`),
    await send('POST', '/', form, `access_token=${token}&access_token=${token}`),
  ]
  for (const reply of replies) {
    expect([reply.status, challengeOf(reply).values['error']]).toEqual([400, 'invalid_request'])
  }
  expect(handled()).toBe(0)
})

verifies(['BT-17', 'BT-18', 'BT-19'], 'too little scope is 403, with all that the operation needs', async (face) => {
  const { as, get, handled } = await api(face, {
    routes: { '/both': [scope('a b')], '/each': [scope('a'), scope('b', 'c')], '/any': [anyScope('x', 'y')] },
  })
  for (const [path, has, needs] of [
    ['/both', 'a', 'a b'],
    ['/both', undefined, 'a b'],
    ['/each', 'a b', 'a b c'],
    ['/each', 'b c', 'a b c'],
    ['/any', 'a', 'x'],
  ] as const) {
    for (const token of [as.jwt({ scope: has ?? [] }), as.opaque({ scope: has ?? [] })]) {
      const reply = await get(path, token)
      expect([path, reply.status, challengeOf(reply).values]).toEqual([
        path,
        403,
        {
          realm: AUDIENCE,
          error: 'insufficient_scope',
          error_description: 'The access token lacks a scope that this request needs',
          scope: needs,
        },
      ])
    }
  }
  expect(handled()).toBe(0)
})

verifies('BT-18', 'every refusal that the credentials cause has a challenge', async (face) => {
  const { as, send } = await api(face, PLAN)
  const statuses = new Set<number>()
  for (const row of ROWS.filter(({ expect: { status } }) => status >= 400 && status < 500)) {
    const reply = await send(row.method ?? 'GET', row.path ?? '/whoami', fieldsOf(row, as))
    expect([row.does, reply.lines('www-authenticate').length]).toEqual([row.does, 1])
    statuses.add(reply.status)
  }
  expect(statuses).toEqual(new Set([400, 401, 403]))
})

verifies('BT-20', 'every optional parameter is configurable', async (face) => {
  const { as, get } = await api(face, {
    options: { challenge: { realm: 'orders', describeErrors: false, errorUri: 'https://docs.example.com/e' } },
    protect: { challenge: { scope: 'orders:read' } },
  })
  const reply = await get('/', as.jwt({ expiresIn: '-1m' }))
  expect(challengeOf(reply).parameters).toEqual([
    ['realm', 'orders'],
    ['error', 'invalid_token'],
    ['error_uri', 'https://docs.example.com/e'],
    ['scope', 'orders:read'],
  ])
  expect(JSON.parse(reply.body)).toEqual({ error: 'invalid_token', error_uri: 'https://docs.example.com/e' })
})
