import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, test, vi } from 'vitest'
import { bearerToken } from '../../src/introspection/bearer-token.ts'
import {
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  isClientAuthentication,
  tlsClientAuth,
  unauthenticated,
} from '../../src/introspection/client-authentication.ts'
import { Trouble } from '../../src/introspection/introspector.ts'
import type { SignedAnswers } from '../../src/introspection/signed-answer.ts'
import type { HttpResponse } from '../../src/ports/http.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { privateKeyJwt } from '../../src/introspection/private-key-jwt.ts'
import { remoteIntrospector, type RemoteIntrospectorSettings } from '../../src/introspection/remote.ts'
import { LoadTrouble } from '../../src/resilience/last-good.ts'
import { certificate } from '../support/certificate.ts'
import { chance } from '../support/chance.ts'
import { ManualClock, settled, START } from '../support/manual-clock.ts'
import { type Call, failing, json, type Reply, ScriptedHttp, status } from '../support/scripted-http.ts'

const URL = 'https://as.example/introspect'
const ISSUER = 'https://as.example'
const TOKEN = 'a+b/c=&d%20é'

function setUp(
  client: ClientAuthentication = unauthenticated(),
  reply: Reply = () => json({ active: true }),
  settings: Partial<RemoteIntrospectorSettings> = {},
) {
  const http = new ScriptedHttp().on(URL, reply)
  const clock = new ManualClock()
  const introspector = remoteIntrospector(
    { issuer: ISSUER, endpoint: async () => URL, client, parameters: {}, tls: undefined, deadline: 2_000, ...settings },
    { http, clock, random: chance() },
  )
  return {
    http,
    clock,
    ask: () => introspector.introspect({ token: TOKEN }),
    trouble: (): Promise<Trouble> =>
      introspector.introspect({ token: TOKEN }).then(
        () => {
          throw new Error('it was answered')
        },
        (error: unknown) => {
          if (error instanceof Trouble) return error
          throw error
        },
      ),
  }
}

async function call(client: ClientAuthentication, settings: Partial<RemoteIntrospectorSettings> = {}): Promise<Call> {
  const { http, ask } = setUp(client, undefined, settings)
  await ask()
  return http.calls[0]!
}

const secondTime: Reply = (_, number) => (number === 1 ? status(401) : json({ active: true }))
const members = ({ form }: Call): string[] => [...form.keys()].toSorted()

const identity = await certificate('client')
const other = await certificate('other')

describe('the request', () => {
  test('it is a POST of a form', async () => {
    expect(await call(unauthenticated())).toMatchObject({
      method: 'POST',
      url: URL,
      maxBytes: 65_536,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    })
  }) // IN-01

  test('the body holds the token and its hint, and nothing else', async () => {
    const { body } = await call(unauthenticated())
    expect(body).toBe('token=a%2Bb%2Fc%3D%26d%2520%C3%A9&token_type_hint=access_token')
  }) // IN-01, IN-02

  test('the token stands in the body only', async () => {
    const { url, headers } = await call(clientSecretBasic('me', 'secret'))
    expect(JSON.stringify([url, headers])).not.toContain('a+b')
  }) // IN-03, CA-15

  test('the hint can be left out', async () => {
    const { body } = await call(unauthenticated(), { tokenTypeHint: false })
    expect(body).toBe('token=a%2Bb%2Fc%3D%26d%2520%C3%A9')
  }) // IN-02

  test('configured parameters are sent along', async () => {
    const { form } = await call(unauthenticated(), { parameters: { resource: 'https://api.example/' } })
    expect(form.get('resource')).toBe('https://api.example/')
  }) // IN-06

  test('a configured parameter cannot stand in for the token', async () => {
    const { form } = await call(unauthenticated(), { parameters: { token: 'other', token_type_hint: 'refresh_token' } })
    expect([form.getAll('token'), form.getAll('token_type_hint')]).toEqual([[TOKEN], ['access_token']])
  }) // IN-01

  test('a configured parameter cannot stand in for us', async () => {
    const { form } = await call(clientSecretPost('me', 'secret'), { parameters: { client_id: 'other' } })
    expect(form.getAll('client_id')).toEqual(['me'])
  }) // CA-03
})

const assertionIn = ({ form }: Call): string => form.get('client_assertion')!

describe('a signed answer', () => {
  const read = vi.fn<(response: HttpResponse) => Promise<JsonObject>>()
  const signed = { read } as unknown as SignedAnswers
  const demanding = (reply: Reply) => setUp(unauthenticated(), reply, { signed })

  test('is asked for, alone', async () => {
    read.mockResolvedValueOnce({ active: true, sub: 'ada', username: null })
    const { http, ask } = demanding(() => json('a.b.c', { headers: { 'cache-control': 'max-age=5' } }))
    expect(await ask()).toEqual({ is: 'active', claims: { active: true, sub: 'ada' }, freshFor: 5_000 })
    expect(http.calls[0]!.headers['accept']).toBe('application/token-introspection+jwt')
  }) // IN-57

  test('says of the token what it says, and no more', async () => {
    read.mockResolvedValueOnce({ active: false, scope: 'admin' })
    expect(await demanding(() => json('')).ask()).toEqual({ is: 'inactive' })
    read.mockResolvedValueOnce({ active: 'true' })
    expect((await demanding(() => json('')).trouble()).kind).toBe('malformed')
  }) // IN-60

  test('is not looked for in an answer that is none', async () => {
    read.mockClear()
    const kinds = await Promise.all([401, 404, 429, 503].map((code) => demanding(() => status(code)).trouble()))
    expect(kinds.map(({ kind }) => kind)).toEqual(['misconfigured', 'unexpected_status', 'throttled', 'server_error'])
    expect(read).not.toHaveBeenCalled()
  })

  test('that waits for keys until the deadline is no trouble of the endpoint', async () => {
    read.mockReturnValueOnce(new Promise(() => undefined))
    const { clock, trouble } = demanding(() => json(''))
    const waiting = trouble()
    await settled()
    await clock.advance(2_000)
    expect((await waiting).kind).toBe('keys_unavailable')
  }) // IN-62
})

describe('client authentication', () => {
  test('Basic credentials are form-encoded before Base64', async () => {
    const { headers, form } = await call(clientSecretBasic('a:b', 'p%+ä &='))
    const pair = Buffer.from(headers['authorization']!.replace(/^Basic /, ''), 'base64').toString()
    const [id, secret] = pair.split(':').map((half) => new URLSearchParams(`x=${half}`).get('x'))
    expect([pair.split(':').length, id, secret]).toEqual([2, 'a:b', 'p%+ä &='])
    expect(form.has('client_secret')).toBe(false)
  }) // CA-01, CA-03

  test('post credentials are in the body only', async () => {
    const { headers, form, url } = await call(clientSecretPost('me', 'p&=+'))
    expect([form.get('client_id'), form.get('client_secret')]).toEqual(['me', 'p&=+'])
    expect([headers['authorization'], url]).toEqual([undefined, URL])
  }) // CA-02, CA-03

  test('our own bearer token goes into the header', async () => {
    const sent = await call(bearerToken(() => 'ours'))
    expect([sent.headers['authorization'], members(sent)]).toEqual(['Bearer ours', ['token', 'token_type_hint']])
  }) // CA-14, CA-15

  test('our own token is not asked about with itself', async () => {
    const http = new ScriptedHttp().on(URL, json({ active: true }))
    const settings = { issuer: ISSUER, endpoint: async () => URL, parameters: {}, tls: undefined, deadline: 2_000 }
    const client = bearerToken('ours')
    const introspector = remoteIntrospector(
      { ...settings, client },
      { http, clock: new ManualClock(), random: chance() },
    )
    await expect(introspector.introspect({ token: 'ours' })).rejects.toMatchObject({ kind: 'credentials_failed' })
    expect(http.calls).toEqual([])
    await introspector.introspect({ token: 'our' })
    expect(http.calls).toHaveLength(1)
  }) // CA-15

  test('without authentication nothing is added', async () => {
    const sent = await call(unauthenticated())
    expect([sent.headers['authorization'], members(sent)]).toEqual([undefined, ['token', 'token_type_hint']])
  }) // IN-05

  test('a certificate goes with the client id', async () => {
    const sent = await call(tlsClientAuth('me', await certificate('client')))
    expect([sent.form.get('client_id'), sent.form.has('client_secret')]).toEqual(['me', false])
  }) // CA-12

  describe('private_key_jwt', () => {
    const keys: Record<string, { publicKey: KeyObject; privateKey: KeyObject }> = {
      RS256: generateKeyPairSync('rsa', { modulusLength: 2_048 }),
      ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
      Ed25519: generateKeyPairSync('ed25519'),
    }
    test.each(['RS256', 'ES256', 'Ed25519'] as const)('an assertion signed with %s verifies', async (algorithm) => {
      const { publicKey, privateKey } = keys[algorithm]!
      const sent = await call(privateKeyJwt({ clientId: 'me', key: privateKey, algorithm }))
      const { payload } = await jwtVerify(assertionIn(sent), publicKey, { currentDate: new Date(START * 1_000) })
      expect(payload).toMatchObject({ iss: 'me', sub: 'me', aud: ISSUER, iat: START, exp: START + 60 })
    }) // CA-06, CA-07, CA-10

    test('its header says what it is', async () => {
      const { privateKey } = keys['ES256']!
      const sent = await call(privateKeyJwt({ clientId: 'me', key: privateKey, algorithm: 'ES256', kid: 'k1' }))
      expect(decodeProtectedHeader(assertionIn(sent))).toEqual({
        alg: 'ES256',
        typ: 'client-authentication+jwt',
        kid: 'k1',
      })
    }) // CA-08

    test('it goes with its type and our id', async () => {
      const { privateKey } = keys['ES256']!
      const { form } = await call(privateKeyJwt({ clientId: 'me', key: privateKey, algorithm: 'ES256' }))
      expect([form.get('client_id'), form.get('client_assertion_type')]).toEqual([
        'me',
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      ])
    }) // CA-09

    test('another audience can be written', async () => {
      const { privateKey, publicKey } = keys['ES256']!
      const client = privateKeyJwt({ clientId: 'me', key: privateKey, algorithm: 'ES256', audience: URL })
      const options = { currentDate: new Date(START * 1_000), audience: URL }
      expect((await jwtVerify(assertionIn(await call(client)), publicKey, options)).payload.aud).toBe(URL)
    }) // CA-07

    test('a private JWK signs, too', async () => {
      const { privateKey, publicKey } = keys['ES256']!
      const key = () => privateKey.export({ format: 'jwk' })
      const sent = await call(privateKeyJwt({ clientId: 'me', key, algorithm: 'ES256' }))
      const verified = await jwtVerify(assertionIn(sent), publicKey, { currentDate: new Date(START * 1_000) })
      expect(verified.payload.sub).toBe('me')
    }) // CA-16

    test('every request has an assertion of its own, a repeated one, too', async () => {
      const { privateKey } = keys['ES256']!
      const key = () => privateKey
      const { http, ask } = setUp(privateKeyJwt({ clientId: 'me', key, algorithm: 'ES256' }), secondTime)
      await ask()
      await ask()
      const ids = http.calls.map((sent) => {
        const [, payload] = assertionIn(sent).split('.')
        return (JSON.parse(Buffer.from(payload!, 'base64url').toString()) as { jti: string }).jti
      })
      expect(new Set(ids).size).toBe(3)
    }) // CA-10

    test.each([
      ['a short RSA key', () => generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey],
      ['a public key', () => keys['ES256']!.publicKey],
      ['text', () => 'secret'],
    ])('%s is refused when it is written', (_, key) => {
      const options = { clientId: 'me', key: key() as KeyObject, algorithm: 'RS256' as const }
      expect(() => privateKeyJwt(options)).toThrow(/"key" is a private KeyObject or a private JWK/)
    }) // CA-18

    test.each([
      ['RS256', 'ES256'],
      ['PS256', 'Ed25519'],
      ['ES256', 'RS256'],
      ['ES256', 'Ed25519'],
      ['ES384', 'ES256'],
      ['EdDSA', 'ES256'],
    ] as const)('for %s a key of %s is refused when it is written', (algorithm, kind) => {
      for (const key of [keys[kind]!.privateKey, keys[kind]!.privateKey.export({ format: 'jwk' })]) {
        expect(() => privateKeyJwt({ clientId: 'me', key, algorithm })).toThrow(
          `privateKeyJwt: "key" does not fit ${algorithm}`,
        )
      }
    }) // CA-18

    test.each(['HS256', 'none', 'toString', undefined])(
      'the algorithm %s is refused when it is written',
      (algorithm) => {
        const options = { clientId: 'me', key: keys['ES256']!.privateKey, algorithm: algorithm as 'ES256' }
        expect(() => privateKeyJwt(options)).toThrow(
          /^privateKeyJwt: "algorithm" is .*write one of RS256, PS256, ES256/,
        )
      },
    ) // CA-18
  })

  test.each([
    ['clientSecretBasic', () => clientSecretBasic('', 'x')],
    ['clientSecretBasic', () => clientSecretBasic('me', '')],
    ['clientSecretBasic', () => clientSecretBasic('me', undefined as never)],
    ['clientSecretPost', () => clientSecretPost('me', 7 as never)],
    ['bearerToken', () => bearerToken('')],
    ['privateKeyJwt', () => privateKeyJwt({ clientId: '', key: {}, algorithm: 'RS256' })],
    ['tlsClientAuth', () => tlsClientAuth('me', {})],
    ['tlsClientAuth', () => tlsClientAuth('', { cert: 'x', key: 'y' })],
    ['tlsClientAuth', () => tlsClientAuth('me', { cert: 'x', key: 'y' })],
    ['tlsClientAuth', () => tlsClientAuth('me', { ...identity, ca: ['-----BEGIN CERTIFICATE-----\nAAAA'] })],
    ['tlsClientAuth', () => tlsClientAuth('me', { ...identity, key: other.key })],
  ])('%s without what it needs is refused when it is written', (name, write) => {
    expect(write).toThrow(new RegExp(`^${name}: `))
  }) // XC-02

  test('only what these functions return counts as client authentication', () => {
    expect([isClientAuthentication(unauthenticated()), isClientAuthentication({ ...unauthenticated() })]).toEqual([
      true,
      false,
    ])
  }) // XC-02
})

const old: Reply = (request) =>
  request.headers['authorization'] === `Basic ${Buffer.from('me:new').toString('base64')}`
    ? json({ active: true })
    : status(401)

describe('a 401 from the endpoint', () => {
  test('a secret that is a function is read again, once', async () => {
    const secrets = ['old', 'new']
    const { http, ask } = setUp(
      clientSecretBasic('me', () => secrets.shift()!),
      old,
    )
    expect([(await ask()).is, http.calls.length]).toEqual(['active', 2])
  }) // CA-14, CA-16

  test('a secret that is still wrong is our mistake', async () => {
    const { http, trouble } = setUp(
      clientSecretBasic('me', async () => 'old'),
      old,
    )
    expect([(await trouble()).kind, http.calls.length]).toEqual(['misconfigured', 2])
  }) // IN-20

  test('a secret that is a text is not tried twice', async () => {
    const { http, trouble } = setUp(clientSecretBasic('me', 'old'), old)
    expect([(await trouble()).kind, http.calls.length]).toEqual(['misconfigured', 1])
  }) // IN-20, IN-50
})

describe('statuses', () => {
  test.each([
    [401, 'misconfigured'],
    [403, 'misconfigured'],
    [400, 'unexpected_status'],
    [404, 'unexpected_status'],
    [201, 'unexpected_status'],
    [204, 'unexpected_status'],
    [301, 'unexpected_status'],
    [307, 'unexpected_status'],
    [429, 'throttled'],
    [500, 'server_error'],
    [503, 'server_error'],
  ])('%d is trouble of kind %s and is asked once', async (code, kind) => {
    const { http, trouble } = setUp(undefined, () => status(code, { location: 'https://other.example/' }))
    expect([(await trouble()).kind, http.calls.length]).toEqual([kind, 1])
  }) // IN-20, IN-21, IN-22, IN-50

  test.each(['invalid_client', 'unauthorized_client'])('400 with %s is our mistake', async (error) => {
    const { trouble } = setUp(undefined, () => json({ error }, { status: 400 }))
    expect((await trouble()).kind).toBe('misconfigured')
  }) // IN-21

  test.each([
    ['invalid_request', 400],
    ['invalid_client', 500],
  ])('%s with %d is not our mistake', async (error, code) => {
    const { trouble } = setUp(undefined, () => json({ error }, { status: code }))
    expect((await trouble()).kind).not.toBe('misconfigured')
  }) // IN-21

  test.each([
    ['20', 20_000],
    ['999999', 30_000],
    ['soon', 0],
    ['Fri, 15 Jan 2027 08:00:10 GMT', 10_000],
  ])('Retry-After %s asks for a pause of %d ms', async (value, pause) => {
    const { trouble } = setUp(undefined, () => status(503, { 'retry-after': value }))
    expect((await trouble()).pause).toBe(pause)
  }) // IN-51

  test('an answer of another shape is trouble', async () => {
    const { trouble } = setUp(undefined, () => json({ active: 'true' }))
    expect((await trouble()).kind).toBe('malformed')
  }) // IN-08
})

describe('the network', () => {
  test.each(['dns', 'connect', 'tls', 'reset', 'timeout', 'too_large', 'protocol'] as const)(
    'a failure of kind %s is trouble of that kind',
    async (kind) => {
      const { http, trouble } = setUp(undefined, failing(kind))
      expect([(await trouble()).kind, http.calls.length]).toEqual([kind, 1])
    },
  ) // IN-43

  test('a socket closed before it was reused is tried again once, at once', async () => {
    const reset = failing('reset', { reusedSocket: true })
    const { http, ask } = setUp(undefined, (request, number) =>
      number === 1 ? reset(request, number) : json({ active: true }),
    )
    expect([(await ask()).is, http.calls.length]).toEqual(['active', 2])
  }) // IN-50

  test('a second reset is trouble', async () => {
    const { http, trouble } = setUp(undefined, failing('reset', { reusedSocket: true }))
    expect([(await trouble()).kind, http.calls.length]).toEqual(['reset', 2])
  }) // IN-50

  test('a slow drip ends at the deadline', async () => {
    const { clock, trouble } = setUp(undefined, () => new Promise(() => undefined))
    const ended = trouble()
    await clock.advance(1_999)
    let over = false
    void ended.then(() => (over = true))
    await settled()
    expect(over).toBe(false)
    await clock.advance(1)
    expect((await ended).kind).toBe('timeout')
  }) // IN-23

  test('one deadline is for both tries', async () => {
    const { clock, trouble } = setUp(
      clientSecretBasic('me', () => 'x'),
      (_, number) =>
        new Promise((resolve) => {
          if (number === 1) clock.after(1_500, () => resolve(status(401)))
        }),
    )
    const ended = trouble()
    await clock.advance(2_000)
    expect((await ended).kind).toBe('timeout')
  }) // IN-23
})

const endpoint = () => Promise.reject(new LoadTrouble('status_503', { pause: 7_000 }))

const brokenSecret = () => Promise.reject(new Error('vault password is hunter2'))

describe('what is needed for the call', () => {
  test('credentials that cannot be read mean that no call is made', async () => {
    const { http, trouble } = setUp(clientSecretBasic('me', brokenSecret))
    expect([(await trouble()).kind, http.calls.length]).toEqual(['credentials_failed', 0])
  }) // CA-16

  test.each(['', undefined, 7])('a secret function that returns %o is none', async (value) => {
    const { http, trouble } = setUp(clientSecretBasic('me', () => value as string))
    expect([(await trouble()).kind, http.calls.length]).toEqual(['credentials_failed', 0])
  }) // CA-16

  test('credentials that are never read end at the deadline', async () => {
    const { clock, trouble } = setUp(clientSecretBasic('me', () => new Promise(() => undefined)))
    const ended = trouble()
    await clock.advance(2_000)
    expect((await ended).kind).toBe('credentials_failed')
  }) // CA-16, IN-23

  test('an endpoint that nobody can name is trouble, with the pause of the metadata', async () => {
    const { trouble } = setUp(undefined, undefined, { endpoint })
    expect(await trouble()).toMatchObject({ kind: 'no_endpoint', pause: 7_000 })
  }) // DI-26

  test('the message of trouble is its kind and no more', async () => {
    const { trouble } = setUp(clientSecretBasic('me', brokenSecret))
    const { message, name } = await trouble()
    expect([name, message]).toEqual(['Trouble', 'credentials_failed'])
  }) // CA-17
})
