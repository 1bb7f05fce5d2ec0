import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { AuthError } from '../../src/errors.ts'
import { Checks } from '../../src/explain/checks.ts'
import { type DecryptionKey, type DecryptionRules, Decryptor } from '../../src/verify/decryption.ts'
import type { ContentEncryption, KeyManagement } from '../../src/verify/encryption.ts'
import { CONTENT_ENCRYPTION } from '../../src/verify/encryption.ts'
import { AUDIENCE, b64, bench, goodClaims, ISSUER, json, present, refusalOf, tokenOf } from '../support/jwt.ts'
import { errorOf } from '../support/refusals.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encodings = Object.keys(CONTENT_ENCRYPTION) as ContentEncryption[]
const epk = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }

const keyFor = (algorithm: KeyManagement): DecryptionKey =>
  algorithm.startsWith('RSA')
    ? { kid: 'k', algorithm, crv: undefined, modulus: 256, material: rsa.privateKey }
    : { kid: 'k', algorithm, crv: 'P-256', modulus: undefined, material: ec.privateKey }

const decryptorFor = (algorithm: KeyManagement, changes: Partial<DecryptionRules> = {}): Decryptor =>
  new Decryptor({ keys: [keyFor(algorithm)], encodings, required: false, ...changes }, ISSUER)

/** Parts of these sizes, with nothing in them that opens. */
const sized = (header: object, encryptedKey: number, iv: number, tag: number): string =>
  [json(header), ...[encryptedKey, iv, 5, tag].map((size) => b64(Buffer.alloc(size, 1)))].join('.')

async function encrypted(content: string, header: object, to: KeyObject = rsa.publicKey): Promise<string> {
  const all = { alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'k', cty: 'JWT', ...header }
  return new CompactEncrypt(Buffer.from(content)).setProtectedHeader(all).encrypt(to)
}

async function refusal(algorithm: KeyManagement, token: string): Promise<object> {
  const error = await errorOf(() => decryptorFor(algorithm).open(token, token))
  const { issuer, detail } = AuthError.detailsOf(error)
  expect(issuer).toBe(ISSUER)
  return { reason: error.reason, ...(detail === undefined ? {} : { detail }), tried: error.cause !== undefined }
}

const SIZE = { reason: 'decryption_failed', detail: 'size', tried: false }
const TRIED = { reason: 'decryption_failed', tried: true }

describe('sizes that cannot be right are found before a private key is touched', () => {
  test.each<[KeyManagement, ContentEncryption, number, number, number]>([
    ['RSA-OAEP', 'A128GCM', 256, 12, 16],
    ['RSA-OAEP-256', 'A256GCM', 256, 12, 16],
    ['RSA-OAEP-256', 'A256CBC-HS512', 256, 16, 32],
    ['ECDH-ES', 'A192GCM', 0, 12, 16],
    ['ECDH-ES', 'A128CBC-HS256', 0, 16, 16],
    ['ECDH-ES+A128KW', 'A128GCM', 24, 12, 16],
    ['ECDH-ES+A256KW', 'A256GCM', 40, 12, 16],
    ['ECDH-ES+A256KW', 'A192CBC-HS384', 56, 16, 24],
    ['ECDH-ES+A192KW', 'A256CBC-HS512', 72, 16, 32],
  ])('%s with %s: %d, %d and %d octets', async (alg, enc, key, iv, tag) => {
    const header = { alg, enc, kid: 'k', cty: 'JWT', ...(alg.startsWith('ECDH') ? { epk } : {}) }
    expect(await refusal(alg, sized(header, key, iv, tag))).toEqual(TRIED)
    expect(await refusal(alg, sized(header, key + 1, iv, tag))).toEqual(SIZE)
    expect(await refusal(alg, sized(header, key, iv + 1, tag))).toEqual(SIZE)
    expect(await refusal(alg, sized(header, key, iv, tag - 1))).toEqual(SIZE)
  }) // JW-41
})

test.each([
  ['another curve', { ...epk, crv: 'P-384' }],
  ['a name alone', 'P-256'],
  ['nothing', undefined],
  ['null', null],
  ['a list', [epk]],
])('an ephemeral key that is %s is no key', async (_, given) => {
  const header = { alg: 'ECDH-ES', enc: 'A128GCM', kid: 'k', cty: 'JWT', epk: given }
  expect(await refusal('ECDH-ES', sized(header, 0, 12, 16))).toEqual({
    reason: 'decryption_failed',
    detail: '"epk"',
    tried: false,
  })
}) // JW-41

describe('what a header announces', () => {
  test.each([
    [{ cty: 'JWT' }],
    [{ cty: 'application/jwt' }],
    [{ typ: 'JWT' }],
    [{ typ: 'at+jwt' }],
    [{ typ: 'application/AT+JWT' }],
    [{ iss: ISSUER, sub: 'alice', aud: AUDIENCE }],
  ])('%j is taken', async (header) => {
    const opened = await decryptorFor('RSA-OAEP').open(await encrypted(tokenOf(), header), 'd')
    expect(opened.claims).toEqual(goodClaims())
  }) // JW-37

  test.each([[{ cty: 7 }], [{ cty: undefined }], [{ typ: 7 }], [{ typ: null }], [{ typ: ['JWT'] }], [{ typ: '' }]])(
    '%j is not',
    async (header) => {
      const full = { alg: 'RSA-OAEP', enc: 'A128GCM', kid: 'k', cty: 'JWT', ...header }
      expect(await refusal('RSA-OAEP', sized(full, 256, 12, 16))).toEqual({ reason: 'token_malformed', tried: false })
    },
  ) // JW-37

  test.each([
    ['iss', 'https://other.example'],
    ['sub', ''],
    ['aud', [AUDIENCE]],
    ['aud', null],
  ])('a copy of %s must be the claim itself, not %j', async (name, value) => {
    const token = await encrypted(tokenOf(), { [name]: value })
    const error = await errorOf(() => decryptorFor('RSA-OAEP').open(token, 'd'))
    expect([error.reason, AuthError.detailsOf(error)]).toEqual([
      'claims_malformed',
      { issuer: ISSUER, unverified: true, detail: `"${name}" of the header differs` },
    ])
  }) // JW-39
})

test('of several keys none is taken where the token names none, nor one without a name', () => {
  const keys = [keyFor('RSA-OAEP'), { ...keyFor('ECDH-ES'), kid: undefined }]
  const decryptor = decryptorFor('RSA-OAEP', { keys })
  expect([{ kid: 'k' }, {}, { kid: 'x' }, { kid: null }].map((header) => decryptor.takes(header))).toEqual([
    true,
    false,
    false,
    false,
  ])
}) // JW-38

test('what is too much at once is told when to come back', async () => {
  const decryptor = decryptorFor('RSA-OAEP')
  const token = await encrypted(tokenOf(), {})
  const all = await Promise.all(
    Array.from({ length: 66 }, (_, at) => decryptor.open(token, `${at}`).catch((error: unknown) => error)),
  )
  const errors = all.filter((one) => one instanceof AuthError)
  expect(errors.map((error) => [error.reason, AuthError.detailsOf(error)])).toEqual([
    ['overloaded', { retryAfter: 1, issuer: ISSUER }],
    ['overloaded', { retryAfter: 1, issuer: ISSUER }],
  ])
})

async function explain(token: string) {
  const one = bench('ES256', { decryptor: decryptorFor('RSA-OAEP') })
  const checks = new Checks()
  const found = await one.verifier.explain(present(token), checks)
  return { found, wrong: checks.all.filter(({ outcome }) => outcome !== 'passed'), first: checks.all[0]?.reason }
}

describe('explained', () => {
  test('what is inside is judged like any other token, once it is open', async () => {
    const { found, wrong, first } = await explain(await encrypted(tokenOf(), {}))
    expect([found?.claims['sub'], found?.nested !== undefined, wrong, first]).toEqual([
      'alice',
      true,
      [],
      'decryption_failed',
    ])
  })

  test('what does not open says so, and the option', async () => {
    const { found, wrong } = await explain(await encrypted(tokenOf(), { enc: 'A128GCM', kid: 'x' }))
    expect([found, wrong]).toEqual([
      undefined,
      [{ reason: 'decryption_failed', outcome: 'failed', detail: '"kid"', option: 'jwt.decryption' }],
    ])
  })
})

test('a token that is only signed is refused in the name of its issuer where encryption was agreed', () => {
  const one = bench('ES256', { decryptor: decryptorFor('RSA-OAEP', { required: true }) })
  expect(refusalOf(() => one.verifier.now(present(tokenOf())))).toMatchObject({
    reason: 'token_unencrypted',
    issuer: ISSUER,
  })
}) // AT-11

test('whether only encrypted tokens are taken is as configured', () => {
  expect([decryptorFor('RSA-OAEP').required, decryptorFor('RSA-OAEP', { required: true }).required]).toEqual([
    false,
    true,
  ])
}) // AT-11
