import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactEncrypt } from 'jose'
import { describe, expect, test } from 'vitest'
import { type Reason, refused } from '../../src/errors.ts'
import { Trouble } from '../../src/introspection/introspector.ts'
import { SIGNED_ANSWER, SignedAnswers, type SignedAnswerRules } from '../../src/introspection/signed-answer.ts'
import { type KeySource, pinnedKeys } from '../../src/keys/key-source.ts'
import { parseKeySet } from '../../src/keys/key-set.ts'
import { inlineSignatures, type Signatures } from '../../src/ports/signatures.ts'
import type { Algorithm } from '../../src/verify/algorithms.ts'
import { type DecryptionRules, Decryptor } from '../../src/verify/decryption.ts'
import { b64, HandClock, ISSUER, json, jwkFor, NOW, pairFor, signatureOf } from '../support/jwt.ts'

const US = 'orders-api'
const CONTENT = { active: true, sub: 'ada', scope: 'a' }

const rules: SignedAnswerRules = {
  issuer: ISSUER,
  audience: [US, 'https://api.example'],
  algorithm: 'ES256',
  maxAge: 60,
  skew: 30,
}
const ALGORITHMS: readonly Algorithm[] = ['ES256', 'RS256', 'ES384']

function keySource(...jwks: readonly object[]): KeySource {
  return pinnedKeys(parseKeySet({ keys: jwks as never }, ALGORITHMS, () => undefined)!)
}
const keys = keySource(jwkFor('ES256', { kid: 'k1', alg: 'ES256' }), jwkFor('ES384', { kid: 'k2', alg: 'ES384' }))

/** Of encrypted answers: our key. */
const recipient = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const decryption: DecryptionRules = {
  keys: [{ kid: 'enc', algorithm: 'RSA-OAEP-256', crv: undefined, modulus: 256, material: recipient.privateKey }],
  encodings: ['A128CBC-HS256'],
  required: false,
}

interface Changes {
  readonly header?: object
  readonly claims?: object
  readonly algorithm?: Algorithm
  readonly key?: KeyObject
}

function answerOf({ header, claims, algorithm = 'ES256', key }: Changes = {}): string {
  const first = json({ alg: algorithm, typ: 'token-introspection+jwt', kid: 'k1', ...header })
  const payload = { iss: ISSUER, aud: US, iat: NOW, token_introspection: CONTENT, ...claims }
  const signed = `${first}.${json(payload)}`
  return `${signed}.${b64(signatureOf(algorithm, signed, key))}`
}

const encrypted = (content: string, header: object = {}): Promise<string> =>
  new CompactEncrypt(Buffer.from(content))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', kid: 'enc', cty: 'JWT', ...header })
    .encrypt(recipient.publicKey)

interface Setup {
  readonly rules?: Partial<SignedAnswerRules>
  readonly keys?: KeySource
  readonly signatures?: Signatures
  readonly decryption?: Partial<DecryptionRules>
  readonly type?: string
  readonly clock?: HandClock
}

/** What a body says, or the kind of trouble. */
async function read(body: string, setup: Setup = {}): Promise<unknown> {
  const answers = new SignedAnswers({
    rules: { ...rules, ...setup.rules },
    keys: setup.keys ?? keys,
    signatures: setup.signatures ?? inlineSignatures,
    clock: setup.clock ?? new HandClock(),
    decryptor: setup.decryption && new Decryptor({ ...decryption, ...setup.decryption }, ISSUER),
  })
  try {
    return await answers.read({
      status: 200,
      headers: { 'content-type': setup.type ?? SIGNED_ANSWER },
      body: Buffer.from(body),
    })
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    return error.kind
  }
}

test('what is signed by the issuer for us is read', async () => {
  expect(await read(answerOf())).toEqual(CONTENT)
  expect(await read(answerOf({ header: { typ: 'application/Token-Introspection+JWT' } }))).toEqual(CONTENT)
  expect(await read(answerOf(), { type: 'Application/token-introspection+jwt; charset=utf-8' })).toEqual(CONTENT)
  expect(await read(answerOf({ claims: { aud: ['x', 'https://api.example'] } }))).toEqual(CONTENT)
}) // IN-57, IN-58, IN-59

test('what is read is frozen to its leaves, as requests share it', async () => {
  const content = { ...CONTENT, authorization_details: [{ type: 'orders' }] }
  const answer = (await read(answerOf({ claims: { token_introspection: content } }))) as typeof content
  expect([answer, answer.authorization_details, answer.authorization_details[0]].every(Object.isFrozen)).toBe(true)
})

test('only what stands in token_introspection is about the token', async () => {
  const inactive = { active: false }
  const claims = { active: true, sub: 'eve', exp: NOW - 1_000, scope: 'admin', token_introspection: inactive }
  expect(await read(answerOf({ claims }))).toEqual(inactive)
}) // IN-60, IN-61

test.each(['application/json', 'application/jwt', 'text/html', ''])('the type %j is no signed answer', async (type) => {
  expect(await read(answerOf(), { type })).toBe('unsigned')
  expect(await read(JSON.stringify({ active: false }), { type })).toBe('unsigned')
}) // IN-57, IN-58

test.each([
  ['typ JWT', { typ: 'JWT' }],
  ['typ of an access token', { typ: 'at+jwt' }],
  ['no typ', { typ: undefined }],
  ['a typ that is no text', { typ: 7 }],
])('%s is no answer', async (_, header) => {
  expect(await read(answerOf({ header }))).toBe('malformed')
}) // IN-58

test.each([
  '',
  'null',
  JSON.stringify({ active: true }),
  'a.b.c',
  `${answerOf()}\n`,
  ` ${answerOf()}`,
  `${answerOf()}=`,
])('what is no compact JWS is no answer (%#)', async (body) => {
  expect(await read(body)).toBe('malformed')
}) // IN-58

test.each([
  ['no iss', { iss: undefined }, 'foreign'],
  ['another iss', { iss: `${ISSUER}/` }, 'foreign'],
  ['an iss that is no text', { iss: [ISSUER] }, 'malformed'],
  ['no aud', { aud: undefined }, 'foreign'],
  ['another aud', { aud: 'billing-api' }, 'foreign'],
  ['others in aud', { aud: ['a', 'b'] }, 'foreign'],
  ['an aud that is no text', { aud: { [US]: true } }, 'malformed'],
  ['no iat', { iat: undefined }, 'outdated'],
  ['an iat that is no time', { iat: String(NOW) }, 'malformed'],
  ['an old iat', { iat: NOW - 61 }, 'outdated'],
  ['one of ten minutes ago', { iat: NOW - 600 }, 'outdated'],
  ['one that lies ahead', { iat: NOW + 31 }, 'outdated'],
  ['nothing about a token', { token_introspection: undefined }, 'malformed'],
  ['a list about it', { token_introspection: [CONTENT] }, 'malformed'],
  ['a text about it', { token_introspection: JSON.stringify(CONTENT) }, 'malformed'],
])('%s is no answer', async (_, claims, kind) => {
  expect(await read(answerOf({ claims }))).toBe(kind)
}) // IN-59, IN-64

test.each([-60, -1, 0, 30])('an iat %i s from now is recent', async (seconds) => {
  expect(await read(answerOf({ claims: { iat: NOW + seconds } }))).toEqual(CONTENT)
}) // IN-64, LM-15

test('how old it may be can be said', async () => {
  const clock = new HandClock()
  const answer = answerOf()
  clock.advance(600)
  expect(await read(answer, { clock, rules: { maxAge: 600 } })).toEqual(CONTENT)
  clock.advance(0.001)
  expect(await read(answer, { clock, rules: { maxAge: 600 } })).toBe('outdated')
}) // IN-64

describe('the signature', () => {
  test.each<[string, Changes]>([
    ['none', { header: { alg: 'none' } }],
    ['HMAC with a published key', { header: { alg: 'HS256' }, algorithm: 'HS256' }],
    ['another algorithm of the issuer', { header: { kid: 'k2' }, algorithm: 'ES384' }],
    ["an algorithm that is not its key's", { header: { alg: 'RS256' } }],
    ['an unknown kid', { header: { kid: 'k3' } }],
    ['a key of its own', { header: { jwk: jwkFor('ES256', {}, 'eve') }, key: pairFor('ES256', 'eve').privateKey }],
    ['crit', { header: { crit: ['exp'], exp: 1 } }],
  ])('by %s is none', async (_, changes) => {
    expect(await read(answerOf(changes))).toBe('signature')
  }) // IN-62

  test('of other octets is none', async () => {
    const [header, , signature] = answerOf().split('.')
    const payload = json({ iss: ISSUER, aud: US, iat: NOW, token_introspection: { active: true, sub: 'eve' } })
    expect(await read(`${header}.${payload}.${signature}`)).toBe('signature')
  }) // IN-62

  test('of a slow algorithm is checked in the thread pool', async () => {
    const waiting: Signatures = { now: () => undefined, later: (check) => inlineSignatures.later(check) }
    const slow = { rules: { algorithm: 'ES384' }, signatures: waiting } as const
    expect(await read(answerOf({ header: { kid: 'k2' }, algorithm: 'ES384' }), slow)).toEqual(CONTENT)
    const full: Signatures = { now: () => undefined, later: async () => undefined }
    expect(await read(answerOf(), { signatures: full })).toBe('overloaded')
  }) // IN-62

  test('counts no longer once its key has left the set', async () => {
    const source = keySource(jwkFor('ES256', { kid: 'k1' }))
    source.keys[0]!.retired = true
    expect(await read(answerOf(), { keys: source })).toBe('signature')
  }) // JK-35

  test('by a key renewed under its name counts after another look', async () => {
    const old = keySource(jwkFor('ES256', { kid: 'k1' }, 'before'))
    const looking: KeySource = {
      ...old,
      reconsider: async () => [...old.keys, ...keySource(jwkFor('ES256', { kid: 'k1' })).keys],
    }
    expect(await read(answerOf(), { keys: looking })).toEqual(CONTENT)
    expect(await read(answerOf(), { keys: old })).toBe('signature')
  }) // JK-30

  test.each<[Reason, string]>([
    ['keys_unavailable', 'keys_unavailable'],
    ['key_unknown', 'signature'],
    ['key_unfit', 'signature'],
    ['key_ambiguous', 'signature'],
  ])('where looking for the key ends with %s: %s', async (reason, kind) => {
    const missing: KeySource = { ...keys, find: () => Promise.reject(refused(reason, { retryAfter: 7 })) }
    expect(await read(answerOf(), { keys: missing })).toBe(kind)
  }) // IN-62, JK-32

  test('a mistake of ours stays one', async () => {
    const broken: KeySource = { ...keys, find: () => Promise.reject(new RangeError('x')) }
    await expect(read(answerOf(), { keys: broken })).rejects.toThrow(RangeError)
  }) // XC-01
})

describe('an encrypted answer', () => {
  const opening: Setup = { decryption: {} }

  test('is opened, and then judged like any other', async () => {
    expect(await read(await encrypted(answerOf()), opening)).toEqual(CONTENT)
    expect(await read(await encrypted(answerOf(), { iss: ISSUER, aud: US }), opening)).toEqual(CONTENT)
    expect(await read(await encrypted(answerOf({ claims: { aud: 'x' } })), opening)).toBe('foreign')
    expect(await read(await encrypted(answerOf({ header: { typ: 'JWT' } })), opening)).toBe('malformed')
    const forged = answerOf({ key: pairFor('ES256', 'eve').privateKey })
    expect(await read(await encrypted(forged), opening)).toBe('signature')
  }) // IN-63

  test('must hold a signed one', async () => {
    const bare = JSON.stringify({ iss: ISSUER, aud: US, iat: NOW, token_introspection: CONTENT })
    const unsecured = answerOf({ header: { alg: 'none' } }).replace(/[^.]*$/, '')
    expect(await read(await encrypted(bare), opening)).toBe('undecryptable')
    expect(await read(await encrypted(JSON.stringify(CONTENT)), opening)).toBe('undecryptable')
    expect(await read(await encrypted(unsecured), opening)).toBe('signature')
    expect(await read(await encrypted(answerOf(), { cty: undefined }), opening)).toBe('undecryptable')
    expect(await read(await encrypted(await encrypted(answerOf())), opening)).toBe('undecryptable')
  }) // IN-63

  test('must be for our key, and say nothing else than what is inside', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const foreign = await new CompactEncrypt(Buffer.from(answerOf()))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A128CBC-HS256', kid: 'enc', cty: 'JWT' })
      .encrypt(other.publicKey)
    expect(await read(foreign, opening)).toBe('undecryptable')
    expect(await read(await encrypted(answerOf(), { kid: 'other' }), opening)).toBe('undecryptable')
    expect(await read(await encrypted(answerOf(), { aud: 'other' }), opening)).toBe('undecryptable')
    expect(await read(await encrypted(answerOf(), { enc: 'A256GCM' }), opening)).toBe('undecryptable')
    expect(await read(await encrypted(answerOf()))).toBe('undecryptable') // nothing here opens it
  }) // IN-63

  test('may be demanded', async () => {
    expect(await read(answerOf(), opening)).toEqual(CONTENT)
    expect(await read(answerOf(), { decryption: { required: true } })).toBe('undecryptable')
  }) // IN-63

  test('one for which there is no room is trouble of ours', async () => {
    const flood = await encrypted(answerOf())
    const all = await Promise.all(Array.from({ length: 65 }, () => read(flood, opening)))
    expect(all.filter((one) => one === 'overloaded')).toEqual(['overloaded'])
  })
})
