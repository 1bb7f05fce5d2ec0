import * as fc from 'fast-check'
import { parseKeySet } from '#core/keys/key-set'
import { pinnedKeys } from '#core/keys/key-source'
import { SignedAnswers } from '#core/introspection/signed-answer'
import { inlineSignatures } from '#core/ports/signatures'
import { anyText, jsonText, mixed, mutated, objectLike } from '../generators.ts'
import { laterOutcomeOf } from '../outcomes.ts'
import { laterTarget, must, type Target } from '../target.ts'
import { encryptedTokens, GOOD, headers, ISSUER, NOW, PUBLIC_KEY, signedBy } from '../tokens.ts'

const TYPE = 'application/token-introspection+jwt'
const HEADER = { alg: 'Ed25519', typ: 'token-introspection+jwt', kid: 'first' } as const
const CLAIMS = { iss: ISSUER, aud: 'orders-api', iat: NOW, token_introspection: { active: true } } as const

const VALID = signedBy(JSON.stringify(HEADER), JSON.stringify(CLAIMS))

const answerHeaders = objectLike(HEADER, {
  alg: fc.constantFrom<unknown>('none', 'EdDSA', 'RS256', 'HS256'),
  typ: fc.constantFrom<unknown>('JWT', 'at+jwt', TYPE, 'Token-Introspection+JWT', 'token-introspection+jwt; a=b'),
  jwk: fc.constant(PUBLIC_KEY),
  crit: fc.constant(['exp']),
})
const answerClaims = objectLike(CLAIMS, {
  iss: fc.constantFrom<unknown>(`${ISSUER}/`, [ISSUER], ''),
  aud: fc.constantFrom<unknown>(['x', 'orders-api'], 'Orders-API', [['orders-api']], [], {}),
  iat: fc.constantFrom<unknown>(NOW - 61, NOW - 60, NOW + 30, NOW + 31, String(NOW), NOW * 1_000),
  exp: fc.constantFrom<unknown>(0, 'never', NOW - 9),
  token_introspection: fc.constantFrom<unknown>({ active: false }, {}, [], null, 'x', { active: 'true' }),
})
const others = fc
  .tuple(jsonText(mixed(answerHeaders, headers)), jsonText(answerClaims))
  .map(([header, claims]) => signedBy(header, claims))

const answers = new SignedAnswers({
  rules: { issuer: ISSUER, audience: ['orders-api'], algorithm: 'Ed25519', maxAge: 60, skew: 30 },
  keys: pinnedKeys(parseKeySet({ keys: [PUBLIC_KEY] }, ['Ed25519'], () => undefined)!),
  signatures: inlineSignatures,
  clock: { wall: () => NOW * 1_000, monotonic: () => 0, after: () => () => undefined },
  decryptor: undefined,
})

export const signedAnswersTarget: Target = laterTarget({
  name: 'signed answers',
  inputs: fc.record({
    type: fc.oneof({ weight: 8, arbitrary: fc.constant(TYPE) }, mutated(fc.constant(TYPE))),
    body: mixed(mutated(fc.constant(VALID)), others, encryptedTokens, fc.constantFrom(VALID, GOOD), anyText),
  }),
  judge: async ({ type, body }) => {
    const reading = answers.read({ status: 200, headers: { 'content-type': type }, body: Buffer.from(body) })
    const outcome = await laterOutcomeOf(reading)
    if (outcome !== 'accepted') return outcome
    const [header, claims] = body.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
    must(/^(?:application\/)?token-introspection\+jwt$/i.test(header.typ), 'an answer of another type')
    must(claims.iss === ISSUER && [claims.aud].flat().includes('orders-api'), 'an answer of or for somebody else')
    must(claims.iat >= NOW - 60 && claims.iat <= NOW + 30, 'an answer of another time')
    must(JSON.stringify(await reading) === JSON.stringify(claims.token_introspection), 'another content')
    return outcome
  },
})
