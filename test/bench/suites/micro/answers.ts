import { type AuthContext, AuthError, scope } from '@holdfast/core'
import { sha256 } from './hash.ts'
import { anonymous, sending } from './request.ts'
import { mint } from './tokens.ts'
import type { RowMaker } from './row-maker.ts'

const hasStatus =
  (status: number) =>
  (result: unknown): boolean =>
    (result as { readonly status?: unknown } | undefined)?.status === status

const isContext = (result: unknown): boolean => (result as AuthContext | undefined)?.subject !== undefined

/** A route that asks for a scope, and a token that has it. */
const guardOnly: RowMaker = {
  name: 'guard only',
  async make(authority) {
    const sent = sending([mint(authority.key('RS256'))])
    const server = await authority.resourceServer()
    const context = await server.authenticate(sent.request(0))
    const needed = scope('orders:read')
    const holdfast = { name: 'holdfast', run: () => server.authorize(context, needed), expect: isContext }
    return { baseline: 'sha256', subjects: [holdfast, sha256(sent)] }
  },
}

/** No credentials: from the request to status, headers and body. */
const answer401: RowMaker = {
  name: 'answer 401',
  async make(authority) {
    const sent = sending([mint(authority.key('RS256'))])
    const server = await authority.resourceServer()
    const run = (): unknown => server.answer(server.tryAuthenticate(anonymous()))
    const holdfast = { name: 'holdfast', run, from: anonymous, expect: hasStatus(401) }
    return { baseline: 'sha256', subjects: [holdfast, sha256(sent)] }
  },
}

/** A scope that the token does not have: from the guard to status, headers and body. */
const answer403: RowMaker = {
  name: 'answer 403',
  async make(authority) {
    const sent = sending([mint(authority.key('RS256'))])
    const server = await authority.resourceServer()
    const context = await server.authenticate(sent.request(0))
    const needed = scope('orders:refund')
    const run = (): unknown => {
      try {
        return server.authorize(context, needed)
      } catch (error) {
        return server.answer(error instanceof AuthError ? error : undefined)
      }
    }
    const holdfast = { name: 'holdfast', run, expect: hasStatus(403) }
    return { baseline: 'sha256', subjects: [holdfast, sha256(sent)] }
  },
}

export const answerRows: readonly RowMaker[] = [guardOnly, answer401, answer403]
