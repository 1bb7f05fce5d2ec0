import { createPrivateKey, type JsonWebKey, KeyObject } from 'node:crypto'
import type { Clock, Duration, Random } from '@holdfast/core'
import { milliseconds } from '../duration.ts'
import { algorithmOf, signatureOf, type SigningAlgorithm } from './algorithms.ts'
import type { KeyRing } from './key-ring.ts'

/** What any token can be told to say. */
export interface TokenOptions {
  /** Default: no scope. */
  readonly scope?: string | readonly string[]
  /** Default `'test-user'`. */
  readonly sub?: string
  /** Default `'test-client'`. */
  readonly clientId?: string
  /** Default: the server's. */
  readonly audience?: string | readonly string[]
  /** Default `'1h'`. A negative one, such as `'-1m'`, makes a token that has expired. */
  readonly expiresIn?: Duration
  /** Any claim; wins over everything else. `undefined` removes a claim. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** How a JWT is signed. */
export interface SigningOptions {
  /** Header parameters; win over everything else, and need not be true. `undefined` removes one. */
  readonly header?: Readonly<Record<string, unknown>>
  /**
   * What signs. Default: the algorithm of the key. A key for it is added and published where there is none. `'HS256'`
   * needs `key`; `'none'` leaves the token unsigned.
   */
  readonly alg?: SigningAlgorithm | 'HS256' | 'none'
  /** Which of the server's keys signs, published or not. Beside `key`: what the header says. Default: the newest. */
  readonly kid?: string
  /** Somebody else's private or secret key: a forgery, of which introspection knows nothing. */
  readonly key?: KeyObject | JsonWebKey
}

export interface JwtTokenOptions extends TokenOptions, SigningOptions {}

export interface AnswerSigningOptions extends SigningOptions {
  /** Claims around `token_introspection`; win over everything else. `undefined` removes one. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export interface OpaqueTokenOptions extends TokenOptions {
  /** What the token begins with. Default: the server's `opaquePrefix`. */
  readonly prefix?: string
  /** The whole token. Default: random. */
  readonly token?: string
}

/** Mints tokens and remembers them. */
export interface Tokens {
  readonly jwt: (options?: JwtTokenOptions) => string
  readonly opaque: (options?: OpaqueTokenOptions) => string
  /** @throws {TypeError} for a token that was not minted here. */
  readonly revoke: (token: string) => void
  /** The answer to a question about a token (RFC 7662 §2.2). */
  readonly introspect: (token: string) => Readonly<Record<string, unknown>>
  /** The same as a signed JWT (RFC 9701 §5). */
  readonly signedAnswer: (answer: object, options?: AnswerSigningOptions) => string
}

export interface TokensParts {
  readonly issuer: string
  readonly audience: string | readonly string[]
  readonly opaquePrefix: string
  /** Who asks. */
  readonly clientId: () => string
  readonly keys: KeyRing
  readonly clock: Clock
  readonly random: Random
}

interface Minted {
  readonly answer: Readonly<Record<string, unknown>>
  revoked: boolean
}

export function tokens(parts: TokensParts): Tokens {
  const { clock, random, keys } = parts
  const minted = new Map<string, Minted>()

  function remember(token: string, answer: Readonly<Record<string, unknown>>): string {
    minted.set(token, { answer, revoked: false })
    return token
  }

  /** What both kinds of token say (RFC 9068 §2.2, RFC 7662 §2.2). */
  function claimsOf(options: TokenOptions): Record<string, unknown> {
    const { scope, sub = 'test-user', clientId = 'test-client', audience = parts.audience, expiresIn = '1h' } = options
    const now = Math.floor(clock.wall() / 1_000)
    const exp = now + milliseconds(expiresIn) / 1_000
    return {
      iss: parts.issuer,
      sub,
      aud: typeof audience === 'string' || audience.length !== 1 ? audience : audience[0],
      client_id: clientId,
      ...(scope === undefined ? {} : { scope: typeof scope === 'string' ? scope : scope.join(' ') }),
      iat: exp > now ? now : exp - 3_600, // no server issues what has expired
      exp,
      jti: random.id(),
    }
  }

  return {
    jwt(options = {}) {
      const foreign = options.key === undefined ? undefined : keyObject(options.key)
      const signer = signerOf(options, foreign, keys)
      const claims = { ...claimsOf(options), ...options.claims }
      const token = signed(claims, 'at+jwt', options.header, signer)
      const forged = foreign !== undefined || signer.alg === 'none'
      return forged ? token : remember(token, { active: true, token_type: 'Bearer', ...claims })
    },

    opaque(options = {}) {
      const token = options.token ?? (options.prefix ?? parts.opaquePrefix) + random.id()
      const claims = claimsOf(options)
      return remember(token, {
        active: true,
        token_type: 'Bearer',
        username: claims['sub'],
        nbf: claims['iat'],
        ...claims,
        ...options.claims,
      })
    },

    revoke(token) {
      const known = minted.get(token)
      if (!known) throw new TypeError('this server did not mint that token')
      known.revoked = true
    },

    signedAnswer(answer, { claims, header, ...signing } = {}) {
      const foreign = signing.key === undefined ? undefined : keyObject(signing.key)
      const iat = Math.floor(clock.wall() / 1_000)
      const around = { iss: parts.issuer, aud: parts.clientId(), iat, token_introspection: answer, ...claims }
      return signed(around, 'token-introspection+jwt', header, signerOf(signing, foreign, keys))
    },

    introspect(token) {
      const known = minted.get(token)
      if (!known || known.revoked) return { active: false }
      const { exp } = known.answer
      return typeof exp === 'number' && clock.wall() / 1_000 >= exp ? { active: false } : known.answer
    },
  }
}

function signed(claims: object, typ: string, header: object | undefined, { alg, kid, key }: Signer): string {
  const text = `${encode({ alg, typ, kid, ...header })}.${encode(claims)}`
  return `${text}.${signatureOf(alg, key, text)}`
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

function keyObject(key: KeyObject | JsonWebKey): KeyObject {
  return key instanceof KeyObject ? key : createPrivateKey({ key, format: 'jwk' })
}

interface Signer {
  readonly alg: SigningAlgorithm | 'HS256' | 'none'
  readonly kid: string | undefined
  readonly key: KeyObject | undefined
}

function signerOf({ alg, kid }: SigningOptions, foreign: KeyObject | undefined, keys: KeyRing): Signer {
  // A forger names a key that is published: that is the harder case.
  if (foreign) return { alg: alg ?? algorithmOf(foreign), kid: kid ?? keys.current()?.kid, key: foreign }
  if (alg === 'none' || alg === 'HS256') return { alg, kid: kid ?? keys.current()?.kid, key: undefined }
  const own = kid === undefined ? (keys.current(alg) ?? keys.add(alg === undefined ? {} : { alg })) : keys.named(kid)
  return { alg: alg ?? own.alg, kid: own.kid, key: own.privateKey }
}
