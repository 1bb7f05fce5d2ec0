import { describe, expect, test } from 'vitest'
import { AuthError } from '../src/errors.ts'
import { type CredentialRules, extract, hasCredentials } from '../src/extract.ts'
import type { AuthRequest } from '../src/request.ts'
import type { Transport } from '../src/transports.ts'
import { verdictOf } from './support/jwt.ts'

const header = (line: string): AuthRequest => ({ rawHeaders: ['Authorization', line] })
const taken = (request: AuthRequest, rules: Partial<CredentialRules> = {}): unknown =>
  extract(request, { maxLength: 20, ...rules })
const refused = (request: AuthRequest, rules: Partial<CredentialRules> = {}): unknown =>
  verdictOf(() => taken(request, rules))
const detailOf = (request: AuthRequest): unknown => {
  try {
    return taken(request)
  } catch (error) {
    return AuthError.detailsOf(error as AuthError).detail
  }
}

describe('blanks around a field value', () => {
  test.each(['  Bearer abc', 'Bearer abc  ', '\t Bearer abc \t', 'Bearer abc'])('%j says abc', (line) => {
    expect(taken(header(line))).toBe('abc')
  }) // HT-15

  test.each(['Bearer  ', ' Bearer', ' \tBearer \t '])('%j is a scheme without a token', (line) => {
    expect(refused(header(line))).toBe('credentials_malformed')
  }) // BT-02
})

test.each(['Digest username="a", realm="b", nonce="c"', 'Basic  Bearer', 'Custom Bearer', 'Custom a, bearer'])(
  '%j is of another scheme, and no credentials',
  (line) => {
    expect(refused(header(line))).toBe('credentials_missing')
    expect(hasCredentials(header(line), { maxLength: 20 })).toBe(false)
  },
) // BT-06, BT-07

test.each([
  ['a token in the query', '/?access_token=x', 'a token came in the query, where none is read'],
  ['none', '/?a=b', undefined],
])('with %s, operators hear of it where credentials are missing', (_, url, detail) => {
  expect(detailOf({ url, rawHeaders: [] })).toBe(detail)
}) // BT-21

describe('a token in the query', () => {
  const request: AuthRequest = { url: '/?access_token=x', rawHeaders: ['Authorization', 'Bearer abc'] }

  test('is not looked at beside one in the header, unless it is to be refused', () => {
    expect(taken(request)).toBe('abc')
    expect(refused(request, { rejectQuery: true })).toBe('credentials_in_query')
    expect(taken({ ...request, url: '/' }, { rejectQuery: true })).toBe('abc')
  }) // BT-22
})

describe('what did not come over TLS', () => {
  test('is taken where https is not asked for', () => {
    expect(taken({ ...header('Bearer abc'), secure: false })).toBe('abc')
  }) // BT-34

  test('is refused where it is, and what did is taken', () => {
    expect(refused({ ...header('Bearer abc'), secure: false }, { requireHttps: true })).toBe('transport_insecure')
    expect(refused(header('Bearer abc'), { requireHttps: true })).toBe('transport_insecure')
    expect(taken({ ...header('Bearer abc'), secure: true }, { requireHttps: true })).toBe('abc')
  }) // BT-34
})

const from =
  (token: string | undefined): Transport =>
  () =>
    token

describe('other transports', () => {
  test('one of them may have the token', () => {
    expect(taken({ rawHeaders: [] }, { transports: [from(undefined), from('abc')] })).toBe('abc')
    expect(taken(header('Bearer abc'), { transports: [from(undefined)] })).toBe('abc')
  }) // BT-26

  test('two of them may not, even where both say the same', () => {
    expect(refused(header('Bearer abc'), { transports: [from('abc')] })).toBe('credentials_repeated')
    expect(refused({ rawHeaders: [] }, { transports: [from('a'), from('b')] })).toBe('credentials_repeated')
  }) // BT-26

  test('what they give is held to the same bounds', () => {
    expect(refused({ rawHeaders: [] }, { transports: [from('')] })).toBe('credentials_malformed')
    expect(taken({ rawHeaders: [] }, { transports: [from('a'.repeat(20))] })).toHaveLength(20)
    expect(refused({ rawHeaders: [] }, { transports: [from('a'.repeat(21))] })).toBe('token_too_long')
    expect(refused({ rawHeaders: [] }, { transports: [] })).toBe('credentials_missing')
  }) // BT-39
})

test('whether there are credentials is told by them alone, wherever they are', () => {
  const rules: CredentialRules = { maxLength: 3, transports: [({ url }) => url] }
  expect(hasCredentials({ rawHeaders: [], url: 'abc' }, rules)).toBe(true)
  expect(hasCredentials({ rawHeaders: [], url: 'abcd' }, rules)).toBe(true)
  expect(hasCredentials({ rawHeaders: [] }, rules)).toBe(false)
}) // BT-38
