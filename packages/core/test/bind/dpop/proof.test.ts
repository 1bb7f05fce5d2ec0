import { describe, expect, test } from 'vitest'
import { type DpopProof, type ProofRules, type ProofTerms, readProof } from '../../../src/bind/dpop/proof.ts'
import { digestOf } from '../../../src/cache/digest.ts'
import { AuthError } from '../../../src/errors.ts'
import { jwkFor, NOW, pairFor } from '../../support/jwt.ts'
import { jkt, jwk, type ProofChanges, proofOf, TOKEN, URI } from '../../support/proofs.ts'

const rules: ProofRules = {
  publicUrls: ['https://api.example'],
  algorithms: ['ES256', 'PS256'],
  maxAge: 60,
  maxAhead: 5,
  maxJtiLength: 40,
  nonceReplacesAge: false,
}
const terms: ProofTerms = { rules, method: 'GET', url: '/orders?page=2', tokenDigest: digestOf(TOKEN) }

function read(text: string, changed: Partial<ProofTerms> = {}): DpopProof | AuthError {
  return readProof(text, { ...terms, ...changed }, () => undefined, NOW * 1_000)
}

/** `good`, or why not, with what exactly is wrong. */
function outcomeOf(changes: ProofChanges, changed?: Partial<ProofRules>): string {
  const proof = read(proofOf(changes), { rules: { ...rules, ...changed } })
  if (!(proof instanceof AuthError)) return 'good'
  const { detail } = AuthError.detailsOf(proof)
  return detail === undefined ? proof.reason : `${proof.reason}: ${detail}`
}

test('a proof for this request and token is read', () => {
  const proof = read(proofOf({ claims: { nonce: 'n' } })) as DpopProof
  expect(proof).toMatchObject({ jti: 'jti-1', iat: NOW, htu: URI, nonce: 'n', arrivedAt: NOW * 1_000 })
  expect(proof.header).toMatchObject({ algorithm: 'ES256', thumbprint: jkt, key: undefined, jwk })
  expect(proof.answerFields).toBeUndefined()
})

test('what a header says is asked of whoever remembers it, and then it is not read', () => {
  const text = proofOf()
  const known = { ...(read(text) as DpopProof).header, header: {}, jwk: {} }
  const asked: string[] = []
  const again = readProof(text, terms, (segment) => (asked.push(segment), known), NOW * 1_000) as DpopProof
  expect(again.header).toBe(known)
  expect(asked).toEqual([text.slice(0, text.indexOf('.'))])
})

describe('a proof is refused', () => {
  test.each([
    ['another type', { header: { typ: 'jwt' } }],
    ['no type', { header: { typ: undefined } }],
    ['an empty type', { header: { typ: '' } }],
    ['a type that is no text', { header: { typ: 7 } }],
    ['an extension', { header: { crit: ['x'], x: 1 } }],
    ['an unencoded payload', { header: { b64: false } }],
    ['no key', { header: { jwk: undefined } }],
    ['a list of keys', { header: { jwk: [jwk] } }],
    ['no jti', { claims: { jti: undefined } }],
    ['an empty jti', { claims: { jti: '' } }],
    ['a jti that is a number', { claims: { jti: 1 } }],
    ['a jti that is too long', { claims: { jti: 'j'.repeat(41) } }],
    ['no method', { claims: { htm: undefined } }],
    ['no URI', { claims: { htu: undefined } }],
    ['an empty URI', { claims: { htu: '' } }],
    ['no digest', { claims: { ath: undefined } }],
    ['no time', { claims: { iat: undefined } }],
    ['a time that is a text', { claims: { iat: `${NOW}` } }],
    ['an exp that is a text', { claims: { exp: `${NOW + 60}` } }],
    ['an nbf that is a text', { claims: { nbf: `${NOW}` } }],
    ['a nonce that is a number', { claims: { nonce: 1 } }],
  ] as const)('as malformed for %s', (_, changes) => {
    expect(outcomeOf(changes)).toBe('proof_malformed')
  })

  test.each([
    ['no algorithm', { header: { alg: undefined } }],
    ['another algorithm', { algorithm: 'ES384' }],
    ['an algorithm that is no text', { header: { alg: ['ES256'] } }],
  ] as const)('for %s', (_, changes) => {
    expect(outcomeOf(changes)).toBe('proof_algorithm')
  })

  test.each([
    ['of another algorithm', { header: { jwk: jwkFor('PS256') } }, 'not_allowed'],
    ['that is private', { header: { jwk: pairFor('ES256').privateKey.export({ format: 'jwk' }) } }, 'private'],
    ['that is symmetric', { header: { jwk: { kty: 'oct', k: 'AAAA' } } }, 'symmetric'],
  ])('for a key %s', (_, changes, detail) => {
    expect(outcomeOf(changes)).toBe(`proof_key_unfit: ${detail}`)
  })

  test.each([
    ['another method', { htm: 'POST' }, 'proof_other_request: htm'],
    ['the method in another case', { htm: 'get' }, 'proof_other_request: htm'],
    ['another URI', { htu: 'https://api.example/order' }, 'proof_other_request: htu'],
    ['another token', { ath: digestOf('another') }, 'proof_other_token'],
  ])('for %s', (_, claims, outcome) => {
    expect(outcomeOf({ claims })).toBe(outcome)
  })

  test.each(['', 'no-dot', 'a.b', `${proofOf()}.`, proofOf().slice(0, -1), `.${proofOf()}`])(
    'that is no JWS: %s',
    (text) => {
      expect((read(text) as AuthError).reason).toBe('proof_malformed')
    },
  )

  test('beyond 8,192 characters', () => {
    const missing = 8_192 - proofOf({ claims: { more: '' } }).length
    const more = (octets: number): ProofChanges => ({ claims: { more: 'm'.repeat((missing * 3) / 4 + octets) } })
    expect([proofOf(more(0)).length, proofOf(more(1)).length]).toEqual([8_192, 8_194])
    expect([outcomeOf(more(0)), outcomeOf(more(1))]).toEqual(['good', 'proof_malformed'])
  })
})

describe('what may be said', () => {
  test.each([
    ['the long type', { header: { typ: 'application/dpop+jwt' } }],
    ['the type in another case', { header: { typ: 'DPoP+JWT' } }],
    ['that the payload is encoded', { header: { b64: true } }],
    ['another algorithm that is taken', { algorithm: 'PS256', header: { jwk: jwkFor('PS256') } }],
    ['a jti of the longest', { claims: { jti: 'j'.repeat(40) } }],
    ['an empty nonce', { claims: { nonce: '' } }],
    ['times around now', { claims: { nbf: NOW, exp: NOW + 1 } }],
    ['claims of its own', { claims: { sub: 'me', deep: { a: [1] } } }],
  ] as const)('%s', (_, changes) => {
    expect(outcomeOf(changes)).toBe('good')
  })
})

describe('the time of a proof', () => {
  test.each([
    ['as old as may be', { iat: NOW - 60 }, 'good'],
    ['older', { iat: NOW - 60.001 }, 'proof_out_of_time: iat'],
    ['as far ahead as may be', { iat: NOW + 5 }, 'good'],
    ['further ahead', { iat: NOW + 5.001 }, 'proof_out_of_time: iat'],
    ['over now', { exp: NOW }, 'proof_out_of_time: exp or nbf'],
    ['begins as far ahead as may be', { nbf: NOW + 5 }, 'good'],
    ['begins later', { nbf: NOW + 5.001 }, 'proof_out_of_time: exp or nbf'],
  ])('%s', (_, claims, outcome) => {
    expect(outcomeOf({ claims })).toBe(outcome)
  })

  test('is no matter where a nonce stands in for it, but what it says of its end is', () => {
    const changed = { nonceReplacesAge: true }
    expect(outcomeOf({ claims: { iat: NOW - 6_000 } }, changed)).toBe('good')
    expect(outcomeOf({ claims: { iat: NOW + 6_000 } }, changed)).toBe('good')
    expect(outcomeOf({ claims: { exp: NOW - 1 } }, changed)).toBe('proof_out_of_time: exp or nbf')
  })
})

test.each([{ method: undefined }, { url: undefined }, { url: '*' }])('a request with %j has no proof', (changed) => {
  expect((read(proofOf(), changed) as AuthError).reason).toBe('proof_other_request')
})
