import type { IntrospectionOptions } from '@holdfast/core'
import type { AnswerSigningOptions, CannedAnswer, TestAuthorizationServer } from '@holdfast/testing'
import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { expect } from 'vitest'
import { decryption, encrypted, rsaPair } from '../encrypted.ts'
import type { Face } from '../faces.ts'
import { jwkFor } from '../forge.ts'
import { active, expectInvalid, expectUnavailable, isStale, type WatchedApi, watchedApi } from '../introspection.ts'
import { ecKey } from '../keys.ts'
import { verifies } from '../verifies.ts'
import { AUDIENCE } from '../world.ts'

const SIGNED = 'application/token-introspection+jwt'

type Signed = Exclude<IntrospectionOptions['signed'], boolean | undefined>

/** An API that takes signed answers only, of a server that signs them with its ES256 key. */
const demanding = (face: Face, signed: Signed = {}): Promise<WatchedApi> =>
  watchedApi(face, { options: { introspection: { signed: { algorithm: 'ES256', ...signed } } } })

/** What the server signs about an active token. */
const signedBy = (as: TestAuthorizationServer, options?: AnswerSigningOptions, members: object = {}): string =>
  as.signedAnswer({ ...active(as), ...members }, options)

/** What went wrong with the calls so far. */
const troubles = ({ events }: WatchedApi): readonly unknown[] =>
  events.flatMap((event) => (event.type === 'introspection' ? (event.trouble ?? []) : []))

/** Holds that each of these answers is no verdict, of this kind; and that a good one is, before and after. */
async function expectNoVerdict(
  one: WatchedApi,
  kind: string,
  answers: Readonly<Record<string, string | CannedAnswer>>,
): Promise<void> {
  const { as, get } = one
  const before = troubles(one).length
  const seen: Record<string, unknown> = {}
  const handled = one.handled()
  for (const [name, answer] of Object.entries(answers)) {
    as.respond('introspection', typeof answer === 'string' ? { body: answer, contentType: SIGNED } : answer)
    const reply = await get('/', as.opaque())
    seen[name] = troubles(one)[before + Object.keys(seen).length]
    expectUnavailable(reply)
    as.recover('introspection')
    expect((await get('/', as.opaque())).status, `after ${name}`).toBe(200)
  }
  expect(seen).toEqual(Object.fromEntries(Object.keys(answers).map((name) => [name, kind])))
  expect(one.handled() - handled).toBe(Object.keys(answers).length)
}

verifies('IN-57', 'signed answers are asked for by Accept, where that is configured', async (face) => {
  const one = await demanding(face)
  expect((await one.get('/', one.as.opaque())).status).toBe(200)
  const plain = await watchedApi(face)
  expect((await plain.get('/', plain.as.opaque())).status).toBe(200)
  expect([one, plain].map(({ asked }) => asked().map(({ headers }) => headers['accept']))).toEqual([
    [SIGNED],
    ['application/json'],
  ])
})

verifies(['IN-57', 'NG-106'], 'plain JSON is no verdict, neither for nor against a token', async (face) => {
  const one = await demanding(face)
  const { as } = one
  const text = JSON.stringify(active(as))
  await expectNoVerdict(one, 'unsigned', {
    active: { body: active(as) },
    inactive: { body: { active: false } },
    'active under another type': { body: text, contentType: 'application/introspection+json' },
    'a signed answer as JSON': { body: signedBy(as), contentType: 'application/json' },
    'a signed answer as some JWT': { body: signedBy(as), contentType: 'application/jwt' },
    'a page': { body: '<html>' },
    nothing: { body: '', contentType: '' },
  })
  await expectNoVerdict(one, 'malformed', {
    'active under the right type': { body: text, contentType: SIGNED },
    'inactive under the right type': { body: '{"active":false}', contentType: SIGNED },
  })
})

verifies('IN-57', 'what would mend it is said once', async (face) => {
  const { as, get, events } = await demanding(face)
  as.respond('introspection', { body: active(as) })
  for (let call = 0; call < 3; call += 1) expectUnavailable(await get('/', as.opaque()))
  const advice = events.flatMap((event) => (event.type === 'advice' ? [event.code, event.message] : []))
  expect(advice).toEqual(['HOLDFAST_SIGNED_ANSWERS', expect.stringContaining('introspection_signed_response_alg')])
})

verifies('IN-57', 'what is known is served meanwhile, and no unsigned answer ends it', async (face) => {
  const one = await demanding(face)
  const { as, get } = one
  const token = as.opaque()
  expect(isStale(await get('/', token))).toBe(false)
  as.clock.advance('61s')
  as.respond('introspection', { body: { active: false } })
  expect(isStale(await get('/', token))).toBe(true)
  as.clock.advance('300s')
  expectUnavailable(await get('/', token))
  as.recover('introspection')
  as.clock.advance('10s')
  expect(isStale(await get('/', token))).toBe(false)
})

verifies(['IN-58', 'NG-106'], 'the media type and typ are those of an answer', async (face) => {
  const one = await demanding(face)
  const { as, get } = one
  const withTyp = (typ: unknown): string => signedBy(as, { header: { typ } })
  await expectNoVerdict(one, 'malformed', {
    JWT: withTyp('JWT'),
    none: withTyp(undefined),
    'an access token': withTyp('at+jwt'),
    'no text': withTyp(['token-introspection+jwt']),
    'an access token of the issuer': as.jwt({ claims: { token_introspection: active(as) } }),
  })
  for (const contentType of [SIGNED, `${SIGNED}; charset=utf-8`, 'Application/Token-Introspection+JWT']) {
    for (const typ of ['token-introspection+jwt', SIGNED, 'Token-Introspection+JWT']) {
      as.respond('introspection', { body: withTyp(typ), contentType })
      expect((await get('/', as.opaque())).status).toBe(200)
    }
  }
})

verifies(['IN-59', 'NG-106'], 'an answer is from the issuer and for us', async (face) => {
  const one = await demanding(face)
  const { as, get } = one
  const claiming = (claims: Readonly<Record<string, unknown>>): string => signedBy(as, { claims })
  await expectNoVerdict(one, 'foreign', {
    'another client': claiming({ aud: 'another-client' }),
    'other clients': claiming({ aud: ['another-client', 'https://other.example'] }),
    nobody: claiming({ aud: [] }),
    'no aud': claiming({ aud: undefined }),
    'no iss': claiming({ iss: undefined }),
    'another issuer': claiming({ iss: 'https://other.example' }),
    'nearly the issuer': claiming({ iss: `${as.issuer}/` }),
  })
  await expectNoVerdict(one, 'malformed', {
    'an aud of another type': claiming({ aud: { id: as.client.id } }),
    'an iss of another type': claiming({ iss: [as.issuer] }),
    'nothing about the token': claiming({ token_introspection: undefined }),
    'a text about it': claiming({ token_introspection: JSON.stringify(active(as)) }),
    'a list about it': claiming({ token_introspection: [active(as)] }),
    'null about it': claiming({ token_introspection: null }),
    'no boolean active': claiming({ token_introspection: { ...active(as), active: 'true' } }),
  })
  for (const aud of [as.client.id, AUDIENCE, ['another-client', as.client.id]]) {
    as.respond('introspection', { body: claiming({ aud }), contentType: SIGNED })
    expect((await get('/', as.opaque())).status).toBe(200)
  }
})

verifies('IN-59', 'who we are can be said, and then nothing else is', async (face) => {
  const one = await watchedApi(face, {
    options: { introspection: { signed: { algorithm: 'ES256', audience: 'https://rs.example' } } },
  })
  const { as, get } = one
  as.respond('introspection', { body: signedBy(as, { claims: { aud: 'https://rs.example' } }), contentType: SIGNED })
  expect((await get('/', as.opaque())).status).toBe(200)
  as.respond('introspection', { body: signedBy(as), contentType: SIGNED })
  expectUnavailable(await get('/', as.opaque()))
  expect(troubles(one)).toEqual(['foreign'])
})

verifies(['IN-60', 'NG-106'], 'what stands around token_introspection says nothing of the token', async (face) => {
  const { as, get, reasons } = await demanding(face)
  const judged = async (content: object, around: Readonly<Record<string, unknown>>) => {
    as.respond('introspection', { body: as.signedAnswer(content, { claims: around }), contentType: SIGNED })
    return get('/', as.opaque())
  }
  expectInvalid(await judged({ active: false }, { active: true, scope: 'admin' }))
  expect(reasons()).toEqual(['token_inactive'])
  const reply = await judged(
    { ...active(as), sub: 'ada' },
    { active: false, sub: 'eve', scope: 'admin', client_id: 'x' },
  )
  expect(JSON.parse(reply.body)).toMatchObject({ subject: 'ada', scopes: [] })
})

verifies('IN-61', 'sub and exp around it are ignored', async (face) => {
  const { as, get } = await demanding(face)
  const past = Math.floor(as.clock.wall() / 1_000) - 1_000
  const odd = [{ exp: past }, { sub: 'eve' }, { exp: 'never', sub: 7, nbf: past + 9_000, jti: {} }]
  for (const claims of odd) {
    as.respond('introspection', { body: signedBy(as, { claims }), contentType: SIGNED })
    const reply = await get('/', as.opaque())
    expect([reply.status, JSON.parse(reply.body)]).toMatchObject([200, { subject: 'test-user' }])
  }
})

verifies(['IN-62', 'NG-106'], 'only the configured algorithm and a key of the issuer count', async (face) => {
  const one = await demanding(face)
  const { as } = one
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  as.addKey({ alg: 'RS256', kid: 'rsa' })
  as.addKey({ alg: 'ES256', kid: 'unpublished', publish: false })
  as.addKey({ alg: 'ES256', kid: 'newest' })
  const [header, , signature] = signedBy(as).split('.')
  const other = Buffer.from(JSON.stringify({ active: true, sub: 'admin' })).toString('base64url')
  await expectNoVerdict(one, 'signature', {
    none: signedBy(as, { alg: 'none' }),
    'HMAC with what is published': signedBy(as, {
      alg: 'HS256',
      key: createSecretKey(JSON.stringify(as.keys), 'utf8'),
    }),
    'an algorithm of the issuer': signedBy(as, { kid: 'rsa' }),
    'a foreign key': signedBy(as, { key: privateKey }),
    'a key in the header': signedBy(as, { key: privateKey, header: { jwk: jwkFor('ES256') } }),
    'a key that is not published': signedBy(as, { kid: 'unpublished' }),
    'another kid': signedBy(as, { header: { kid: 'other' } }),
    crit: signedBy(as, { header: { crit: ['exp'] } }),
    'other octets': `${header}.${other}.${signature}`,
  })
})

verifies('IN-62', 'RS256 is expected where nothing is said', async (face) => {
  const as = { algorithms: ['RS256', 'ES256'] } as const
  const one = await watchedApi(face, { as, options: { introspection: { signed: true } } })
  const by = async (alg: 'RS256' | 'ES256') => {
    one.as.respond('introspection', { body: signedBy(one.as, { alg }), contentType: SIGNED })
    return one.get('/', one.as.opaque())
  }
  expect((await by('RS256')).status).toBe(200)
  expectUnavailable(await by('ES256'))
  expect(troubles(one)).toEqual(['signature'])
})

verifies('IN-62', 'the keys are those of the tokens: fetched once, looked for again, and rotated', async (face) => {
  const one = await demanding(face)
  const { as, get, sent } = one
  const fetched = (): number => sent.filter(({ url }) => url.endsWith('/jwks')).length
  for (const token of [as.jwt(), as.opaque(), as.opaque()]) expect((await get('/', token)).status).toBe(200)
  expect(fetched()).toBe(1)
  as.rotateKeys()
  as.clock.advance('10s')
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(fetched()).toBe(2)
})

verifies('IN-62', 'without keys nobody can tell, and the endpoint is not blamed', async (face) => {
  const one = await watchedApi(face, {
    options: { introspection: { signed: { algorithm: 'ES256' } }, jwt: false },
  })
  const { as, get, server } = one
  as.respond('keys', { status: 500 })
  expect((await server.ready()).state).toBe('cold')
  for (let call = 0; call < 8; call += 1) {
    expectUnavailable(await get('/', as.opaque()))
    as.clock.advance('1s')
  }
  expect(new Set(troubles(one))).toEqual(new Set(['keys_unavailable']))
  expect(server.status().issuers[0]!.introspection).toMatchObject({ state: 'healthy' })
  as.recover('keys')
  await as.clock.advance('1m')
  expect((await get('/', as.opaque())).status).toBe(200)
  expect(server.status()).toMatchObject({ state: 'fresh', issuers: [{ keys: { kids: ['es256-1'] } }] })
})

const wrapped = (content: string, header: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  encrypted(content, { header: { typ: undefined, ...header } })

verifies('IN-63', 'an encrypted answer is opened, and holds a signed one', async (face) => {
  const one = await demanding(face, { decryption })
  const { as, get } = one
  for (const body of [await wrapped(signedBy(as)), await wrapped(signedBy(as), { typ: 'JWT', iss: as.issuer })]) {
    as.respond('introspection', { body, contentType: SIGNED })
    expect((await get('/', as.opaque())).status).toBe(200)
  }
  const claims = { iss: as.issuer, aud: as.client.id, iat: Math.floor(as.clock.wall() / 1_000) }
  await expectNoVerdict(one, 'undecryptable', {
    'bare claims': await wrapped(JSON.stringify({ ...claims, token_introspection: active(as) })),
    'a bare answer': await wrapped(JSON.stringify(active(as))),
    'an encrypted answer': await wrapped(await wrapped(signedBy(as))),
    'no content type': await wrapped(signedBy(as), { cty: undefined }),
    'for another key': await encrypted(signedBy(as), { to: { ...rsaPair, ...otherPair }, header: { typ: undefined } }),
    'another issuer in its header': await wrapped(signedBy(as), { iss: 'https://other.example' }),
  })
  await expectNoVerdict(one, 'signature', {
    unsecured: await wrapped(signedBy(as, { alg: 'none' })),
    'signed by a stranger': await wrapped(signedBy(as, { key: ecKey('x').privateKey })),
  })
  await expectNoVerdict(one, 'malformed', { 'of another typ': await wrapped(signedBy(as, { header: { typ: 'JWT' } })) })
})

const otherPair = generateKeyPairSync('rsa', { modulusLength: 2_048 })

verifies('IN-63', 'encryption is taken where it is configured, and may be demanded', async (face) => {
  const open = await demanding(face, { decryption })
  expect((await open.get('/', open.as.opaque())).status).toBe(200) // only signed
  const without = await demanding(face)
  const { as } = without
  const body = await encrypted(signedBy(as), { header: { typ: undefined } })
  await expectNoVerdict(without, 'undecryptable', { encrypted: body })
  const strict = await demanding(face, { decryption: { ...decryption, required: true } })
  expectUnavailable(await strict.get('/', strict.as.opaque()))
  expect(troubles(strict)).toEqual(['undecryptable'])
  strict.as.respond('introspection', {
    body: await encrypted(signedBy(strict.as), { header: { typ: undefined } }),
    contentType: SIGNED,
  })
  expect((await strict.get('/', strict.as.opaque())).status).toBe(200)
})

verifies(
  ['IN-64', 'IN-59', 'LM-15', 'NG-106'],
  'an answer made too long ago, or ahead of time, is none',
  async (face) => {
    const one = await demanding(face)
    const { as, get } = one
    const at = (seconds: number): string =>
      signedBy(as, { claims: { iat: Math.floor(as.clock.wall() / 1_000) + seconds } })
    await expectNoVerdict(one, 'outdated', {
      'ten minutes old': at(-600),
      'a minute and a second old': at(-62),
      'half a minute ahead': at(32),
      'of no time': signedBy(as, { claims: { iat: undefined } }),
    })
    await expectNoVerdict(one, 'malformed', {
      'of a time that is a text': signedBy(as, { claims: { iat: String(Math.floor(as.clock.wall() / 1_000)) } }),
    })
    for (const seconds of [-59, 0, 29]) {
      as.respond('introspection', { body: at(seconds), contentType: SIGNED })
      expect((await get('/', as.opaque())).status).toBe(200)
    }
    // A good one, sent again later.
    const replayed = at(0)
    as.clock.advance('62s')
    await expectNoVerdict(one, 'outdated', { replayed })
  },
)

verifies('LM-15', 'how old it may be can be said, from 5 s to 600 s', async (face) => {
  for (const [maxAge, seconds] of [
    ['5s', 5],
    ['600s', 600],
  ] as const) {
    const one = await demanding(face, { maxAge })
    const { as, get } = one
    const at = (age: number): CannedAnswer => ({
      body: signedBy(as, { claims: { iat: as.clock.wall() / 1_000 - age } }),
      contentType: SIGNED,
    })
    as.respond('introspection', at(seconds))
    expect((await get('/', as.opaque())).status).toBe(200)
    as.respond('introspection', at(seconds + 1))
    expectUnavailable(await get('/', as.opaque()))
  }
  for (const maxAge of ['4s', '601s', 60, '0s'] as const) {
    await expect(demanding(face, { maxAge: maxAge as '5s' })).rejects.toThrow('introspection.signed.maxAge')
  }
})
