import { createPrivateKey, sign } from 'node:crypto'
import * as fc from 'fast-check'
import { anyText, jsonText, mixed, mutated, objectLike, oddValue } from './generators.ts'

export const ISSUER = 'https://as.example'
export const AUDIENCE = 'https://api.example/v1'
/** Seconds at which every clock of this folder stands. */
export const NOW = 1_800_000_000

/** The example key of RFC 8037: with it, and signatures that draw no random number, a seed makes the same tokens anywhere. */
export const PUBLIC_KEY = {
  kty: 'OKP',
  crv: 'Ed25519',
  kid: 'first',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
} as const
const PRIVATE_KEY = createPrivateKey({
  key: { ...PUBLIC_KEY, d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A' },
  format: 'jwk',
})

const HEADER = { alg: 'Ed25519', typ: 'at+jwt', kid: 'first' } as const
export const CLAIMS: Readonly<Record<string, string | number>> = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: 'alice',
  client_id: 'shop',
  jti: 'token-1',
  iat: NOW - 10,
  exp: NOW + 86_400 * 365,
  scope: 'orders:read orders:write',
}

const times = fc.constantFrom<unknown>(NOW - 31, NOW - 30, NOW, NOW + 30, NOW + 31, String(NOW), NOW * 1_000)
const audiences = fc.constantFrom<unknown>(`${AUDIENCE}/`, [AUDIENCE], ['x', AUDIENCE], [[AUDIENCE]], ['x', 1], {})

export const headers: fc.Arbitrary<object> = objectLike(HEADER, {
  alg: fc.constantFrom<unknown>('none', 'None', 'EdDSA', 'RS256', 'HS256', 'ed25519', 'A128KW', 'dir', ['Ed25519']),
  typ: fc.constantFrom<unknown>('JWT', 'application/at+jwt', 'AT+JWT', 'dpop+jwt', 'logout+jwt', 'at+jwt; a=b'),
  kid: fc.constantFrom<unknown>('second', 'k'.repeat(257), '../../etc/passwd', "' or 1=1--", 'a\0b'),
  cty: fc.constantFrom<unknown>('JWT', 'jwt', 'application/jwt', 'json'),
  crit: fc.constantFrom<unknown>([], ['exp'], ['b64'], 'b64', [1]),
  b64: fc.boolean(),
  zip: fc.constant('DEF'),
  enc: fc.constant('A128GCM'),
  jwk: fc.constant(PUBLIC_KEY),
  jku: fc.constant('https://evil.example/keys'),
  x5c: fc.constantFrom<unknown>(['MIIB'], ['A'.repeat(3_000)]),
})

export const payloads: fc.Arbitrary<object> = objectLike(CLAIMS, {
  exp: times,
  nbf: times,
  iat: times,
  auth_time: times,
  aud: audiences,
  iss: fc.constantFrom<unknown>(`${ISSUER}/`, 'https://AS.example', 'https://evil.example', [ISSUER]),
  scope: fc.constantFrom<unknown>('', ' ', 'a  b', 'a\nb', ['a', 'b'], ['a b'], 'a"b', 'ä', 'a '.repeat(500)),
  scp: fc.constantFrom<unknown>('a', ['a', 'b'], [1]),
  cnf: fc.constantFrom<unknown>({}, { jkt: 'x' }, { 'x5t#S256': 'x' }, [], 'x'),
  act: fc.constantFrom<unknown>({}, { sub: 'svc' }, { sub: 7 }, { act: { act: 'x' } }, [], 'x'),
  authorization_details: fc.constantFrom<unknown>([], [{ type: 'a' }], [{ type: 7 }], [{}], [null], {}, 'x'),
  acr: oddValue,
  amr: fc.constantFrom<unknown>([], ['pwd'], 'pwd', [1]),
  events: fc.constant({}),
  nonce: fc.constant('n'),
  token_use: fc.constantFrom('access', 'id', 'refresh'),
  azp: oddValue,
})

const b64 = (text: string): string => Buffer.from(text).toString('base64url')

/** A JWS by the key of this folder, whatever its parts are. */
export function signedBy(header: string, payload: string): string {
  const signed = `${b64(header)}.${b64(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), PRIVATE_KEY).toString('base64url')}`
}

/** A token that is good in every respect. */
export const GOOD: string = signedBy(JSON.stringify(HEADER), JSON.stringify(CLAIMS))
export const OPAQUE = ['2YotnFZFEjr1zCsicMWpAA', 'mF_9.B5f-4.1JqM', 'SlAV32hkKG==', 'known'] as const

/** Signed whatever they say; signing costs most of it. */
const signedTokens: fc.Arbitrary<string> = fc
  .tuple(jsonText(headers), jsonText(payloads))
  .map(([header, payload]) => signedBy(header, payload))

/** Not signed, or with somebody else's signature. */
const unsignedTokens: fc.Arbitrary<string> = fc
  .tuple(jsonText(headers), jsonText(payloads), mixed(anyText, fc.constant(GOOD.split('.')[2]!)))
  .map(([header, payload, signature]) => `${b64(header)}.${b64(payload)}.${signature}`)

/** Five parts: encrypted, or so it says. */
export const encryptedTokens: fc.Arbitrary<string> = fc
  .tuple(
    jsonText(objectLike({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'first', cty: 'JWT' })),
    fc.array(mixed(anyText, fc.base64String()), { minLength: 4, maxLength: 4 }),
  )
  .map(([header, parts]) => [b64(header), ...parts].join('.'))

const valid = fc.constantFrom(GOOD, ...OPAQUE)

/** Whatever a client may send as a token. */
export const tokens: fc.Arbitrary<string> = fc.oneof(
  { weight: 1, arbitrary: valid },
  { weight: 3, arbitrary: mutated(valid) },
  { weight: 2, arbitrary: unsignedTokens },
  { weight: 1, arbitrary: signedTokens },
  { weight: 1, arbitrary: encryptedTokens },
  { weight: 2, arbitrary: anyText },
)
