import { createPublicKey, hash } from 'node:crypto'
import type { Clock, Random } from '@holdfast/core'
import { generateKey, signatureOf, type SigningAlgorithm } from './algorithms.ts'
import type { PublicJwk } from './key-ring.ts'
import type { TokenOptions } from './tokens.ts'

/** A client with a key of its own, which proves it with every request (RFC 9449). */
export interface DpopClient {
  /** Its public key. */
  readonly jwk: PublicJwk
  /** The thumbprint of that, which tokens are bound to. */
  readonly jkt: string
  /** Options for a token that is bound to this client: `as.jwt(client.bound({ scope: 'a' }))`. */
  bound<Options extends TokenOptions>(
    options?: Options,
  ): Options & { readonly claims: Readonly<Record<string, unknown>> }
  /** A new proof for one request. */
  proof(request: DpopRequest): string
  /** The field lines of a request, names and values in turn: `Authorization: DPoP …` and the proof. */
  fields(request: DpopRequest & { readonly token: string }): readonly string[]
  /** The same by name, for `fetch` and the like. */
  headers(request: DpopRequest & { readonly token: string }): { readonly authorization: string; readonly dpop: string }
}

export interface DpopRequest {
  /** The URL as the client knows it: below `dpop.publicUrl` of the resource server. */
  readonly url: string
  /** Default `'GET'`. */
  readonly method?: string
  /** Digested into `ath`. */
  readonly token?: string
  /** What came as `DPoP-Nonce`. */
  readonly nonce?: string | undefined
  /** Claims instead of, or beside, the usual ones; `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** The same for header parameters. */
  readonly header?: Readonly<Record<string, unknown>>
}

export interface DpopClientOptions {
  /** Default `'ES256'`. */
  readonly alg?: SigningAlgorithm
}

interface Parts {
  readonly clock: Clock
  readonly random: Random
}

export function dpopClient({ alg = 'ES256' }: DpopClientOptions, { clock, random }: Parts): DpopClient {
  const privateKey = generateKey(alg)
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as PublicJwk
  const jkt = thumbprintOf(jwk)

  function proof({ url, method = 'GET', token, nonce, claims, header }: DpopRequest): string {
    const said = {
      jti: random.id(),
      htm: method,
      htu: withoutQuery(url),
      iat: Math.floor(clock.wall() / 1_000),
      ath: token === undefined ? undefined : hash('sha256', token, 'base64url'),
      nonce,
      ...claims,
    }
    const text = `${encode({ typ: 'dpop+jwt', alg, jwk, ...header })}.${encode(said)}`
    return `${text}.${signatureOf(alg, privateKey, text)}`
  }

  return {
    jwk,
    jkt,
    bound: <Options extends TokenOptions>(options?: Options) => ({
      ...(options as Options),
      claims: { cnf: { jkt }, ...options?.claims },
    }),
    proof,
    fields: (request) => ['Authorization', `DPoP ${request.token}`, 'DPoP', proof(request)],
    headers: (request) => ({ authorization: `DPoP ${request.token}`, dpop: proof(request) }),
  }
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

const withoutQuery = (url: string): string => url.split(/[?#]/, 1)[0]!

/** RFC 7638. */
function thumbprintOf({ kty, crv, x, y, n, e }: PublicJwk): string {
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }
  return hash('sha256', JSON.stringify(members), 'base64url')
}
