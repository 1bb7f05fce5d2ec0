import { describe, expect, test } from 'vitest'
import { type BindingRules, bindNow, demandsProof, stillBound } from '../../src/bind/bind.ts'
import type { Dpop } from '../../src/bind/dpop/dpop.ts'
import { Tally } from '../../src/counters.ts'
import { AuthError } from '../../src/errors.ts'
import { systemClock } from '../../src/ports/clock.ts'
import type { Claims } from '../../src/verify/claims.ts'
import { errorOf } from '../support/refusals.ts'
import { presented, verifiedToken } from '../support/tokens.ts'

const THUMBPRINT = 'A'.repeat(43)
/** A connection whose client showed the certificate that {@link THUMBPRINT} is not of; and rules that read it. */
const request = { rawHeaders: [], socket: { getPeerX509Certificate: () => undefined } }
const rules: BindingRules = { dpop: undefined, mtls: { isRequired: false, field: undefined }, required: false }

const about = (claims: Claims) => verifiedToken(claims, systemClock)

function outcomeOf(claims: Claims): string {
  try {
    return bindNow(about(claims), presented('t', systemClock), request, rules)!.by
  } catch (error) {
    return (error as AuthError).reason
  }
}

describe('a token', () => {
  test('with nothing about a key is bound to none', () => {
    expect(outcomeOf({})).toBe('none')
    expect(outcomeOf({ token_type: 'Bearer' })).toBe('none')
  })

  test.each([
    { token_type: 'DPoP' },
    { cnf: {} },
    { cnf: { kid: '1' } },
    { cnf: { jkt: THUMBPRINT } },
    // The certificate is not asked for: it would not stand in for the key.
    { token_type: 'DPoP', cnf: { 'x5t#S256': THUMBPRINT } },
    { token_type: 'dpop', cnf: { 'x5t#S256': THUMBPRINT, kid: '1' } },
  ])('is refused where nobody can check what it is bound to: %j', (claims) => {
    expect(outcomeOf(claims)).toBe('binding_unsupported')
  })

  test('that is bound to a certificate is held against that of the connection', () => {
    expect(outcomeOf({ cnf: { 'x5t#S256': THUMBPRINT } })).toBe('certificate_missing')
    expect(outcomeOf({ token_type: 'Bearer', cnf: { 'x5t#S256': THUMBPRINT } })).toBe('certificate_missing')
  })
})

test('newer evidence about a token may name no other key, and no key beside', () => {
  const proved = { by: 'dpop', jkt: THUMBPRINT } as const
  expect(stillBound(about({ cnf: { jkt: THUMBPRINT } }), proved)).toBe(proved)
  for (const cnf of [
    { jkt: 'B'.repeat(43) },
    { jkt: THUMBPRINT, 'x5t#S256': THUMBPRINT },
    { 'x5t#S256': THUMBPRINT },
    {},
  ])
    expect(() => stillBound(about({ cnf }), proved)).toThrow(AuthError)
  expect(() => stillBound(about({ token_type: 'DPoP' }), { by: 'none' })).toThrow(AuthError)
  const certificate = { by: 'mtls', x5tS256: THUMBPRINT } as const
  const cnf = { 'x5t#S256': THUMBPRINT }
  expect(stillBound(about({ cnf }), certificate)).toBe(certificate)
  expect(() => stillBound(about({ cnf, token_type: 'DPoP' }), certificate)).toThrow(AuthError)
})

test('newer evidence about a token may demand less than was proved', () => {
  const proved = { by: 'dpop', jkt: THUMBPRINT, x5tS256: THUMBPRINT } as const
  for (const cnf of [undefined, { jkt: THUMBPRINT }, { jkt: THUMBPRINT, 'x5t#S256': THUMBPRINT }])
    expect(stillBound(about({ cnf }), proved)).toBe(proved)
})

test('newer evidence that demands another key is refused with its issuer and kind', async () => {
  const token = verifiedToken({ cnf: { jkt: THUMBPRINT } }, systemClock, { tally: new Tally('jwt') })
  const refusal = await errorOf(() => stillBound(token, { by: 'none' }))
  expect(refusal.reason).toBe('binding_mismatch')
  expect(AuthError.detailsOf(refusal)).toEqual({ issuer: 'https://as.example', kind: 'jwt' })
})

test('what a request would have to prove is told without one', () => {
  const required: BindingRules = { ...rules, mtls: { isRequired: true, field: undefined }, required: true }
  const isDpopRequired: BindingRules = { ...rules, dpop: { isRequired: true } as Dpop, required: true }
  const certificate = about({ cnf: { 'x5t#S256': THUMBPRINT } })
  const key = about({ cnf: { jkt: THUMBPRINT } })
  expect([demandsProof(about({}), rules), demandsProof(certificate, required)]).toEqual([false, true])
  expect(demandsProof(key, { ...isDpopRequired, mtls: undefined })).toBe(true)
  for (const [token, its] of [
    [about({}), required],
    [certificate, isDpopRequired],
    [key, { ...isDpopRequired, mtls: required.mtls }],
  ] as const)
    expect(() => demandsProof(token, its)).toThrow(expect.objectContaining({ reason: 'binding_absent' }))
})
