import { describe, expect, test } from 'vitest'
import { DpopToken, extract, schemeOf } from '../src/extract.ts'
import { reasonOf } from './support/refusals.ts'

const withLines = (...lines: readonly string[]) => ({ rawHeaders: lines.flatMap((line) => ['Authorization', line]) })
const taken = (line: string, dpop = true): string | DpopToken => extract(withLines(line), { maxLength: 8_192, dpop })

describe('a token under the scheme DPoP', () => {
  test.each(['DPoP a.b', 'dpop a.b', 'DPOP  a.b', ' \tDpop a.b '])('is taken: %j', (line) => {
    expect(taken(line)).toEqual(new DpopToken('a.b'))
  })

  test.each([
    ['DPoPa', 'credentials_missing'],
    ['DPo a', 'credentials_missing'],
    ['a DPoP', 'credentials_missing'],
    ['HOBA a', 'credentials_missing'],
    ['DPoP', 'credentials_malformed'],
    ['DPoP\ta', 'credentials_malformed'],
    ['DPoP a, Bearer b', 'credentials_repeated'],
    ['DPoP a,        bearer b', 'credentials_repeated'],
    ['Basic a, Bearer b', 'credentials_repeated'],
    ['Basic a,bearer b', 'credentials_repeated'],
  ])('is not: %j', async (line, reason) => {
    expect(await reasonOf(() => taken(line))).toBe(reason)
  })

  test('is no credentials where DPoP is off, and Bearer is Bearer', async () => {
    expect(await reasonOf(() => taken('DPoP a', false))).toBe('credentials_missing')
    expect([taken('Bearer a'), taken('bearer a')]).toEqual(['a', 'a'])
  })

  test('may have a comma as far as this stage is concerned', () => {
    expect(taken('DPoP a,b')).toEqual(new DpopToken('a,b'))
  })
})

describe('the scheme that a request tried', () => {
  test.each([
    ['Bearer a', 'Bearer'],
    ['Basic a', 'Bearer'],
    ['Bearer a,b', 'Bearer'],
    ['Bearer abearer b', 'Bearer'],
    ['DPoP a', 'DPoP'],
    [' dpop a', 'DPoP'],
    ['Bearer a, DPoP b', undefined],
    ['DPoP a,Bearer b', undefined],
    ['DPoP a,        bearer b', undefined],
    ['DPoP a, x bearer b', 'DPoP'],
  ])('%j is %s', (line, scheme) => {
    expect(schemeOf(withLines(line))).toBe(scheme)
  })

  test('is Bearer without the field, and may be either with two', () => {
    expect([schemeOf(withLines()), schemeOf(withLines('DPoP a', 'DPoP a'))]).toEqual(['Bearer', undefined])
    expect(schemeOf({ rawHeaders: ['X', 'DPoP a'] })).toBe('Bearer')
  })
}) // DP-33
