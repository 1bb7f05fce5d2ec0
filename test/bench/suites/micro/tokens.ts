import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'

export const ISSUER = 'https://as.example.com'
export const AUDIENCE = 'https://api.example.com'

export const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'] as const
export type Alg = (typeof ALGORITHMS)[number]

interface Facts {
  readonly generate: () => { readonly privateKey: KeyObject }
  readonly hash: string | null
  /** How the token has it. */
  readonly options?: Readonly<Record<string, number | string>>
  /** How `crypto.verify` takes it fastest, which for ECDSA is DER. */
  readonly raw?: Readonly<Record<string, number | string>>
}

const rsa = (): ReturnType<Facts['generate']> => generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = (namedCurve: string) => (): ReturnType<Facts['generate']> => generateKeyPairSync('ec', { namedCurve })
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
const p1363 = { dsaEncoding: 'ieee-p1363' }

const FACTS: Readonly<Record<Alg, Facts>> = {
  RS256: { generate: rsa, hash: 'sha256' },
  PS256: { generate: rsa, hash: 'sha256', options: pss, raw: pss },
  ES256: { generate: ec('P-256'), hash: 'sha256', options: p1363 },
  ES384: { generate: ec('P-384'), hash: 'sha384', options: p1363 },
  Ed25519: { generate: () => generateKeyPairSync('ed25519'), hash: null },
}

/** A key of the authorization server. */
export interface SigningKey {
  readonly alg: Alg
  /** How a JWT names the algorithm: most of the others know Ed25519 by its older name alone. */
  readonly named: string
  readonly kid: string
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
  readonly jwk: Readonly<Record<string, unknown>>
}

export function signingKey(alg: Alg): SigningKey {
  const privateKey = readAgain(FACTS[alg].generate().privateKey)
  const publicKey = createPublicKey(privateKey)
  const named = alg === 'Ed25519' ? 'EdDSA' : alg
  const kid = `key-for-${alg}`
  return {
    alg,
    named,
    kid,
    publicKey,
    privateKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: named, use: 'sig' },
  }
}

/**
 * The same key, as if it came from a file. Node 20 stands still for good where a key that it generated is exported as JWK
 * and the garbage collector takes what generated it just then: both want the same lock.
 */
function readAgain(key: KeyObject): KeyObject {
  return createPrivateKey({ key: key.export({ format: 'der', type: 'pkcs8' }), format: 'der', type: 'pkcs8' })
}

/** Claims of an access token as servers issue them (RFC 9068), with those of a profile. */
function usualClaims(): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000)
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'user-1234567890',
    client_id: 'app-1',
    iat: now,
    exp: now + 36_000,
    jti: `id-${randomBytes(10).toString('hex')}`,
    scope: 'orders:read orders:write profile',
    email: 'someone@example.com',
    name: 'Some One',
  }
}

/** What differs from a usual access token; `undefined` leaves a member out. */
export interface Differing {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** The last word on the claims as text. */
  readonly written?: (claims: string) => string
}

/** A signed access token of its own. RS256: about 830 characters. */
export function mint(key: SigningKey, { header, claims, written = (text) => text }: Differing = {}): string {
  const said = written(JSON.stringify({ ...usualClaims(), ...claims }))
  return sealed(key, JSON.stringify({ typ: 'at+jwt', alg: key.named, kid: key.kid, ...header }), said)
}

/** Any other JWT, signed. */
export function sealedBy(key: SigningKey, header: object, claims: object): string {
  return sealed(key, JSON.stringify(header), JSON.stringify(claims))
}

function sealed(key: SigningKey, ...parts: readonly [header: string, claims: string]): string {
  const signed = parts.map((part) => Buffer.from(part).toString('base64url')).join('.')
  const { hash, options } = FACTS[key.alg]
  const signature = sign(hash, Buffer.from(signed), { key: key.privateKey, ...options })
  return `${signed}.${signature.toString('base64url')}`
}

/** The same tokens with other signatures of the same length. */
export function forged(tokens: readonly string[], { alg }: SigningKey): string[] {
  const { hash, options, generate } = FACTS[alg]
  const stranger = { key: generate().privateKey, ...options }
  return tokens.map((token) => {
    const signed = token.slice(0, token.lastIndexOf('.'))
    return `${signed}.${sign(hash, Buffer.from(signed), stranger).toString('base64url')}`
  })
}

export function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}

/**
 * The least that a verification can cost: `crypto.verify` of what is decoded already, with a bare key object, which on
 * Node 24 saves the 14 to 30 µs that `{ key }` costs. ECDSA signatures are DER, as OpenSSL takes them; they are others
 * than those of the tokens, over the same text.
 */
export function rawVerification(tokens: readonly string[], key: SigningKey): (index: number) => boolean {
  const { hash, raw } = FACTS[key.alg]
  // Another object than the others have: what is put on it is read by all who pass it bare.
  const publicKey = Object.assign(createPublicKey(key.privateKey), raw)
  const checks = tokens.map((token) => {
    const dot = token.lastIndexOf('.')
    const data = Buffer.from(token.slice(0, dot))
    const isEcdsa = key.alg === 'ES256' || key.alg === 'ES384'
    const signature = isEcdsa ? sign(hash, data, key.privateKey) : Buffer.from(token.slice(dot + 1), 'base64url')
    return { data, signature }
  })
  return (index) => {
    const { data, signature } = checks[index % checks.length]!
    return verify(hash, data, publicKey, signature)
  }
}
