import { generateKeyPairSync } from 'node:crypto'
import { claim, fresh, type Guard, login, type Reason, scope } from '@holdfast/core'
import type { ContractStep, TestAuthorizationServer } from '@holdfast/testing'
import { withDpop } from './challenges.ts'
import { AUDIENCE, type Plan } from './world.ts'

const REALM = `realm="${AUDIENCE}"`

/** What the wire must show. `challenge` is the whole field; `body` the whole JSON. */
interface Expected {
  readonly status: number
  readonly reason?: Reason
  readonly challenge?: string
  readonly body?: object
}

export interface Row {
  readonly does: string
  readonly method?: string
  readonly path?: string
  /** Field lines, or a token to send as `Bearer`. */
  readonly send: (as: TestAuthorizationServer) => string | readonly string[]
  readonly expect: Expected
}

const none = (needed?: string): Expected => ({
  status: 401,
  reason: 'credentials_missing',
  challenge: withDpop(`Bearer ${REALM}${needed ? `, scope="${needed}"` : ''}`),
  body: {},
})

function refusal(status: 400 | 401 | 403, error: string, reason: Reason, description: string, more = ''): Expected {
  const bearer = `Bearer ${REALM}, error="${error}", error_description="${description}"${more}`
  // Another token, or another request, may help: it may come under the other scheme.
  const isOffered = error === 'invalid_token' || error === 'invalid_request'
  return {
    status,
    reason,
    challenge: isOffered ? withDpop(bearer, { isClear: reason !== 'credentials_repeated' }) : bearer,
    body: { error, error_description: description },
  }
}

const badRequest = (reason: Reason): Expected =>
  refusal(400, 'invalid_request', reason, 'The request carries its credentials in a malformed way')
const badToken = (reason: Reason, description: string): Expected => refusal(401, 'invalid_token', reason, description)
const malformed = (reason: Reason): Expected => badToken(reason, 'The access token is malformed')
const badSignature = (reason: Reason): Expected =>
  badToken(reason, 'The signature of the access token could not be verified')
const revoked = (reason: Reason): Expected => badToken(reason, 'The access token is revoked or inactive')
const accepted = (body: object): Expected => ({ status: 200, body })

const PREFLIGHT = ['Origin', 'https://app.example', 'Access-Control-Request-Method', 'GET'] as const
const b64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

/** The small API that the rows ask. */
export const PLAN: Plan = {
  routes: {
    '/whoami': [],
    '/orders': [scope('orders:read', 'orders:list')],
    '/tenant': [claim('tenant', 'acme')],
    '/vault': [login({ acr: ['gold', 'platinum'], maxAge: '5m' })],
    '/both': [scope('vault:open'), login({ acr: 'gold' })],
    '/refunds': [fresh('0s')],
    '/broken': [
      () => {
        throw new Error('a guard of the application fails')
      },
    ],
    '/forgetful': [(() => undefined) as unknown as Guard],
  },
  before: (): readonly ContractStep[] => [
    {
      is: 'route',
      method: 'ALL',
      path: '/unprotected',
      through: [{ is: 'guard', guards: [scope('a')] }],
      handle: () => ({ status: 200, text: 'reached' }),
    },
  ],
}

/** What every face must do, request by request. */
export const ROWS: readonly Row[] = [
  // accepted
  {
    does: 'accepts a JWT',
    path: '/orders',
    send: (as) => as.jwt({ sub: 'ada', clientId: 'shop', scope: 'orders:read orders:list' }),
    expect: accepted({
      subject: 'ada',
      clientId: 'shop',
      scopes: ['orders:read', 'orders:list'],
      by: 'signature',
      stale: false,
    }),
  },
  {
    does: 'accepts an opaque token',
    path: '/orders',
    send: (as) => as.opaque({ sub: 'ada', clientId: 'shop', scope: 'orders:read orders:list' }),
    expect: accepted({
      subject: 'ada',
      clientId: 'shop',
      scopes: ['orders:read', 'orders:list'],
      by: 'introspection',
      stale: false,
    }),
  },
  {
    does: 'takes the scheme in any case, and any number of spaces',
    send: (as) => ['aUTHORIZATION', `bEARER    ${as.jwt({ sub: 'ada', clientId: 'shop' })}`],
    expect: accepted({ subject: 'ada', clientId: 'shop', scopes: [], by: 'signature', stale: false }),
  },
  {
    does: 'asks the authority for a route that wants fresh evidence',
    path: '/refunds',
    send: (as) => as.opaque({ sub: 'ada', clientId: 'shop', scope: 'a' }),
    expect: accepted({ subject: 'ada', clientId: 'shop', scopes: ['a'], by: 'introspection', stale: false }),
  },
  {
    does: 'accepts a token that comes with the headers of a CORS preflight',
    method: 'OPTIONS',
    send: (as) => [...PREFLIGHT, 'Authorization', `Bearer ${as.jwt({ sub: 'ada', clientId: 'shop', scope: 'a' })}`],
    expect: accepted({ subject: 'ada', clientId: 'shop', scopes: ['a'], by: 'signature', stale: false }),
  },
  // CORS preflights
  {
    does: 'answers a CORS preflight, and runs no handler for it',
    method: 'OPTIONS',
    send: () => PREFLIGHT,
    expect: { status: 204 },
  },
  {
    does: 'answers a CORS preflight to a guarded route, too',
    method: 'OPTIONS',
    path: '/orders',
    send: () => PREFLIGHT,
    expect: { status: 204 },
  },
  {
    does: 'takes a request by another method for no preflight, whatever its headers',
    method: 'POST',
    send: () => PREFLIGHT,
    expect: none(),
  },
  {
    does: 'judges a CORS preflight with credentials by them',
    method: 'OPTIONS',
    send: () => [...PREFLIGHT, 'Authorization', 'Bearer no-such-token'],
    expect: revoked('token_inactive'),
  },
  // no credentials
  { does: 'challenges a request without credentials', path: '/orders', send: () => [], expect: none() },
  {
    does: 'counts another scheme as no credentials',
    send: () => ['Authorization', 'Basic Zm9vOmJhcg=='],
    expect: none(),
  },
  { does: 'never reads a token from the query', path: '/whoami?access_token=abc', send: () => [], expect: none() },
  {
    does: 'never reads Proxy-Authorization',
    send: (as) => ['Proxy-Authorization', `Bearer ${as.jwt()}`],
    expect: none(),
  },
  { does: 'never reads a cookie', send: (as) => ['Cookie', `access_token=${as.jwt()}`], expect: none() },
  { does: 'guards OPTIONS that is no preflight', method: 'OPTIONS', send: () => [], expect: none() },
  {
    does: 'answers HEAD like GET, without a body',
    method: 'HEAD',
    send: () => [],
    expect: { ...none(), body: undefined as never },
  },
  // malformed requests
  {
    does: 'refuses two Authorization lines',
    send: (as) => ['Authorization', `Bearer ${as.jwt()}`, 'Authorization', 'Bearer x'],
    expect: badRequest('credentials_repeated'),
  },
  {
    does: 'refuses a scheme without a token',
    send: () => ['Authorization', 'Bearer'],
    expect: badRequest('credentials_malformed'),
  },
  {
    does: 'refuses a second word',
    send: () => ['Authorization', 'Bearer one two'],
    expect: badRequest('credentials_malformed'),
  },
  {
    does: 'refuses parameters in place of a token',
    send: () => ['Authorization', 'Bearer token="abc"'],
    expect: badRequest('credentials_malformed'),
  },
  {
    does: 'refuses a tab for the space',
    send: () => ['Authorization', 'Bearer\tabc'],
    expect: badRequest('credentials_malformed'),
  },
  // malformed tokens
  { does: 'refuses a word that is no token68', send: () => 'ab%20c', expect: malformed('token_malformed') },
  {
    does: 'refuses a token longer than 8,192 characters',
    send: () => 'a'.repeat(8_193),
    expect: malformed('token_too_long'),
  },
  {
    does: 'refuses an encrypted token',
    send: () => `${b64({ alg: 'dir', enc: 'A256GCM' })}.a.b.c.d`,
    expect: malformed('token_encrypted'),
  },
  {
    does: 'refuses a JWT with another type',
    send: (as) => as.jwt({ header: { typ: 'JWT' } }),
    expect: malformed('type_wrong'),
  },
  {
    does: 'refuses a JWT that lacks a required claim',
    send: (as) => as.jwt({ claims: { jti: undefined } }),
    expect: malformed('claim_missing'),
  },
  {
    does: 'refuses a claim of the wrong type',
    send: (as) => as.jwt({ claims: { nbf: 'later' } }),
    expect: malformed('claims_malformed'),
  },
  {
    does: 'refuses an extension it does not know',
    send: (as) => as.jwt({ header: { crit: ['bork'], bork: 1 } }),
    expect: malformed('critical_unsupported'),
  },
  {
    does: 'refuses a security event token',
    send: (as) => as.jwt({ claims: { events: {} } }),
    expect: malformed('token_kind_wrong'),
  },
  // the wrong JWT
  {
    does: 'refuses an unsigned JWT',
    send: (as) => `${b64({ alg: 'none', typ: 'at+jwt' })}.${as.jwt().split('.')[1]}.`,
    expect: badSignature('algorithm_not_allowed'),
  },
  {
    does: 'refuses a JWT signed by a stranger',
    send: (as) => as.jwt({ key: stranger, header: { kid: as.keys.keys[0]!['kid'] } }),
    expect: badSignature('signature_invalid'),
  },
  {
    does: 'refuses a key that is not published',
    send: (as) => as.jwt({ header: { kid: 'nobody' } }),
    expect: badSignature('key_unknown'),
  },
  {
    does: 'refuses an expired JWT',
    send: (as) => as.jwt({ expiresIn: '-1m' }),
    expect: badToken('token_expired', 'The access token expired'),
  },
  {
    does: 'refuses a JWT that is not valid yet',
    send: (as) => as.jwt({ claims: { nbf: 4_000_000_000, exp: 4_000_000_001 } }),
    expect: badToken('token_not_yet_valid', 'The access token is not valid yet'),
  },
  {
    does: 'refuses a JWT for another API',
    send: (as) => as.jwt({ audience: 'https://other.example' }),
    expect: badToken('audience_wrong', 'The access token is not meant for this resource'),
  },
  {
    does: 'refuses a JWT of another issuer',
    send: (as) => as.jwt({ claims: { iss: 'https://evil.example' } }),
    expect: badToken('issuer_unknown', 'The access token is from an issuer that is not trusted here'),
  },
  {
    does: 'refuses a bound JWT without its proof',
    send: (as) => as.jwt({ claims: { cnf: { jkt: 'x' } } }),
    expect: badToken('binding_unsupported', 'The access token is bound to a key that the request did not prove'),
  },
  // the wrong opaque token
  { does: 'refuses an unknown opaque token', send: () => 'no-such-token', expect: revoked('token_inactive') },
  {
    does: 'refuses a revoked opaque token',
    send: (as) => {
      const token = as.opaque()
      as.revoke(token)
      return token
    },
    expect: revoked('token_inactive'),
  },
  {
    does: 'refuses a refresh token',
    send: (as) => as.opaque({ claims: { token_type: 'refresh_token' } }),
    expect: malformed('token_kind_wrong'),
  },
  {
    does: 'refuses an opaque token for another API',
    send: (as) => as.opaque({ audience: 'https://other.example' }),
    expect: badToken('audience_wrong', 'The access token is not meant for this resource'),
  },
  {
    does: 'refuses an opaque token for nobody in particular',
    send: (as) => as.opaque({ claims: { aud: undefined } }),
    expect: badToken('audience_missing', 'The access token is not meant for this resource'),
  },
  {
    does: 'refuses a bound opaque token without its proof',
    send: (as) => as.opaque({ claims: { cnf: { jkt: 'x' } } }),
    expect: badToken('binding_unsupported', 'The access token is bound to a key that the request did not prove'),
  },
  // guards
  {
    does: 'names every scope that is needed',
    path: '/orders',
    send: (as) => as.jwt({ scope: 'orders:read' }),
    expect: refusal(
      403,
      'insufficient_scope',
      'scope_missing',
      'The access token lacks a scope that this request needs',
      ', scope="orders:read orders:list"',
    ),
  },
  {
    does: 'never matches a scope by substring',
    path: '/orders',
    send: (as) => as.jwt({ scope: 'orders:reading xorders:list orders' }),
    expect: refusal(
      403,
      'insufficient_scope',
      'scope_missing',
      'The access token lacks a scope that this request needs',
      ', scope="orders:read orders:list"',
    ),
  },
  {
    does: 'says nothing about a claim it refuses',
    path: '/tenant',
    send: (as) => as.jwt({ claims: { tenant: 'initech' } }),
    expect: { status: 403, reason: 'claim_refused', challenge: `Bearer ${REALM}`, body: { error: 'access_denied' } },
  },
  {
    does: 'asks for a stronger authentication',
    path: '/vault',
    send: (as) => as.jwt({ claims: { acr: 'silver' } }),
    expect: refusal(
      401,
      'insufficient_user_authentication',
      'login_insufficient',
      'This request needs a stronger or more recent authentication',
      ', acr_values="gold platinum", max_age="300"',
    ),
  },
  {
    does: 'asks for scope and authentication at once',
    path: '/both',
    send: (as) => as.jwt({ scope: 'other' }),
    expect: refusal(
      401,
      'insufficient_user_authentication',
      'login_insufficient',
      'This request needs a stronger or more recent authentication',
      ', scope="vault:open", acr_values="gold"',
    ),
  },
  {
    does: 'refuses where a guard forgets to say yes',
    path: '/forgetful',
    send: (as) => as.jwt(),
    expect: { status: 403, reason: 'custom', challenge: `Bearer ${REALM}`, body: { error: 'access_denied' } },
  },
  // our own mistakes
  {
    does: 'fails closed where a guard throws',
    path: '/broken',
    send: (as) => as.jwt(),
    expect: { status: 500, reason: 'guard_failed', body: {} },
  },
  {
    does: 'fails closed where nothing protects a guard',
    path: '/unprotected',
    send: (as) => as.jwt(),
    expect: { status: 500, body: {} },
  },
]

/** The field lines that a row sends. */
export function fieldsOf(row: Row, as: TestAuthorizationServer): readonly string[] {
  const sent = row.send(as)
  return typeof sent === 'string' ? ['Authorization', `Bearer ${sent}`] : sent
}
