import { isAccepted } from './authority.ts'
import { accepting } from './peers.ts'
import { sending } from './request.ts'
import { ALGORITHMS, mint, rawVerification, times } from './tokens.ts'
import type { RowMaker } from './row-maker.ts'

/** Half of the tokens, which come in turn: none is in the cache any more when it comes round again. */
export const ofThem = (distinct: number): { readonly jwts: { readonly entries: number } } => ({
  jwts: { entries: distinct / 2 },
})

/**
 * New tokens, one in each turn of the event loop, as to a server that is not in a hurry: of several in one turn only the
 * first is verified on the event loop. What slow curves cost includes the way to the thread pool and back.
 */
export const coldRows: readonly RowMaker[] = ALGORITHMS.map((alg) => ({
  name: `cold ${alg}`,
  async make(authority, distinct) {
    const key = authority.key(alg)
    const tokens = times(distinct, () => mint(key))
    const sent = sending(tokens)
    const server = await authority.resourceServer({ cache: ofThem(distinct) })
    const run = (index: number): unknown => {
      const request = sent.request(index)
      return server.tryAuthenticate(request) ?? server.authenticate(request)
    }
    const arithmetic = rawVerification(tokens, key)
    const raw = (index: number): boolean => {
      sent.request(index)
      return arithmetic(index)
    }
    const subjects = [
      { name: 'holdfast', run, from: sent.request, expect: isAccepted('live') },
      { name: 'raw', run: raw, from: sent.request },
      ...accepting(key, authority, sent),
    ]
    return { baseline: 'raw', turns: true, subjects }
  },
}))
