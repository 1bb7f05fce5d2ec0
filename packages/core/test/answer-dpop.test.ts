import { describe, expect, test } from 'vitest'
import { answer, type ChallengeSettings } from '../src/answer.ts'
import { AuthError } from '../src/errors.ts'

const BEARER = 'Bearer realm="https://api.example"'
const DPOP = 'DPoP realm="https://api.example", algs="ES256 PS256"'

const settingsFor = (isOnly: boolean, asksNonce = false): ChallengeSettings => ({
  realm: 'https://api.example',
  describeErrors: false,
  errorUri: undefined,
  errorBody: true,
  exposeHeaders: true,
  resourceMetadataUrl: () => undefined,
  dpop: { algorithms: ['ES256', 'PS256'], isOnly, asksNonce },
})

const challengeOf = (error: AuthError, settings: ChallengeSettings): string | undefined =>
  answer(error, settings).headers['www-authenticate']

describe('where DPoP is taken', () => {
  const both = settingsFor(false)
  const only = settingsFor(true)
  const wrong = ', error="invalid_token"'

  test.each([
    ['token_expired', 'Bearer', false, `${BEARER}${wrong}, ${DPOP}`],
    ['token_expired', 'DPoP', false, `${BEARER}, ${DPOP}${wrong}`],
    ['token_expired', undefined, false, `${BEARER}${wrong}, ${DPOP}${wrong}`],
    ['token_expired', 'Bearer', true, `${DPOP}${wrong}`],
    ['token_expired', 'DPoP', true, `${DPOP}${wrong}`],
    ['credentials_missing', 'Bearer', false, `${BEARER}, ${DPOP}`],
    ['credentials_missing', 'DPoP', false, `${BEARER}, ${DPOP}`],
    ['scope_missing', 'DPoP', false, `${DPOP}, error="insufficient_scope"`],
    ['scope_missing', 'Bearer', false, `${BEARER}, error="insufficient_scope"`],
  ] as const)('%s under %s is challenged', (reason, scheme, isOnly, challenge) => {
    expect(challengeOf(new AuthError(reason, { scheme }), settingsFor(isOnly))).toBe(challenge)
  }) // DP-32

  test('what is missing stands in the challenge of the scheme in use', () => {
    const needs = { scopes: ['a', 'b'] }
    expect(challengeOf(new AuthError('credentials_missing', needs), both)).toBe(
      `${BEARER}, scope="a b", ${DPOP}, scope="a b"`,
    )
    const error = new AuthError('scope_missing', { ...needs, scheme: 'DPoP' })
    expect(challengeOf(error, both)).toBe(`${DPOP}, error="insufficient_scope", scope="a b"`)
  })

  test('a nonce is told, and scripts of other origins may read it where nonces are asked for', () => {
    const { headers } = answer(new AuthError('nonce_missing', { dpopNonce: 'n' }), settingsFor(true, true))
    expect([headers['dpop-nonce'], headers['access-control-expose-headers']]).toEqual([
      'n',
      expect.stringMatching(/DPoP-Nonce/i),
    ])
    const without = answer(new AuthError('token_expired'), only).headers
    expect(Object.keys(without)).not.toContain('dpop-nonce')
    expect(without['access-control-expose-headers']).not.toMatch(/DPoP-Nonce/i)
  })
})
