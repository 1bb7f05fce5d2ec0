import type { Subject } from '../../measure.ts'
import { type Authority, isAccepted, isRefused } from './authority.ts'
import { ofThem } from './cold.ts'
import { sha256 } from './hash.ts'
import { expressMiddleware, refusing } from './peers.ts'
import { type Sent, sending } from './request.ts'
import { forged, mint, times } from './tokens.ts'
import type { RowMaker } from './row-maker.ts'

async function holdfast(authority: Authority, sent: Sent, ...reasons: readonly string[]): Promise<Subject> {
  const server = await authority.resourceServer()
  const run = (index: number): unknown => server.tryAuthenticate(sent.request(index))
  return { name: 'holdfast', run, from: sent.request, expect: isRefused(...reasons) }
}

/** Always the same garbage, as long as an RS256 token: nobody remembers garbage, and everybody has to read it. */
const garbage = (
  name: string,
  make: (token: string, authority: Authority) => string,
  ...reasons: string[]
): RowMaker => ({
  name,
  async make(authority) {
    const key = authority.key('RS256')
    const sent = sending([make(mint(key), authority)])
    const subjects = [
      await holdfast(authority, sent, ...reasons),
      sha256(sent),
      ...refusing(key, authority, sent).filter(({ name: peer }) => peer !== 'fast-jwt cached'),
    ]
    return { baseline: 'sha256', subjects }
  },
})

const wrongScheme: RowMaker = {
  name: 'refuse: wrong scheme',
  async make(authority) {
    const key = authority.key('RS256')
    const sent = sending([mint(key)], 'Basic')
    const middleware = expressMiddleware(key, authority)
    const other = {
      name: 'express-oauth2-jwt-bearer',
      run: (index: number) => middleware(`Basic ${sent.token(index)}`),
      from: sent.token,
      expect: (result: unknown) => result instanceof Error,
    }
    const own = await holdfast(authority, sent, 'credentials_missing')
    return { baseline: 'sha256', subjects: [own, sha256(sent), other] }
  },
}

/** In turns, as good ones are judged: `cold good` is the same server with the same tokens rightly signed. */
const badSignature: RowMaker = {
  name: 'refuse: bad signature',
  async make(authority, distinct) {
    const key = authority.key('RS256')
    const tokens = times(distinct, () => mint(key))
    const good = sending(tokens)
    const bad = sending(forged(tokens.slice(0, 20), key))
    const server = await authority.resourceServer({ cache: ofThem(distinct) })
    const judged =
      (sent: Sent) =>
      (index: number): unknown => {
        const request = sent.request(index)
        return server.tryAuthenticate(request) ?? server.authenticate(request).catch((error: unknown) => error)
      }
    const subjects = [
      { name: 'holdfast', run: judged(bad), from: bad.request, expect: isRefused('signature_invalid') },
      { name: 'cold good', run: judged(good), from: good.request, expect: isAccepted('live') },
      ...refusing(key, authority, bad),
    ]
    return { baseline: 'cold good', turns: true, subjects }
  },
}

export const refusalRows: readonly RowMaker[] = [
  wrongScheme,
  garbage('refuse: not a JWT', (token) => token.replaceAll('.', '-'), 'opaque_unsupported'),
  garbage('refuse: bad characters', (token) => `${token.slice(0, -9)}"${token.slice(-8)}`, 'credentials_malformed'),
  garbage(
    'refuse: unknown issuer',
    (_token, authority) => mint(authority.key('RS256'), { claims: { iss: 'https://is.example.com' } }),
    'issuer_unknown',
  ),
  badSignature,
]
