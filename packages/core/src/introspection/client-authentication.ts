import { createPrivateKey, KeyObject } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'
import { ConfigError } from '../errors.ts'
import { checkTls } from './tls.ts'
import type { Clock } from '../ports/clock.ts'
import type { TlsIdentity } from '../ports/http.ts'
import type { Random } from '../ports/random.ts'

/** A secret, or where to read it. A function is read again, once, when the endpoint answers 401. */
export type Secret = string | (() => string | Promise<string>)

/** What client authentication adds to one introspection request. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>>
  readonly parameters?: Readonly<Record<string, string>>
}

export interface CredentialContext {
  readonly issuer: string
  readonly clock: Clock
  readonly random: Random
}

/** How we identify ourselves to the authorization server. Holds its secrets in closures: inspecting it shows none. */
export interface ClientAuthentication {
  readonly method: string
  readonly clientId: string | undefined
  /** True when reading the credentials again may help after a 401. */
  readonly renewable: boolean
  readonly tls?: TlsIdentity | undefined
  /** Credentials for one request. May reject; the request is then not made. */
  readonly credentials: (context: CredentialContext) => Promise<Credentials>
}

const known = new WeakSet<object>()

function method(authentication: ClientAuthentication): ClientAuthentication {
  known.add(authentication)
  // Part of it is a private key: whoever prints the options must not see it.
  if (authentication.tls) Object.defineProperty(authentication, 'tls', { enumerable: false })
  return Object.freeze(authentication)
}

/** True for what the functions of this module return, and nothing else. */
export function isClientAuthentication(value: unknown): value is ClientAuthentication {
  return typeof value === 'object' && value !== null && known.has(value)
}

async function read(secret: Secret): Promise<string> {
  const value = typeof secret === 'function' ? await secret() : secret
  if (typeof value !== 'string' || value === '') throw new TypeError('the secret is not a non-empty string')
  return value
}

function checked(clientId: string, secret: Secret, of: string): void {
  if (typeof clientId !== 'string' || clientId === '')
    throw new ConfigError(`${of}: the client id is a non-empty string`)
  if (typeof secret !== 'function' && (typeof secret !== 'string' || secret === '')) {
    throw new ConfigError(`${of}: the secret is a non-empty string, or a function that returns one`)
  }
}

/** `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 asks for both halves of Basic credentials. */
const formEncode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/** `client_secret_basic` (RFC 6749 §2.3.1): id and secret in an `Authorization: Basic` header. */
export function clientSecretBasic(clientId: string, secret: Secret): ClientAuthentication {
  checked(clientId, secret, 'clientSecretBasic')
  return method({
    method: 'client_secret_basic',
    clientId,
    renewable: typeof secret === 'function',
    credentials: async () => {
      const pair = `${formEncode(clientId)}:${formEncode(await read(secret))}`
      return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
    },
  })
}

/** `client_secret_post` (RFC 6749 §2.3.1): id and secret in the request body. */
export function clientSecretPost(clientId: string, secret: Secret): ClientAuthentication {
  checked(clientId, secret, 'clientSecretPost')
  return method({
    method: 'client_secret_post',
    clientId,
    renewable: typeof secret === 'function',
    credentials: async () => ({ parameters: { client_id: clientId, client_secret: await read(secret) } }),
  })
}

export interface PrivateKeyJwtOptions {
  readonly clientId: string
  /** A private key as `KeyObject` or JWK, or a function that returns one. Text is never guessed to be a key. */
  readonly key: SigningKey | (() => SigningKey | Promise<SigningKey>)
  readonly algorithm: 'RS256' | 'PS256' | 'ES256' | 'ES384' | 'Ed25519' | 'EdDSA'
  readonly kid?: string
  /** `aud` of the assertion. Default: the issuer identifier, as draft-ietf-oauth-rfc7523bis asks. */
  readonly audience?: string
}

export type SigningKey = KeyObject | JWK

/** Seconds for which one assertion is good. A new one is made for every request: servers refuse replays. */
const ASSERTION_LIFETIME = 60
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9): an assertion signed with our own key. */
export function privateKeyJwt(options: PrivateKeyJwtOptions): ClientAuthentication {
  const { clientId, key, algorithm, kid, audience } = options
  if (typeof clientId !== 'string' || clientId === '')
    throw new ConfigError('privateKeyJwt: "clientId" is a non-empty string')
  if (!Object.hasOwn(KEY_TYPES, algorithm)) {
    throw new ConfigError(
      `privateKeyJwt: "algorithm" is ${JSON.stringify(algorithm)}; write one of ${Object.keys(KEY_TYPES).join(', ')}`,
    )
  }
  if (typeof key !== 'function') checkSigningKey(key, algorithm)
  return method({
    method: 'private_key_jwt',
    clientId,
    renewable: typeof key === 'function',
    credentials: async ({ issuer, clock, random }) => {
      const signingKey = typeof key === 'function' ? await key() : key
      const now = Math.floor(clock.wall() / 1_000)
      const assertion = await new SignJWT({ iss: clientId, sub: clientId, aud: audience ?? issuer, jti: random.id() })
        .setProtectedHeader({ alg: algorithm, typ: 'client-authentication+jwt', ...(kid === undefined ? {} : { kid }) })
        .setIssuedAt(now)
        .setExpirationTime(now + ASSERTION_LIFETIME)
        .sign(signingKey instanceof KeyObject ? signingKey : await importJWK(signingKey, algorithm))
      return { parameters: { client_id: clientId, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion } }
    },
  })
}

/** What kind of key signs with an algorithm, as Node calls it. */
const KEY_TYPES: Readonly<Record<PrivateKeyJwtOptions['algorithm'], string>> = {
  RS256: 'rsa',
  PS256: 'rsa',
  ES256: 'ec prime256v1',
  ES384: 'ec secp384r1',
  Ed25519: 'ed25519',
  EdDSA: 'ed25519',
}

function checkSigningKey(key: unknown, algorithm: PrivateKeyJwtOptions['algorithm']): void {
  const wrong = new ConfigError(
    'privateKeyJwt: "key" is a private KeyObject or a private JWK of at least 2048 bits (RSA)',
  )
  let material: KeyObject
  try {
    material = key instanceof KeyObject ? key : createPrivateKey({ key: key as JWK, format: 'jwk' } as never)
  } catch {
    throw wrong
  }
  const { modulusLength = 2_048, namedCurve } = material.asymmetricKeyDetails ?? {}
  if (material.type !== 'private' || modulusLength < 2_048) throw wrong
  const type = namedCurve === undefined ? material.asymmetricKeyType : `${material.asymmetricKeyType} ${namedCurve}`
  if (type !== KEY_TYPES[algorithm])
    throw new ConfigError(`privateKeyJwt: "key" does not fit ${algorithm}; write the algorithm that the key is for`)
}

/** `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): our certificate, and `client_id` in the body. */
export function tlsClientAuth(clientId: string, identity: TlsIdentity): ClientAuthentication {
  if (typeof clientId !== 'string' || clientId === '')
    throw new ConfigError('tlsClientAuth: the client id is a non-empty string')
  if (!identity?.cert || !identity.key) throw new ConfigError('tlsClientAuth: "cert" and "key" are needed, in PEM')
  checkTls(identity, 'tlsClientAuth')
  return method({
    method: 'tls_client_auth',
    clientId,
    renewable: false,
    tls: Object.freeze({ ...identity }),
    credentials: async () => ({ parameters: { client_id: clientId } }),
  })
}

/** A bearer token of our own (RFC 7662 §2.1). Never the token that is asked about. */
export function bearerToken(token: Secret): ClientAuthentication {
  checked('-', token, 'bearerToken')
  return method({
    method: 'bearer',
    clientId: undefined,
    renewable: typeof token === 'function',
    credentials: async () => ({ headers: { authorization: `Bearer ${await read(token)}` } }),
  })
}

/**
 * No client authentication. Anyone who can reach such an endpoint can try tokens on it (RFC 7662 §4 asks for
 * authentication against that), so this must be said.
 */
export function unauthenticated(): ClientAuthentication {
  return method({ method: 'none', clientId: undefined, renewable: false, credentials: async () => ({}) })
}
