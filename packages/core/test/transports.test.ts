import { describe, expect, test } from 'vitest'
import { type CredentialRules, extract } from '../src/extract.ts'
import type { AuthRequest } from '../src/request.ts'
import { customTransport, formToken, queryHasToken } from '../src/transports.ts'
import { verdictOf } from './support/jwt.ts'

const FORM = ['Content-Type', 'application/x-www-form-urlencoded']
const posted = (body: unknown, more: Partial<AuthRequest> = {}): AuthRequest => ({
  method: 'POST',
  rawHeaders: FORM,
  body,
  ...more,
})
const found = (request: AuthRequest, rules: Partial<CredentialRules>): unknown =>
  verdictOf(() => extract(request, { maxLength: 20, ...rules }))

const takes = (request: AuthRequest): unknown => found(request, { transports: [formToken] })
const given = (value: unknown): unknown => found({ rawHeaders: [] }, { transports: [customTransport(() => value)] })

describe('a form', () => {
  test.each(['POST', 'PUT', 'PATCH'])('its token counts by %s', (method) => {
    expect(extract(posted({ access_token: 'abc' }, { method }), { maxLength: 20, transports: [formToken] })).toBe('abc')
  }) // BT-23

  test.each([undefined, 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'post'])('its token does not count by %s', (method) => {
    expect(takes(posted({ access_token: 'abc' }, { method }))).toBe('credentials_missing')
  }) // BT-24

  test.each([
    ['application/json'],
    ['multipart/form-data; boundary=x'],
    ['text/plain'],
    ['application/x-www-form-urlencoded-not'],
  ])('its token does not count as %s', (type) => {
    expect(takes(posted({ access_token: 'abc' }, { rawHeaders: ['Content-Type', type] }))).toBe('credentials_missing')
  }) // BT-24

  test('two content types are none', () => {
    const rawHeaders = [...FORM, 'Content-Type', 'application/json']
    expect(takes(posted({ access_token: 'abc' }, { rawHeaders }))).toBe('credentials_missing')
  }) // BT-24

  test.each([[['a', 'b']], [['a']], [{ x: 'a' }], [7], [null]])('%j is no token', (token) => {
    expect(takes(posted({ access_token: token }))).toBe('credentials_malformed')
  }) // BT-25

  test.each([
    [{ access_token: 'abc', name: 'ä' }],
    [{ access_token: 'abc', näme: 'a' }],
    [{ access_token: 'abc', deep: { list: ['a', { x: 'ä' }] } }],
  ])('beyond ASCII it carries no token: %j', (body) => {
    expect(takes(posted(body))).toBe('credentials_malformed')
  }) // BT-25

  test('without a token it is none of our business', () => {
    const nested: { deep?: object } = {}
    nested.deep = nested
    for (const body of [undefined, null, 'access_token=abc', Buffer.from('access_token=abc'), { name: 'ä' }, nested]) {
      expect(takes(posted(body))).toBe('credentials_missing')
    }
    expect(takes(posted(Object.create({ access_token: 'abc' })))).toBe('credentials_missing')
  }) // BT-25

  test('a form without end is refused', () => {
    const body: { access_token: string; deep?: object } = { access_token: 'abc' }
    body.deep = body
    expect(takes(posted(body))).toBe('credentials_malformed')
  })

  test('is not looked at unless configured', () => {
    const request: AuthRequest = {
      method: 'POST',
      rawHeaders: FORM,
      get body(): unknown {
        throw new Error('read')
      },
    }
    expect(found(request, {})).toBe('credentials_missing')
  })
})

describe('a function of the application', () => {
  test.each([null, 7, true, ['a', 'b'], ['a'], { token: 'a' }, Symbol('a'), ''])('%o is no token', (value) => {
    expect(given(value)).toBe('credentials_malformed')
  }) // BT-39

  test('nothing is nothing', () => {
    expect(given(undefined)).toBe('credentials_missing')
  })

  test('its token is held to the same length', () => {
    expect(given('a'.repeat(21))).toBe('token_too_long')
  }) // BT-39

  test('a promise is no token, and is let go quietly', async () => {
    expect(given(Promise.reject(new Error('late')))).toBe('credentials_malformed')
    await new Promise(setImmediate)
  })

  test('what it throws is our mistake', () => {
    const broken = customTransport(() => {
      throw new Error('broken')
    })
    expect(found({ rawHeaders: [] }, { transports: [broken] })).toBe('extract_failed')
  })
})

test('a token comes in one place', () => {
  const header = ['Authorization', 'Bearer abc']
  const transports = [formToken, customTransport(({ url }) => url)]
  const from = (request: Partial<AuthRequest>): unknown => found(posted(undefined, request), { transports })
  expect(from({ rawHeaders: [...header, ...FORM], body: { access_token: 'abc' } })).toBe('credentials_repeated')
  expect(from({ rawHeaders: header, url: 'abc' })).toBe('credentials_repeated')
  expect(from({ body: { access_token: 'abc' }, url: 'abc' })).toBe('credentials_repeated')
}) // BT-26

test.each([
  ['/a?access_token=x', true],
  ['/a?access_token', true],
  ['/a?b=1&access_token=', true],
  ['/a?access%5Ftoken=x', true],
  ['/a?%61ccess_token=x', true],
  ['/a?b=?access_token=x', false],
  ['/a?Access_Token=x', false],
  ['/a?xaccess_token=x', false],
  ['/access_token=x', false],
  ['/a?', false],
  [undefined, false],
])('the query of %s has a token: %s', (url, expected) => {
  expect(queryHasToken(url)).toBe(expected)
}) // BT-22

test.each([undefined, false])('plain http is refused before anything is read: secure %s', (secure) => {
  const request: AuthRequest = {
    secure,
    get rawHeaders(): readonly string[] {
      throw new Error('read')
    },
  }
  expect(found(request, { requireHttps: true })).toBe('transport_insecure')
}) // BT-34
