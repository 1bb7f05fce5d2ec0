import type { Evidence, Reason } from '@holdfast/core'
import type { Cell } from './cells.ts'

/** What a cell must show. Milliseconds are virtual ones. */
export interface Expected {
  readonly status: 200 | 503
  readonly because: string
  /** With 503. */
  readonly reason?: Reason
  /** With 503: `Retry-After` in seconds. */
  readonly retryAfter?: { readonly least: number; readonly most: number }
  /** With 200. */
  readonly evidence?: Pick<Evidence, 'by' | 'source' | 'stale'>
  /** True when the request is answered synchronously: it waits for nobody. */
  readonly atOnce: boolean
  /** The longest wait. */
  readonly within: number
  /** Requests sent to the struck endpoint, from the moment that it is struck until all of them have ended. */
  readonly sent: number
  /** How many of them the endpoint reads. */
  readonly read: number
  /** What operators read; `undefined` when there is no trouble, or nobody met it. */
  readonly trouble: string | undefined
  /** What the introspection endpoint comes to when eight strangers' tokens have met the same weather. */
  readonly endpoint: 'healthy' | 'down' | 'paused' | 'misconfigured'
}

/** Waits by default: of a request that must be verified, and of one whose token is in grace. */
const WAIT = 1_000
const GRACE_WAIT = 250

export function expected(cell: Cell): Expected {
  const wanted = cell.target === 'introspection' ? introspection(cell) : documents(cell)
  return { ...wanted, read: isRead(cell) ? wanted.sent : 0 }
}

/** A black hole takes what comes by connections that are open already, and nothing else. */
const isRead = ({ weather, age }: Cell): boolean =>
  weather.name === 'black hole' ? age !== 'cold' : weather.read !== false

/** Introspection: the token's own evidence ages, and the endpoint is asked whenever it is not fresh. */
function introspection(cell: Cell): Omit<Expected, 'read'> {
  const { weather, age } = cell
  const by = 'introspection' as const
  const trouble = weather.trouble.introspection
  const common = { endpoint: endpoint(cell), trouble, sent: questions(cell), atOnce: false }
  // The wall clock alone makes evidence older, never younger.
  const old = (weather.wallJump ?? 0) > 0 ? 'past grace' : age

  if (old === 'fresh') {
    const evidence = { by, source: 'cache', stale: false } as const
    const because = 'fresh evidence is used without a question'
    return { ...common, status: 200, because, evidence, atOnce: true, within: 0, sent: 0, trouble: undefined }
  }
  const { answersAfter = 0 } = weather
  if (old === 'in grace' && (trouble !== undefined || answersAfter > GRACE_WAIT)) {
    const evidence = { by, source: 'cache', stale: true } as const
    const because = 'no answer came in time: what was known stands in within its grace'
    return { ...common, status: 200, because, evidence, within: Math.min(answersAfter, GRACE_WAIT) }
  }
  if (trouble === undefined) {
    const evidence = { by, source: 'live', stale: false } as const
    return { ...common, status: 200, because: 'the authority answers', evidence, within: answersAfter }
  }
  const reason = trouble === 'misconfigured' ? 'introspection_misconfigured' : 'introspection_unavailable'
  const because =
    old === 'cold' ? 'a token never seen is not accepted unverified' : 'the evidence is older than fresh and grace'
  const within = Math.min(WAIT, answersAfter + (isRetried(cell) ? GRACE_WAIT : 0))
  return { ...common, status: 503, because, reason, retryAfter: retryAfter(cell), within }
}

/** Requests to the endpoint for one request to the API. */
function questions(cell: Cell): number {
  const credentialsReadAgain = cell.weather.name === '401' ? 1 : 0 // secrets rotate without a restart
  return 1 + credentialsReadAgain + closedSockets(cell) + (isRetried(cell) ? 1 : 0)
}

/** A socket that carried the earlier answer, reset before the first octet of the next one: asked again, free of charge. */
const closedSockets = ({ weather, age }: Cell): number =>
  age !== 'cold' && (weather.name === 'reset after the request' || weather.name.startsWith('idle socket')) ? 1 : 0

/** A failure of the connection is tried once more, for a known caller who cannot be served without. */
function isRetried({ weather, age }: Cell): boolean {
  return age === 'past grace' && ['connect', 'reset'].includes(weather.trouble.introspection ?? '')
}

function endpoint({ weather, target, age }: Cell): Expected['endpoint'] {
  const trouble = target === 'introspection' ? weather.trouble.introspection : undefined
  if (trouble === undefined) return 'healthy'
  // Within a minute of an answer, what strangers' tokens are told may be about how they look: it is no word about us.
  if (trouble === 'misconfigured') return age === 'fresh' ? 'down' : 'misconfigured'
  return weather.retryAfter === undefined ? 'down' : 'paused'
}

/** Discovery and key set: the document ages. While it is inside its hard bound, nobody waits for a newer one. */
function documents(cell: Cell): Omit<Expected, 'read'> {
  const { weather, target, age, kind } = cell
  const trouble = age === 'fresh' ? undefined : weather.trouble[target]
  const common = { endpoint: 'healthy', trouble, sent: fetches(cell), atOnce: false, within: 0 } as const
  const by = kind === 'JWT' ? 'signature' : 'introspection'
  // The document is judged by the same two clocks as evidence is.
  const old = (weather.wallJump ?? 0) > 0 ? 'past grace' : age

  if (age === 'fresh' && old === 'fresh') {
    const because = 'the token was verified before, and its evidence is fresh'
    return { ...common, status: 200, because, evidence: { by, source: 'cache', stale: false }, atOnce: true }
  }
  if (old === 'in grace' || trouble === undefined) {
    const evidence = { by, source: kind === 'JWT' && age !== 'cold' ? 'cache' : 'live', stale: false } as const
    const because = old === 'in grace' ? 'the last good document is used to its hard bound' : 'the document can be had'
    const waits = old === 'in grace' ? 0 : (weather.answersAfter ?? 0)
    return { ...common, status: 200, because, evidence, within: waits, atOnce: old === 'in grace' && kind === 'JWT' }
  }
  const because = old === 'cold' ? 'no document was ever loaded' : 'the document is past its hard bound'
  const reason = kind === 'JWT' ? 'keys_unavailable' : 'introspection_unavailable'
  const within = Math.min(WAIT, weather.answersAfter ?? 0)
  return { ...common, status: 503, because, reason, retryAfter: retryAfter(cell), within }
}

/** Requests for the document. */
function fetches(cell: Cell): number {
  const { weather, target, age } = cell
  const jumped = (weather.wallJump ?? 0) > 0 ? 1 : 0
  if (age === 'fresh') return jumped
  // "Not here" sends discovery to the next well-known place; 429 asks for less, not for more.
  const isElsewhere = target === 'discovery' && /^status_4(?!29)/.test(weather.trouble[target] ?? '')
  return (isElsewhere ? 2 : 1) + jumped + closedSockets(cell)
}

function retryAfter({ weather }: Cell): { readonly least: number; readonly most: number } {
  const stated = weather.retryAfter ?? 0
  return { least: Math.max(1, stated), most: Math.max(30, stated) }
}
