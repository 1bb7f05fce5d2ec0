import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/syntax/json.ts'
import { type Algorithm, ALGORITHMS } from '../../src/verify/algorithms.ts'
import { ASYMMETRIC, jwkFor, pairFor, tokenOf, withSignature } from '../support/jwt.ts'
import { josesKeyVerdict, LAXER_KEYS, ourKeyVerdict, STRICTER_KEYS } from '../support/key-oracle.ts'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_121)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 80)
const TIMEOUT = 10_000 + RUNS * 100
// jose no longer knows Ed448.
const ALGORITHM_NAMES = ASYMMETRIC.filter((one) => one !== 'Ed448')
const NAMES = ['first', 'second'] as const

const members = fc.constantFrom(
  'kid',
  'use',
  'alg',
  'key_ops',
  'kty',
  'crv',
  'x',
  'y',
  'n',
  'e',
  'd',
  'k',
  'ext',
  'foo',
)
const values: readonly unknown[] = [
  [
    'first',
    'second',
    '',
    'sig',
    'enc',
    'EdDSA',
    'none',
    'RSA',
    'EC',
    'OKP',
    'oct',
    'P-256',
    'P-384',
    'Ed25519',
    'AQAB',
  ],
  [
    'AQ',
    'Ag',
    'AAEAAQ',
    'AQAB=',
    'A'.repeat(43),
    'A'.repeat(342),
    ['verify'],
    ['sign', 'verify'],
    ['verify', 'verify'],
  ],
  [[], [1], true, false, null, 0, {}],
].flat()

/** A key with members changed, left out, or spelt with padding or leading zeros. */
const jwks = (algorithm: Algorithm): fc.Arbitrary<unknown> =>
  fc.oneof(
    { weight: 12, arbitrary: keyOf(algorithm) },
    { weight: 1, arbitrary: fc.constantFrom<unknown>(null, 1, 'key', [], {}) },
  )

function keyOf(algorithm: Algorithm): fc.Arbitrary<object> {
  const change = fc.tuple(
    members,
    fc.oneof(fc.constantFrom(...values), fc.constantFrom<unknown>(...ALGORITHM_NAMES), fc.constant(undefined)),
  )
  const respelt = fc.tuple(
    fc.constantFrom('x', 'y', 'n', 'e'),
    fc.constantFrom<(text: string) => string>(
      (text) => `${text}=`,
      (text) => Buffer.concat([Buffer.alloc(1), Buffer.from(text, 'base64url')]).toString('base64url'),
      (text) => text.slice(0, -1),
      (text) => `${text.slice(0, -1)}B`,
    ),
  )
  return fc
    .tuple(
      fc.constantFrom(...NAMES),
      fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(change, { maxLength: 2 })),
      fc.option(respelt, { nil: undefined, freq: 5 }),
    )
    .map(([name, changes, spelling]) => {
      const jwk: Record<string, unknown> = { ...jwkFor(algorithm, { kid: name }, name), ...Object.fromEntries(changes) }
      if (spelling && typeof jwk[spelling[0]] === 'string') jwk[spelling[0]] = spelling[1](jwk[spelling[0]] as string)
      return jwk
    })
}

interface Recipe {
  readonly document: string
  readonly keys: readonly JsonObject[]
  readonly token: string
  readonly kid: string | undefined
}

const recipe = (algorithm: Algorithm): fc.Arbitrary<Recipe> =>
  fc
    .record({
      keys: fc.array(jwks(algorithm), { minLength: 1, maxLength: 4 }),
      kid: fc.constantFrom('first', 'first', 'second', 'third', undefined),
      signer: fc.constantFrom('first', 'first', 'second'),
      twin: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, fc.constant(true)),
    })
    .map(({ keys, kid, signer, twin }) => {
      const written = JSON.stringify({ keys })
      return {
        document: twin ? written.replace('{', '{"keys":[],') : written,
        keys: (JSON.parse(written) as { keys: JsonObject[] }).keys,
        kid,
        token: tokenOf({ algorithm, header: { kid }, key: pairFor(algorithm, signer).privateKey }),
      }
    })

describe('keys are judged as jose judges them, but for the listed rules', () => {
  beforeAll(() => {
    for (const algorithm of ALGORITHM_NAMES) for (const name of NAMES) pairFor(algorithm, name)
  })

  test.each(ALGORITHM_NAMES)('for %s', { timeout: TIMEOUT }, async (algorithm) => {
    const seen = { accepted: 0, refused: 0 }
    await fc.assert(
      fc.asyncProperty(recipe(algorithm), async ({ document, keys, kid, token }) => {
        const ours = ourKeyVerdict(token, document, algorithm)
        const theirs = await josesKeyVerdict(token, document, algorithm)
        const differ = ours.is !== theirs
        const rules = ours.is === 'refused' ? STRICTER_KEYS : LAXER_KEYS
        const rule = rules.find(({ applies }) => applies({ keys, kid, ours }))?.name
        expect({ ours, theirs, explained: !differ || rule !== undefined }).toEqual({ ours, theirs, explained: true })
        if (!differ) seen[theirs] += 1
      }),
      { seed: SEED, numRuns: RUNS },
    )
    expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(RUNS / 20)
  })
})

/** Our verdict on a good token of the algorithm with these keys, then that of jose. */
const both = async (
  keys: readonly unknown[],
  header: object = {},
  algorithm: Algorithm = 'ES256',
  document?: string,
) => {
  const token = tokenOf({ algorithm, header })
  const written = document ?? JSON.stringify({ keys })
  return [ourKeyVerdict(token, written, algorithm).is, await josesKeyVerdict(token, written, algorithm)]
}

/** With the exponent 1 a signature is what it should be the power of: anybody can write it. */
const withExponentOne = async (): Promise<string[]> => {
  const jwk = jwkFor('RS256', { e: 'AQ' })
  const forged = withSignature(tokenOf({ algorithm: 'RS256' }), (signed) => {
    const digest = Buffer.concat([
      Buffer.from('3031300d060960864801650304020105000420', 'hex'),
      createHash('sha256').update(signed).digest(),
    ])
    return Buffer.concat([Buffer.from([0, 1]), Buffer.alloc(256 - 3 - digest.length, 0xff), Buffer.alloc(1), digest])
  })
  const document = JSON.stringify({ keys: [jwk] })
  return [ourKeyVerdict(forged, document, 'RS256').is, await josesKeyVerdict(forged, document, 'RS256')]
}

describe('every rule by which we differ from jose about keys has an example', () => {
  const own = jwkFor('ES256', { kid: 'first' })
  const x = own['x'] as string
  const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(x, 'base64url')]).toString('base64url')
  const twin = JSON.stringify({ keys: [own] }).replace('{', '{"keys":[],')

  const stricter: readonly (readonly [name: string, verdicts: () => Promise<string[]>])[] = [
    ['a set with a twin member is no set (JK-04)', () => both([], {}, 'ES256', twin)],
    ['private members spoil a key (JK-18)', () => both([{ ...own, k: 'AA' }])],
    ['members have one spelling (JK-14)', () => both([{ ...own, x: `${x}=` }])],
    ['coordinates have the length of the curve (JK-14, JK-17)', () => both([{ ...own, x: padded }])],
    ['an RSA key has no curve (RFC 7518 §6.3)', () => both([jwkFor('RS256', { crv: 'P-256' })], {}, 'RS256')],
    ['kid is a text (RFC 7517 §4.5)', () => both([{ ...own, kid: 1 }])],
    ['an exponent is odd, at least 3, and small (NG-22)', withExponentOne],
    ['without kid, several keys that fit are ambiguous (JK-11)', () => both([own, jwkFor('ES256', {}, 'second')])],
  ]

  test.each(stricter)('%s', async (_, verdicts) => {
    expect(await verdicts()).toEqual(['refused', 'accepted'])
  })

  const laxer: readonly (readonly [name: string, verdicts: () => Promise<string[]>])[] = [
    ['the only key, without kid, goes with any kid (JK-12)', () => both([jwkFor('ES256')], { kid: 'first' })],
    [
      'EdDSA and Ed25519 name the same algorithm (RFC 9864 §2.2)',
      () => both([jwkFor('Ed25519', { alg: 'EdDSA' })], { alg: 'Ed25519' }, 'Ed25519'),
    ],
    [
      'members that are not read cannot spoil a key: ext, oth and unknown ones (RFC 7517 §4)',
      () => both([{ ...own, ext: 'yes' }]),
    ],
    ['an entry that is no key is left out, and the others stay (JK-03)', () => both([null, own])],
  ]

  test.each(laxer)('%s', async (_, verdicts) => {
    expect(await verdicts()).toEqual(['accepted', 'refused'])
  })

  test('and no rule is without one', () => {
    expect(stricter.map(([name]) => name)).toEqual(STRICTER_KEYS.map(({ name }) => name))
    expect(laxer.map(([name]) => name)).toEqual(LAXER_KEYS.map(({ name }) => name))
    expect(Object.keys(ALGORITHMS).length).toBe(ALGORITHM_NAMES.length + 4)
  })
})
