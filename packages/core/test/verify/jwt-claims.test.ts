import { describe, expect, test } from 'vitest'
import { parseJsonObject } from '../../src/syntax/json.ts'
import { checkJwtClaims, type JwtRules } from '../../src/verify/jwt-claims.ts'
import { AUDIENCE, goodClaims, ISSUER, NOW, rulesWith, SKEW } from '../support/jwt.ts'

/** Judges claims as they come: written as JSON, and parsed strictly. */
function judge(changes: object, rules: Partial<JwtRules> = {}, now = NOW): string {
  return judgeText(JSON.stringify(goodClaims(changes)), rules, now)
}

function judgeText(text: string, rules: Partial<JwtRules> = {}, now = NOW): string {
  return checkJwtClaims(parseJsonObject(Buffer.from(text))!, rulesWith(rules), now)?.reason ?? 'accepted'
}

/** Good claims but for one member, written as it stands. */
function withRaw(name: string, raw: string): string {
  const text = JSON.stringify(goodClaims({ [name]: undefined }))
  return `${text.slice(0, -1)},"${name}":${raw}}`
}

const requiring = (name: string, value: string): Partial<JwtRules> => ({ requiredClaims: { [name]: value } })
const relaxed = { profile: 'jwt' } as const

describe('checkJwtClaims', () => {
  test('takes the claims of RFC 9068', () => {
    expect(judge({})).toBe('accepted') // AT-08
  })

  test('takes the optional claims in their types', () => {
    const more = { nbf: NOW - 1, auth_time: NOW - 50, acr: '1', amr: ['pwd', 'otp'], azp: 'shop', cnf: { jkt: 'x' } }
    expect(judge(more)).toBe('accepted') // AT-16
  })

  test('ignores claims that it does not know', () => {
    expect(judge({ foo: { bar: [null] }, active: false, ...JSON.parse('{"then":1}') })).toBe('accepted') // JW-52, NG-47
  })

  test('takes a token without scope', () => {
    expect(judge({ scope: undefined })).toBe('accepted') // AT-17
  })

  test.each([
    ['exp', 'claim_missing'],
    ['aud', 'audience_missing'],
    ['sub', 'claim_missing'],
    ['client_id', 'claim_missing'],
    ['iat', 'claim_missing'],
    ['jti', 'claim_missing'],
    ['iss', 'issuer_wrong'],
  ])('refuses a token without %s under RFC 9068', (name, reason) => {
    expect(judge({ [name]: undefined })).toBe(reason) // AT-07, AT-08, JW-44, NG-36
  })

  test.each(['sub', 'client_id', 'jti'])('refuses an empty %s under RFC 9068', (name) => {
    expect(judge({ [name]: '' })).toBe('claim_missing') // AT-08
  })

  test.each(['sub', 'client_id', 'iat', 'jti'])('takes a token without %s under the relaxed profile', (name) => {
    expect(judge({ [name]: undefined }, relaxed)).toBe('accepted') // AT-02
  })

  test.each([
    ['exp', 'claim_missing'],
    ['aud', 'audience_missing'],
    ['iss', 'issuer_wrong'],
  ])('refuses a token without %s under the relaxed profile, too', (name, reason) => {
    expect(judge({ [name]: undefined }, relaxed)).toBe(reason) // AT-02, NG-36
  })

  test.each([
    ['an added slash', `${ISSUER}/`],
    ['a prefix', ISSUER.slice(0, -1)],
    ['a longer name', `${ISSUER}.evil.example`],
    ['another case', 'https://AS.example'],
    ['the default port', 'https://as.example:443'],
    ['another issuer', 'https://other.example'],
    ['an empty text', ''],
  ])('refuses an iss with %s', (_, iss) => {
    expect(judge({ iss })).toBe('issuer_wrong') // JW-43, AT-05, NG-39, NG-42
  })

  test.each([[[ISSUER]], [{ toString: ISSUER }], [1], [null], [true]])(
    'refuses the iss %j, which is no text',
    (iss) => {
      expect(judge({ iss })).toBe('claims_malformed') // JW-43, NG-39
    },
  )

  test.each([[AUDIENCE], [[AUDIENCE]], [['other', AUDIENCE]], [['', AUDIENCE]]])('takes the aud %j', (aud) => {
    expect(judge({ aud })).toBe('accepted') // JW-44, AT-06
  })

  test('takes any of its own identifiers', () => {
    expect(judge({ aud: 'second' }, { audience: [AUDIENCE, 'second'] })).toBe('accepted') // JW-44
  })

  test.each([
    ['an empty list', []],
    ['another identifier', 'other'],
    ['other identifiers', ['other', 'another']],
    ['a longer identifier', `${AUDIENCE}x`],
    ['a trailing slash', `${AUDIENCE}/`],
    ['a prefix', 'https://api.example'],
    ['another case', AUDIENCE.toUpperCase()],
    ['the default port', 'https://api.example:443/v1'],
    ['a percent escape', 'https://api.example/%761'],
    ['a list of one empty text', ['']],
    ['identifiers in one text', `other ${AUDIENCE}`],
    ['an asterisk', '*'],
    ['a lone surrogate', '\ud800'],
  ])('refuses an aud of %s', (_, aud) => {
    expect(judge({ aud })).toBe('audience_wrong') // JW-44, BT-29, NG-40, NG-42, NG-53
  })

  test('refuses an empty aud', () => {
    expect(judge({ aud: '' })).toBe('audience_missing') // NG-40
  })

  test('does not normalize Unicode', () => {
    expect(judge({ aud: 'caf\u00e9' }, { audience: ['cafe\u0301'] })).toBe('audience_wrong') // JW-08, NG-44
  })

  test.each([[{}], [[1]], [[null]], [[AUDIENCE, 1]], [[[AUDIENCE]]], [1], [true], [null]])(
    'refuses the aud %j for its type',
    (aud) => {
      expect(judge({ aud })).toBe('claims_malformed') // JW-44, JW-50, NG-40
    },
  )

  test.each([
    ['sub', 123],
    ['sub', null],
    ['jti', {}],
    ['jti', 1],
    ['client_id', ['shop']],
    ['client_id', 7],
    ['azp', 1],
    ['acr', 1],
    ['amr', 'pwd'],
    ['amr', [1]],
    ['auth_time', '1'],
    ['auth_time', null],
    ['scope', 1],
    ['scope', { a: 1 }],
    ['scope', ['a b']],
    ['scope', 'a\tb'],
    ['scope', null],
    ['cnf', 'x'],
    ['cnf', null],
    ['cnf', []],
    ['cnf', true],
    ['act', 'x'],
    ['act', []],
    ['act', null],
    ['act', { sub: 7 }],
    ['act', { sub: 'x', iss: ['y'] }],
    ['act', { sub: 'x', act: 'y' }],
    ['act', { act: { act: { sub: null } } }],
    ['authorization_details', {}],
    ['authorization_details', { type: 'a' }],
    ['authorization_details', '[{"type":"a"}]'],
    ['authorization_details', null],
    ['authorization_details', ['a']],
    ['authorization_details', [{}]],
    ['authorization_details', [{ type: 'a' }, { type: 7 }]],
    ['authorization_details', [[{ type: 'a' }]]],
    ['authorization_details', [null]],
  ])('refuses %s: %j under both profiles', (name, value) => {
    expect(judge({ [name]: value })).toBe('claims_malformed')
    expect(judge({ [name]: value }, relaxed)).toBe('claims_malformed') // JW-50, JW-51, AT-16, DE-01, DE-08, RA-01
  })

  test.each([
    { act: {} },
    { act: { sub: 'x', act: { iss: 'https://other.example', sub: 'y', exp: 'never', aud: 7 } } },
    { may_act: 'x' },
    { authorization_details: [] },
    { authorization_details: [{ type: '' }, { type: 'a', actions: 7 }] },
  ])('takes %j', (claims) => {
    expect(judge(claims)).toBe('accepted') // DE-03, RA-06
  })

  test.each(['exp', 'nbf', 'iat', 'auth_time'])('refuses %s of every type but number', (name) => {
    for (const value of ['99999999999', '', 'never', true, false, null, [], [NOW + 9], {}]) {
      expect([value, judge({ [name]: value })]).toEqual([value, 'claims_malformed']) // JW-45..47, JW-50, NG-35
    }
  })

  test.each(['exp', 'nbf', 'iat', 'auth_time'])('refuses %s beyond the year 9999', (name) => {
    for (const raw of ['1e400', '-1e400', '1e308', '9007199254740993', '1700000000000', '253402300800']) {
      expect([raw, judgeText(withRaw(name, raw))]).toEqual([raw, 'claims_malformed']) // JW-49, NG-37
    }
  })

  test.each(['-1', '-0', '0', '0.5', '1E3', '1.7e9', '-253402300799'])('takes exp %s for the past', (raw) => {
    expect(judgeText(withRaw('exp', raw), relaxed)).toBe('token_expired') // JW-49, NG-37
  })

  test.each(['1.9e9', '1900000000.25', '19E8', '253402300799'])('takes exp %s for the future', (raw) => {
    expect(judgeText(withRaw('exp', raw))).toBe('accepted') // JW-45, NG-37
  })

  test('takes a token until exp and skew have passed', () => {
    expect(judge({ exp: NOW }, {}, NOW + SKEW - 0.001)).toBe('accepted') // JW-45, LM-04
  })

  test('refuses a token at the moment that exp and skew have passed', () => {
    expect(judge({ exp: NOW }, {}, NOW + SKEW)).toBe('token_expired') // JW-45
  })

  test('takes half a second of remaining life without skew', () => {
    expect(judge({ exp: NOW + 0.5 }, { skew: 0 })).toBe('accepted') // JW-45
  })

  test('refuses a token at exp without skew', () => {
    expect(judge({ exp: NOW }, { skew: 0 })).toBe('token_expired') // JW-45
  })

  test('takes nbf up to the skew ahead', () => {
    expect(judge({ nbf: NOW + SKEW })).toBe('accepted') // JW-46
  })

  test('refuses nbf beyond the skew', () => {
    expect(judge({ nbf: NOW + SKEW + 1 })).toBe('token_not_yet_valid') // JW-46
  })

  test('takes iat up to the skew ahead', () => {
    expect(judge({ iat: NOW + SKEW })).toBe('accepted') // JW-47
  })

  test('refuses iat beyond the skew', () => {
    expect(judge({ iat: NOW + SKEW + 1 })).toBe('token_not_yet_valid') // JW-47
  })

  test('refuses a token that expires before it begins', () => {
    expect(judge({ exp: NOW + 5, nbf: NOW + 6 })).toBe('claims_malformed') // NG-38
  })

  test('refuses a token that expires before it was issued', () => {
    expect(judge({ exp: NOW + 5, iat: NOW + 6 })).toBe('claims_malformed') // NG-38
  })

  test.each(['nbf', 'iat'])('refuses a token that expires when it begins, by %s', (name) => {
    expect(judge({ exp: NOW + 5, [name]: NOW + 5 })).toBe('claims_malformed') // NG-38
    expect(judge({ exp: NOW + 5, [name]: NOW + 4.5 })).toBe('accepted')
  })

  test.each(['events', 'token_introspection'])('refuses a token with the claim %s under both profiles', (name) => {
    for (const value of [{}, null, false]) {
      expect(judge({ [name]: value })).toBe('token_kind_wrong')
      expect(judge({ [name]: value }, relaxed)).toBe('token_kind_wrong') // AT-21, AT-22, NG-49, NG-50
    }
  })

  test.each([
    [{ token_use: 'access' }, 'accepted'],
    [{ token_use: 'access_token' }, 'accepted'],
    [{ token_use: 'id' }, 'token_kind_wrong'],
    [{ token_use: 'refresh' }, 'token_kind_wrong'],
    [{ token_use: 7 }, 'token_kind_wrong'],
    [{ typ: 'Bearer' }, 'accepted'],
    [{ typ: 'Refresh' }, 'token_kind_wrong'],
    [{ typ: 'Offline' }, 'token_kind_wrong'],
    [{ typ: 'ID' }, 'token_kind_wrong'],
    [{ typ: 'Logout' }, 'token_kind_wrong'],
    [{ typ: 'REFRESH' }, 'token_kind_wrong'],
    [{ typ: 'id_token' }, 'token_kind_wrong'],
    [{ typ: ['Refresh'] }, 'accepted'],
    [{ token_type: 'Bearer' }, 'accepted'],
    [{ token_type: 'access' }, 'accepted'],
    [{ token_type: 'refresh' }, 'token_kind_wrong'],
    [{ token_type: 'RefreshToken' }, 'token_kind_wrong'],
    [{ type: 'refresh' }, 'token_kind_wrong'],
    [{ type: 'id-token' }, 'token_kind_wrong'],
    [{ type: 'id' }, 'accepted'],
    [{ type: 'refreshing' }, 'accepted'],
  ])('a token that says %o of itself is %s, in either profile', (claims, verdict) => {
    expect([judge(claims), judge(claims, relaxed)]).toEqual([verdict, verdict])
  }) // AT-24

  test('a claim for which the right value is written is judged by that alone', () => {
    expect([
      judge({ token_use: 'id' }, requiring('token_use', 'id')),
      judge({ typ: 'ID' }, requiring('typ', 'ID')),
      judge({ token_type: 'refresh' }, requiring('token_type', 'refresh')),
      judge({ type: 'refresh' }, requiring('type', 'refresh')),
      judge({ token_use: 'id', typ: 'Bearer' }, requiring('typ', 'Bearer')),
      judge({ token_use: 'access', typ: 'Refresh' }, requiring('token_use', 'access')),
    ]).toEqual(['accepted', 'accepted', 'accepted', 'accepted', 'token_kind_wrong', 'token_kind_wrong'])
  }) // AT-24

  test('a nonce alone is no mark of an ID token where a required claim tells the kinds apart', () => {
    const told = { ...relaxed, requiredClaims: { typ: 'Bearer' } }
    expect([
      judge({ typ: 'Bearer', nonce: 'x' }, told),
      judge({ typ: 'Bearer', nonce: 'x', at_hash: 'y' }, told),
      judge({ nonce: 'x' }, told),
    ]).toEqual(['accepted', 'token_kind_wrong', 'token_kind_wrong'])
  }) // AT-20, AT-24

  test.each(['nonce', 'at_hash', 'c_hash', 's_hash'])('takes %s for the mark of an ID token when relaxed', (name) => {
    for (const value of ['x', null, false, 0]) expect(judge({ [name]: value }, relaxed)).toBe('token_kind_wrong') // AT-20, NG-48
  })

  test('leaves ID tokens to typ under RFC 9068', () => {
    expect(judge({ nonce: 'x' })).toBe('accepted') // AT-20
  })

  describe('with a required claim', () => {
    const requiredClaims = { token_use: 'access', level: 2, internal: true }
    const matching = { token_use: 'access', level: 2, internal: true }

    test('takes exactly these values', () => {
      expect(judge(matching, { requiredClaims })).toBe('accepted') // AT-24
    })

    test.each([
      ['another value', { token_use: 'id' }],
      ['another case', { token_use: 'Access' }],
      ['a list of it', { token_use: ['access'] }],
      ['nothing', { token_use: undefined }],
      ['null', { token_use: null }],
      ['the text of a number', { level: '2' }],
      ['the text of a truth value', { internal: 'true' }],
    ])('refuses %s', (_, changes) => {
      expect(judge({ ...matching, ...changes }, { requiredClaims })).toBe('token_kind_wrong') // AT-24
    })

    test('does not find it among inherited members', () => {
      expect(judge({}, { requiredClaims: { constructor: 'x' } })).toBe('token_kind_wrong') // NG-34
    })
  })

  describe('with a greatest age', () => {
    const rules = { maxTokenAge: 60 }

    test('takes a token of that age and the skew', () => {
      expect(judge({ iat: NOW - 60 - SKEW }, rules)).toBe('accepted') // JW-53
    })

    test('refuses an older token', () => {
      expect(judge({ iat: NOW - 60 - SKEW - 0.5 }, rules)).toBe('token_too_old') // JW-53
    })

    test('refuses a token that does not say its age', () => {
      expect(judge({ iat: undefined }, { ...rules, ...relaxed })).toBe('token_too_old') // JW-53
    })
  })

  test('counts the audiences where they are limited, ours included', () => {
    const rules = { maxAudiences: 2 }
    expect(judge({ aud: AUDIENCE }, rules)).toBe('accepted')
    expect(judge({ aud: ['x', AUDIENCE] }, rules)).toBe('accepted')
    expect(judge({ aud: ['x', AUDIENCE, 'y'] }, rules)).toBe('audience_ambiguous')
    expect(judge({ aud: ['x', 'y', 'z'] }, rules)).toBe('audience_wrong')
  }) // AT-18

  describe('with a greatest lifetime', () => {
    const rules = { maxTokenLifetime: 600 }

    test('takes a token issued for so long', () => {
      expect(judge({ iat: NOW, exp: NOW + 600 }, rules)).toBe('accepted') // JW-53
    })

    test('refuses a token issued for longer', () => {
      expect(judge({ iat: NOW, exp: NOW + 601 }, rules)).toBe('lifetime_too_long') // JW-53
    })
  })

  test('is not fooled by members of a __proto__ claim', () => {
    const inner = JSON.stringify(goodClaims())
    expect(judgeText(`{"__proto__":${inner}}`)).toBe('issuer_wrong') // JW-54, NG-34
  })

  test('never names a claim value in the detail', () => {
    const claims = parseJsonObject(Buffer.from(JSON.stringify(goodClaims({ sub: 12_345_678 }))))!
    expect(JSON.stringify(checkJwtClaims(claims, rulesWith(), NOW))).not.toContain('12345678') // BT-31
  })
})
