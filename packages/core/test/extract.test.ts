import { describe, expect, test } from 'vitest'
import { classify } from '../src/classify.ts'
import { AuthError } from '../src/errors.ts'
import { extract, hasCredentials } from '../src/extract.ts'
import type { Verifier } from '../src/verify/verifier.ts'
import { verdictOf } from './support/jwt.ts'

const LIMIT = 8_192
const RULES = { maxLength: LIMIT }
/** Extraction, and the look at the characters that a token gets before anything else is made of it. */
const of = (...lines: readonly string[]): string => {
  const token = extract({ rawHeaders: lines.flatMap((line) => ['Authorization', line]) }, RULES)
  const taker = { issuer: 'https://as.example', jwt: undefined, opaque: {} as Verifier, accepts: undefined }
  classify(token, { byIssuer: new Map([['https://as.example', taker]]), opaque: [taker] })
  return token
}
const refusalOf = (...lines: readonly string[]): string => verdictOf(() => of(...lines))
const codeOf = (...lines: readonly string[]): unknown => {
  try {
    return of(...lines)
  } catch (error) {
    return error instanceof AuthError ? `${error.status}/${error.code}` : error
  }
}

const has = (...lines: readonly string[]): boolean =>
  hasCredentials({ rawHeaders: lines.flatMap((line) => ['Authorization', line]) }, RULES)

/** Field lines that are about something else. */
function others(count: number): string[] {
  return Array.from({ length: count }, () => ['X', 'x']).flat()
}

describe('extract', () => {
  test.each([
    ['a token', 'Bearer abc', 'abc'],
    ['every character of token68', 'Bearer aZ09-._~+/==', 'aZ09-._~+/=='],
    ['periods', 'Bearer a.b.c', 'a.b.c'],
    ['several spaces', 'Bearer    abc', 'abc'],
    ['lower case', 'bearer abc', 'abc'],
    ['upper case', 'BEARER abc', 'abc'],
    ['mixed case', 'bEaReR abc', 'abc'],
    ['a token that reads null', 'Bearer null', 'null'],
    ['a token that reads Bearer', 'Bearer Bearer', 'Bearer'],
    ['spaces around the field value', '  Bearer abc  ', 'abc'],
    ['tabs around the field value', '\tBearer abc\t', 'abc'],
  ])('takes %s', (_, line, token) => {
    expect(of(line)).toBe(token) // BT-01, BT-02, HT-15, NG-62
  })

  test.each(['authorization', 'AUTHORIZATION', 'aUthorization'])('finds the field line named %s', (name) => {
    expect(extract({ rawHeaders: ['Host', 'x', name, 'Bearer abc', 'Accept', '*/*'] }, RULES)).toBe('abc')
  })

  test.each([
    ['no header at all', []],
    ['an empty field line', ['']],
    ['Basic', ['Basic Zm9v']],
    ['DPoP', ['DPoP abc']],
    ['a token without scheme', ['abc']],
    ['Bearer with a colon', ['Bearer: abc']],
    ['a longer scheme', ['BearerX abc']],
    ['scheme and token in one word', ['Bearertoken']],
    ['a shorter scheme', ['Beare abc']],
    ['a leading no-break space', ['\u00a0Bearer abc']],
    ['nothing but blanks', [' \t ']],
    ['a no-break space after the scheme', ['Bearer\u00a0abc']],
    ['an ideographic space after the scheme', ['Bearer\u3000abc']],
    ['a zero-width space after the scheme', ['Bearer\u200babc']],
    ['a vertical tab after the scheme', ['Bearer\u000babc']],
    ['a quoted scheme', ['"Bearer" abc']],
    ['a scheme of look-alike letters', ['Веarer abc']],
  ])('counts %s as no credentials', (_, lines) => {
    expect(refusalOf(...lines)).toBe('credentials_missing') // BT-06, BT-07, NG-62, NG-63
  })

  test('answers missing credentials with 401 and no error code', () => {
    expect(codeOf()).toBe('401/none') // BT-06
  })

  test.each([
    ['the scheme alone', 'Bearer'],
    ['the scheme and a space', 'Bearer '],
    ['the scheme and spaces', 'Bearer    '],
    ['a tab after the scheme', 'Bearer\tabc'],
    ['a space and a tab', 'Bearer \tabc'],
    ['a second word', 'Bearer a b'],
    ['a comma list', 'Bearer a, Bearer b'],
    ['a comma without a space', 'Bearer a,b'],
    ['a parameter', 'Bearer token="a"'],
    ['a quoted token', 'Bearer "abc"'],
    ['a JSON token', 'Bearer {"token": "a"}'],
    ['a trailing no-break space', 'Bearer abc\u00a0'],
    ['a line feed in the token', 'Bearer a\nb'],
    ['a no-break space in the token', 'Bearer a\u00a0b'],
    ['[object Object]', 'Bearer [object Object]'],
    ['two proxies in one line, ours first', 'Bearer a, Basic b'],
  ])('refuses %s as a malformed request', (_, line) => {
    expect(refusalOf(line)).toBe('credentials_malformed')
    expect(codeOf(line)).toBe('400/invalid_request') // BT-02, BT-03, BT-04, NG-60, NG-63, NG-65
  })

  test.each([
    ['a percent escape', 'Bearer ab%20c'],
    ['padding in the middle', 'Bearer a=b'],
    ['padding only', 'Bearer =='],
    ['a letter beyond ASCII', 'Bearer ÿ'],
    ['a NUL', 'Bearer a\u0000b'],
    ['a zero-width space', 'Bearer a\u200bb'],
    ['an asterisk', 'Bearer a*b'],
    ['a colon', 'Bearer a:b'],
    ['braces', 'Bearer {a}'],
  ])('refuses one word with %s as a malformed token', (_, line) => {
    expect(refusalOf(line)).toBe('token_malformed')
    expect(codeOf(line)).toBe('401/invalid_token') // BT-05, CH-21
  })

  test.each([
    ['equal twice', 'Bearer a', 'Bearer a'],
    ['with the good one first', 'Bearer a', 'Bearer b'],
    ['Bearer and Basic', 'Bearer a', 'Basic b'],
    ['Basic and Bearer', 'Basic b', 'Bearer a'],
    ['Bearer and DPoP', 'Bearer a', 'DPoP a'],
    ['one of them empty', '', 'Bearer a'],
    ['neither of them Bearer', 'Basic a', 'Basic b'],
  ])('refuses two field lines, %s', (_, one, other) => {
    expect(refusalOf(one, other)).toBe('credentials_repeated')
    expect(codeOf(one, other)).toBe('400/invalid_request') // HT-14, NG-59
  })

  test('finds the second field line however its name is spelled', () => {
    const rawHeaders = ['Authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b']
    expect(verdictOf(() => extract({ rawHeaders }, RULES))).toBe('credentials_repeated') // HT-14
  })

  test.each(['DPoP a, Bearer b', 'Basic a,Bearer b', 'Basic a,  bearer b', 'Negotiate a, BEARER b'])(
    'refuses %s, which a proxy made of two lines',
    (line) => {
      expect(refusalOf(line)).toBe('credentials_repeated') // NG-60
    },
  )

  test.each([
    ['Proxy-Authorization', ['Proxy-Authorization', 'Bearer abc']],
    ['a cookie', ['Cookie', 'access_token=abc']],
    ['a field whose name starts alike', ['Authorization-Info', 'Bearer abc']],
    ['another header whose value names it', ['X-Authorization', 'Authorization: Bearer abc']],
    ['a value that is called Authorization', ['X', 'Authorization', 'Y', 'Bearer abc']],
  ])('never looks at %s', (_, rawHeaders) => {
    expect(verdictOf(() => extract({ rawHeaders }, RULES))).toBe('credentials_missing') // BT-21, BT-27
  })

  test('never looks at the query', () => {
    const request = { url: '/?access_token=abc', rawHeaders: [] }
    expect(verdictOf(() => extract(request, RULES))).toBe('credentials_missing') // BT-21
  })

  test('takes a token of the greatest length', () => {
    expect(of(`Bearer ${'a'.repeat(LIMIT)}`)).toHaveLength(LIMIT) // LM-01
  })

  test('refuses a token one character longer', () => {
    expect(refusalOf(`Bearer ${'a'.repeat(LIMIT + 1)}`)).toBe('token_too_long') // LM-01, JW-60
  })

  test.each([' ', ',', 'a=', ', Bearer', '\t'])('ends with a megabyte of %j', (one) => {
    const text = one.repeat(300_000)
    expect(refusalOf(`Bearer ${text}`)).toMatch(/^(?:credentials_malformed|token_too_long)$/)
    expect(refusalOf(`Basic ${text}`)).toMatch(/^credentials_(?:missing|repeated)$/)
  }) // JW-60, NG-46; expressions that go back and forth would not end here

  test('reads 1,000 field lines, and refuses more: Node hides what is beyond a count of its own', () => {
    const credentials = ['Authorization', 'Bearer abc']
    expect(extract({ rawHeaders: [...others(999), ...credentials] }, RULES)).toBe('abc')
    expect(verdictOf(() => extract({ rawHeaders: [...others(1_000), ...credentials] }, RULES))).toBe(
      'credentials_malformed',
    )
    expect(verdictOf(() => extract({ rawHeaders: [...credentials, ...others(1_000)] }, RULES))).toBe(
      'credentials_malformed',
    )
    expect(verdictOf(() => extract({ rawHeaders: others(1_001) }, RULES))).toBe('credentials_malformed')
  }) // NG-66
})

describe('hasCredentials', () => {
  test.each([[[]], [['Basic Zm9v']], [['']]])('is false for %j', (lines) => {
    expect(has(...lines)).toBe(false) // BT-38
  })

  test.each([[['Bearer abc']], [['Bearer']], [['Bearer a b']], [['Bearer ÿ']], [['Basic a', 'Bearer b']]])(
    'is true for %j, good or bad',
    (lines) => {
      expect(has(...lines)).toBe(true) // BT-38
    },
  )
})
