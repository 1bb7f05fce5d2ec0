import { createHash, generateKeyPairSync, sign, X509Certificate } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { AuthError, ConfigError } from '#core/errors'
import {
  type AuthContext,
  createResourceServer,
  inlineSignatures,
  type ResourceServer,
  unauthenticated,
} from '@holdfast/core'
import type { AuthRequest } from '#core/request'
import { type AnyOptions, ISSUER, namesAt, SERVER, some } from './any-options.ts'
import { certificate } from '../../packages/core/test/support/certificate.ts'
import { chance } from '../../packages/core/test/support/chance.ts'
import { ManualClock, START } from '../../packages/core/test/support/manual-clock.ts'
import { ScriptedHttp } from '../../packages/core/test/support/scripted-http.ts'
import { AUDIENCE, authority } from '../../packages/core/test/support/world.ts'

/** Each with one token and two requests. */
const COMBINATIONS = 10_000

const [own, thieves] = [
  new X509Certificate((await certificate('client')).cert),
  new X509Certificate((await certificate('thief')).cert),
]
const x5t = Buffer.from(own.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
const keys = {
  own: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  thieves: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
const jwks = {
  own: keys.own.publicKey.export({ format: 'jwk' }),
  thieves: keys.thieves.publicKey.export({ format: 'jwk' }),
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
const { crv, kty, x, y } = jwks.own
const jkt = sha256(JSON.stringify({ crv, kty, x, y }))

interface Confirmation {
  readonly cnf?: Readonly<Record<string, unknown>>
  readonly token_type?: string
}

/** What a token says of its binding. */
const CONFIRMATIONS: Readonly<Record<string, Confirmation>> = {
  unbound: {},
  'to a key': { cnf: { jkt } },
  'to a certificate': { cnf: { 'x5t#S256': x5t } },
  'to both': { cnf: { jkt, 'x5t#S256': x5t } },
  'to a key, and more': { cnf: { jkt, kid: 'x' } },
  'to a certificate, and more': { cnf: { 'x5t#S256': x5t, x5t: 'x' } },
  'to nothing known': { cnf: { kid: 'x' } },
  'to another thumbprint': { cnf: { 'x5t#S1': x5t } },
  'to nothing': { cnf: {} },
  'to what is no thumbprint': { cnf: { jkt: 7, 'x5t#S256': null } },
  'by its type': { token_type: 'DPoP' },
}

type Proof = 'none' | 'right' | 'of another key' | 'for another token' | 'for another request'
type Shown = 'none' | 'own' | 'another'

interface Attempt {
  readonly scheme: 'Bearer' | 'DPoP' | 'form' | 'extract'
  readonly proof: Proof
  /** The certificate of the connection. */
  readonly connection: Shown
  /** The certificate in the field that is configured, or that proxies usually write. */
  readonly field: Shown
  readonly fromProxy: boolean
}

const anyAttempt: fc.Arbitrary<Attempt> = fc.record({
  scheme: fc.constantFrom('Bearer', 'DPoP', 'DPoP', 'form', 'extract'),
  proof: fc.constantFrom('right', 'right', 'none', 'of another key', 'for another token', 'for another request'),
  connection: fc.constantFrom('own', 'own', 'none', 'another'),
  field: fc.constantFrom('own', 'own', 'none', 'another'),
  fromProxy: fc.boolean(),
})

interface Mtls {
  readonly mode?: string
  readonly field?: { readonly name?: string; readonly format?: string }
}

interface Issuer {
  readonly jwt?: { readonly mode?: string }
  readonly introspection?: object
}

interface World {
  readonly http: ScriptedHttp
  readonly as: ReturnType<typeof authority>
  /** Whether the authorization server is asked about tokens. */
  readonly asks: boolean
}

interface Options {
  readonly profile?: string
  readonly cache?: object
  readonly resilience?: object
  readonly dpop?: { readonly mode?: string }
  readonly mtls?: Mtls
}

/** Whether an unbound token is refused. */
const wantsBinding = ({ profile, dpop, mtls }: Options): boolean =>
  profile === 'fapi2' || dpop?.mode === 'required' || mtls?.mode === 'required'

const certificates = { own, another: thieves, none: undefined }

/** The field line of a proxy that is configured so. */
function fieldLine(shown: X509Certificate, { name, format = 'rfc9440' }: NonNullable<Mtls['field']> = {}): string[] {
  const base64 = shown.raw.toString('base64')
  const values: Readonly<Record<string, string>> = {
    rfc9440: `:${base64}:`,
    base64,
    pem: encodeURIComponent(shown.toString()),
    xfcc: `Cert="${encodeURIComponent(shown.toString())}"`,
  }
  return [name ?? (format === 'xfcc' ? 'x-forwarded-client-cert' : 'client-cert'), values[format]!]
}

function proofOf(token: string, kind: Exclude<Proof, 'none'>, id: number, nonce?: string): string {
  const whose = kind === 'of another key' ? 'thieves' : 'own'
  const { crv: curve, kty: type, x: px, y: py } = jwks[whose]
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { crv: curve, kty: type, x: px, y: py } }
  const claims = {
    jti: `proof-${id}`,
    htm: kind === 'for another request' ? 'DELETE' : 'POST',
    htu: `${AUDIENCE}/`,
    iat: START,
    ath: sha256(kind === 'for another token' ? `${token}x` : token),
    ...(nonce === undefined ? {} : { nonce }),
  }
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(signed), { key: keys[whose].privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

let proofs = 0

function requestOf(token: string, attempt: Attempt, { field }: Mtls, nonce?: string): AuthRequest {
  const { scheme, proof, connection, field: inField, fromProxy } = attempt
  const [shown, written] = [certificates[connection], certificates[inField]]
  return {
    method: 'POST',
    url: '/',
    secure: true,
    rawHeaders: [
      ...(scheme === 'form' ? ['content-type', 'application/x-www-form-urlencoded'] : []),
      ...(scheme === 'extract' ? ['x-token', token] : []),
      ...(scheme === 'Bearer' || scheme === 'DPoP' ? ['authorization', `${scheme} ${token}`] : []),
      ...(proof === 'none' ? [] : ['dpop', proofOf(token, proof, (proofs += 1), nonce)]),
      ...(written ? fieldLine(written, field) : []),
    ],
    body: scheme === 'form' ? { access_token: token } : undefined,
    socket: {
      remoteAddress: fromProxy ? '10.0.0.7' : '192.0.2.7',
      getPeerX509Certificate: () => shown,
      once: () => undefined,
    },
  }
}

/** Whether a request has proved what the token asks for, by the options alone. */
function proves({ cnf = {} }: Confirmation, one: Attempt, { field }: Mtls): boolean {
  const hasKey = one.scheme === 'DPoP' && one.proof === 'right'
  const hasCertificate = field ? one.field === 'own' && one.fromProxy : one.connection === 'own'
  const { jkt: key, 'x5t#S256': shown } = cnf
  if (key === undefined && shown === undefined) return false
  return (key === undefined || hasKey) && (shown === undefined || hasCertificate)
}

function checkNames(options: AnyOptions, ...path: readonly string[]): void {
  expect([path, Object.keys(options).toSorted()]).toEqual([path, namesAt(...path).toSorted()])
  for (const [name, inner] of Object.entries(options)) {
    if (!(inner instanceof fc.Arbitrary)) checkNames(inner, ...path, name)
  }
}

test('the options that are tried are those that there are', () => {
  checkNames(SERVER)
  checkNames(ISSUER, 'issuers')
})

/** Places are set aside when a server is built, which takes longer than all else. */
const SMALL_QUEUES = { maxWaitingKnown: 2, maxWaitingNew: 2 }
const SMALL_CACHES = {
  introspected: { entries: 9 },
  jwts: { entries: 9 },
  negative: { entries: 9 },
  revocations: { entries: 9 },
}

/** A server with these options; `undefined` where they contradict each other. */
function built(world: World, options: Options, { jwt, introspection, ...issuer }: Issuer): ResourceServer | undefined {
  const { http, as, asks } = world
  try {
    return createResourceServer({
      ...options,
      cache: { ...SMALL_CACHES, ...options.cache },
      resilience: { ...options.resilience, ...SMALL_QUEUES },
      audience: AUDIENCE,
      observe: () => undefined,
      ports: { http, clock: new ManualClock(), random: chance(), signatures: inlineSignatures },
      issuers: [
        {
          ...issuer,
          issuer: as.issuer,
          jwt: { ...jwt, keys: { keys: [as.jwk] } },
          ...(asks && {
            introspection: { ...introspection, client: unauthenticated(), endpoint: as.urls.introspection },
          }),
        },
      ],
    } as never)
  } catch (error) {
    if (error instanceof ConfigError) return undefined
    throw error
  }
}

/** What becomes of an attempt; a client whose proof needs a nonce comes again with that. */
async function outcomeOf(
  server: ResourceServer,
  request: (nonce?: string) => AuthRequest,
): Promise<AuthContext | AuthError> {
  const ask = async (asked: AuthRequest): Promise<AuthContext | AuthError> => {
    const found = server.tryAuthenticate(asked)
    return found ?? server.authenticate(asked).catch((error: unknown) => error as AuthError)
  }
  const found = await ask(request())
  const needsNonce = found instanceof AuthError && found.code === 'use_dpop_nonce'
  return needsNonce ? ask(request(found.headers['dpop-nonce'])) : found
}

const scenarios = fc.record({
  options: some<Options>(SERVER),
  issuer: some<Issuer>(ISSUER),
  binding: fc.constantFrom(...Object.keys(CONFIRMATIONS)),
  /** What says how the token is bound. */
  said: fc.constantFrom('by the JWT', 'of an opaque token', 'of a JWT'),
  /** The second meets a server that knows the token, if the first was good. */
  attempts: fc.tuple(anyAttempt, anyAttempt),
})

test('a bound token is never taken without its proof, whatever the options', { timeout: 300_000 }, async () => {
  const taken = new Map<string, number>()
  const property = fc.asyncProperty(scenarios, async ({ options, issuer, binding, said, attempts }) => {
    const isOnline = (issuer.jwt?.mode ?? (options.profile === 'fapi2' ? 'online' : 'offline')) !== 'offline'
    fc.pre(said !== 'of a JWT' || isOnline)
    const http = new ScriptedHttp()
    const as = authority(http, 'https://as.example')
    const claims = CONFIRMATIONS[binding]!
    const answer = { active: true, aud: AUDIENCE, sub: 'somebody', client_id: 'app', exp: START + 600 }
    as.introspects(said === 'by the JWT' ? answer : { ...answer, ...claims })
    const token = said === 'of an opaque token' ? 'opaque-token' : as.jwt(said === 'by the JWT' ? claims : {})
    const server = built({ http, as, asks: isOnline || said === 'of an opaque token' }, options, issuer)
    if (!server) return fc.pre(false)

    const { mtls = {} } = options
    for (const one of attempts) {
      const found = await outcomeOf(server, (nonce) => requestOf(token, one, mtls, nonce))
      if (found instanceof AuthError) continue
      taken.set(binding, (taken.get(binding) ?? 0) + 1)
      const mayBe = binding === 'unbound' ? !wantsBinding(options) : proves(claims, one, mtls)
      if (!mayBe) throw new Error(`taken without its proof: ${JSON.stringify(found)}`)
      expect(found.binding.by === 'none').toBe(binding === 'unbound')
    }
    await server.close()
  })
  await fc.assert(property, { numRuns: COMBINATIONS, maxSkipsPerRun: 1_000 })

  // What was never taken would prove nothing.
  const good = [...taken].filter(([, times]) => times > 10).map(([binding]) => binding)
  expect(good.toSorted()).toEqual([
    'to a certificate',
    'to a certificate, and more',
    'to a key',
    'to a key, and more',
    'to both',
    'unbound',
  ])
})
