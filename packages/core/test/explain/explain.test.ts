import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { optionFor, type Reason, REASONS } from '../../src/errors.ts'
import type { ExplainedCheck } from '../../src/explain/checks.ts'
import type { Explanation } from '../../src/explain/explanation.ts'
import { clientSecretBasic } from '../../src/introspection/client-authentication.ts'
import { START } from '../support/manual-clock.ts'
import { failing } from '../support/scripted-http.ts'
import { AUDIENCE, authority, bearer, SECRET, world } from '../support/world.ts'

const notPassed = ({ checks }: Explanation): readonly ExplainedCheck[] =>
  checks.filter(({ outcome }) => outcome !== 'passed')
const find = ({ checks }: Explanation, reason: Reason): ExplainedCheck | undefined =>
  checks.find((check) => check.reason === reason)

const ONLINE = {
  issuers: [
    {
      issuer: 'https://as.example',
      jwt: { mode: 'online' },
      introspection: { client: clientSecretBasic('me', SECRET) },
    },
  ],
} as const

/** A world whose keys are at hand. */
async function warm(options: Parameters<typeof world>[0] = {}) {
  const made = world(options)
  await made.server.ready()
  return made
}

describe('a JWT', () => {
  test('that is good passes every check, in the order in which they are made', async () => {
    const { server, as } = await warm()
    const { outcome, issuer, checks } = await server.explain(as.jwt())
    expect({ outcome, issuer }).toEqual({ outcome: 'valid', issuer: as.issuer })
    expect(checks.map(({ reason }) => reason)).toEqual([
      'token_too_long',
      'issuer_unknown',
      'token_malformed',
      'algorithm_not_allowed',
      'critical_unsupported',
      'type_wrong',
      'claims_malformed',
      'issuer_wrong',
      'token_kind_wrong',
      'audience_missing',
      'claim_missing',
      'audience_wrong',
      'audience_ambiguous',
      'token_expired',
      'token_not_yet_valid',
      'token_too_old',
      'lifetime_too_long',
      'key_unknown',
      'signature_invalid',
      'binding_unsupported',
      'token_revoked',
    ])
    expect(checks.every((check) => check.outcome === 'passed' && check.option === undefined)).toBe(true)
  })

  test('that is bad in several ways shows all of them, and the option for each', async () => {
    const { server, as } = await warm()
    const token = as.jwt({ aud: 'https://other.example', iat: START - 1_000, exp: START - 100 }, { typ: 'JWT' })
    const explanation = await server.explain(token)
    expect(explanation.outcome).toBe('invalid')
    expect(notPassed(explanation)).toEqual([
      {
        reason: 'type_wrong',
        outcome: 'failed',
        detail: `"typ" is "JWT"; the profile is 'at+jwt'`,
        option: 'jwt.profile',
      },
      {
        reason: 'audience_wrong',
        outcome: 'failed',
        detail: `"aud" is ["https://other.example"]; "audience" is '${AUDIENCE}'`,
        option: 'audience',
      },
      {
        reason: 'token_expired',
        outcome: 'failed',
        detail: 'it expired 100 s ago; clocks may differ by 30 s',
        option: 'clockSkew',
      },
    ])
    expect(find(explanation, 'signature_invalid')).toEqual({ reason: 'signature_invalid', outcome: 'passed' })
  })

  test.each<[string, object, object, Partial<ExplainedCheck>]>([
    [
      'a claim of a wrong type',
      { nbf: 'later' },
      {},
      { reason: 'claims_malformed', detail: 'claim "nbf" has the wrong type' },
    ],
    ['a missing claim', { jti: undefined }, {}, { reason: 'claim_missing', detail: 'claim "jti" is missing' }],
    ['a missing audience', { aud: undefined }, {}, { reason: 'audience_missing' }],
    ['another algorithm', {}, { alg: 'ES384' }, { reason: 'algorithm_not_allowed', option: 'jwt.algorithms' }],
    ['an extension', {}, { crit: ['x'] }, { reason: 'critical_unsupported', detail: '"crit" is ["x"]' }],
    ['another kind of token', { events: {} }, {}, { reason: 'token_kind_wrong', option: 'requiredClaims' }],
    ['a token from the future', { nbf: START + 100 }, {}, { reason: 'token_not_yet_valid', option: 'clockSkew' }],
    ['a binding', { cnf: { jkt: 'x' } }, {}, { reason: 'binding_unsupported' }],
  ])('shows %s', async (_, claims, header, wanted) => {
    const { server, as } = await warm()
    const explanation = await server.explain(as.jwt(claims, header))
    expect(explanation.outcome).toBe('invalid')
    expect(notPassed(explanation)).toContainEqual(expect.objectContaining({ ...wanted, outcome: 'failed' }))
  })

  test.each([
    ['no audience', { aud: null }],
    ['an audience that is a number', { aud: 5 }],
    ['times without a value', { exp: { valueOf: 1, toString: 1 } }],
  ])('whose claims have %s ends there', async (_, claims) => {
    for (const audienceMatch of ['exact', 'canonical'] as const) {
      const { server, as } = await warm({ audienceMatch })
      const explanation = await server.explain(as.jwt(claims))
      expect(notPassed(explanation)).toEqual([
        { reason: 'claims_malformed', outcome: 'failed', detail: expect.stringContaining('has the wrong type') },
      ])
    }
  })

  test('that is introspected, too, is judged by what both say', async () => {
    const { server, as } = await warm(ONLINE)
    as.introspects({ active: true, cnf: { jkt: 'x' } })
    const token = as.jwt()
    expect((await server.verify(token)).outcome).toBe('invalid')
    expect(notPassed(await server.explain(token))).toEqual([{ reason: 'binding_unsupported', outcome: 'failed' }])
  })

  test('of an issuer that is not on the list is not looked into', async () => {
    const { server, as } = await warm()
    const explanation = await server.explain(as.jwt({ iss: 'https://evil.example' }))
    expect(explanation).toMatchObject({ outcome: 'invalid', issuer: undefined })
    expect(explanation.checks.at(-1)).toEqual({
      reason: 'issuer_unknown',
      outcome: 'failed',
      detail: '"iss" is "https://evil.example"',
      option: 'issuers',
    })
  })

  test('signed by a stranger fails by its signature alone', async () => {
    const { server, as } = await warm()
    const [header, payload] = as.jwt().split('.')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = createPrivateKey({ key: privateKey.export({ format: 'jwk' }), format: 'jwk' })
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), { key, dsaEncoding: 'ieee-p1363' })
    const explanation = await server.explain(`${header}.${payload}.${signature.toString('base64url')}`)
    expect(notPassed(explanation)).toEqual([{ reason: 'signature_invalid', outcome: 'failed' }])
  })

  test('whose key is not at hand is unknown: a request would look for a newer set', async () => {
    const { server, as, clock } = await warm()
    await clock.advance(10_000)
    const explanation = await server.explain(as.jwt({}, { kid: 'k2' }))
    expect(explanation.outcome).toBe('unknown')
    expect(notPassed(explanation)).toMatchObject([{ reason: 'key_unknown', outcome: 'unknown', option: 'jwt.jwksUri' }])
  })

  test('is unknown while there are no keys', async () => {
    const { server, as, http } = world()
    as.down(failing('connect'))
    const before = http.calls.length
    const explanation = await server.explain(as.jwt())
    expect(notPassed(explanation)).toMatchObject([{ reason: 'keys_unavailable', outcome: 'unknown' }])
    expect(http.calls.length).toBe(before)
  })

  test('that is revoked says so', async () => {
    const { server, as } = await warm()
    const token = as.jwt()
    await server.revoke({ token })
    expect(notPassed(await server.explain(token))).toMatchObject([{ reason: 'token_revoked', outcome: 'failed' }])
    const other = as.jwt({ sub: 'mallory' })
    await server.revoke({ sub: 'mallory', issuer: as.issuer })
    expect(notPassed(await server.explain(other))).toMatchObject([
      { reason: 'token_revoked', detail: 'a revocation by claim covers it' },
    ])
  })
})

describe('an opaque token', () => {
  test('is unknown until it was verified here; then the answer is explained', async () => {
    const { server, as, clock } = await warm()
    expect(notPassed(await server.explain('opaque'))).toMatchObject([{ reason: 'token_inactive', outcome: 'unknown' }])

    await server.authenticate(bearer('opaque'))
    expect((await server.explain('opaque')).outcome).toBe('valid')

    await clock.advance(400_000)
    expect((await server.explain('opaque')).outcome).toBe('unknown')
    expect(as.issuer).toBe((await server.explain('opaque')).issuer)
  })

  test('that was called inactive is invalid', async () => {
    const { server, as } = await warm()
    as.introspects({ active: false })
    await server.authenticate(bearer('gone')).catch(() => undefined)
    expect(notPassed(await server.explain('gone'))).toMatchObject([{ reason: 'token_inactive', outcome: 'failed' }])
  })

  test('whose answer names another API shows it', async () => {
    const { server, as } = await warm()
    as.introspects({ active: true, aud: 'https://other.example' })
    await server.authenticate(bearer('other')).catch(() => undefined)
    expect(find(await server.explain('other'), 'audience_wrong')).toMatchObject({
      outcome: 'failed',
      detail: `"aud" is ["https://other.example"]; "audience" is '${AUDIENCE}'`,
    })
  })

  test('is refused where nothing takes it', async () => {
    const { server } = world({}, (http) => [authority(http, 'https://as.example').issuer])
    expect(notPassed(await server.explain('opaque'))).toEqual([
      { reason: 'opaque_unsupported', outcome: 'failed', option: 'introspection' },
    ])
  })
})

test('asks nobody, remembers nothing, counts nothing and tells nobody', async () => {
  const { server, as, http, events } = await warm()
  const [calls, told, before] = [http.calls.length, events.length, server.status()]
  await server.explain(as.jwt())
  await server.explain(as.jwt({ aud: 'x' }, { kid: 'k2' }))
  await server.explain('opaque')
  await server.explain('a b')
  expect(http.calls.length).toBe(calls)
  expect(events.length).toBe(told)
  expect(server.status()).toEqual(before)
})

test('never quotes the token, who it is about, or what could break a line', async () => {
  const { server, as } = await warm()
  const token = as.jwt(
    { sub: 'secret-subject', aud: ['x\n\u001b[31mred'], secret: 'secret-claim' },
    { typ: 'y'.repeat(500) },
  )
  const text = JSON.stringify(await server.explain(token))
  for (const part of token.split('.')) expect(text).not.toContain(part)
  expect(text).not.toContain('secret')
  const details = (JSON.parse(text) as Explanation).checks.map(({ detail = '' }) => detail)
  expect(details.filter((detail) => !/^[ -~]{0,200}$/.test(detail))).toEqual([])
  expect(details.some((detail) => detail.includes('yyyy'))).toBe(true)
})

test('a token that is too long is not read', async () => {
  const { server } = await warm()
  expect((await server.explain('a'.repeat(8_193))).checks).toEqual([
    {
      reason: 'token_too_long',
      outcome: 'failed',
      detail: '8193 characters; at most 8192 are read',
      option: 'maxTokenLength',
    },
  ])
})

test('options are named as the documentation names them', async () => {
  const { readFileSync } = await import('node:fs')
  const documented = readFileSync(new URL('../../../../docs/options.md', import.meta.url), 'utf8')
  const named = (Object.keys(REASONS) as Reason[]).flatMap((reason) => optionFor(reason) ?? [])
  expect(named.length).toBeGreaterThan(15)
  expect(
    named.filter((option) => !documented.includes(`\`${option}\``) && !documented.includes(`\`${option}.`)),
  ).toEqual([])
})

test('wants a text', async () => {
  const { server } = world()
  await expect(server.explain(undefined as never)).rejects.toThrow('explain(): the token is a text')
})

test('a signature that nobody has the time for is unknown, not bad', async () => {
  const { server, as } = world({}, undefined, { now: () => undefined, later: async () => undefined })
  await server.ready()
  const explanation = await server.explain(as.jwt())
  expect(explanation.outcome).toBe('unknown')
  expect(notPassed(explanation)).toMatchObject([{ reason: 'overloaded', outcome: 'unknown' }])
})
