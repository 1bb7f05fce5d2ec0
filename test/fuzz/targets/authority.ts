import { createResourceServer, type HttpResponse } from '@holdfast/core'
import * as fc from 'fast-check'
import { REASONS } from '#core/errors'
import { clockOf, IN_ORDER, optionsFor, type Says, saying, settled } from '../authority.ts'
import { anyText, documents, mixed, mutated, objectLike } from '../generators.ts'
import { laterTarget, must, type Target } from '../target.ts'
import { GOOD, OPAQUE } from '../tokens.ts'

const objectIn = ({ body }: HttpResponse): Record<string, unknown> => JSON.parse(body.toString()) as never
const fields = fc.record({
  'content-type': mixed(fc.constant('application/json'), mutated(fc.constant('application/json'))),
  'cache-control': mixed(fc.constantFrom('max-age=60', 'no-store'), anyText),
  'retry-after': mixed(fc.constantFrom('1', '100000'), anyText),
  etag: mixed(fc.constant('"a"'), anyText),
})
const statuses = fc.oneof(
  { weight: 8, arbitrary: fc.constant(200) },
  fc.constantFrom(204, 206, 301, 304, 400, 401, 403, 404, 429, 500, 503),
)

/** An answer like this one: the document changed, or the status, or the fields. */
const like = (usual: HttpResponse): fc.Arbitrary<HttpResponse> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(usual) },
    fc
      .tuple(documents(objectLike(objectIn(usual))), fields, statuses)
      .map(([body, headers, status]) => saying(body, headers, status)),
  )

const step = fc.record({
  metadata: like(IN_ORDER.metadata),
  keys: like(IN_ORDER.keys),
  answer: like(IN_ORDER.introspection(OPAQUE[3])),
  token: fc.constantFrom(GOOD, OPAQUE[3]),
  /** Time that passes beforehand: none, or enough for answers, or for documents, to be asked for again. */
  later: fc.constantFrom('0ms', '40s', '20m', '25h'),
})

/** One resource server before an authorization server that says something else each time. An input is a whole course. */
export const authorityTarget: Target = laterTarget({
  name: 'hostile authority',
  share: 0.02,
  inputs: fc.array(step, { minLength: 1, maxLength: 12 }),
  judge: async (steps) => {
    let says: Says = IN_ORDER
    const authority: Says = {
      get metadata() {
        return says.metadata
      },
      get keys() {
        return says.keys
      },
      introspection: (token) => says.introspection(token),
    }
    const clock = clockOf()
    const server = createResourceServer(optionsFor(authority, clock))
    try {
      let outcome = ''
      for (const { metadata, keys, answer, token, later } of steps) {
        says = { metadata, keys, introspection: () => answer }
        void clock.advance(later)
        const result = await settled(server.verify(token), clock)
        server.status()
        outcome = result.outcome === 'valid' ? 'accepted' : result.reason
        must(outcome === 'accepted' || Object.hasOwn(REASONS, outcome), `an unknown reason ${outcome}`)
        must(result.outcome !== 'unavailable' || result.retryAfter > 0, 'no time to come back')
      }
      return outcome
    } finally {
      await server.close()
    }
  },
})
