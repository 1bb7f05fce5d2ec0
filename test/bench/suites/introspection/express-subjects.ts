import { protect } from '@holdfast/express'
import type { RequestHandler } from 'express'
import { tokenOf } from '../../http/by-hand.ts'
import { type Ask, byFetch, byUndici, resourceServer } from './asking.ts'
import type { Endpoint } from './messages.ts'

/** Enough for 100 requests at once. */
const CONNECTIONS = 128
/** Milliseconds; as long as ours. */
const TTL = 60_000

/** @param fresh Seconds for which Holdfast calls an answer fresh; `undefined` for its own default. */
type Build = (endpoint: Endpoint, fresh: number | undefined) => RequestHandler | undefined

/** Middleware for Express. `undefined`: none at all. */
export const expressSubjects: Readonly<Record<string, Build>> = {
  bare: () => undefined,
  'no-op': () => (_request, _response, next) => next(),
  'no-op again': () => (_request, _response, next) => next(),
  'no cache': (endpoint) => asking(byUndici(endpoint, 'no cache', CONNECTIONS)),
  'ttl cache': (endpoint) => asking(kept(byUndici(endpoint, 'ttl cache', CONNECTIONS))),
  fetch: (endpoint) => asking(byFetch(endpoint, 'fetch')),
  holdfast: (endpoint, fresh) =>
    protect(resourceServer(endpoint, 'holdfast', fresh === undefined ? {} : { resilience: { fresh: `${fresh}s` } })),
}

function asking(ask: Ask): RequestHandler {
  return async (request, response, next) => {
    try {
      const answer = (await ask(tokenOf(request.headers.authorization))) as { readonly active?: unknown }
      if (answer.active !== true) throw new Error('inactive')
      Object.assign(request, { auth: answer })
    } catch {
      response.status(401).end()
      return
    }
    next()
  }
}

/** As it is usually written: by the token itself, and whoever comes while one is asked about asks, too. */
function kept(ask: Ask): Ask {
  const answers = new Map<string, { readonly answer: unknown; readonly until: number }>()
  return async (token) => {
    const known = answers.get(token)
    if (known && known.until > Date.now()) return known.answer
    const answer = await ask(token)
    answers.set(token, { answer, until: Date.now() + TTL })
    return answer
  }
}
