import { ConfigError } from '../errors.ts'
import { checkTls } from './tls.ts'
import type { Clock } from '../ports/clock.ts'
import type { TlsIdentity } from '../ports/http.ts'
import type { Random } from '../ports/random.ts'
import { formEncode } from './form.ts'

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
  /** What the endpoint has just rejected, when these are to be better ones. */
  readonly rejected?: Credentials | undefined
}

/** How we identify ourselves to the authorization server. Holds its secrets in closures: inspecting it shows none. */
export interface ClientAuthentication {
  readonly method: string
  readonly clientId: string | undefined
  /** What client assertions are signed with. */
  readonly algorithm?: string | undefined
  /** True when reading the credentials again may help after a 401. */
  readonly renewable: boolean
  readonly tls?: TlsIdentity | undefined
  /** Credentials for one request. May reject; the request is then not made. */
  readonly credentials: (context: CredentialContext) => Promise<Credentials>
}

const known = new WeakSet<object>()

/** Makes a client authentication of this library. */
export function method(authentication: ClientAuthentication): ClientAuthentication {
  known.add(authentication)
  // Part of it is a private key: whoever prints the options must not see it.
  const { tls } = authentication
  if (tls) Object.defineProperty(authentication, 'tls', { get: () => tls, enumerable: false })
  return Object.freeze(authentication)
}

/** True for what {@link method} has made, and nothing else. */
export function isClientAuthentication(value: unknown): value is ClientAuthentication {
  return typeof value === 'object' && value !== null && known.has(value)
}

async function read(secret: Exclude<Secret, string>): Promise<string> {
  const value: unknown = await secret()
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

/** Made once where the secret is written down, and for every request where it is read. */
function made(secret: Secret, make: (secret: string) => Credentials): () => Promise<Credentials> {
  if (typeof secret === 'function') return async () => make(await read(secret))
  const credentials = Promise.resolve(make(secret))
  return () => credentials
}

/** `client_secret_basic` (RFC 6749 §2.3.1): id and secret in an `Authorization: Basic` header. */
export function clientSecretBasic(clientId: string, secret: Secret): ClientAuthentication {
  checked(clientId, secret, 'clientSecretBasic')
  return method({
    method: 'client_secret_basic',
    clientId,
    renewable: typeof secret === 'function',
    credentials: made(secret, (text) => {
      // Both halves are form-encoded.
      const pair = `${formEncode(clientId)}:${formEncode(text)}`
      return { headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
    }),
  })
}

/** `client_secret_post` (RFC 6749 §2.3.1): id and secret in the request body. */
export function clientSecretPost(clientId: string, secret: Secret): ClientAuthentication {
  checked(clientId, secret, 'clientSecretPost')
  return method({
    method: 'client_secret_post',
    clientId,
    renewable: typeof secret === 'function',
    credentials: made(secret, (text) => ({ parameters: { client_id: clientId, client_secret: text } })),
  })
}

/** `tls_client_auth` and `self_signed_tls_client_auth` (RFC 8705 §2): our certificate, and `client_id` in the body. */
export function tlsClientAuth(clientId: string, identity: TlsIdentity): ClientAuthentication {
  if (typeof clientId !== 'string' || clientId === '')
    throw new ConfigError('tlsClientAuth: the client id is a non-empty string')
  if (!identity?.cert || !identity.key) throw new ConfigError('tlsClientAuth: "cert" and "key" are needed, in PEM')
  checkTls(identity, 'tlsClientAuth')
  const credentials = Promise.resolve({ parameters: { client_id: clientId } })
  return method({
    method: 'tls_client_auth',
    clientId,
    renewable: false,
    tls: Object.freeze({ ...identity }),
    credentials: () => credentials,
  })
}

/**
 * No client authentication. Anyone who can reach such an endpoint can try tokens on it (RFC 7662 §4 asks for
 * authentication against that), so this must be said.
 */
export function unauthenticated(): ClientAuthentication {
  const credentials = Promise.resolve({})
  return method({ method: 'none', clientId: undefined, renewable: false, credentials: () => credentials })
}
