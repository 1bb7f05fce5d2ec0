import { JwtVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import { customFetch, validateJwtAccessToken } from 'oauth4webapi'
import type { Operation, Subject } from '../../measure.ts'
import type { Authority } from './authority.ts'
import type { Sent } from './request.ts'
import { type Alg, AUDIENCE, ISSUER, type SigningKey } from './tokens.ts'

/**
 * Another library, told to check issuer, audience and algorithm, and left at its defaults otherwise. None refuses all
 * that this project refuses: `docs/peers.md` and `skips.ts` say what each lets pass.
 */
export interface Peer {
  readonly name: string
  readonly algorithms: readonly Alg[]
  /** Verifies a token of this key: the claims, or an exception or a rejection. */
  readonly verifying: (key: SigningKey, authority: Authority) => (token: string) => unknown
}

/** Fewer entries than a cold row has tokens. */
const CACHED = 20
const ALL = ['RS256', 'PS256', 'ES256', 'ES384', 'Ed25519'] as const

export const PEERS: readonly Peer[] = [
  {
    name: 'jose',
    algorithms: ALL,
    verifying({ named }, { jwks }) {
      const keys = createLocalJWKSet(jwks as unknown as JSONWebKeySet)
      const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: [named] }
      return async (token) => (await jwtVerify(token, keys, options)).payload
    },
  },
  {
    name: 'aws-jwt-verify',
    algorithms: ['RS256', 'ES256', 'ES384', 'Ed25519'],
    verifying(_key, { jwks }) {
      const verifier = JwtVerifier.create({ issuer: ISSUER, audience: AUDIENCE, jwksUri: `${ISSUER}/keys` })
      // It takes no set in which one key is of an algorithm that it does not know.
      verifier.cacheJwks({ keys: jwks.keys.filter(({ alg }) => alg !== 'PS256') } as never)
      return (token) => verifier.verifySync(token)
    },
  },
  { name: 'fast-jwt', algorithms: ALL, verifying: (key) => fastJwt(key, false) },
  { name: 'fast-jwt cached', algorithms: ALL, verifying: (key) => fastJwt(key, CACHED) },
  {
    name: 'jsonwebtoken',
    algorithms: ['RS256', 'PS256', 'ES256', 'ES384'],
    verifying({ named, publicKey }) {
      const options = { issuer: ISSUER, audience: AUDIENCE, algorithms: [named as 'RS256'] }
      return (token) => jsonwebtoken.verify(token, publicKey, options)
    },
  },
  {
    name: 'oauth4webapi',
    algorithms: ALL,
    verifying({ named }, { jwks }) {
      const server = { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }
      const options = { signingAlgorithms: [named], [customFetch]: async () => Response.json(jwks) }
      return (token) => {
        const request = new Request(AUDIENCE, { headers: { authorization: `Bearer ${token}` } })
        return validateJwtAccessToken(server, request, AUDIENCE, options)
      }
    },
  },
  {
    name: 'express-oauth2-jwt-bearer',
    algorithms: ALL,
    verifying(key, authority) {
      const middleware = expressMiddleware(key, authority)
      return async (token) => resultOf(await middleware(`Bearer ${token}`))
    },
  },
]

function fastJwt({ named, publicKey }: SigningKey, cache: number | false): (token: string) => unknown {
  const key = publicKey.export({ type: 'spki', format: 'pem' }) as string
  return createVerifier({ key, cache, algorithms: [named as 'RS256'], allowedIss: ISSUER, allowedAud: AUDIENCE })
}

/** The middleware as a function, with of Express what it asks for: what it calls `next` with, or the claims. */
export function expressMiddleware(
  { named }: Pick<SigningKey, 'named'>,
  { jwksUri }: Authority,
): (authorization: string, dpop?: string) => Promise<unknown> {
  const middleware = auth({ issuer: ISSUER, audience: AUDIENCE, jwksUri, tokenSigningAlg: named })
  return (authorization, dpop) =>
    new Promise((resolve) => {
      const request = {
        method: 'GET',
        protocol: 'https',
        originalUrl: '/orders/17',
        headers: { host: 'api.example.com', authorization, ...(dpop === undefined ? {} : { dpop }) },
        get: (name: string) => (name.toLowerCase() === 'host' ? 'api.example.com' : undefined),
        is: () => false,
        auth: undefined as { readonly payload: unknown } | undefined,
      }
      void middleware(request as never, {} as never, (error?: unknown) => resolve(error ?? request.auth?.payload))
    })
}

function resultOf(result: unknown): unknown {
  if (result instanceof Error) throw result
  return result
}

const isClaims = (result: unknown): boolean => (result as { readonly iss?: unknown } | undefined)?.iss === ISSUER

/** The peers that know the algorithm, verifying what is sent. */
export function accepting(key: SigningKey, authority: Authority, sent: Sent): Subject[] {
  return PEERS.filter(({ algorithms }) => algorithms.includes(key.alg)).map(({ name, verifying }) => {
    const verify = verifying(key, authority)
    return { name, run: (index) => verify(sent.token(index)), from: sent.token, expect: isClaims }
  })
}

/** The peers, refusing what is sent: they throw or reject. */
export function refusing(key: SigningKey, authority: Authority, sent: Sent): Subject[] {
  return PEERS.filter(({ algorithms }) => algorithms.includes(key.alg)).map(({ name, verifying }) => {
    const run = caught(verifying(key, authority), sent)
    return { name, run, from: sent.token, expect: (result) => result instanceof Error }
  })
}

function caught(verify: (token: string) => unknown, sent: Sent): Operation {
  return (index) => {
    try {
      const result = verify(sent.token(index))
      return result instanceof Promise ? result.catch((error: unknown) => error) : result
    } catch (error) {
      return error
    }
  }
}
