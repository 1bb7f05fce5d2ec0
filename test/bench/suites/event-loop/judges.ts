import { type AuthRequest, createResourceServer, type ResourceServer } from '@holdfast/core'
import { type Sent, sending } from '../micro/request.ts'
import { type Alg, AUDIENCE, ISSUER, mint, rawVerification, signingKey, times } from '../micro/tokens.ts'

/** Two ways to judge the same tokens. Either rejects what is not good. */
export interface Judges {
  readonly tokens: readonly string[]
  readonly sent: Sent
  readonly holdfast: (request: AuthRequest) => Promise<void>
  /** @param index Of a token. */
  readonly synchronous: (index: number) => Promise<void>
  readonly close: () => Promise<void>
}

export function judgesOf(alg: Alg, count: number): Judges {
  const key = signingKey(alg)
  const tokens = times(count, () => mint(key))
  const sent = sending(tokens)
  const server = createResourceServer({
    issuers: [{ issuer: ISSUER, jwt: { algorithms: [alg], keys: { keys: [key.jwk] } } }],
    audience: AUDIENCE,
    // Half of the tokens, which come in turn: none is in the cache any more when it comes again.
    cache: { jwts: { entries: count / 2 } },
  })
  const synchronous = synchronously(sent, rawVerification(tokens, key))
  return { tokens, sent, holdfast: byHoldfast(server), synchronous, close: () => server.close() }
}

/** As the adapters ask. */
function byHoldfast(server: ResourceServer): Judges['holdfast'] {
  return async (request) => {
    const context = server.tryAuthenticate(request) ?? (await server.authenticate(request))
    if (context instanceof Error) throw context
    if (context.evidence.source !== 'live') throw new Error('a token came twice')
  }
}

/** The least that a server can do which verifies on the event loop: takes the token apart, judges its claims, verifies. */
function synchronously(sent: Sent, verify: (index: number) => boolean): Judges['synchronous'] {
  return async (index) => {
    const [header = '', payload = '', signature = ''] = sent.token(index).split('.')
    const { alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { readonly alg: unknown }
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const good = claims['iss'] === ISSUER && claims['aud'] === AUDIENCE && Number(claims['exp']) > Date.now() / 1_000
    const octets = Buffer.from(signature, 'base64url').length
    if (!good || typeof alg !== 'string' || octets === 0 || !verify(index)) throw new Error('refused')
  }
}
