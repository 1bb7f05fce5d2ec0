import type { Clock } from '@holdfast/core'
import type { CallLog, Endpoint, RecordedCall } from './calls.ts'
import { type Fault, type Weather, type WireAnswer, wireAnswer } from './weather.ts'

/** A request, however it came. */
export interface WireRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request that was taken down, and what will become of it. */
export interface Visit {
  /** Milliseconds until {@link Visit.fate} is to be asked. */
  readonly delay: number
  readonly fate: () => Fate
}

export type Fate =
  | { readonly is: 'outage' | 'reset' | 'hang' }
  /** `every`: milliseconds between two octets of the body. */
  | { readonly is: 'answer'; readonly answer: WireAnswer; readonly every: number }

export interface EndpointsParts {
  readonly issuer: string
  readonly metadata: () => object
  readonly keys: () => object
  readonly introspect: (token: string) => object
  /** An answer as a signed JWT. */
  readonly signedAnswer: (answer: object) => string
  readonly authenticates: (call: RecordedCall) => boolean
  readonly weather: Weather
  readonly calls: CallLog
  readonly clock: Clock
}

/** The media type of a signed answer (RFC 9701 §4). */
const SIGNED_ANSWER = 'application/token-introspection+jwt'

/** The one request handler: sockets and memory both come through here. */
export function endpoints(parts: EndpointsParts): (request: WireRequest) => Visit {
  const places = placesOf(parts.issuer)

  const services: Readonly<Record<Endpoint, (call: RecordedCall) => WireAnswer>> = {
    metadata: forMethod('GET', () => wireAnswer({ body: parts.metadata() })),
    keys: forMethod('GET', () => wireAnswer({ body: parts.keys(), contentType: 'application/jwk-set+json' })),
    introspection: forMethod('POST', introspection),
  }

  const serve = (call: RecordedCall): WireAnswer => (call.endpoint ? services[call.endpoint](call) : notFound)

  function introspection(call: RecordedCall): WireAnswer {
    if (!parts.authenticates(call)) {
      const headers = { 'www-authenticate': 'Basic realm="introspection"' }
      return wireAnswer({ status: 401, headers, body: { error: 'invalid_client' } })
    }
    const token = call.parameters['token']
    if (token === undefined) return wireAnswer({ status: 400, body: { error: 'invalid_request' } })
    const headers = { 'cache-control': 'no-store' }
    const answer = parts.introspect(token)
    if (call.headers['accept'] !== SIGNED_ANSWER) return wireAnswer({ headers, body: answer })
    return wireAnswer({ headers, body: parts.signedAnswer(answer), contentType: SIGNED_ANSWER })
  }

  function fateOf(call: RecordedCall): Fate {
    const fault = call.endpoint && parts.weather.strike(call.endpoint)
    return fault ? befallen(fault, call) : { is: 'answer', answer: serve(call), every: 0 }
  }

  function befallen(fault: Fault, call: RecordedCall): Fate {
    if (fault.is === 'respond') return { is: 'answer', answer: fault.answer, every: 0 }
    if (fault.is === 'drip') return { is: 'answer', answer: serve(call), every: fault.every }
    return { is: fault.is }
  }

  return ({ method, path, headers, body }) => {
    const call: RecordedCall = Object.freeze({
      endpoint: places.get(path.split('?', 1)[0]!),
      method,
      path,
      headers: Object.freeze({ ...headers }),
      parameters: Object.freeze(isForm(headers) ? Object.fromEntries(new URLSearchParams(body)) : {}),
      at: parts.clock.wall(),
    })
    parts.calls.record(call)
    const { endpoint } = call
    // Nobody waits to be refused.
    const delay = !endpoint || parts.weather.faultOf(endpoint)?.is === 'outage' ? 0 : parts.weather.delayOf(endpoint)
    return { delay, fate: () => fateOf(call) }
  }
}

const isForm = (headers: WireRequest['headers']): boolean =>
  (headers['content-type'] ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded')

const notFound = wireAnswer({ status: 404, body: 'Not Found', contentType: 'text/plain' })

function forMethod(allow: string, serve: (call: RecordedCall) => WireAnswer): (call: RecordedCall) => WireAnswer {
  const refusal = wireAnswer({
    status: 405,
    headers: { allow },
    body: 'Method Not Allowed',
    contentType: 'text/plain',
  })
  return (call) => (call.method === allow ? serve(call) : refusal)
}

/** Where an issuer's endpoints are. */
export function endpointUrls(issuer: string): { readonly keys: string; readonly introspection: string } {
  const base = issuer.replace(/\/$/, '')
  return { keys: `${base}/jwks`, introspection: `${base}/introspect` }
}

/** Paths, with the metadata in every well-known place (RFC 8414 §3 and §5, OpenID Connect Discovery §4). */
function placesOf(issuer: string): ReadonlyMap<string, Endpoint> {
  const path = new URL(issuer).pathname.replace(/\/$/, '')
  const { keys, introspection } = endpointUrls(issuer)
  return new Map<string, Endpoint>([
    [`/.well-known/oauth-authorization-server${path}`, 'metadata'],
    [`/.well-known/openid-configuration${path}`, 'metadata'],
    [`${path}/.well-known/openid-configuration`, 'metadata'],
    [new URL(keys).pathname, 'keys'],
    [new URL(introspection).pathname, 'introspection'],
  ])
}
