import type { Certificate, Fault } from '@holdfast/testing'

/** What a resource server asks of an authorization server. */
export const TARGETS = ['discovery', 'key set', 'introspection'] as const
export type Target = (typeof TARGETS)[number]

/** Everything that can happen to a request to one endpoint, or to the time around it. */
export interface Weather {
  readonly name: string
  /** What the proxy before the struck endpoint does. */
  readonly fault?: (certificates: { readonly foreign: Certificate }) => Fault
  /** The endpoint has to speak TLS for it. */
  readonly tls?: true
  /** False where no request gets as far as being read; default true. */
  readonly read?: false
  /** The name of the endpoint's host is unknown. */
  readonly dns?: true
  /** Milliseconds by which the wall clock, and nothing else, jumps. */
  readonly wallJump?: number
  /** What operators read of it in events and status; where nothing is said, it is no trouble for that endpoint. */
  readonly trouble: Partial<Record<Target, string>>
  /** Milliseconds until the endpoint lets the caller know. Default 0. */
  readonly answersAfter?: number
  /** Seconds, where the endpoint asks to be left alone. */
  readonly retryAfter?: number
}

/** Longer than any deadline. */
const NEVER = Infinity

const everywhere = (word: string): Weather['trouble'] => ({ discovery: word, 'key set': word, introspection: word })
const documents = (word: string): Weather['trouble'] => ({ discovery: word, 'key set': word })

function answered(status: number, introspection: string, retryAfter?: number): Weather {
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  const suffix = retryAfter === undefined ? '' : ' with Retry-After'
  return {
    name: `${status}${suffix}`,
    fault: () => ({ is: 'answer', answer: { status, headers, body: { error: 'no' } } }),
    trouble: { ...documents(`status_${status}`), introspection },
    ...(retryAfter === undefined ? {} : { retryAfter }),
  }
}

/** The true answer, with another `active`. */
function active(name: string, change: (answer: Record<string, unknown>) => unknown): Weather {
  return {
    name: `active: ${name}`,
    fault: () => ({ is: 'altered', json: change }),
    trouble: { introspection: 'malformed' },
  }
}

const MINUTE = 60_000

export const WEATHER: readonly Weather[] = [
  // no connection
  { name: 'refused', read: false, fault: () => ({ is: 'refused' }), trouble: everywhere('connect') },
  { name: 'DNS failure', read: false, dns: true, trouble: everywhere('dns') },
  { name: 'TLS handshake failure', read: false, tls: true, fault: () => ({ is: 'tls' }), trouble: everywhere('tls') },
  {
    name: 'TLS certificate of another host',
    read: false,
    tls: true,
    fault: ({ foreign }) => ({ is: 'tls', certificate: foreign }),
    trouble: everywhere('tls'),
  },
  // no answer
  { name: 'black hole', fault: () => ({ is: 'black-hole' }), trouble: everywhere('timeout'), answersAfter: NEVER },
  {
    name: 'reset before the request',
    read: false,
    fault: () => ({ is: 'reset', when: 'connected' }),
    trouble: everywhere('reset'),
  },
  { name: 'reset after the request', fault: () => ({ is: 'reset', when: 'answer' }), trouble: everywhere('reset') },
  {
    name: 'slow beyond every deadline',
    fault: () => ({ is: 'slow', by: '30s' }),
    trouble: everywhere('timeout'),
    answersAfter: NEVER,
  },
  { name: 'slow within every deadline', fault: () => ({ is: 'slow', by: '500ms' }), trouble: {}, answersAfter: 500 },
  {
    name: 'slow drip',
    fault: () => ({ is: 'drip', every: '100ms' }),
    trouble: everywhere('timeout'),
    answersAfter: NEVER,
  },
  { name: 'truncated', fault: () => ({ is: 'truncated' }), trouble: everywhere('reset') },
  { name: 'oversized', fault: () => ({ is: 'oversized' }), trouble: everywhere('too_large') },
  { name: 'idle socket closed under us', fault: () => ({ is: 'idle-closed' }), trouble: {} },
  // an answer that is none
  answered(400, 'unexpected_status'),
  answered(401, 'misconfigured'),
  answered(403, 'misconfigured'),
  answered(404, 'unexpected_status'),
  answered(429, 'throttled'),
  answered(429, 'throttled', 20),
  answered(500, 'server_error'),
  answered(503, 'server_error'),
  answered(503, 'server_error', 20),
  {
    name: 'wrong type',
    fault: () => ({ is: 'altered', headers: { 'content-type': 'text/plain' } }),
    trouble: { discovery: 'content_type', introspection: 'malformed' },
  },
  {
    name: 'HTML with 200',
    fault: () => ({ is: 'answer', answer: { body: '<!doctype html><title>Sign in</title>' } }),
    trouble: { discovery: 'content_type', 'key set': 'malformed', introspection: 'malformed' },
  },
  {
    name: '{} with 200',
    fault: () => ({ is: 'answer', answer: { body: {} } }),
    trouble: { discovery: 'issuer_mismatch', 'key set': 'malformed', introspection: 'malformed' },
  },
  active('"true"', (answer) => ({ ...answer, active: 'true' })),
  active('1', (answer) => ({ ...answer, active: 1 })),
  active('null', (answer) => ({ ...answer, active: null })),
  active('missing', (answer) => ({ ...answer, active: undefined })),
  active('an array', (answer) => ({ ...answer, active: [true] })),
  active('an object', (answer) => ({ ...answer, active: { value: true } })),
  // time
  { name: 'wall clock jumps forward', wallJump: 180 * MINUTE, trouble: {} },
  { name: 'wall clock jumps back', wallJump: -50 * MINUTE, trouble: {} },
]
