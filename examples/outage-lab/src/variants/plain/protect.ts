import type { RequestHandler, Response } from 'express'
import type { Counters, LetIn } from '../variant.ts'
import { type Introspected, Refusal } from './asking.ts'
import type { Found } from './ttl-cache.ts'

export interface PlainVerifier {
  readonly introspected: (token: string) => Promise<Found<Introspected>>
  readonly checkJwt: (token: string) => Promise<void>
}

export interface PlainProtect {
  readonly handler: RequestHandler
  readonly counters: Counters
}

/**
 * Middleware as it is commonly written: whatever goes wrong is 401, because the `catch` cannot tell a bad token from an
 * authorization server that does not answer.
 */
export function plainProtect({ introspected, checkJwt }: PlainVerifier): PlainProtect {
  const counters = {
    accepted: { jwt: { live: 0, cache: 0, stale: 0 }, opaque: { live: 0, cache: 0, stale: 0 } },
    refused: { token_bad: 0, no_verdict: 0 },
  }

  async function letIn(token: string): Promise<LetIn> {
    if (token.split('.').length === 3) {
      await checkJwt(token)
      counters.accepted.jwt.live += 1
      return { evidence: 'live', age: 0 }
    }
    const { value, at, source } = await introspected(token)
    if (value.exp !== undefined && value.exp * 1_000 <= Date.now()) throw new Refusal('expired')
    counters.accepted.opaque[source] += 1
    return { evidence: source, age: performance.now() - at }
  }

  return {
    counters,
    handler: async (request, response, next) => {
      const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
      try {
        response.locals['letIn'] = await letIn(token)
      } catch (error) {
        counters.refused[error instanceof Refusal ? 'token_bad' : 'no_verdict'] += 1
        response.status(401).set('www-authenticate', 'Bearer error="invalid_token"').end()
        return
      }
      next()
    },
  }
}

export function letInBy(response: Response): LetIn {
  return response.locals['letIn'] as LetIn
}
