import { createPublicKey, hash, randomUUID, verify } from 'node:crypto'
import type { AuthRequest, ResourceServer } from '@holdfast/core'
import type { Subject } from '../../measure.ts'
import { type Authority, isAccepted } from './authority.ts'
import { expressMiddleware } from './peers.ts'
import { rawVerification, sealedBy, signingKey, type SigningKey, mint, AUDIENCE } from './tokens.ts'
import type { RowMaker } from './row-maker.ts'

/** Servers of a row. A proof counts once, so each server gets every proof once, and then it is the turn of the next. */
const SERVERS = 24
const PATH = '/orders/17'

/** A token that is bound to a key, and a proof by that key. */
interface Proving {
  readonly key: SigningKey
  readonly token: string
  readonly proof: string
}

function proving(issuer: SigningKey, key: SigningKey, known?: string): Proving {
  const { kty, crv, x, y } = key.jwk
  const jkt = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
  const token = known ?? mint(issuer, { claims: { cnf: { jkt } } })
  const claims = {
    jti: randomUUID(),
    htm: 'GET',
    htu: AUDIENCE + PATH,
    iat: Math.floor(Date.now() / 1_000),
    ath: hash('sha256', token, 'base64url'),
  }
  return { key, token, proof: sealedBy(key, { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } }, claims) }
}

/** As a parser would have made them: strings that nobody has looked at. */
function requestOf({ token, proof }: Proving): (index: number) => AuthRequest {
  const fields = ['Host', 'api.example.com', 'Authorization', `DPoP ${token}`, 'DPoP', proof].map((text) =>
    Buffer.from(text),
  )
  return () => ({
    method: 'GET',
    url: `${PATH}?expand=lines`,
    rawHeaders: fields.map((field) => field.toString('latin1')),
  })
}

/** Servers that know every token, and no proof. */
async function servers(authority: Authority, provings: readonly Proving[]): Promise<ResourceServer[]> {
  const entries = 10 * provings.length
  const all: ResourceServer[] = []
  for (let made = 0; made < SERVERS; made += 1) {
    const server = await authority.resourceServer({ cache: { jwts: { entries } }, dpop: { maxAge: '300s' } })
    // As Bearer it is refused, and known from then on.
    const tokens = new Set(provings.map(({ token }) => token))
    for (const token of tokens)
      await server.authenticate({ rawHeaders: ['authorization', `Bearer ${token}`] }).catch(() => undefined)
    all.push(server)
  }
  return all
}

async function holdfast(
  authority: Authority,
  provings: readonly Proving[],
  warmUp: Proving | undefined,
): Promise<Subject> {
  const all = await servers(authority, provings)
  if (warmUp) for (const server of all) await server.authenticate(requestOf(warmUp)(0))
  const requests = provings.map(requestOf)
  const from = (index: number): AuthRequest => requests[index % requests.length]!(index)
  const run = (index: number): unknown => {
    const request = from(index)
    const server = all[Math.floor(index / requests.length) % SERVERS]!
    return server.tryAuthenticate(request) ?? server.authenticate(request)
  }
  return { name: 'holdfast', run, from, expect: isAccepted('cache') }
}

/** With no memory of proofs, and verifying the token again each time: what it does, by default, with both. */
function express(authority: Authority, issuer: SigningKey, provings: readonly Proving[]): Subject {
  const middleware = expressMiddleware(issuer, authority)
  const run = (index: number): unknown => {
    const { token, proof } = provings[index % provings.length]!
    return middleware(`DPoP ${token}`, proof)
  }
  return { name: 'express-oauth2-jwt-bearer', run, expect: (result) => !(result instanceof Error) }
}

const known: RowMaker = {
  name: 'DPoP ES256, known key',
  async make(authority, distinct) {
    const issuer = authority.key('RS256')
    const client = signingKey('ES256')
    const warmUp = proving(issuer, client)
    const provings = Array.from({ length: 2 * distinct }, () => proving(issuer, client, warmUp.token))
    const raw = {
      name: 'raw',
      run: rawVerification(
        provings.map(({ proof }) => proof),
        client,
      ),
    }
    const subjects = [await holdfast(authority, provings, warmUp), raw, express(authority, issuer, provings)]
    return { baseline: 'raw', turns: true, subjects }
  },
}

const fresh: RowMaker = {
  name: 'DPoP ES256, new key',
  async make(authority, distinct) {
    const issuer = authority.key('RS256')
    const provings = Array.from({ length: distinct }, () => proving(issuer, signingKey('ES256')))
    const checks = provings.map(({ key, proof }) => {
      const [header, claims, signature] = proof.split('.') as [string, string, string]
      return { jwk: key.jwk, data: Buffer.from(`${header}.${claims}`), signature: Buffer.from(signature, 'base64url') }
    })
    const run = (index: number): boolean => {
      const { jwk, data, signature } = checks[index % checks.length]!
      const key = Object.assign(createPublicKey({ key: jwk as never, format: 'jwk' }), { dsaEncoding: 'ieee-p1363' })
      return verify('sha256', data, key, signature)
    }
    const subjects = [
      await holdfast(authority, provings, undefined),
      { name: 'import and raw', run, expect: (result: unknown) => result === true },
      express(authority, issuer, provings),
    ]
    return { baseline: 'import and raw', turns: true, subjects }
  },
}

/** A proof by a token that is known: by a key that the server has seen, and by one that it has not. */
export const dpopRows: readonly RowMaker[] = [known, fresh]
