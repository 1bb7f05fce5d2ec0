import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, sign } from 'node:crypto'
import type { TestAuthorizationServer } from '@holdfast/testing'
import { keyOf } from './authorization-server.ts'
import { SCOPE } from './peers.ts'
import { type Asked, row, type Row } from './row.ts'

const bad = '401 invalid_token'
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
const b64 = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A row of one JWT whose claims or header differ from a good one. */
const jwt = (
  ids: readonly string[],
  does: string,
  options: Parameters<TestAuthorizationServer['jwt']>[0],
  wanted: '200' | typeof bad = bad,
): Row => row(ids, does, wanted, (as) => ({ with: as.jwt(options) }))

/** A row of one token made from a good one. */
const changed = (
  ids: readonly string[],
  does: string,
  change: (token: string, as: TestAuthorizationServer) => string,
): Row => row(ids, does, bad, (as) => ({ with: change(as.jwt(), as) }))

const request = (
  ids: readonly string[],
  does: string,
  wanted: Parameters<typeof row>[2],
  fields: (token: string) => Asked,
): Row => row(ids, does, wanted, (as) => fields(as.jwt()))

/** RS256 turned into HS256, with the public key as the secret. */
function confused(as: TestAuthorizationServer): string {
  const jwk = as.keys.keys[0] as JsonWebKey
  const secret = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' })
  const [, payload] = as.jwt().split('.')
  const input = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: jwk['kid'] })}.${payload}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** The requests that tell libraries apart; all by JWT, which all of them take. */
export const requestRows: readonly Row[] = [
  // HTTP
  row(['BT-01'], 'serves a good token', '200', (as) => ({ with: as.jwt() })),
  request(['HT-02'], 'takes the scheme in any case', '200', (token) => ({
    with: ['Authorization', `bEaReR ${token}`],
  })),
  row(['HT-01', 'HT-10'], 'challenges a request without credentials', '401', () => ({}), {
    also: ({ error }) => error !== undefined,
  }),
  row(['BT-06'], 'names no error without credentials', '401 none', () => ({})),
  request(['HT-14', 'NG-59'], 'refuses two Authorization lines', '400', (token) => ({
    with: ['Authorization', `Bearer ${token}`, 'Authorization', 'Bearer x'],
  })),
  row(['BT-03'], 'calls a scheme without a token malformed', '400', () => ({ with: ['Authorization', 'Bearer'] })),
  request(['BT-04'], 'calls a second word malformed', '400', (token) => ({ with: `${token} ${token}` })),
  request(['HT-16'], 'ignores Proxy-Authorization', '401', (token) => ({
    with: ['Proxy-Authorization', `Bearer ${token}`],
  })),
  request(['BT-21'], 'takes no token from the query', '401', (token) => ({ path: `/?access_token=${token}` })),
  request(['BT-27'], 'takes no token from a cookie', '401', (token) => ({ with: ['Cookie', `access_token=${token}`] })),
  request(['NG-62'], 'knows BearerX for another scheme', '401', (token) => ({
    with: ['Authorization', `BearerX ${token}`],
  })),
  row(['HT-18'], 'lets nobody store a refusal', bad, (as) => ({ with: as.jwt({ expiresIn: '-1h' }) }), {
    also: ({ headers }) => String(headers['cache-control']).includes('no-store'),
  }),
  row(['HT-20'], 'answers HEAD as GET', '401', () => ({ method: 'HEAD' })),
  row(
    ['BT-17', 'BT-18'],
    'refuses a missing scope with 403 and a challenge',
    '403 insufficient_scope',
    (as) => ({
      path: '/orders',
      with: as.jwt({ scope: 'other' }),
    }),
    { scopes: true },
  ),
  row(
    ['BT-19'],
    'names the scope that is needed',
    '403 insufficient_scope',
    (as) => ({
      path: '/orders',
      with: as.jwt({ scope: 'other' }),
    }),
    { scopes: true, also: ({ headers }) => String(headers['www-authenticate']).includes(`scope="${SCOPE}"`) },
  ),
  row(
    ['SG-15'],
    'judges the token before the scope',
    bad,
    (as) => ({
      path: '/orders',
      with: as.jwt({ scope: 'other', expiresIn: '-1h' }),
    }),
    { scopes: true },
  ),
  // signature
  jwt(['BT-16', 'AT-09'], 'refuses a stranger’s signature', { key: stranger.privateKey, alg: 'RS256' }),
  changed(
    ['JW-10', 'NG-01'],
    'refuses an unsigned token',
    (token, as) => `${b64({ alg: 'none', typ: 'at+jwt' })}.${as.jwt().split('.')[1]}.`,
  ),
  row(['NG-03'], 'refuses the public key as a secret', bad, (as) => ({ with: confused(as) })),
  changed(['JW-03', 'NG-17'], 'refuses padding in a signature', (token) => `${token}==`),
  changed(['JW-04', 'NG-18'], 'refuses a signature in another spelling', otherSpelling),
  jwt(['JW-29', 'NG-13'], 'refuses an unknown critical extension', { header: { crit: ['bork'], bork: 1 } }),
  jwt(['JW-31', 'NG-14'], 'refuses b64: false', { header: { b64: false } }),
  row(['NG-09'], 'ignores a key inside the token', bad, (as) => ({
    with: as.jwt({
      key: stranger.privateKey,
      alg: 'RS256',
      header: { kid: undefined, jwk: stranger.publicKey.export({ format: 'jwk' }) },
    }),
  })),
  jwt(['JW-59', 'NG-12'], 'refuses a kid that is no text', { header: { kid: 1 } }),
  // claims
  jwt(['AT-07', 'BT-16'], 'refuses an expired token', { expiresIn: '-1h' }),
  jwt(['AT-07', 'NG-36'], 'refuses a token that never expires', { claims: { exp: undefined } }),
  jwt(['JW-49', 'NG-37'], 'refuses an exp in milliseconds', { claims: { exp: Date.now() + 3_600_000 } }),
  jwt(['JW-46', 'NG-35'], 'refuses an nbf of a wrong type', { claims: { nbf: '99999999999' } }),
  jwt(['JW-46'], 'refuses a token before its nbf', { claims: { nbf: Math.floor(Date.now() / 1_000) + 3_600 } }),
  jwt(['JW-47'], 'refuses an iat in the future', { claims: { iat: Math.floor(Date.now() / 1_000) + 3_000 } }),
  jwt(['AT-06', 'BT-29'], 'refuses a token for another API', { audience: 'https://other.example' }),
  jwt(['JW-44'], 'refuses a token for nobody', { claims: { aud: undefined } }),
  row(['AT-05', 'NG-39'], 'refuses an iss that is a list', bad, (as) => ({
    with: as.jwt({ claims: { iss: [as.issuer] } }),
  })),
  jwt(['AT-08'], 'refuses a token without jti', { claims: { jti: undefined } }),
  jwt(['JW-51'], 'refuses a sub that is a number', { claims: { sub: 42 } }),
  changed(['JW-07', 'NG-33'], 'refuses a member that occurs twice', (_, as) => twice(as)),
  // kinds of tokens
  jwt(['AT-01'], 'refuses a JWT that is no access token by its typ', { header: { typ: 'JWT' } }),
  jwt(['AT-21', 'NG-49'], 'refuses a logout token', { claims: { events: {} } }),
  jwt(['NG-48'], 'refuses an ID token', {
    header: { typ: 'JWT' },
    claims: { nonce: 'n', at_hash: 'h', client_id: undefined },
  }),
  jwt(['NG-55', 'DP-22'], 'refuses a DPoP-bound token as plain Bearer', {
    claims: { cnf: { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } },
  }),
  jwt(['NG-55', 'MT-03'], 'refuses a certificate-bound token without the certificate', {
    claims: { cnf: { 'x5t#S256': 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' } },
  }),
  // robustness
  changed(['NG-45'], 'survives deep nesting', (_, as) => {
    const [header] = as.jwt().split('.')
    return `${header}.${b64('['.repeat(2_500))}.x`
  }),
  row(
    ['HT-06', 'NG-67'],
    'lets no header through',
    bad,
    (as) => ({ with: as.jwt({ header: { typ: 'x\r\nSet-Cookie: a=1' } }) }),
    {
      also: ({ headers }) => headers['set-cookie'] === undefined,
    },
  ),
]

/** The last character of an RS256 signature has four bits that carry nothing. */
function otherSpelling(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet[alphabet.indexOf(token.at(-1)!) ^ 1]
}

/** Properly signed, and yet two readers may read two audiences. */
function twice(as: TestAuthorizationServer): string {
  const claims = JSON.parse(Buffer.from(as.jwt().split('.')[1]!, 'base64url').toString()) as Record<string, unknown>
  const text = JSON.stringify({ ...claims, aud: 'https://other.example' })
  return signed(as, `${text.slice(0, -1)},"aud":${JSON.stringify(claims['aud'])}}`)
}

function signed(as: TestAuthorizationServer, payload: string): string {
  const { kid, privateKey } = keyOf(as)
  const input = `${b64({ alg: 'RS256', typ: 'at+jwt', kid })}.${b64(payload)}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}
