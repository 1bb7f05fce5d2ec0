import { createPublicKey, hash, randomUUID, sign, verify } from 'node:crypto'
import type { AuthRequest, ResourceServer } from '@holdfast/core'
import type { Subject } from '../../measure.ts'
import { type Authority, isAccepted } from './authority.ts'
import { expressMiddleware } from './peers.ts'
import type { RowMaker } from './row-maker.ts'
import { AUDIENCE, mint, rawVerification, sealedBy, signingKey, type SigningKey, times } from './tokens.ts'

const PATH = '/orders/17'
/** A proof counts once: so many for each of the usual number of tokens are more than all rounds and the warm-up take. */
const PROOFS = 60
/** What a proof costs beside its arithmetic is a third of that: the usual rounds would leave half of it in doubt. */
const PATIENCE = 8

/** A token that is bound to a key, and a proof by that key. */
interface Proving {
  readonly key: SigningKey
  readonly token: string
  readonly proof: string
}

function boundToken(issuer: SigningKey, { jwk: { kty, crv, x, y } }: SigningKey): string {
  const jkt = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
  return mint(issuer, { claims: { cnf: { jkt } } })
}

function proving(key: SigningKey, token: string): Proving {
  const { kty, crv, x, y } = key.jwk
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
function sent(scheme: string, { token, proof }: Proving): () => AuthRequest {
  const fields = ['Host', 'api.example.com', 'Authorization', `${scheme} ${token}`, 'DPoP', proof].map((text) =>
    Buffer.from(text),
  )
  return () => ({
    method: 'GET',
    url: `${PATH}?expand=lines`,
    rawHeaders: fields.map((field) => field.toString('latin1')),
  })
}

function next<T>(all: readonly T[], index: number): T {
  const one = all[index]
  if (one === undefined) throw new RangeError(`${all.length} proofs are too few for this machine`)
  return one
}

/**
 * Every proof once, with tokens that are known, and beside it the arithmetic of the same proofs. Both are added to the same
 * request: one with a token as well known that is bound to nothing, which is what is subtracted. Alone in a loop the same
 * arithmetic would find its code in the caches of the processor, as no server does.
 *
 * @param plain Tokens that are bound to nothing, as many as others are in use.
 */
async function holdfastAndRaw(
  authority: Authority,
  provings: readonly Proving[],
  plain: readonly string[],
  arithmetic: Subject,
): Promise<Subject[]> {
  const entries = 10 * provings.length
  const server = await authority.resourceServer({
    cache: { jwts: { entries, bytes: 4_096 * entries } },
    dpop: { maxAge: '300s', replay: { entries } },
  })
  for (const token of new Set([...plain, ...provings.map((one) => one.token)])) await makeKnown(server, token)
  const judged = (request: AuthRequest): unknown => server.tryAuthenticate(request) ?? server.authenticate(request)
  const proved = provings.map((one) => sent('DPoP', one))
  const unbound = plain.map((token) => sent('Bearer', { ...provings[0]!, token }))
  const from = (index: number): unknown => judged(unbound[index % unbound.length]!())
  return [
    {
      name: 'holdfast',
      run: (index) => judged(next(proved, index)()),
      from,
      expect: isAccepted('cache'),
    },
    {
      ...arithmetic,
      run(index) {
        from(index)
        return arithmetic.run(index)
      },
      from,
      expect: (result) => result === true,
    },
  ]
}

/** As Bearer it is refused, and known from then on. */
async function makeKnown(server: ResourceServer, token: string): Promise<void> {
  await server.authenticate({ rawHeaders: ['authorization', `Bearer ${token}`] }).catch(() => undefined)
}

/** With no memory of proofs. It verifies the token, too, each time, which is what is subtracted. */
function express(authority: Authority, issuer: SigningKey, provings: readonly Proving[], plain: string): Subject {
  const middleware = expressMiddleware(issuer, authority)
  return {
    name: 'express-oauth2-jwt-bearer',
    run(index) {
      const { token, proof } = provings[index % provings.length]!
      return middleware(`DPoP ${token}`, proof)
    },
    from: () => middleware(`Bearer ${plain}`),
    expect: (result) => !(result instanceof Error),
  }
}

const known: RowMaker = {
  name: 'DPoP ES256, known key',
  async make(authority, distinct) {
    const issuer = authority.key('ES256')
    const client = signingKey('ES256')
    const token = boundToken(issuer, client)
    const plain = mint(issuer)
    const provings = times(PROOFS * distinct, () => proving(client, token))
    const proofs = provings.map(({ proof }) => proof)
    const subjects = [
      ...(await holdfastAndRaw(authority, provings, [plain], { name: 'raw', run: rawVerification(proofs, client) })),
      express(authority, issuer, provings, plain),
    ]
    return { baseline: 'raw', turns: true, patience: PATIENCE, subjects }
  },
}

const fresh: RowMaker = {
  name: 'DPoP ES256, new key',
  async make(authority, distinct) {
    const issuer = authority.key('ES256')
    const plain = times(PROOFS * distinct, () => mint(issuer))
    const provings = times(PROOFS * distinct, () => {
      const client = signingKey('ES256')
      return proving(client, boundToken(issuer, client))
    })
    const checks = provings.map(({ key: { jwk, privateKey }, proof }) => {
      const data = Buffer.from(proof.slice(0, proof.lastIndexOf('.')))
      return { jwk, data, signature: sign('sha256', data, privateKey) }
    })
    const run = (index: number): boolean => {
      const { jwk, data, signature } = checks[index % checks.length]!
      return verify('sha256', data, createPublicKey({ key: jwk as never, format: 'jwk' }), signature)
    }
    const subjects = [
      ...(await holdfastAndRaw(authority, provings, plain, { name: 'import and raw', run })),
      express(authority, issuer, provings, plain[0]!),
    ]
    return { baseline: 'import and raw', turns: true, patience: PATIENCE, subjects }
  },
}

/** A proof beside a token that is known: by a key that the server has seen, and by one that it has not. */
export const dpopRows: readonly RowMaker[] = [known, fresh]
