import { createPublicKey, generateKeyPairSync, hash, type JsonWebKey, randomUUID, sign } from 'node:crypto'
import type { ClientAccount, Resource } from './names.ts'

/** What a request proves. */
export interface Proving {
  readonly method: string
  readonly url: string
  /** The token that it comes with. */
  readonly token?: string
  /** What the server that is asked has sent as `DPoP-Nonce`. */
  readonly nonce?: string | undefined
}

/** A client with a key of its own: its tokens are bound to that, and it proves it with every request (RFC 9449). */
export interface DpopClient {
  token(resource: Resource, scope: string): Promise<string>
  /** A new proof, for one request. */
  proof(request: Proving): string
  /** Asks an API as the owner of a token does: once more, with the nonce, where the API wants one. */
  ask(request: Proving & { readonly token: string }, signal?: AbortSignal): Promise<Response>
}

export function createDpopClient(server: string, { id, secret }: ClientAccount): DpopClient {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' })
  const proof = (request: Proving): string => {
    const { method, url, token, nonce } = request
    const claims = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(Date.now() / 1_000),
      ...(token !== undefined && { ath: hash('sha256', token, 'base64url') }),
      ...(nonce !== undefined && { nonce }),
    }
    const signed = `${encode({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
    return `${signed}.${signature.toString('base64url')}`
  }
  /** The nonces of the servers that gave one, each for its own server. */
  const nonces = new Map<string, string>()

  async function proved(request: Proving, init: RequestInit, headers: Record<string, string>): Promise<Response> {
    const { origin } = new URL(request.url)
    const send = async (): Promise<Response> => {
      const dpop = proof({ ...request, nonce: nonces.get(origin) })
      const response = await fetch(request.url, { ...init, method: request.method, headers: { ...headers, dpop } })
      const nonce = response.headers.get('dpop-nonce')
      if (nonce !== null) nonces.set(origin, nonce)
      return response
    }
    const before = nonces.get(origin)
    const response = await send()
    // The answer to a proof that lacked it: the same request with the nonce that came along (§8, §9).
    const isAsked = response.status < 500 && !response.ok && nonces.get(origin) !== before
    return isAsked ? send() : response
  }

  return {
    proof,
    async token(resource, scope) {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource, scope }).toString()
      const init = { body, signal: AbortSignal.timeout(5_000) }
      const response = await proved({ method: 'POST', url: `${server}/token` }, init, {
        authorization: `Basic ${btoa(`${id}:${secret}`)}`,
        'content-type': 'application/x-www-form-urlencoded',
      })
      if (!response.ok) throw new Error(`/token answered ${response.status}: ${await response.text()}`)
      const { access_token: token, token_type: type } = (await response.json()) as Record<string, string>
      if (type !== 'DPoP') throw new Error(`the token is of type ${type}`)
      return token!
    },
    ask: (request, signal = AbortSignal.timeout(5_000)) =>
      proved(request, { signal }, { authorization: `DPoP ${request.token}` }),
  }
}

const encode = (part: object | JsonWebKey): string => Buffer.from(JSON.stringify(part)).toString('base64url')
