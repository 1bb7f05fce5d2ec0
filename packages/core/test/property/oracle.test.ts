import * as fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Algorithm, ALGORITHMS } from '../../src/verify/algorithms.ts'
import {
  ALL_ALGORITHMS,
  AUDIENCE,
  b64,
  goodClaims,
  goodHeader,
  ISSUER,
  jwkFor,
  NOW,
  pairFor,
  signatureOf,
  SKEW,
  tokenOf,
} from '../support/jwt.ts'
import { explanationOf, josesVerdict, ourVerdict, type Rules, STRICTER } from '../support/jwt-oracle.ts'

/** `pnpm run fuzz --target oracle` sets both. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_917)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 120)
const TIMEOUT = 10_000 + RUNS * 100

const kin = (algorithm: Algorithm): readonly Algorithm[] =>
  ALL_ALGORITHMS.filter((one) => ALGORITHMS[one].kty === ALGORITHMS[algorithm].kty)

const times = [
  NOW - SKEW - 1,
  NOW - SKEW,
  NOW - SKEW + 1,
  NOW - 0.5,
  NOW,
  NOW + 0.5,
  NOW + SKEW,
  NOW + SKEW + 1,
  NOW + 1e6,
]
const oddValues: readonly unknown[] = JSON.parse(`[
  "", "x", "alice", "${ISSUER}", "${ISSUER}/", "${AUDIENCE}", "${AUDIENCE}/", "a b", "a\\tb", "ä", "\\ud800", "${NOW + 300}",
  null, true, false, 0, -1, 1.7e12, 1e308, 9007199254740993, 1e400,
  [], {}, [""], [null], ["${AUDIENCE}"], ["x", "${AUDIENCE}"], [["${AUDIENCE}"]], ["${AUDIENCE}", 1], {"toString": 1}, {"jkt": "x"}
]`) as unknown[]
const value = fc.oneof(fc.constantFrom(...oddValues), fc.constantFrom(...times), fc.jsonValue({ maxDepth: 3 }))

const headerName = fc.constantFrom('alg', 'typ', 'kid', 'cty', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'foo', '__proto__')
const headerValue = fc.oneof(
  fc.constantFrom(
    'none',
    'None',
    'EdDSA',
    'Ed25519',
    'JWT',
    'at+JWT',
    'application/at+jwt',
    'dpop+jwt',
    'k'.repeat(257),
  ),
  fc.constantFrom<unknown>(...ALL_ALGORITHMS, ['b64'], ['exp'], jwkFor('ES256', {}, 'second')),
  value,
)
const claimName = fc.oneof(
  fc.constantFrom('iss', 'aud', 'exp', 'nbf', 'iat', 'sub', 'jti', 'client_id', 'scope'),
  fc.constantFrom('azp', 'acr', 'amr', 'auth_time', 'cnf', 'events', 'token_introspection', 'nonce', 'at_hash', 'foo'),
)

/** Changes to members: a value, or nothing to leave the member out. */
const edits = (name: fc.Arbitrary<string>, content: fc.Arbitrary<unknown>): fc.Arbitrary<[string, unknown][]> =>
  fc.array(
    fc.tuple(name, fc.oneof({ weight: 4, arbitrary: content }, { weight: 1, arbitrary: fc.constant(undefined) })),
    {
      maxLength: 2,
    },
  )

/** What is done to the text of a header or of claims before it is signed. */
const TEXT_CHANGES: Readonly<Record<string, (text: string) => string | Buffer>> = {
  none: (text) => text,
  bom: (text) => `\ufeff${text}`,
  duplicate: (text) => `${text.slice(0, -1)},${text.slice(1)}`,
  escaped: (text) => text.replace('"alg"', '"\\u0061lg"').replace('"aud"', '"\\u0061ud"'),
  'escaped twin': (text) => `${text.slice(0, -1)},"\\u0061lg":"none","\\u0061ud":"x"}`,
  spaced: (text) => ` \n${text.replaceAll(',"', ' , "')}\t`,
  trailing: (text) => `${text}x`,
  array: (text) => `[${text}]`,
  utf16: (text) => Buffer.from(text, 'utf16le'),
  latin1: (text) => Buffer.from(`${text.slice(0, -1)},"foo":"\u00ff"}`, 'latin1'),
  infinite: (text) => text.replace(/"exp":\d+/, '"exp":1e400'),
  deep: (text) => `${text.slice(0, -1)},"foo":${'['.repeat(17)}${']'.repeat(17)}}`,
  long: (text) => `${text.slice(0, -1)},"foo":"${'x'.repeat(2_100)}"}`,
  cut: (text) => text.slice(0, -1),
}
const textChange = fc.oneof(
  { weight: 6, arbitrary: fc.constant('none') },
  { weight: 2, arbitrary: fc.constantFrom(...Object.keys(TEXT_CHANGES)) },
)

/** What is done to the token after it was signed. */
type Damage = (token: string) => string
const onSegment =
  (at: number, change: (segment: string) => string): Damage =>
  (token) =>
    token
      .split('.')
      .map((segment, index) => (index === at ? change(segment) : segment))
      .join('.')
const flipped = (bit: number) => (segment: string) => {
  const bytes = Buffer.from(segment, 'base64url')
  if (bytes.length > 0) bytes[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7)
  return bytes.toString('base64url')
}
const segment = fc.nat(2)
const damage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 8, arbitrary: fc.constant((token: string) => token) },
  { weight: 3, arbitrary: fc.tuple(segment, fc.nat(4_096)).map(([at, bit]) => onSegment(at, flipped(bit))) },
  fc
    .tuple(segment, fc.constantFrom('=', '==', 'A', '+', '/', ' ', '\n', '.', '?'))
    .map(([at, tail]) => onSegment(at, (one) => one + tail)),
  fc.tuple(segment, fc.nat(80)).map(([at, count]) => onSegment(at, (one) => one.slice(0, -count))),
  segment.map((at) => onSegment(at, () => '')),
  fc
    .tuple(segment, fc.constantFrom('A', 'B', 'Q', 'g', 'w', '_'))
    .map(([at, last]) => onSegment(at, (one) => one.slice(0, -1) + last)),
  fc.constantFrom(['0.2.1'], ['1.0.2'], ['0.0.2'], ['0.1'], ['0.1.2.2'], ['0.1.2.2.2']).map(
    ([order]) =>
      (token: string) =>
        order
          .split('.')
          .map((at) => token.split('.')[Number(at)])
          .join('.'),
  ),
)

interface Recipe {
  readonly rules: Rules
  readonly token: string
}

/** Tokens for one algorithm: good, mutated and hostile. */
function recipe(algorithm: Algorithm): fc.Arbitrary<Recipe> {
  const signer = fc.oneof(
    { weight: 8, arbitrary: fc.constant({ by: algorithm, name: 'first' }) },
    fc.record({ by: fc.constantFrom(...kin(algorithm)), name: fc.constantFrom('first', 'second') }),
  )
  return fc
    .record({
      profile: fc.constantFrom('at+jwt' as const, 'jwt' as const),
      maxTokenAge: fc.constantFrom(undefined, undefined, 60),
      headerEdits: fc.oneof(fc.constant([]), edits(headerName, headerValue)),
      claimEdits: fc.oneof(fc.constant([]), edits(claimName, value)),
      headerChange: textChange,
      claimsChange: textChange,
      signer,
      damage,
    })
    .map((parts) => {
      const { profile, maxTokenAge, headerEdits, claimEdits, headerChange, claimsChange } = parts
      const header = { ...goodHeader(algorithm), ...Object.fromEntries(headerEdits) }
      const claims = { ...goodClaims(), ...Object.fromEntries(claimEdits) }
      const token = tokenOf({
        algorithm: parts.signer.by,
        headerText: TEXT_CHANGES[headerChange]!(JSON.stringify(header)),
        claimsText: TEXT_CHANGES[claimsChange]!(JSON.stringify(claims)),
        key: pairFor(parts.signer.by, parts.signer.name).privateKey,
      })
      return { rules: { algorithm, profile, maxTokenAge }, token: parts.damage(token) }
    })
}

describe('our verdict is that of jose, but for the rules by which we are stricter', () => {
  test.each(ALL_ALGORITHMS)('for %s', { timeout: TIMEOUT }, async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(recipe(algorithm), async ({ rules, token }) => {
        const ours = ourVerdict(token, rules)
        const theirs = await josesVerdict(token, rules)
        // What we accept, jose accepts, with the same claims; what only we refuse, a listed rule explains.
        const explained = ours.is === 'accepted' || theirs.is === 'refused' || explanationOf(token, ours.reason, rules)
        expect(ours).toEqual(ours.is === 'accepted' ? theirs : ours)
        expect({ ours, explained: Boolean(explained) }).toEqual({ ours, explained: true })
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  beforeAll(() => {
    for (const algorithm of ALL_ALGORITHMS) for (const name of ['first', 'second']) pairFor(algorithm, name)
  })

  test('for good tokens, bad tokens and those between alike', async () => {
    // A generator that made only junk, or only good tokens, would prove nothing.
    const met = { accepted: 0, refused: 0, stricter: 0 }
    for (const { rules, token } of fc.sample(recipe('HS256'), { seed: SEED, numRuns: 300 })) {
      const theirs = await josesVerdict(token, rules)
      const ours = ourVerdict(token, rules)
      met[ours.is === theirs.is ? ours.is : 'stricter'] += 1
    }
    expect(Object.values(met).every((count) => count > 20)).toBe(true)
  })
})

const claimsAs = (change: (text: string) => string): Parameters<typeof tokenOf>[0] => ({
  claimsText: change(JSON.stringify(goodClaims())),
})

/** Signed over the odd spelling, as an odd signer would. */
const padded = (): string => {
  const signed = `${b64(JSON.stringify(goodHeader('ES256')))}.${b64(JSON.stringify(goodClaims({ sub: 'al' })))}`
  const odd = signed.endsWith('Q') ? `${signed}==` : `${signed}=`
  return `${odd}.${b64(signatureOf('ES256', odd))}`
}

describe('jose accepts and we refuse', () => {
  const standard: Rules = { algorithm: 'ES256', profile: 'at+jwt', maxTokenAge: undefined }
  const relaxed: Rules = { ...standard, profile: 'jwt' }
  const examples: readonly (readonly [name: string, token: () => string, rules: Rules])[] = [
    ['base64url has one spelling (JW-03, JW-04)', padded, standard],
    ['JSON has no byte-order mark (JW-05)', () => tokenOf(claimsAs((one) => `\ufeff${one}`)), standard],
    ['JSON members are unique (JW-07)', () => tokenOf(claimsAs((one) => one.replace('{', '{"sub":"bob",'))), standard],
    [
      'JSON is not deeper than 16 levels (LM-03)',
      () => tokenOf(claimsAs((one) => one.replace('{', `{"a":${'['.repeat(16)}${']'.repeat(16)},`))),
      standard,
    ],
    ['the header has at most 2,048 octets (LM-02)', () => tokenOf({ header: { x5c: ['A'.repeat(2_048)] } }), standard],
    [
      'no extension is critical, known or not (JW-29, JW-31)',
      () => tokenOf({ header: { b64: true, crit: ['b64'] } }),
      standard,
    ],
    ['kid is a text of 1 to 256 characters (JW-59)', () => tokenOf({ header: { kid: 1 } }), standard],
    ['no nested JWT (JW-35)', () => tokenOf({ header: { cty: 'JWT' } }), standard],
    ['no other kind of JWT by its typ (AT-23)', () => tokenOf({ header: { typ: 'logout+jwt' } }), relaxed],
    ['claims have their types, known or not needed (JW-50, JW-51)', () => tokenOf({ claims: { sub: 1 } }), standard],
    ['scope is a list of scope tokens (BT-11)', () => tokenOf({ claims: { scope: 'a\tb' } }), standard],
    ['times are before the year 10000 (JW-49)', () => tokenOf({ claims: { exp: 1.8e12 } }), standard],
    ['exp is not before nbf or iat (NG-38)', () => tokenOf({ claims: { exp: NOW, iat: NOW + 5 } }), standard],
    ['iat is not in the future (JW-47)', () => tokenOf({ claims: { iat: NOW + SKEW + 1 } }), standard],
    ['claims that are needed are not empty (AT-08)', () => tokenOf({ claims: { jti: '' } }), standard],
    ['no security event, no introspection answer (AT-21, AT-22)', () => tokenOf({ claims: { events: {} } }), standard],
    ['no ID token (AT-20)', () => tokenOf({ claims: { nonce: 'n' } }), relaxed],
  ]

  test('has an example for every rule', () => {
    expect(examples.map(([name]) => name)).toEqual(STRICTER.map(({ name }) => name))
  })

  test.each(examples)('%s', async (name, token, rules) => {
    const made = token()
    const ours = ourVerdict(made, rules)
    expect((await josesVerdict(made, rules)).is).toBe('accepted')
    expect(ours.is === 'refused' && explanationOf(made, ours.reason, rules)?.name).toBe(name)
  })
})
