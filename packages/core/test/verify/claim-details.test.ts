import { describe, expect, test } from 'vitest'
import { checkIntrospectedClaims, type IntrospectionRules } from '../../src/verify/introspected-claims.ts'
import { checkJwtClaims, type JwtRules } from '../../src/verify/jwt-claims.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { AUDIENCE, goodClaims, ISSUER, NOW, rulesWith, SKEW } from '../support/jwt.ts'

const present = (claims: object): Claims => JSON.parse(JSON.stringify(claims)) as Claims
const judgeJwt = (changes: object, rules: Partial<JwtRules> = {}) =>
  checkJwtClaims(present(goodClaims(changes)), rulesWith(rules), NOW)

const RULES: IntrospectionRules = {
  issuer: ISSUER,
  audience: [AUDIENCE],
  audiencePolicy: 'required',
  skew: SKEW,
  requiredClaims: {},
}
const judgeAnswer = (changes: object, rules: Partial<IntrospectionRules> = {}) =>
  checkIntrospectedClaims(present({ active: true, aud: AUDIENCE, ...changes }), { ...RULES, ...rules }, NOW)

describe('what operators hear of the claims of a JWT', () => {
  test.each<[object, Partial<JwtRules>, object | undefined]>([
    [{}, {}, undefined],
    [{ sub: 7 }, {}, { reason: 'claims_malformed', detail: 'claim "sub" has the wrong type' }],
    [{ sub: '', jti: undefined }, {}, { reason: 'claim_missing', detail: 'claim "sub" is missing' }],
    [{ aud: undefined }, {}, { reason: 'audience_missing' }],
    [{ level: 1 }, { requiredClaims: { level: 2 } }, { reason: 'token_kind_wrong', detail: 'claim "level"' }],
    [
      { exp: NOW + 5, nbf: NOW + 6 },
      {},
      { reason: 'claims_malformed', detail: '"exp" does not lie after "nbf" and "iat"' },
    ],
    [{ exp: NOW - SKEW }, {}, { reason: 'token_expired' }],
  ])('%j by %j: %j', (claims, rules, refusal) => {
    expect(judgeJwt(claims, rules)).toEqual(refusal)
  }) // XC-08

  test('a token that does not say when it was issued lives too long where that is limited, and only there', () => {
    expect(judgeJwt({ iat: undefined }, { profile: 'jwt', maxTokenLifetime: 600 })).toEqual({
      reason: 'lifetime_too_long',
    })
    expect(judgeJwt({ iat: undefined }, { profile: 'jwt' })).toBeUndefined()
  }) // JW-53

  test('audiences are compared as configured', () => {
    const upper = AUDIENCE.replace('api.example', 'API.example')
    expect(judgeJwt({ aud: upper }, { audienceMatch: 'canonical' })).toBeUndefined()
    expect(judgeJwt({ aud: upper }, { audienceMatch: 'exact' })).toEqual({ reason: 'audience_wrong' })
  }) // MC-15
})

describe('what operators hear of an answer', () => {
  const TYPE = { reason: 'token_kind_wrong', detail: '"token_type" is not one of an access token' }

  test.each<[object, Partial<IntrospectionRules>, object | undefined]>([
    [{}, {}, undefined],
    [{ token_type: 'refresh_token' }, {}, TYPE],
    [{ token_type: 7 }, {}, TYPE],
    [{ token_type: 'DPOP' }, {}, undefined],
    [{ token_use: 'refresh' }, {}, { reason: 'token_kind_wrong', detail: 'a refresh or ID token' }],
    [{}, { requiredClaims: { level: 2 } }, { reason: 'token_kind_wrong', detail: 'claim "level"' }],
    [{ aud: undefined }, {}, { reason: 'audience_missing' }],
    [{ aud: 'other' }, {}, { reason: 'audience_wrong' }],
    [{ aud: 'other' }, { audiencePolicy: 'ifPresent' }, { reason: 'audience_wrong' }],
    [{ aud: AUDIENCE.replace('api.example', 'API.example') }, { audienceMatch: 'canonical' }, undefined],
    [{ iss: ISSUER }, {}, undefined],
    [{ iss: '' }, {}, { reason: 'issuer_wrong' }],
    [{ nbf: NOW + SKEW }, {}, undefined],
    [{ nbf: NOW + SKEW + 1 }, {}, { reason: 'token_not_yet_valid' }],
    [{ exp: NOW }, {}, { reason: 'token_expired' }],
    [{ exp: NOW + 0.5 }, {}, undefined],
    [{ iat: NOW + SKEW + 9 }, {}, undefined],
  ])('%j by %j: %j', (claims, rules, refusal) => {
    expect(judgeAnswer(claims, rules)).toEqual(refusal)
  }) // IN-13, IN-15, IN-16
})
