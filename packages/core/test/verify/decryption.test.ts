import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { keyOf, revocationKeyOf } from '../../src/cache/digest.ts'
import { Revocations } from '../../src/cache/revocations.ts'
import { AuthError } from '../../src/errors.ts'
import { type DecryptionKey, type DecryptionRules, Decryptor } from '../../src/verify/decryption.ts'
import type { Presented } from '../../src/verify/verifier.ts'
import {
  type Bench,
  bench,
  HandClock,
  ISSUER,
  json,
  laterVerdictOf,
  present,
  tokenOf,
  verdictOf,
} from '../support/jwt.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsaKey: DecryptionKey = {
  kid: 'rsa',
  algorithm: 'RSA-OAEP',
  crv: undefined,
  modulus: 256,
  material: rsa.privateKey,
}
const ecKey: DecryptionKey = {
  kid: 'ec',
  algorithm: 'ECDH-ES+A128KW',
  crv: 'P-256',
  modulus: undefined,
  material: ec.privateKey,
}
const rules: DecryptionRules = { keys: [rsaKey, ecKey], encodings: ['A128GCM', 'A128CBC-HS256'], required: false }

function encrypted(content: string, header: object = {}, to: KeyObject = rsa.publicKey): Promise<string> {
  const all = { alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'rsa', cty: 'JWT', ...header }
  return new CompactEncrypt(Buffer.from(content)).setProtectedHeader(all).encrypt(to)
}

const open = (token: string, changes: Partial<DecryptionRules> = {}): Promise<unknown> =>
  new Decryptor({ ...rules, ...changes }, ISSUER).open(token, keyOf(token))

/** Why it was not opened, and what only the operator hears of it. */
async function faultOf(token: string, changes?: Partial<DecryptionRules>): Promise<unknown> {
  try {
    await open(token, changes)
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    const { issuer, detail } = AuthError.detailsOf(error)
    const whose = issuer === ISSUER ? '' : ` of ${issuer}`
    return error.reason + whose + (detail === undefined ? '' : `: ${detail}`)
  }
  return 'opened'
}

describe('Decryptor', () => {
  test('gives the signed token inside, taken apart, and what it is revoked by', async () => {
    const inner = tokenOf()
    const byAgreement = { alg: 'ECDH-ES+A128KW', enc: 'A128CBC-HS256', kid: 'ec' }
    for (const token of [await encrypted(inner), await encrypted(inner, byAgreement, ec.publicKey)]) {
      expect(await open(token)).toMatchObject({ claims: { iss: ISSUER }, revocationKey: revocationKeyOf(inner) })
    }
  })

  test.each([
    [{ cty: 'json' }, 'token_malformed'],
    [{ typ: 'dpop+jwt' }, 'token_malformed'],
    [{ zip: 'DEF' }, 'decryption_failed: "zip"'],
    [{ enc: 'A256GCM' }, 'decryption_failed: "enc"'],
    [{ kid: 'x' }, 'decryption_failed: "kid"'],
    [{ alg: 'RSA-OAEP-256' }, 'decryption_failed: "alg"'],
    [{ sub: 'mallory' }, 'claims_malformed: "sub" of the header differs'],
  ])('refuses a header with %j', async (header, fault) => {
    expect(await faultOf(await encrypted(tokenOf(), header))).toBe(fault)
  }) // JW-37, JW-38, JW-39, JW-41

  test('refuses a header with anything critical', async () => {
    const [, ...rest] = (await encrypted(tokenOf())).split('.')
    const header = { alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'rsa', cty: 'JWT' }
    for (const crit of [['exp'], [], null])
      expect(await faultOf([json({ ...header, crit }), ...rest].join('.'))).toBe('critical_unsupported')
  }) // JW-29

  test('says of content alone that it is no signed JWT', async () => {
    expect(await faultOf(await encrypted('claims'))).toBe('token_malformed: what is encrypted is no signed JWT')
    expect(await faultOf('a.b.c.d.e')).toBe('token_malformed')
  })

  test('says nothing more where the content does not open', async () => {
    const [header, key, iv, content, tag] = (await encrypted(tokenOf())).split('.')
    const changed = `${content![0] === 'A' ? 'B' : 'A'}${content!.slice(1)}`
    expect(await faultOf([header, key, iv, changed, tag].join('.'))).toBe('decryption_failed')
    expect(
      await faultOf(await encrypted(tokenOf(), {}, generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey)),
    ).toBe('decryption_failed')
  })

  test('takes a single key where the token names none, or the key has no name', async () => {
    const nameless = { ...rsaKey, kid: undefined }
    const unnamed = await encrypted(tokenOf(), { kid: undefined as never })
    expect(await faultOf(unnamed)).toBe('decryption_failed: "kid"')
    expect(await faultOf(unnamed, { keys: [rsaKey] })).toBe('opened')
    expect(await faultOf(await encrypted(tokenOf(), { kid: 'x' }), { keys: [rsaKey] })).toBe('decryption_failed: "kid"')
    expect(await faultOf(await encrypted(tokenOf(), { kid: 'x' }), { keys: [nameless] })).toBe('opened')
  })

  test('knows which headers mean a key here', () => {
    const decryptor = new Decryptor(rules, ISSUER)
    expect(decryptor.takes({ kid: 'rsa' })).toBe(true)
    for (const kid of ['x', undefined, 1, null]) expect(decryptor.takes({ kid })).toBe(false)
    expect(new Decryptor({ ...rules, keys: [rsaKey] }, ISSUER).takes({})).toBe(true)
    expect(new Decryptor({ ...rules, keys: [{ ...rsaKey, kid: undefined }] }, ISSUER).takes({ kid: 1 })).toBe(false)
  })

  test('opens a token once for all who bring it, and again for those who come later', async () => {
    const decryptor = new Decryptor(rules, ISSUER)
    const token = await encrypted(tokenOf())
    const first = decryptor.open(token, 'one')
    expect(decryptor.open(token, 'one')).toBe(first)
    await first
    expect(decryptor.open(token, 'one')).not.toBe(first)
  })

  test('forgets a token that did not open', async () => {
    const decryptor = new Decryptor(rules, ISSUER)
    for (const _ of [1, 2]) expect(await laterVerdictOf(() => decryptor.open('x.x', 'one'))).toBe('token_malformed')
    expect(await laterVerdictOf(async () => decryptor.open(await encrypted(tokenOf()), 'one'))).toBe('accepted')
  })

  test('turns away what is too much at once, and nothing afterwards', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 70 }, (_, jti) => encrypted(tokenOf({ claims: { jti: `${jti}` } }))),
    )
    const faults = await Promise.all(tokens.map((token) => faultOf(token)))
    expect(faults.filter((fault) => fault === 'overloaded')).toHaveLength(6)
    expect(await faultOf(tokens.at(-1)!)).toBe('opened')
  })
})

const opening = (changes: Partial<DecryptionRules> = {}): Bench =>
  bench('ES256', { decryptor: new Decryptor({ ...rules, ...changes }, ISSUER) })

const verify = ({ verifier }: Bench, presented: Presented): Promise<unknown> =>
  laterVerdictOf(() => verifier.verify(presented))

describe('JwtVerifier with a decryptor', () => {
  test('waits for the decryption, then remembers the encrypted token', async () => {
    const one = opening()
    const token = await encrypted(tokenOf())
    expect(verdictOf(() => one.verifier.now(present(token)))).toBe('waits')
    const { token: entry } = await one.verifier.verify(present(token))
    expect([entry.digest, entry.nested]).toEqual([keyOf(token), revocationKeyOf(tokenOf().replace(/[^.]*$/, 'x'))])
    expect(one.store.peek(keyOf(token))).toStrictEqual(entry)
    expect(one.verifier.recall(entry)?.source).toBe('cache')
  })

  test('takes a signed token, too, unless encryption was agreed', async () => {
    const lax = opening()
    expect(verdictOf(() => lax.verifier.now(present(tokenOf())))).toBe('accepted')
    expect(lax.store.peek(keyOf(tokenOf()))?.nested).toBeUndefined()
    const strict = opening({ required: true })
    expect(verdictOf(() => strict.verifier.now(present(tokenOf())))).toBe('token_unencrypted')
    expect(await verify(strict, present(tokenOf()))).toBe('token_unencrypted')
    expect(await verify(strict, present(await encrypted(tokenOf())))).toBe('accepted')
  }) // AT-11

  test('judges what is inside like any other token', async () => {
    const one = opening()
    expect(await verify(one, present(await encrypted(tokenOf({ claims: { aud: 'x' } }))))).toBe('audience_wrong')
    expect(await verify(one, present(await encrypted(tokenOf({ header: { typ: 'JWT' } }))))).toBe('type_wrong')
    expect(await verify(one, present(await encrypted(tokenOf({ key: ec.privateKey }))))).toBe('signature_invalid')
  }) // JW-37

  test('opens nothing where no decryptor is', async () => {
    const one = bench('ES256')
    expect(await verify(one, present(await encrypted(tokenOf())))).toBe('token_malformed')
  })
})

test('a revoked token is revoked in every wrap, and reckoned with it', async () => {
  const one = bench('ES256', { decryptor: new Decryptor(rules, ISSUER) })
  const inner = tokenOf()
  const { token: wrapped } = await one.verifier.verify(present(await encrypted(inner)))
  const { token: plain } = await one.verifier.verify(present(inner))
  expect(wrapped.bytes).toBeGreaterThan(plain.bytes)
  const bounds = { entries: 10, lifetime: 86_400_000, skew: 0 }
  const revocations = new Revocations(bounds, new HandClock(), () => undefined)
  expect(revocations.judge(wrapped)).toBeUndefined()
  revocations.addTombstone(revocationKeyOf(inner), undefined)
  expect(revocations.judge(wrapped)).toBe('token_revoked')
  expect(revocations.judge(wrapped.onEvidenceOf(plain, plain.claims))).toBe('token_revoked')
})
