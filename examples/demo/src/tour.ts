import { setTimeout as sleep } from 'node:timers/promises'
import type { Demo } from './demo.ts'
import type { DpopClient, Proving } from './dpop-client.ts'
import { type Caller, type Expect, expectations, type Step } from './expectations.ts'

const ORDERS = 'GET /orders'

const BY_SIGNATURE = '200 by signature'
const BY_INTROSPECTION = '200 by introspection'
const BY_INTROSPECTION_STALE = '200 by introspection, stale'
const REVOKED = '401 invalid_token: revoked or inactive'
const BAD_SIGNATURE = '401 invalid_token: could not be verified'
const NOT_FOR_US = '401 invalid_token: not meant for this resource'
const SCOPE_MISSING = '403 insufficient_scope, needs orders:write'
const NOT_PROVED = '401 invalid_token: bound to a key that the request did not prove'
const UNBOUND = '401 invalid_token: not bound to a key, which this request needs'
const BAD_PROOF = '401 invalid_dpop_proof: missing, malformed or not for this request'
const NONCE_MISSING = '401 use_dpop_nonce: needs the nonce that comes with this answer'
const UNAVAILABLE = '503, Retry-After'

/** Milliseconds after which an introspection answer is no longer fresh: both APIs say 1 s. */
const NO_LONGER_FRESH = 1_100
/** Milliseconds for which a key set counts as current: an unknown key is then refused without another look. */
const KEYS_MAY_BE_OLD = 5_100

/** Everything the APIs promise, shown on both of them over real HTTP. Resolves to what happened, step by step. */
export async function takeTour(demo: Demo, show: (step: Step) => void = () => undefined): Promise<readonly Step[]> {
  const started = performance.now()
  const steps: Step[] = []
  const report = (step: Step): void => {
    steps.push(step)
    show(step)
  }
  const section = (name: string): Expect => expectations(name, [demo.express, demo.koa], report)

  const tokens = await getTokens(demo)
  await accepted(section('Accepted'), tokens)
  await refused(section('Refused'), tokens, demo)
  await proved(section('Bound to a key'), tokens, demo)
  await bound(section('Bound to a certificate'), tokens, demo)
  await sleep(Math.max(0, started + KEYS_MAY_BE_OLD - performance.now()))
  const jwt = await rotated(section('Keys rotated'), tokens, demo)
  await unplugged(section('Introspection unplugged'), { ...tokens, jwt }, demo)
  await allUnplugged(section('The whole authorization server unplugged'), tokens, demo)
  await pluggedIn(section('Plugged in again'), { ...tokens, jwt })
  return steps
}

type Tokens = Awaited<ReturnType<typeof getTokens>>

async function getTokens({ client, authorizationServer }: Demo) {
  const everything = 'orders:read orders:write refunds:write'
  return {
    jwt: await client.token('https://api.example.com', everything),
    es256: await client.token('https://api.example.com/es256', everything),
    opaque: await client.token('https://api.example.com/opaque', everything),
    /** Seen once by the APIs, and not again before the outage. */
    seldom: await client.token('https://api.example.com/opaque', everything),
    revoked: await client.token('https://api.example.com/opaque', everything),
    revokedInOutage: await client.token('https://api.example.com/opaque', everything),
    unknown: await client.token('https://api.example.com/opaque', everything),
    readOnlyJwt: await client.token('https://api.example.com', 'orders:read'),
    readOnlyOpaque: await client.token('https://api.example.com/opaque', 'orders:read'),
    elsewhereJwt: await client.token('https://elsewhere.example.com', everything),
    elsewhereOpaque: await client.token('https://elsewhere.example.com/opaque', everything),
    expiredOpaque: await client.token('https://api.example.com/opaque/1s', everything),
    expiredJwt: await authorizationServer.mintExpired('https://api.example.com', everything),
    idToken: await authorizationServer.mintIdToken(),
  }
}

async function accepted(expect: Expect, tokens: Tokens): Promise<void> {
  await expect(ORDERS, 'JWT (RS256)', tokens.jwt, BY_SIGNATURE)
  await expect(ORDERS, 'JWT (ES256)', tokens.es256, BY_SIGNATURE)
  await expect(ORDERS, 'opaque token', tokens.opaque, BY_INTROSPECTION)
  await expect('POST /orders', 'JWT', tokens.jwt, '201 by signature')
  await expect('POST /orders', 'opaque token', tokens.opaque, '201 by introspection')
  await expect('POST /refunds', 'opaque token', tokens.seldom, BY_INTROSPECTION)
  await expect('GET /.well-known/oauth-protected-resource', '', undefined, '200')
}

async function refused(expect: Expect, tokens: Tokens, { client }: Demo): Promise<void> {
  await expect(ORDERS, 'no token', undefined, '401 Bearer, no error')
  await expect(ORDERS, 'two tokens in one field', 'one two', '400 invalid_request: credentials in a malformed way')
  await expect(ORDERS, 'JWT, malformed', damaged(tokens.jwt), '401 invalid_token: malformed')
  await expect(ORDERS, 'JWT, expired', tokens.expiredJwt, '401 invalid_token: expired')
  await expect(ORDERS, 'JWT for another API', tokens.elsewhereJwt, NOT_FOR_US)
  await expect(ORDERS, 'opaque for another API', tokens.elsewhereOpaque, NOT_FOR_US)
  await expect(ORDERS, 'ID token', tokens.idToken, '401 invalid_token: malformed')
  await expect(ORDERS, 'JWT, bad signature', tampered(tokens.jwt), BAD_SIGNATURE)
  await expect(ORDERS, 'opaque, made up', 'guesswork', REVOKED)
  await expect('POST /orders', 'JWT without the scope', tokens.readOnlyJwt, SCOPE_MISSING)
  await expect('POST /orders', 'opaque without the scope', tokens.readOnlyOpaque, SCOPE_MISSING)

  await expect(ORDERS, 'opaque, before it is revoked', tokens.revoked, BY_INTROSPECTION)
  await client.revoke(tokens.revoked)
  await sleep(NO_LONGER_FRESH)
  await expect(ORDERS, 'opaque, revoked', tokens.revoked, REVOKED)
  await expect(ORDERS, 'opaque, expired', tokens.expiredOpaque, REVOKED)
}

/** Asks with a proof, and once more with the nonce that comes along. */
const asking =
  (client: DpopClient): Caller =>
  (url, method, token, signal) =>
    client.ask({ url, method, token }, signal)

/** Sends a proof as it is: what it proves otherwise than it should. */
const sending =
  (client: DpopClient, { path = '', ...wrong }: Partial<Proving> & { readonly path?: string } = {}): Caller =>
  (url, method, token, signal) => {
    const dpop = client.proof({ url: url + path, method, token, ...wrong })
    return fetch(url, { method, headers: { authorization: `DPoP ${token}`, dpop }, signal })
  }

const withoutProof: Caller = (url, method, token, signal) =>
  fetch(url, { method, headers: { authorization: `DPoP ${token}` }, signal })

/** Sends one proof two times, with the nonce that it needs; the second answer. */
const twice =
  (client: DpopClient): Caller =>
  async (url, method, token, signal) => {
    const asked = await sending(client)(url, method, token, signal)
    const dpop = client.proof({ url, method, token, nonce: asked.headers.get('dpop-nonce') ?? undefined })
    const send = (): Promise<Response> =>
      fetch(url, { method, headers: { authorization: `DPoP ${token}`, dpop }, signal })
    await send()
    return send()
  }

/** RFC 9449: a token that is good only with a proof of the key that it was issued for, made for this one request. */
async function proved(expect: Expect, tokens: Tokens, demo: Demo): Promise<void> {
  const { provingClient: owner, otherProvingClient: other } = demo
  const jwt = await owner.token('https://api.example.com', 'orders:read')
  const opaque = await owner.token('https://api.example.com/opaque', 'orders:read')
  await expect(ORDERS, 'JWT, a proof without nonce', jwt, NONCE_MISSING, sending(owner))
  await expect(ORDERS, 'JWT, its proof', jwt, BY_SIGNATURE, asking(owner))
  await expect(ORDERS, 'JWT, the proof of another', jwt, NOT_PROVED, asking(other))
  await expect(ORDERS, 'JWT, a proof for another URL', jwt, BAD_PROOF, sending(owner, { path: '/1' }))
  await expect(ORDERS, 'JWT, a proof for another token', jwt, BAD_PROOF, sending(owner, { token: opaque }))
  await expect(ORDERS, 'JWT, no proof', jwt, BAD_PROOF, withoutProof)
  await expect(ORDERS, 'JWT, the same proof twice', jwt, BAD_PROOF, twice(owner))
  await expect(ORDERS, 'JWT, as Bearer', jwt, NOT_PROVED)
  await expect(ORDERS, 'opaque, its proof', opaque, BY_INTROSPECTION, asking(owner))
  await expect(ORDERS, 'opaque, the proof of another', opaque, NOT_PROVED, asking(other))
  await expect(ORDERS, 'opaque, as Bearer', opaque, NOT_PROVED)
  await expect(ORDERS, 'unbound JWT, with a proof', tokens.jwt, UNBOUND, asking(owner))
}

/** RFC 8705: a token that is good only over the connection of the client that it was issued to. */
async function bound(expect: Expect, tokens: Tokens, { certifiedClient, connections }: Demo): Promise<void> {
  const { certified, other, anonymous } = connections
  const jwt = await certifiedClient.token('https://api.example.com', 'orders:read')
  const opaque = await certifiedClient.token('https://api.example.com/opaque', 'orders:read')
  await expect(ORDERS, 'JWT, its certificate', jwt, BY_SIGNATURE, certified)
  await expect(ORDERS, 'JWT, another certificate', jwt, NOT_PROVED, other)
  await expect(ORDERS, 'JWT, no certificate', jwt, NOT_PROVED, anonymous)
  await expect(ORDERS, 'JWT, no TLS', jwt, NOT_PROVED)
  await expect(ORDERS, 'opaque, its certificate', opaque, BY_INTROSPECTION, certified)
  await expect(ORDERS, 'opaque, another certificate', opaque, NOT_PROVED, other)
  await expect(ORDERS, 'opaque, no certificate', opaque, NOT_PROVED, anonymous)
  await expect(ORDERS, 'unbound JWT, any certificate', tokens.jwt, BY_SIGNATURE, other)
}

/** The hard way, as some servers do it: the old key vanishes with the first look at the new one. */
async function rotated(expect: Expect, tokens: Tokens, { client, authorizationServer }: Demo): Promise<string> {
  await authorizationServer.rotateKeys()
  authorizationServer.withdrawOldKeys()
  await expect(ORDERS, 'JWT, old key, not looked yet', tokens.jwt, BY_SIGNATURE)
  const jwt = await client.token('https://api.example.com', 'orders:read')
  await expect(ORDERS, 'JWT, new key', jwt, BY_SIGNATURE)
  await expect(ORDERS, 'JWT, old key, withdrawn', tokens.jwt, BAD_SIGNATURE)
  return jwt
}

async function unplugged(expect: Expect, tokens: Tokens, { client, authorizationServer }: Demo): Promise<void> {
  await expect(ORDERS, 'opaque, while all is well', tokens.opaque, BY_INTROSPECTION)
  await expect(ORDERS, 'another opaque, too', tokens.revokedInOutage, BY_INTROSPECTION)
  await authorizationServer.introspection.unplug()
  await client.revoke(tokens.revokedInOutage)
  await sleep(NO_LONGER_FRESH)
  await expect(ORDERS, 'opaque, known', tokens.opaque, BY_INTROSPECTION_STALE)
  await expect(ORDERS, 'opaque, revoked meanwhile', tokens.revokedInOutage, BY_INTROSPECTION_STALE)
  await expect(ORDERS, 'opaque, never seen', tokens.unknown, UNAVAILABLE)
  await expect('POST /refunds', 'opaque, known for 5 s', tokens.seldom, UNAVAILABLE)
  await expect(ORDERS, 'JWT, known', tokens.jwt, BY_SIGNATURE)
  const another = await client.token('https://api.example.com', 'orders:read')
  await expect(ORDERS, 'JWT, never seen', another, BY_SIGNATURE)
}

async function allUnplugged(expect: Expect, tokens: Tokens, { authorizationServer }: Demo): Promise<void> {
  const another = await authorizationServer.mint('https://api.example.com', 'orders:read')
  await authorizationServer.main.unplug()
  await expect(ORDERS, 'opaque, known', tokens.opaque, BY_INTROSPECTION_STALE)
  await expect(ORDERS, 'opaque, never seen', tokens.unknown, UNAVAILABLE)
  await expect(ORDERS, 'JWT, never seen', another, BY_SIGNATURE)
  await expect('GET /readyz', '', undefined, '200')
  await authorizationServer.main.plugIn()
  await authorizationServer.introspection.plugIn()
}

async function pluggedIn(expect: Expect, tokens: Tokens): Promise<void> {
  await expect(ORDERS, 'opaque, known', tokens.opaque, BY_INTROSPECTION)
  await expect(ORDERS, 'opaque, not seen before', tokens.unknown, BY_INTROSPECTION)
  await expect('POST /refunds', 'opaque', tokens.seldom, BY_INTROSPECTION)
  await expect(ORDERS, 'JWT', tokens.jwt, BY_SIGNATURE)
  await expect(ORDERS, 'opaque, revoked meanwhile', tokens.revokedInOutage, REVOKED)
}

/** The same token with a part of its claims cut off. */
function damaged(jwt: string): string {
  const [header, claims, signature] = jwt.split('.') as [string, string, string]
  return [header, claims.slice(9), signature].join('.')
}

/** The same token with one bit of its signature turned over. */
function tampered(jwt: string): string {
  const [header, claims, signature] = jwt.split('.') as [string, string, string]
  const octets = Buffer.from(signature, 'base64url')
  octets[7]! ^= 1
  return [header, claims, octets.toString('base64url')].join('.')
}
