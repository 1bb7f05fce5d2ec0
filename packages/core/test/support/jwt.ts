import { constants, createHmac, createSecretKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { RecencyCache } from '../../src/cache/recency-cache.ts'
import { keyOf } from '../../src/cache/digest.ts'
import { Tally } from '../../src/counters.ts'
import { AuthError, type AuthErrorDetails, orThrow, type Reason } from '../../src/errors.ts'
import { VerificationKey } from '../../src/keys/jwk.ts'
import { type KeySet, parseKeySet } from '../../src/keys/key-set.ts'
import { type KeySource, pinnedKeys } from '../../src/keys/key-source.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { inlineSignatures } from '../../src/ports/signatures.ts'
import type { JsonObject } from '../../src/syntax/json.ts'
import { type Algorithm, ALGORITHMS } from '../../src/verify/algorithms.ts'
import { JwtVerifier, type JwtVerifierParts } from '../../src/verify/jwt.ts'
import type { JwtRules } from '../../src/verify/jwt-claims.ts'
import { TokenColumns } from '../../src/verify/token-columns.ts'
import type { VerifiedToken } from '../../src/verify/verified-token.ts'
import type { Presented, Verifier } from '../../src/verify/verifier.ts'

export const ISSUER = 'https://as.example'
export const AUDIENCE = 'https://api.example/v1'
/** Seconds at which the hand-set clock starts. */
export const NOW = 1_800_000_000
export const SKEW = 30

export const ALL_ALGORITHMS: readonly Algorithm[] = Object.keys(ALGORITHMS) as Algorithm[]
export const ASYMMETRIC: readonly Algorithm[] = ALL_ALGORITHMS.filter((one) => ALGORITHMS[one].kty !== 'oct')
export const SECRET: Buffer = Buffer.alloc(32, 7)

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  #wall = NOW * 1_000
  #monotonic = 1_000_000

  wall(): number {
    return this.#wall
  }

  monotonic(): number {
    return this.#monotonic
  }

  /** No test here waits. */
  after(): () => void {
    return () => undefined
  }

  advance(seconds: number): void {
    this.#wall += seconds * 1_000
    this.#monotonic += seconds * 1_000
  }
}

export interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const made = new Map<string, KeyPair>()

/** One key pair for each type and name, made at first use and shared by the file. */
export function pairFor(algorithm: Algorithm, name = 'first'): KeyPair {
  const { kty, crv } = ALGORITHMS[algorithm]
  const id = `${kty} ${crv} ${name}`
  const pair = made.get(id) ?? makePair(kty, crv)
  made.set(id, pair)
  return pair
}

function makePair(kty: string, crv: string | undefined): KeyPair {
  if (kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2_048 })
  if (kty === 'EC') return generateKeyPairSync('ec', { namedCurve: crv! })
  if (kty === 'OKP') return crv === 'Ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448')
  const shared = createSecretKey(SECRET)
  return { publicKey: shared, privateKey: shared }
}

/** The public JWK of the algorithm's key pair. */
export function jwkFor(algorithm: Algorithm, extra: object = {}, name = 'first'): JsonObject {
  return { ...pairFor(algorithm, name).publicKey.export({ format: 'jwk' }), ...extra } as JsonObject
}

export const b64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url')
export const json = (value: unknown): string => b64(JSON.stringify(value))

/** The raw signature that the algorithm asks for. */
export function signatureOf(
  algorithm: Algorithm,
  data: string,
  key: KeyObject = pairFor(algorithm).privateKey,
): Buffer {
  const { kty, hash, keyOptions = {} } = ALGORITHMS[algorithm]
  const bytes = Buffer.from(data)
  if (kty === 'oct') return createHmac(hash!, key).update(bytes).digest()
  return sign(hash, bytes, { key, dsaEncoding: 'ieee-p1363', ...keyOptions })
}

/** A PSS signature with any salt length, which no correct signer makes. */
export function pssWithSalt(saltLength: number, data: string): Buffer {
  const key = pairFor('PS256').privateKey
  return sign('sha256', Buffer.from(data), { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
}

/** Claims that every rule likes. */
export function goodClaims(changes: object = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'alice',
    client_id: 'shop',
    jti: 'token-1',
    iat: NOW - 10,
    exp: NOW + 300,
    scope: 'orders:read',
    ...changes,
  }
}

export function goodHeader(algorithm: Algorithm, changes: object = {}): Record<string, unknown> {
  return { alg: algorithm, typ: 'at+jwt', ...changes }
}

interface TokenParts {
  readonly algorithm?: Algorithm
  readonly header?: object
  readonly claims?: object
  /** Instead of the JSON of header and claims. */
  readonly headerText?: string | Uint8Array
  readonly claimsText?: string | Uint8Array
  readonly key?: KeyObject
}

/** A signed token; members that are `undefined` are left out. */
export function tokenOf({ algorithm = 'ES256', header, claims, headerText, claimsText, key }: TokenParts = {}): string {
  const first = b64(headerText ?? JSON.stringify(goodHeader(algorithm, header)))
  const signed = `${first}.${b64(claimsText ?? JSON.stringify(goodClaims(claims)))}`
  return `${signed}.${b64(signatureOf(algorithm, signed, key))}`
}

/** The same token with other octets for its signature. */
export function withSignature(token: string, signature: (signed: string) => Uint8Array): string {
  const signed = token.slice(0, token.lastIndexOf('.'))
  return `${signed}.${b64(signature(signed))}`
}

export const signatureIn = (token: string): Buffer => Buffer.from(token.slice(token.lastIndexOf('.') + 1), 'base64url')

export function rulesWith(changes: Partial<JwtRules> = {}): JwtRules {
  return {
    profile: 'at+jwt',
    issuer: ISSUER,
    audience: [AUDIENCE],
    skew: SKEW,
    maxTokenAge: undefined,
    maxTokenLifetime: undefined,
    maxAudiences: undefined,
    requiredClaims: {},
    ...changes,
  }
}

/** A key set from JWKs, no fault tolerated. */
export function keySetOf(jwks: readonly JsonObject[], algorithms: readonly Algorithm[]): KeySet {
  const set = parseKeySet({ keys: jwks }, algorithms, (fault) => {
    throw new Error(`test key is ${fault}`)
  })
  return set!
}

const secret = (): KeyObject => pairFor('HS256').publicKey

/** Pinned keys for one algorithm: its public key, or the shared secret. */
export function keysFor(algorithm: Algorithm): KeySource {
  if (ALGORITHMS[algorithm].kty !== 'oct') return pinnedKeys(keySetOf([jwkFor(algorithm)], [algorithm]))
  const only = new VerificationKey({ algorithm, kid: undefined, thumbprint: 'shared', load: secret })
  return pinnedKeys({ keys: [only], single: true })
}

export interface Bench {
  readonly verifier: JwtVerifier
  readonly store: RecencyCache<VerifiedToken>
  readonly clock: HandClock
}

/** A real verifier over hand-set time, for one algorithm unless told otherwise. */
export function bench(
  algorithm: Algorithm,
  parts: Partial<Omit<JwtVerifierParts, 'clock' | 'store' | 'rules'>> & { readonly rules?: Partial<JwtRules> } = {},
  owner?: Verifier,
): Bench {
  const clock = new HandClock()
  const store = new RecencyCache({ entries: 100, bytes: 1_000_000 }, clock, new TokenColumns())
  const verifier = new JwtVerifier(
    {
      algorithms: [algorithm],
      scopeSource: undefined,
      rejectKeyHeaders: false,
      decryptor: undefined,
      signatures: inlineSignatures,
      tally: new Tally('jwt'),
      ...parts,
      keys: parts.keys ?? keysFor(algorithm),
      rules: rulesWith(parts.rules),
      store,
      clock,
    },
    owner,
  )
  return { verifier, store, clock }
}

export function present(token: string, clock: Clock = new HandClock()): Presented {
  return {
    token,
    digest: keyOf(token),
    jwt: undefined,
    arrivedAt: clock.monotonic(),
    caller: undefined,
  }
}

/** The reason of a refusal, or `'accepted'`. Anything but an `AuthError` goes on. */
export function verdictOf(run: () => unknown): Reason | 'accepted' | 'waits' {
  try {
    return orThrow(run()) === undefined ? 'waits' : 'accepted'
  } catch (error) {
    if (error instanceof AuthError) return error.reason
    throw error
  }
}

/** What a refusal says to operators. Fails when there is none. */
export function refusalOf(run: () => unknown): { reason: Reason } & Pick<AuthErrorDetails, 'issuer' | 'unverified'> {
  try {
    orThrow(run())
  } catch (error) {
    if (!(error instanceof AuthError)) throw error
    const { issuer, unverified } = AuthError.detailsOf(error)
    return { reason: error.reason, issuer, unverified }
  }
  throw new Error('it was not refused')
}

/** The verdict of what answers later. */
export async function laterVerdictOf(run: () => Promise<unknown>): Promise<Reason | 'accepted'> {
  try {
    await run()
    return 'accepted'
  } catch (error) {
    if (error instanceof AuthError) return error.reason
    throw error
  }
}
