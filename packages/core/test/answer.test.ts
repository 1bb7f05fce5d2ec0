import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { answer, type ChallengeSettings, complete, completed } from '../src/answer.ts'
import { AuthError, CODES, type ErrorCode, type Reason, REASONS, refused } from '../src/errors.ts'

const SETTINGS: ChallengeSettings = {
  realm: 'https://api.example',
  describeErrors: true,
  errorUri: undefined,
  errorBody: true,
  exposeHeaders: false,
  resourceMetadataUrl: () => undefined,
}
const ALL_REASONS = Object.keys(REASONS) as Reason[]
const codeOf = (reason: Reason): ErrorCode => REASONS[reason][0]
const challengeOf = (error: AuthError, settings = SETTINGS): string | undefined =>
  answer(error, settings).headers['www-authenticate']

/** The parameters of one challenge, read as RFC 9110 §11.2 has it. */
function parametersOf(challenge: string): Record<string, string> {
  const [, rest] = /^Bearer (.+)$/.exec(challenge) ?? []
  const parts = rest!.split(/, (?=[a-z_]+=")/)
  return Object.fromEntries(parts.map((part) => /^([a-z_]+)="([\x20\x21\x23-\x5b\x5d-\x7e]*)"$/.exec(part)!.slice(1)))
}

describe('every reason', () => {
  test.each(ALL_REASONS)('%s has a whole answer that a client can read', (reason) => {
    const { status, headers, body } = answer(new AuthError(reason), SETTINGS)
    expect(status).toBe(CODES[codeOf(reason)])
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json' })
    expect(JSON.parse(body)).toBeTypeOf('object')
  }) // HT-18, XC-09

  test.each(ALL_REASONS.filter((reason) => CODES[codeOf(reason)] < 500))(
    '%s carries a challenge that parses',
    (reason) => {
      const parameters = parametersOf(challengeOf(new AuthError(reason))!)
      expect(Object.keys(parameters).length).toBeGreaterThan(0)
      expect(parameters['realm']).toBe('https://api.example')
    },
  ) // HT-01, HT-03, HT-04, CH-01

  test.each(ALL_REASONS.filter((reason) => codeOf(reason) === 'unavailable'))(
    '%s asks to come back and challenges nobody',
    (reason) => {
      const { headers, body } = answer(new AuthError(reason), SETTINGS)
      expect(headers).toEqual({ 'cache-control': 'no-store', 'retry-after': '1', 'content-type': 'application/json' })
      expect(body).toBe('{"error":"unavailable"}')
    },
  ) // HT-19, CH-19

  test.each(ALL_REASONS.filter((reason) => codeOf(reason) === 'server_error'))('%s says nothing', (reason) => {
    const { status, headers, body } = answer(new AuthError(reason, { detail: 'secret' }), SETTINGS)
    expect([status, headers, body]).toEqual([
      500,
      { 'cache-control': 'no-store', 'content-type': 'application/json' },
      '{}',
    ])
  }) // XC-01
})

describe('exact answers', () => {
  test('no credentials: a challenge without an error, an empty object', () => {
    // Settings of its own: what a server answers is written once for each reason, and nobody has asked this one yet.
    expect(answer(new AuthError('credentials_missing'), { ...SETTINGS })).toEqual({
      status: 401,
      headers: {
        'cache-control': 'no-store',
        'content-type': 'application/json',
        'www-authenticate': 'Bearer realm="https://api.example"',
      },
      body: '{}',
    })
  }) // RM-21

  test('an expired token', () => {
    expect(answer(new AuthError('token_expired'), SETTINGS)).toMatchObject({
      status: 401,
      headers: {
        'www-authenticate':
          'Bearer realm="https://api.example", error="invalid_token", error_description="The access token expired"',
      },
      body: '{"error":"invalid_token","error_description":"The access token expired"}',
    })
  })

  test('a scope that is missing', () => {
    const error = new AuthError('scope_missing', { scopes: ['a', 'b'] })
    expect(answer(error, { ...SETTINGS, describeErrors: false })).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': 'Bearer realm="https://api.example", error="insufficient_scope", scope="a b"' },
      body: '{"error":"insufficient_scope"}',
    })
  }) // HT-11, SG-07

  test('a login that is not enough names level, age and scopes', () => {
    const error = new AuthError('login_insufficient', { acrValues: ['gold', 'silver'], maxAge: 300, scopes: ['a'] })
    const settings = { ...SETTINGS, resourceMetadataUrl: () => 'https://api.example/.well-known/x' }
    expect([answer(error, settings).status, parametersOf(challengeOf(error, settings)!)]).toEqual([
      401,
      {
        realm: 'https://api.example',
        error: 'insufficient_user_authentication',
        error_description: 'This request needs a stronger or more recent authentication',
        scope: 'a',
        acr_values: 'gold silver',
        max_age: '300',
        resource_metadata: 'https://api.example/.well-known/x',
      },
    ])
  }) // SU-01, SU-02, SU-03, SU-04, SU-05, SU-06, RM-22

  test('a claim that does not fit: no error, no scope, no detail', () => {
    const error = new AuthError('claim_refused', { scopes: ['a'], detail: 'claim "tenant"' })
    expect(answer(error, SETTINGS)).toMatchObject({
      status: 403,
      headers: { 'www-authenticate': 'Bearer realm="https://api.example"' },
      body: '{"error":"access_denied"}',
    })
  })

  test.each([
    [undefined, '1'],
    [0, '1'],
    [0.2, '1'],
    [4.2, '5'],
    [30, '30'],
  ])('a wait of %o s is asked for as %s', (retryAfter, text) => {
    expect(answer(new AuthError('closed', { retryAfter }), SETTINGS).headers['retry-after']).toBe(text)
  }) // HT-19

  test('without descriptions none is sent', () => {
    const { headers, body } = answer(new AuthError('token_expired'), { ...SETTINGS, describeErrors: false })
    expect([headers['www-authenticate'], body]).toEqual([
      'Bearer realm="https://api.example", error="invalid_token"',
      '{"error":"invalid_token"}',
    ])
  })

  test('without bodies there is none, nor a type for it', () => {
    const settings = { ...SETTINGS, errorBody: false }
    for (const reason of ALL_REASONS) {
      const { headers, body } = answer(new AuthError(reason), settings)
      expect([body, headers['content-type']]).toEqual(['', undefined])
      expect(headers['www-authenticate']).toBe(challengeOf(new AuthError(reason)))
    }
  }) // BT-35

  test('a page about errors is named beside every error code, and nowhere else', () => {
    const settings = { ...SETTINGS, errorUri: 'https://docs.example/errors#top' }
    for (const reason of ALL_REASONS) {
      const { headers, body } = answer(new AuthError(reason), settings)
      const parameters = parametersOf(headers['www-authenticate'] ?? 'Bearer realm="x"')
      const expected = parameters['error'] === undefined ? undefined : settings.errorUri
      expect([parameters['error_uri'], (JSON.parse(body) as Record<string, string>)['error_uri']]).toEqual([
        expected,
        expected,
      ])
    }
  }) // BT-06, BT-13

  test('a realm is escaped where it must be', () => {
    const realm = String.raw`a"b\c $& d`
    expect(challengeOf(new AuthError('custom'), { ...SETTINGS, realm })).toBe(String.raw`Bearer realm="a\"b\\c $& d"`)
  }) // HT-05

  test('fields are exposed by name where that is configured', () => {
    const settings = { ...SETTINGS, exposeHeaders: true }
    for (const reason of ['credentials_missing', 'token_expired', 'custom', 'closed'] as const) {
      expect(answer(new AuthError(reason), settings).headers['access-control-expose-headers']).toBe(
        'WWW-Authenticate, Retry-After',
      )
      expect(answer(new AuthError(reason), SETTINGS).headers).not.toHaveProperty('access-control-expose-headers')
    }
  }) // CO-04, CO-07

  test('an announced document is named in every challenge', () => {
    const settings = { ...SETTINGS, resourceMetadataUrl: () => 'https://api.example/.well-known/x' }
    for (const reason of ['credentials_missing', 'credentials_repeated', 'token_expired', 'custom'] as const) {
      expect(parametersOf(challengeOf(new AuthError(reason), settings)!)['resource_metadata']).toBe(
        'https://api.example/.well-known/x',
      )
    }
  }) // RM-19, RM-20
})

describe('what a guard of the application names', () => {
  test.each([['a"b'], ['a\r\nSet-Cookie: x=1'], ['a b'], ['é'], [''], [7]])(
    'a scope %o does not reach the header',
    (wrong) => {
      const error = new AuthError('scope_missing', { scopes: ['good', wrong as string] })
      expect(parametersOf(challengeOf(error)!)['scope']).toBe('good')
    },
  ) // HT-06

  test('scopes that are no list are left out', () => {
    const error = new AuthError('scope_missing', { scopes: 'a b' as unknown as string[] })
    expect(parametersOf(challengeOf(error)!)).not.toHaveProperty('scope')
  }) // HT-06

  test('levels and ages of another shape do not reach the header', () => {
    const error = new AuthError('login_insufficient', { acrValues: ['a"', 'gold'], maxAge: '1", x="' as never })
    const parameters = parametersOf(challengeOf(error)!)
    expect([parameters['acr_values'], parameters['max_age']]).toEqual(['gold', undefined])
  }) // HT-06, SU-14
})

describe('foreign errors', () => {
  test.each([new Error('password is hunter2'), new TypeError('x'), 'text', undefined, null, { status: 401 }])(
    '%o becomes an empty 500',
    (error) => {
      expect(answer(error, SETTINGS)).toEqual({
        status: 500,
        headers: { 'cache-control': 'no-store', 'content-type': 'application/json' },
        body: '{}',
      })
    },
  ) // XC-01, XC-20
})

describe('a completed error', () => {
  test('it carries the headers of the answer', () => {
    const error = completed(new AuthError('token_expired'), SETTINGS)
    expect(error.headers['www-authenticate']).toBe(challengeOf(new AuthError('token_expired')))
  }) // XC-20

  test('a 401 names the scopes that the operation needs', () => {
    const error = completed(new AuthError('credentials_missing'), SETTINGS, ['a', 'b'])
    expect(parametersOf(error.headers['www-authenticate']!)['scope']).toBe('a b')
  }) // SG-11

  test('a 403 does not take them from there', () => {
    const error = completed(new AuthError('scope_missing', { scopes: ['a'] }), SETTINGS, ['b'])
    expect(parametersOf(error.headers['www-authenticate']!)['scope']).toBe('a')
  }) // SG-07

  test('it keeps reason and cause', () => {
    const cause = new Error('x')
    const error = completed(new AuthError('internal_error', { cause }), SETTINGS)
    expect([error.reason, error.cause]).toEqual(['internal_error', cause])
  }) // XC-20
})

describe('an AuthError', () => {
  const cause = new Error('connect ECONNREFUSED 10.0.0.1:443 password=hunter2', { cause: new Error('hunter2') })
  const error = completed(
    new AuthError('introspection_unavailable', { cause, detail: 'hunter2', issuer: 'https://as.example' }),
    SETTINGS,
  )

  test('its message is the code', () => {
    expect([error.message, error.name, String(error)]).toEqual(['unavailable', 'AuthError', 'AuthError: unavailable'])
  }) // XC-20

  test('its JSON is code and status', () => {
    expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'unavailable', status: 503 })
  }) // XC-20

  test('its stack shows no code of ours', () => {
    expect(error.stack).toBe('AuthError: unavailable')
  })

  test('it shows its reason when it is printed, and neither cause nor detail', () => {
    const shown = [inspect(error, { depth: 9 }), inspect({ error }, { depth: 9, showHidden: true })]
    for (const text of shown) {
      expect(text).toContain('introspection_unavailable')
      expect(text).not.toContain('hunter2')
      expect(text).not.toContain('10.0.0.1')
    }
  }) // CA-17, XC-20

  test('its cause is there for a debugger and not for a serializer', () => {
    expect([error.cause, Object.keys(error)]).toEqual([cause, expect.not.arrayContaining(['cause'])])
  }) // XC-20

  test('it has what frameworks read', async () => {
    const response = error.getResponse()
    expect([error.status, error.statusCode, error.expose, response.status, await response.text()]).toEqual([
      503,
      503,
      true,
      503,
      '',
    ])
    expect(response.headers.get('retry-after')).toBe('1')
  }) // XC-20

  test('its headers cannot be changed', () => {
    expect(Object.isFrozen(error.headers)).toBe(true)
  })
})

describe('answers of one server', () => {
  test('say of each request what it alone needs', () => {
    const first = new AuthError('login_insufficient', { acrValues: ['gold'], maxAge: 300, scopes: ['a'] })
    expect(parametersOf(challengeOf(first)!)).toMatchObject({ acr_values: 'gold', max_age: '300', scope: 'a' })
    const second = parametersOf(challengeOf(new AuthError('login_insufficient', { maxAge: 0, scopes: [] }))!)
    expect(second).toEqual({
      realm: 'https://api.example',
      error: 'insufficient_user_authentication',
      error_description: 'This request needs a stronger or more recent authentication',
      max_age: '0',
    })
  }) // SU-03, SU-04

  test('have headers of their own', () => {
    const [one, other] = [answer(new AuthError('custom'), SETTINGS), answer(new AuthError('custom'), SETTINGS)]
    expect([one === other, one.headers === other.headers]).toEqual([false, false])
    expect(one).toEqual(other)
  })

  test('name the document for what was asked for', () => {
    const settings = { ...SETTINGS, resourceMetadataUrl: (url: string | undefined) => `https://api.example/m${url}` }
    const named = (error: AuthError) => parametersOf(error.headers['www-authenticate']!)['resource_metadata']
    expect(named(completed(new AuthError('custom'), settings, undefined, '/a'))).toBe('https://api.example/m/a')
    expect(named(completed(new AuthError('custom', { requestUrl: '/b' }), settings, undefined, '/a'))).toBe(
      'https://api.example/m/b',
    )
    const before = completed(new AuthError('token_expired'), settings, ['a'], '/a')
    expect(named(completed(before, settings))).toBe('https://api.example/m/a')
    expect(parametersOf(challengeOf(before, settings)!)['scope']).toBe('a')
  }) // RM-20

  test('an error that is completed in its place says the same as one completed apart', () => {
    for (const reason of ['credentials_missing', 'token_expired', 'scope_missing', 'closed', 'guard_failed'] as const) {
      const details = { issuer: 'https://as.example', retryAfter: 7 }
      const inPlace = refused(reason, details)
      const apart = completed(inPlace, SETTINGS, ['a', 'b'], '/a')
      expect(complete(inPlace, SETTINGS, ['a', 'b'], '/a')).toBe(inPlace)
      expect([inPlace.headers, AuthError.detailsOf(inPlace)]).toEqual([apart.headers, AuthError.detailsOf(apart)])
    }
  })

  test('a 401 that names scopes keeps them', () => {
    const error = completed(new AuthError('login_insufficient', { scopes: ['a'] }), SETTINGS, ['b'])
    expect(parametersOf(error.headers['www-authenticate']!)['scope']).toBe('a')
  }) // SU-06

  test('a 403 for a scope nobody named names none', () => {
    const error = completed(new AuthError('scope_missing'), SETTINGS, ['b'])
    expect(parametersOf(error.headers['www-authenticate']!)).not.toHaveProperty('scope')
    expect(parametersOf(challengeOf(new AuthError('scope_missing', { scopes: [] }))!)).not.toHaveProperty('scope')
    expect(parametersOf(challengeOf(new AuthError('scope_missing'))!)).not.toHaveProperty('scope')
  })

  test.each([1.5, Number.NaN, Infinity, 2 ** 53])('an age of %d is not written', (maxAge) => {
    expect(parametersOf(challengeOf(new AuthError('login_insufficient', { maxAge }))!)).not.toHaveProperty('max_age')
  }) // SU-05
})
